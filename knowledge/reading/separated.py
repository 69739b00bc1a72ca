"""CSV and TSV, as spreadsheets of any country write them."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from knowledge.documents import Document
from knowledge.reading.encoding import decode
from knowledge.reading.tables import MAX_ROWS, clean_cell, grid_blocks

_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_ROWS = 50
_LARGEST_CELL = 1 << 20


def read(content: bytes, title: str) -> Document:
    """The table in a file of separated values."""
    text, note = decode(content)
    notes = [note] if note else []
    csv.field_size_limit(_LARGEST_CELL)
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first) <= 6:
        text, delimiter = rest, first[4:] or ","
    else:
        delimiter = _delimiter(text)
    rows = [[clean_cell(cell) for cell in row] for row in islice(_rows(text, delimiter), MAX_ROWS + 1)]
    if len(rows) > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} rows are read")
        rows.pop()
    return Document(title, tuple(grid_blocks(rows)), notes=tuple(notes))


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _delimiter(text: str) -> str:
    """The sign that cuts most rows into the same number of cells, two at least."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in islice(_rows(text, delimiter), _SAMPLE_ROWS) if row]
        if not widths:
            continue
        width, times = Counter(widths).most_common(1)[0]
        # A comma in every amount cuts rows as evenly as the semicolons between them: these come first.
        score = times / len(widths) + min(width, 10) / 1000
        if width > 1 and score > best_score + 0.02:
            best, best_score = delimiter, score
    return best
