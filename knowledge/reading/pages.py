"""Lines of pages, with where they lie, put together into blocks."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from knowledge.documents import Block
from knowledge.reading.grids import Grid, grids, whole
from knowledge.reading.lines import Line
from knowledge.reading.tables import table_blocks

_ITEM = re.compile(r"(?:[•‣▪●◦■·*–—\-\uf000-\uf0ff]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?=\S)")
_SIGN = re.compile(r"[•‣▪●◦■·*–—\uf000-\uf0ff]\s+")
_CONTENTS = re.compile(r"(?:\.\s?){5,}\s*\d+$")
_PAGE_NUMBER = re.compile(r"(?:[-–—]\s*)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*[-–—])?$")
_SECTION = re.compile(r"(?:[IVX]{1,5}|\d{1,2}(?:\.\d{1,2})*)\.?")
_DIGITS = re.compile(r"\d+")
_MARGIN = 0.12  # share of a page's height where running heads and feet are
_LARGER = 1.15
_COLUMN = 60  # points within which lines of one column begin
_ENDS = tuple('.!?:;…»”")')


def squeezed(text: str) -> str:
    """Only letters and digits, to compare what is set differently."""
    return "".join(filter(str.isalnum, text.casefold()))


def without_frames(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """All lines but those that most pages repeat at their top or bottom, page numbers among them."""
    body = _body_size([line for page in pages for line in page])
    framed = [{_frame(line) for line in page if _in_margin(line, body)} for page in pages]
    counts = Counter(text for page in framed for text in page)
    enough = max(2, 0.6 * sum(map(bool, pages)))

    def framed_by(line: Line) -> bool:
        # A running head of one chapter is on three pages at least.
        seen = counts[_frame(line)]
        return _in_margin(line, body) and (seen >= enough or (seen >= 3 and not line.cells))

    return [
        line
        for page in pages
        for line in page
        if not framed_by(line) and not _CONTENTS.search(line.text) and not _is_page_number(line, page)
    ]


def _is_page_number(line: Line, page: Sequence[Line]) -> bool:
    """Whether a line is a number alone at the page's edge; with something beside it, it may be a cell."""
    if not _PAGE_NUMBER.match(line.text) or not _in_margin(line, line.size):
        return False
    return not any(one.top < line.bottom and line.top < one.bottom for one in page if one is not line)


def _frame(line: Line) -> str:
    return _DIGITS.sub("#", line.text.casefold())


def _in_margin(line: Line, body: float) -> bool:
    at_edge = line.bottom < _MARGIN or line.top > 1 - _MARGIN
    return at_edge and line.size <= body * _LARGER


