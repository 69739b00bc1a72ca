"""Answers for machines: JSON that a schema describes, read out of what a model wrote."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

_FENCE = re.compile(r"```\w*[ \t]*\n(.*?)```(.*)", re.DOTALL)
_MARKS_ALONE = re.compile(r"[\s\d,;\[\]【】]*")


@dataclass(frozen=True, slots=True)
class Structured:
    """A JSON answer."""

    value: Any
    rest: str = ""
    """What stands after the JSON: numbers of documents."""
    problems: tuple[str, ...] = ()
    """Why it is not what the schema describes, a line each."""


def read_json(text: str, schema: Mapping[str, Any]) -> Structured:
    """The answer in a text; a code fence around it is forgiven, and so are numbers of documents after it."""
    text = text.strip()
    fenced = _FENCE.fullmatch(text)
    try:
        value, end = _DECODER.raw_decode(fenced[1].strip() if fenced else text)
    except (ValueError, RecursionError) as error:
        return Structured(None, problems=(f"It is not JSON: {error}.",))
    rest = fenced[1].strip()[end:] + fenced[2] if fenced else text[end:]
    if not _MARKS_ALONE.fullmatch(rest):
        return Structured(value, problems=("Something other than numbers of documents follows the JSON.",))
    return Structured(value, rest, _violations(value, schema))


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Why this is no usable JSON Schema; None when it is."""
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    inside = Registry[Any]().with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for reference in _references(schema):
        try:
            inside.lookup(reference)
        except Unresolvable:
            return f"`$ref: {reference}` leads nowhere inside the schema"
    return None


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed, names of fields apart."""
    match value:
        case str():
            return change(value)
        case list():
            return [with_texts(one, change) for one in value]
        case dict():
            return {key: with_texts(one, change) for key, one in value.items()}
    return value


def texts(value: Any) -> list[str]:
    """Every text in a value, names of fields apart."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    with_texts(value, note)
    return found


def figures(value: Any) -> list[str]:
    """The numbers in a value that state something, in digits.

    Not those of a scale between 0 and 1, and not how many entries one of its lists has.
    """
    lengths = {Decimal(len(one)) for one in _within(value) if isinstance(one, list)}
    numbers = [
        Decimal(str(one))
        for one in _within(value)
        if isinstance(one, int | float) and not isinstance(one, bool)
    ]
    return [f"{number:f}" for number in numbers if abs(number) > 1 and number not in lengths]


def prescribed(schema: Any) -> frozenset[str]:
    """The texts and the numbers that a schema says may stand in an answer, as texts."""
    given: set[str] = set()
    for one in _within(schema):
        if isinstance(one, dict):
            choices = one["enum"] if isinstance(one.get("enum"), list) else []
            given.update(str(choice) for choice in (*choices, one.get("const")) if choice is not None)
    return frozenset(given)


_ROOM = ("citations", "sources", "references", "citas", "fuentes", "referencias", "fontes")


def with_citations(value: Any, schema: Mapping[str, Any], citations: Sequence[Mapping[str, Any]]) -> Any:
    """The value with its citations in the list that the schema has for them; the same where it has none.

    An entry is a number, a text (the address, else the title) or an object, as the schema says.
    """
    fields = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(fields, dict):
        return value
    room = next((name for name in _ROOM if _type(fields.get(name)) == "array"), None)
    if room is None:
        return value
    return {**value, room: [_entry(one, fields[room].get("items")) for one in citations]}


def _entry(citation: Mapping[str, Any], schema: Any) -> Any:
    """A citation as an entry of a list that its schema describes."""
    match _type(schema):
        case "integer" | "number":
            return citation["number"]
        case "string":
            return citation["url"] or citation["title"]
    known = schema.get("properties") if isinstance(schema, dict) else None
    wanted = known if isinstance(known, dict) else citation
    return {name: told for name, told in citation.items() if name in wanted and told is not None}


def _type(schema: Any) -> Any:
    return schema.get("type") if isinstance(schema, dict) else None


def _within(value: Any) -> Iterator[Any]:
    """A value and every value in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _within(one)


def dump(value: Any) -> str:
    """The value as it is posted."""
    return json.dumps(value, ensure_ascii=False)


def _violations(value: Any, schema: Mapping[str, Any]) -> tuple[str, ...]:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    validator = Draft202012Validator(schema, registry=Registry())  # without it, references are fetched
    found = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {error.message}." for error in found)


def _references(schema: Any) -> Iterator[str]:
    match schema:
        case dict():
            if isinstance(schema.get("$ref"), str):
                yield schema["$ref"]
            for one in schema.values():
                yield from _references(one)
        case list():
            for one in schema:
                yield from _references(one)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
