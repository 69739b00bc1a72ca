"""Rows into pipe tables: one way for all formats that have rows."""

import re
from collections.abc import Iterator, Sequence

from knowledge.documents import Block

MAX_ROWS = 20_000
"""Rows read of one table; what is beyond is said in a note."""

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(
    r"[^\w\s]{0,2}\s?[-+(]?\s?(?:[$€£]|US\$|USD|EUR|ARS|MXN)?\s?\d[\d.,\s]*\)?\s?(?:[%‰$€£]|US\$|[A-Z]{3})?$"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ADDRESS = re.compile(r"\S+@\S+\.\S+$|https?://")
_DATE = re.compile(r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]|$))?(?:\d{1,2}:\d{2}(?::\d{2})?)?$")

Row = Sequence[str]


def clean_cell(value: str) -> str:
    """One line, without blanks around it."""
    return _SPACE.sub(" ", value).strip()


def pipe_row(cells: Row) -> str:
    """`| a | b |`, pipes inside cells escaped."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table_blocks(rows: Sequence[Row], *, header: bool | None = True, location: str = "") -> list[Block]:
    """One table of clean cells, without its empty rows and columns.

    `header` says whether the first row names the columns; None: to be judged by what stands in it. A table of
    one row or one column is layout: its cells are paragraphs.
    """
    grid = _compact([row for row in rows if any(row)])
    if not grid or not grid[0]:
        return []
    first, *rest = grid
    if len(first) == 1 or not rest:
        lines = (" | ".join(filter(None, row)) for row in grid)
        return [Block("paragraph", line, location=location) for line in lines]
    if header is None:
        header = is_header(first, rest)
    if not header:
        grid.insert(0, [_letter(column) for column in range(len(first))])
    return [Block("table", "\n".join(map(pipe_row, grid)), location=location)]


def grid_blocks(rows: Sequence[Row], *, location: str = "") -> list[Block]:
    """What a sheet of clean cells holds: its tables, and the lines of text above and between them."""
    blocks: list[Block] = []
    for part in _parts(rows):
        blocks.extend(table_blocks(part, header=None, location=location))
    return blocks


def is_header(first: Row, rest: Sequence[Row]) -> bool:
    """Whether a row names the columns below it: words in every cell it fills, or years, all different."""
    filled = [cell for cell in first if cell]
    if not filled or not rest or len(set(filled)) < len(filled):
        return False
    times = [index for index, cell in enumerate(first) if is_time(cell)]
    if any(is_value(cell) for index, cell in enumerate(first) if index not in times):
        return False
    if times:
        return len(times) > 1 and not any(is_time(row[index]) for row in rest[:20] for index in times)
    return len(filled) >= len(first) - 1 or any(is_value(cell) for row in rest[:20] for cell in row)


def is_value(cell: str) -> bool:
    """Whether a cell holds what no column is called: a number, an amount, a time, an address."""
    return bool(cell and (_NUMBER.match(cell) or _DATE.match(cell) or _ADDRESS.match(cell)))


def is_time(cell: str) -> bool:
    """Whether a cell holds a year or a date, which columns are called by, too."""
    return bool(cell and (_YEAR.fullmatch(cell) or _DATE.match(cell)))


def _parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The grid cut at gaps into tables and runs of text."""
    group: list[Row] = []
    gap = False
    for row in rows:
        if not any(row):
            gap = True
            continue
        if gap and group and _starts_anew(group, row):
            yield from _split_caption(group)
            group = []
        group.append(row)
        gap = False
    yield from _split_caption(group)


def _split_caption(group: list[Row]) -> Iterator[list[Row]]:
    """Lines of one cell above rows of several are a caption, not part of the table."""
    start = next((i for i, row in enumerate(group) if sum(map(bool, row)) > 1), 0)
    for row in group[:start]:
        yield [[next(filter(None, row))]]
    yield group[start:]


def _starts_anew(group: list[Row], row: Row) -> bool:
    """Whether a row after a gap begins another table: a caption, other columns, or words under values."""
    used = {i for i, cell in enumerate(row) if cell}
    if len(used) == 1:
        return True
    before = {i for other in group for i, cell in enumerate(other) if cell}
    if len(before) == 1 or not used & before:
        return True
    valued = {i for other in group[1:] for i, cell in enumerate(other) if cell and is_value(cell)}
    return not any(is_value(row[i]) for i in used) and bool(valued & used)


def _compact(rows: Sequence[Row]) -> list[list[str]]:
    """Rows of equal length without columns that are empty throughout."""
    width = max(map(len, rows), default=0)
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    kept = [i for i in range(width) if any(row[i] for row in padded)]
    return [[row[i] for i in kept] for row in padded]


def _letter(column: int) -> str:
    """`A`, `B` … `Z`, `AA`: the name of a column that has none."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
