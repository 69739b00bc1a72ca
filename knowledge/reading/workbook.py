"""XLSX: every sheet's tables as a reader of the sheet sees them."""

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from openpyxl import load_workbook

from knowledge.documents import Block, Document
from knowledge.errors import UnreadableError
from knowledge.reading.containers import stated_date, stated_title, unpacked
from knowledge.reading.naming import Anchors
from knowledge.reading.tables import MAX_ROWS, clean_cell, grid_blocks

_WIDEST = 200
_SYMBOL = re.compile(r'\[\$([^\]-]+)[^\]]*\]|"([^"]*)"|([€$£¥])')
_DECIMALS = re.compile(r"[0#?][.,](0+)")
_FORMULA_ALONE = re.compile(rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
# Beyond this size a sheet is not searched for formulas.
_LARGEST_SHEET = 50 * 1024 * 1024


def read(content: bytes, title: str) -> Document:
    """The document in an XLSX file; what formulas gave is read, not the formulas."""
    file = unpacked(content)
    notes: list[str] = []
    blocks: list[Block] = []
    anchors = Anchors()
    with warnings.catch_warnings():
        # openpyxl warns of extensions that hold no text (validation, conditional formats).
        warnings.simplefilter("ignore")
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    notes.append(f"the hidden sheet {sheet.title} is left out")
                    continue
                blocks.extend(_sheet(sheet, anchors, notes))
            properties = book.properties
        finally:
            book.close()
    if uncomputed := _uncomputed(file):
        notes.append(f"{uncomputed} formulas have no stored result: open and save the file in its program")
    if not blocks and uncomputed:
        raise UnreadableError(
            "no_text", "holds only formulas without results: open and save it in its program."
        )
    named = stated_title(properties.title)
    return Document(named or title, tuple(blocks), stated_date(properties), tuple(notes))


def _sheet(sheet: Any, anchors: Anchors, notes: list[str]) -> Iterator[Block]:
    """A heading with the sheet's name, and what is on it."""
    sheet.reset_dimensions()
    location = f"sheet {sheet.title}"
    rows: list[list[str]] = []
    for cells in islice(sheet.iter_rows(max_col=_WIDEST), MAX_ROWS * 10):
        row = [_shown(cell) for cell in cells]
        if any(row) or (rows and any(rows[-1])):
            rows.append(row)
        if len(rows) > MAX_ROWS:
            notes.append(f"of the sheet {sheet.title}, the first {MAX_ROWS} rows are read")
            rows.pop()
            break
    found = grid_blocks(rows, location=location)
    if found:
        yield Block("heading", sheet.title, 1, location, anchors.of(sheet.title))
        yield from found


def _shown(cell: Any) -> str:
    """A cell's value about as its format shows it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return clean_cell(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    return _moment(value)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return clean_cell(str(value))


def _number(value: float, form: str) -> str:
    """Per cent and currency as the format says, decimals too, no separators of thousands."""
    form = form.partition(";")[0]
    if "%" in form:
        value *= 100
    decimals = _DECIMALS.search(form)
    if decimals:
        text = f"{value:.{len(decimals[1])}f}"
    elif value == int(value) and abs(value) < 1e15:
        text = str(int(value))
    else:
        text = f"{value:.10g}"
    if "%" in form:
        return f"{text}%"
    symbol = next((next(filter(None, found)).strip() for found in _SYMBOL.findall(form) if any(found)), "")
    if not symbol:
        return text
    before = form.find(symbol) < (form + "0").find("0")
    return f"{symbol}{text}" if before and len(symbol) == 1 else f"{text} {symbol}"


def _uncomputed(file: Any) -> int:
    """How many formulas were saved without what they give, as programs that only write files do."""
    count = 0
    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            if part.filename.startswith("xl/worksheets/sheet") and part.file_size < _LARGEST_SHEET:
                cells = _FORMULA_ALONE.findall(archive.read(part))
                # A formula may give an empty text: then that is its result.
                count += sum(b't="str"' not in attributes for attributes in cells)
    return count
