"""Arguments of tools: their JSON Schema, and the check of what a model or a person gave."""

import difflib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from bot.tools.settings import ParameterSettings
from bot.tools.tool import ArgumentsError, Check

_TYPES: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool, "date": date}
KEY = "idempotency_key"
"""A function that takes it is given the key of the call; nobody else sees it."""


def model_of_settings(parameters: Mapping[str, ParameterSettings]) -> type[BaseModel]:
    """What a tool declared in the configuration takes."""
    fields = {name: _field(parameter) for name, parameter in parameters.items()}
    return create_model("Arguments", __config__=_CONFIG, **fields)  # type: ignore[call-overload, no-any-return]


def model_of_function(function: Callable[..., Any]) -> type[BaseModel]:
    """What a function takes: its annotated parameters, with the text of the docstring's `Args` section."""
    hints = get_type_hints(function, include_extras=True)
    told = described_arguments(inspect.getdoc(function) or "")
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == KEY:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ValueError(f"takes {parameter}; a tool takes named arguments alone")
        if name not in hints:
            raise ValueError(f"does not say what `{name}` is; annotate it: `{name}: str`")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints[name], Field(default, description=told.get(name)))
    return create_model("Arguments", __config__=_CONFIG, **fields)


def described_arguments(docstring: str) -> dict[str, str]:
    """`name: what it is` lines under `Args:` or `Parameters:`; a line further in belongs to the last."""
    _, _, section = docstring.replace("Parameters:", "Args:").partition("Args:\n")
    lines = section.split("\n\n")[0].splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        name, colon, text = line.strip().partition(":")
        if line[margin : margin + 1].isspace():
            found[last] = f"{found.get(last, '')} {line.strip()}".strip()
        elif colon and (last := name.partition(" ")[0]).isidentifier():
            found[last] = text.strip()
    return found


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model's arguments, without what says nothing to a language model."""
    schema = model.model_json_schema()
    return {"type": "object", "properties": {}} | {
        key: _untitled(value) for key, value in schema.items() if key not in ("title", "additionalProperties")
    }


def check_by_model(model: type[BaseModel]) -> Check:
    """A check that understands `"3"` for 3, and refuses what it does not know."""

    def check(arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            checked = model.model_validate(dict(arguments))
        except ValidationError as error:
            raise ArgumentsError(_complaint(model.model_fields, error)) from None
        return {name: getattr(checked, name) for name in model.model_fields}

    return check


def check_by_schema(schema: Mapping[str, Any]) -> Check:
    """A check by a JSON Schema from elsewhere, which is `usable`."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    # A pattern of somebody else's could take for ever: whoever wrote it checks it, too. The empty registry
    # keeps the validator from fetching what a schema refers to.
    kind: Any = extend(Draft202012Validator, {"pattern": _left_to_others})  # type: ignore[no-untyped-call]
    validator = kind(dict(schema), registry=Registry())
    known: Mapping[str, Any] = schema.get("properties", {})

    def check(arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: _read(value, known.get(name, {})) for name, value in arguments.items()}
        unknown = next((name for name in given if name not in known), None)
        if unknown is not None and schema.get("additionalProperties") is not True:
            raise ArgumentsError(_unknown(unknown, known))
        try:
            problems = sorted(validator.iter_errors(given), key=lambda error: list(map(str, error.path)))
        except (ArithmeticError, RecursionError):
            raise ArgumentsError("They are too large or too deep to be checked.") from None
        if problems:
            told = (f"`{'.'.join(map(str, one.path)) or 'arguments'}`: {one.message}" for one in problems[:3])
            raise ArgumentsError("; ".join(told) + ".")
        return given

    return check


def _left_to_others(*_: Any) -> None:
    """Checks nothing."""


_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


def _field(parameter: ParameterSettings) -> tuple[Any, Any]:
    kind: Any = _TYPES[parameter.type]
    options: dict[str, Any] = {"description": parameter.description or None}
    if parameter.choices and parameter.type == "string":
        kind = Literal[parameter.choices]
    elif kind is str:
        options |= {"max_length": parameter.max_length}
        if parameter.pattern:
            options["json_schema_extra"] = {"pattern": f"^(?:{parameter.pattern})$"}
            kind = Annotated[str, AfterValidator(partial(_fits, parameter.pattern))]
    elif kind in (int, float):
        options |= {"ge": parameter.minimum, "le": parameter.maximum}
    if parameter.optional:
        return kind | None, Field(parameter.default, **options)
    return kind, Field(... if parameter.default is None else parameter.default, **options)


def _fits(pattern: str, value: str) -> str:
    if not re.fullmatch(pattern, value):
        raise ValueError(f"it must fit {pattern}")
    return value


def _untitled(value: Any) -> Any:
    """A schema without pydantic's titles, which repeat the names."""
    if isinstance(value, list):
        return [_untitled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _untitled(inner) for name, inner in one.items()}
        if key == "properties"
        else _untitled(one)
        for key, one in value.items()
        if key != "title" or not isinstance(one, str)
    }


def _read(value: Any, schema: Any) -> Any:
    """What a person typed, as the type that is wanted: `days=3` is a number where one is."""
    kinds = _kinds(schema)
    if not isinstance(value, str) or not kinds or "string" in kinds:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _kinds(schema: Any) -> set[str]:
    """The types that a schema names itself, or as alternatives."""
    if not isinstance(schema, Mapping):
        return set()
    named = schema.get("type", ())
    kinds = {named} if isinstance(named, str) else set(named)
    return kinds.union(*(_kinds(one) for key in ("anyOf", "oneOf") for one in schema.get(key, ())))


def _complaint(known: Mapping[str, Any], error: ValidationError) -> str:
    told: list[str] = []
    for one in error.errors()[:3]:
        name = ".".join(map(str, one["loc"])) or "arguments"
        if one["type"] == "extra_forbidden":
            told.append(_unknown(name, known).removesuffix("."))
        elif one["type"] == "missing":
            told.append(f"`{name}` is missing")
        else:
            message = one["msg"].removeprefix("Value error, ")
            told.append(f"`{name}`: {message[:1].lower()}{message[1:]}")
    said = "; ".join(told)
    return said if said.endswith("?") else f"{said}."


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    takes = ", ".join(f"`{one}`" for one in known) or "nothing"
    return f"There is no argument `{name}`; {f'did you mean `{near[0]}`?' if near else f'it takes {takes}.'}"
