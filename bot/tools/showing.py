"""What a lookup brought, for people: rows as a table, an object as a list, anything else as it is."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_CELLS = 8
"""Columns that a table on a phone still shows."""


def readable(text: str) -> str:
    """The result as Markdown."""
    body, note = text, ""
    if text.endswith(")") and "\n(" in text:
        body, _, note = text.rpartition("\n")
    try:
        value = json.loads(body)
    except ValueError:
        return text
    shown = _shown(value)
    return f"{shown}\n\n{note}" if note else shown


def _shown(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _table(value)
    if isinstance(value, dict) and value:
        return "\n".join(f"- {_plain(name)}: {_plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "\n".join(f"- {_plain(one)}" for one in value) or "–"
    return _plain(value)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))[:_CELLS]
    lines = [columns, ["---"] * len(columns), *([_plain(row.get(name)) for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split()).replace("|", "\\|")