def _body_size(lines: Sequence[Line]) -> float:
    """The height of most letters."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size * 2) / 2] += len(line.text)
    return max(weights, key=lambda size: weights[size], default=0.0)


def blocks_of(lines: Sequence[Line], outline: Mapping[str, int]) -> list[Block]:
    """Headings, paragraphs, lists and tables; `outline` has the levels of headings known by name."""
    if not lines:
        return []
    lines = list(whole(lines))
    levels = _levels(lines, outline)
    right = _right_edges(lines)
    blocks: list[Block] = []
    text: list[Line] = []
    before: Grid | None = None
    for part in (*grids(lines), None):
        if isinstance(part, Line):
            text.append(part)
            continue
        if text:
            blocks.extend(_text_blocks(text, levels, right))
            text, before = [], None
        if part:
            blocks.extend(_table(part, before))
            before = part
    return blocks


def _table(grid: Grid, before: Grid | None) -> list[Block]:
    """A table, with the header of the one before it when it only goes on with that on a new page."""
    rows = grid.rows()
    if before and before.lines[0].page != grid.lines[0].page and len(before.columns) == len(grid.columns):
        header = before.rows()[0]
        apart = max(abs(a[0] - b[0]) for a, b in zip(before.columns, grid.columns, strict=True))
        if rows[0] != header and apart < grid.lines[0].size:
            rows.insert(0, header)
    at = _place(grid.lines[0])
    return [replace(at, kind=block.kind, text=block.text) for block in table_blocks(rows)]


def _place(line: Line) -> Block:
    """A block without text where a line stands."""
    return Block("paragraph", "", location=f"p. {line.page}", anchor=f"page={line.page}")


def _text_blocks(
    lines: Sequence[Line], levels: Mapping[Line, int], right: Mapping[Line, float]
) -> list[Block]:
    blocks: list[Block] = []
    for group in _groups(lines, levels, right):
        at = _place(group[0])
        if level := levels[group[0]]:
            text = " ".join(line.text for line in group)
            blocks.append(replace(at, kind="heading", text=text, level=level))
        else:
            _add_text(blocks, _flowing(group, right), at)
    return blocks


def _levels(lines: Sequence[Line], outline: Mapping[str, int]) -> dict[Line, int]:
    """Of every line its level as a heading, or 0."""
    body = _body_size(lines)
    large = [_is_heading(line) and line.size >= body * _LARGER for line in lines]
    # Where much is set large, size says nothing.
    if sum(large) > 0.4 * len(lines):
        large = [False] * len(lines)
    sizes = sorted(
        {round(line.size) for line, is_large in zip(lines, large, strict=True) if is_large}, reverse=True
    )
    text = [line for line, is_large in zip(lines, large, strict=True) if not is_large]
    bold_tells = sum(len(line.text) for line in text if line.bold) < 0.3 * sum(
        len(line.text) for line in text
    )
    levels: dict[Line, int] = {}
    for line, is_large in zip(lines, large, strict=True):
        known = outline.get(squeezed(line.text))
        if known and _is_heading(line):
            levels[line] = min(known, 6)
        elif is_large:
            levels[line] = min(sizes.index(round(line.size)) + 1, 5)
        elif bold_tells and line.bold and _is_heading(line) and len(line.text) <= 80:
            levels[line] = min(len(sizes) + 1, 6)
        else:
            levels[line] = 0
    return levels


def _right_edges(lines: Sequence[Line]) -> dict[Line, float]:
    """Of every line the right side of its column: of the lines on its page that begin about where it does."""
    edges: dict[tuple[int, int], float] = {}
    for line in lines:
        key = (line.page, int(line.left / _COLUMN))
        edges[key] = max(edges.get(key, 0.0), line.right)
    around = (-1, 0, 1)
    return {
        line: max(edges.get((line.page, int(line.left / _COLUMN) + step), 0.0) for step in around)
        for line in lines
    }


def _is_heading(line: Line) -> bool:
    letters = sum(map(str.isalpha, line.text))
    numbered = len(line.cells) == 2 and _SECTION.fullmatch(line.cells[0][2])
    one_text = not line.cells or numbered
    return bool(letters >= 2 and len(line.text) <= 120 and line.text[-1] not in ".,;:" and one_text)


def _groups(
    lines: Sequence[Line], levels: Mapping[Line, int], right: Mapping[Line, float]
) -> Iterator[list[Line]]:
    """Lines that are one heading, one paragraph, one item or one table."""
    group = [lines[0]]
    for line in lines[1:]:
        if _belongs(group, line, levels, right):
            group.append(line)
        else:
            yield group
            group = [line]
    yield group


def _belongs(group: list[Line], line: Line, levels: Mapping[Line, int], right: Mapping[Line, float]) -> bool:
    last = group[-1]
    if levels[last] or levels[line]:
        same = levels[last] == levels[line] and last.page == line.page and abs(last.size - line.size) < 0.5
        return same and _gap(last, line) < 0.6 * line.size and len(group) < 4
    if last.page != line.page:
        return not last.text.endswith(_ENDS) and line.text[0].islower()
    if _ITEM.match(line.text) or abs(last.size - line.size) > 0.3 * line.size:
        return False
    if not -0.5 * line.size < _gap(last, line) < 0.9 * line.size:
        return False
    return not _ended(last, line, right[line])


def _gap(last: Line, line: Line) -> float:
    """Points between the bottom of one line and the top of the next."""
    return (line.top - last.bottom) * line.page_height


def _ended(last: Line, line: Line, right: float) -> bool:
    """Whether a line's end is a paragraph's: a stop, and room left or the next line set in."""
    short = last.right < right - 0.15 * (right - last.left)
    set_in = line.left > last.left + 0.8 * line.size and not _ITEM.match(last.text)
    return last.text.endswith(_ENDS) and (short or set_in)


def _add_text(blocks: list[Block], text: str, at: Block) -> None:
    """A paragraph, or an item that joins the list above it."""
    if not _ITEM.match(text):
        blocks.append(replace(at, text=text))
        return
    item = _SIGN.sub("- ", text, count=1) if _SIGN.match(text) else text
    item = item.replace("\n", " ")
    before = blocks[-1] if blocks else None
    if before and before.kind == "list" and before.location == at.location:
        blocks[-1] = replace(before, text=f"{before.text}\n{item}")
    else:
        blocks.append(replace(at, kind="list", text=item))


def _flowing(group: list[Line], right: Mapping[Line, float]) -> str:
    """Lines joined where they were broken for lack of room, kept apart where they end early."""
    text = group[0].text
    for last, line in pairwise(group):
        word = len(line.text.split(None, 1)[0]) * line.size * 0.45
        early = last.right + word < right[last] - 0.1 * (right[last] - last.left)
        keep = early and not line.text[0].islower() and last.page == line.page
        if text.endswith("-") and line.text[0].islower():
            text = text[:-1] + line.text
        else:
            text += ("\n" if keep else " ") + line.text
    return text
