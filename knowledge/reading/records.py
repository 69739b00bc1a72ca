"""JSON and JSON Lines: records as a table or one by one, everything else by its keys."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from knowledge.documents import Block, Document
from knowledge.errors import UnreadableError
from knowledge.reading.encoding import decode
from knowledge.reading.naming import Anchors
from knowledge.reading.tables import MAX_ROWS, clean_cell, table_blocks

_NAMES = (
    "title",
    "titulo",
    "título",
    "name",
    "nombre",
    "question",
    "pregunta",
    "subject",
    "asunto",
    "id",
    "key",
)
_LONGEST_CELL = 160
_WIDEST = 12
_DEEPEST = 30


def read(content: bytes, title: str) -> Document:
    """The document in a JSON file, of one value or of one a line."""
    text, note = decode(content)
    notes = [note] if note else []
    value = _parsed(text, notes)
    if isinstance(value, Mapping):
        title = next(
            (value[k] for k in ("title", "titulo", "título") if isinstance(value.get(k), str)), title
        )
    blocks = list(_Walker(notes).walk(value, 1))
    return Document(clean_cell(title), tuple(blocks), notes=tuple(notes))


def _parsed(text: str, notes: list[str]) -> Any:
    try:
        return _value(text)
    except RecursionError:
        raise UnreadableError("corrupt", "is nested too deeply to be read: flatten it.") from None
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
    values: list[Any] = []
    broken: list[str] = []
    first_error: ValueError | None = None
    for line in lines:
        try:
            values.append(_value(line))
        except ValueError as error:
            broken.append(line.strip())
            first_error = first_error or error
    if first_error and len(broken) > len(values):
        raise first_error
    if broken:
        notes.append(f"{len(broken)} of {len(lines)} lines are no JSON and are read as text")
    return [*values, *broken]


def _value(text: str) -> Any:
    # Numbers stay as they are written: 10.50 is a price.
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


class _Walker:
    """A value into blocks."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._anchors = Anchors()

    def walk(self, value: Any, level: int) -> Iterator[Block]:
        """The blocks of a value that stands under headings of the levels above."""
        if level > _DEEPEST:
            yield Block("code", json.dumps(value, ensure_ascii=False))
        elif isinstance(value, Mapping):
            yield from self._object(value, level)
        elif isinstance(value, list):
            yield from self._array(value, level)
        elif text := _shown(value):
            yield Block("paragraph", text)

    def _object(self, value: Mapping[str, Any], level: int) -> Iterator[Block]:
        """Short values as `key: value` lines, long ones as paragraphs, then what is deeper by its key."""
        plain = {_words(key): _shown(item) for key, item in value.items() if _is_plain(item)}
        lines = [
            f"- {key}: {clean_cell(text)}" for key, text in plain.items() if 0 < len(text) <= _LONGEST_CELL
        ]
        if lines:
            yield Block("list", "\n".join(lines))
        for key, text in plain.items():
            if len(text) > _LONGEST_CELL:
                yield Block("paragraph", f"{key}: {text}")
        for key, item in value.items():
            if not _is_plain(item) and (found := list(self.walk(item, level + 1))):
                yield self._heading(_words(key), level)
                yield from found

    def _array(self, values: Sequence[Any], level: int) -> Iterator[Block]:
        if len(values) > MAX_ROWS:
            self._notes.append(f"of a list of {len(values)} records, the first {MAX_ROWS} are read")
            values = values[:MAX_ROWS]
        if not any(isinstance(item, Mapping | list) for item in values):
            lines = [f"- {clean_cell(_shown(item))}" for item in values if _shown(item)]
            if lines:
                yield Block("list", "\n".join(lines))
        elif (columns := _columns(values)) is not None:
            rows = [[clean_cell(_shown(item.get(key))) for key in columns] for item in values]
            yield from table_blocks([list(map(_words, columns)), *rows])
        else:
            for number, item in enumerate(values, 1):
                name, value = _named(item)
                if found := list(self.walk(value, level + 1)):
                    if isinstance(item, Mapping):
                        yield self._heading(name or str(number), level)
                    yield from found

    def _heading(self, words: str, level: int) -> Block:
        return Block("heading", words, min(level, 6), anchor=self._anchors.of(words))


def _columns(values: Sequence[Any]) -> list[str] | None:
    """The columns of records that make a table: flat, alike, with short values."""
    columns: dict[str, None] = {}
    filled = 0
    for item in values:
        if not isinstance(item, Mapping) or not all(map(_is_plain, item.values())):
            return None
        if any(len(_shown(cell)) > _LONGEST_CELL for cell in item.values()):
            return None
        columns.update(dict.fromkeys(item))
        filled += len(item)
    alike = filled >= 0.5 * len(columns) * len(values)
    return list(columns) if len(values) > 1 and alike and 1 < len(columns) <= _WIDEST else None


def _is_plain(value: Any) -> bool:
    """Whether a value fits one line: it is one, or a few of them."""
    if isinstance(value, list):
        return len(value) <= 10 and all(not isinstance(item, Mapping | list) for item in value)
    if isinstance(value, Mapping):
        single = all(not isinstance(item, Mapping | list) for item in value.values())
        return len(value) <= 6 and single and len(_shown(value)) <= _LONGEST_CELL
    return True


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(filter(None, map(_shown, value)))
        case Mapping():
            return ", ".join(f"{_words(key)} {_shown(item)}" for key, item in value.items() if _shown(item))
        case _:
            return str(value).strip()


def _named(item: Any) -> tuple[str, Any]:
    """What a record is called by, if it says so shortly, and the rest of it."""
    if isinstance(item, Mapping) and len(item) > 1:
        lowered = {key.lower(): key for key in item}
        for key in filter(None, map(lowered.get, _NAMES)):
            name = clean_cell(_shown(item[key])) if _is_plain(item[key]) else ""
            if 0 < len(name) <= 120:
                return name, {other: value for other, value in item.items() if other != key}
    return "", item


def _words(key: str) -> str:
    return clean_cell(key.replace("_", " ")) or key
