"""What Notion's API gives, as Markdown."""

from collections.abc import Callable
from typing import Any

Blocks = list[dict[str, Any]]

_HEADINGS = {"heading_1": 2, "heading_2": 3, "heading_3": 4, "heading_4": 5}
_ITEMS = {"bulleted_list_item": "- ", "numbered_list_item": "1. ", "to_do": "- "}
_ITEM_INDENT = "   "


def markdown_of(blocks: Blocks) -> str:
    """The text of blocks; lists and tables stay together, whatever else stands apart."""
    parts: list[str] = []
    in_list = False
    for block in blocks:
        text = _block(block)
        if not text.strip():
            continue
        is_item = block.get("type") in _ITEMS
        if parts and is_item and in_list:
            parts[-1] += f"\n{text}"
        else:
            parts.append(text)
        in_list = is_item
    return "\n\n".join(parts)


def _block(block: dict[str, Any]) -> str:
    kind = str(block.get("type"))
    own = block.get(kind) or {}
    children: Blocks = block.get("children") or []
    text = rich(own.get("rich_text"))
    if kind in _HEADINGS:
        heading = f"{'#' * _HEADINGS[kind]} {' '.join(text.split())}" if text.strip() else ""
        return "\n\n".join(filter(None, (heading, markdown_of(children))))
    if kind in _ITEMS:
        return _item(kind, own, text, children)
    if kind == "code":
        return f"```{own.get('language') or ''}\n{text}\n```"
    if kind == "table":
        return _table(children)
    if kind == "equation":
        text = str(own.get("expression") or "")
    elif kind in ("bookmark", "embed", "image", "file", "pdf", "video"):
        text = rich(own.get("caption"))
    return "\n\n".join(filter(None, (text, markdown_of(children))))


def _item(kind: str, own: dict[str, Any], text: str, children: Blocks) -> str:
    mark = _ITEMS[kind]
    if kind == "to_do":
        mark += "[x] " if own.get("checked") else "[ ] "
    below = markdown_of(children).replace("\n", f"\n{_ITEM_INDENT}")
    first = mark + text.replace("\n", f"\n{_ITEM_INDENT}")
    return f"{first}\n{_ITEM_INDENT}{below}" if below else first


def _table(rows: Blocks) -> str:
    cells = [[_cell(cell) for cell in (row.get("table_row") or {}).get("cells") or ()] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    if not lines:
        return ""
    rule = "|" + " --- |" * len(cells[0])
    return "\n".join((lines[0], rule, *lines[1:]))


def _cell(texts: Any) -> str:
    return " ".join(rich(texts).split()).replace("|", "\\|")


def rich(texts: Any) -> str:
    """The text of rich text."""
    return "".join(str(text.get("plain_text", "")) for text in texts or ())


def plain(value: dict[str, Any]) -> str:
    """A property's value in words; empty for what has none."""
    kind = str(value.get("type"))
    own = value.get(kind)
    return _PROPERTIES[kind](own) if kind in _PROPERTIES and own not in (None, "") else ""


def _line(texts: Any) -> str:
    return " ".join(rich(texts).split())


def _names(several: Any) -> str:
    return ", ".join(str(one["name"]) for one in several if one.get("name"))


def _name(one: Any) -> str:
    return str(one.get("name") or "")


def _span(dates: Any) -> str:
    return " – ".join(str(dates[key]) for key in ("start", "end") if dates.get(key))


def _result(formula: Any) -> str:
    found = formula.get(formula.get("type"))
    return "" if found is None else str(found)


_PROPERTIES: dict[str, Callable[[Any], str]] = {
    "title": _line,
    "rich_text": _line,
    "checkbox": lambda checked: "sí" if checked else "no",
    "select": _name,
    "status": _name,
    "multi_select": _names,
    "people": _names,
    "files": _names,
    "date": _span,
    "number": str,
    "url": str,
    "email": str,
    "phone_number": str,
    "formula": _result,
}
