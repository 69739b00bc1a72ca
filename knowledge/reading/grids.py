"""Tables of a page that has none: lines whose parts stand below each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from knowledge.reading.lines import Line

# In shares of the line's height.
_NEAR = 1.0
_LEADING = 0.3
_ROW_GAP = 0.9
_WIDE_GAP = 3.0

Span = tuple[float, float]
Cell = tuple[float, float, str]


@dataclass(slots=True)
class Grid:
    """Lines that make a table, and the sides of its columns."""

    lines: list[Line]
    columns: list[Span] = field(default_factory=list)
    widest_gap: float = 0.0

    def rows(self) -> list[list[str]]:
        """Its rows, cells of several lines put together."""
        rows: list[list[str]] = []
        for lines in self._bands():
            row = [""] * len(self.columns)
            for line in lines:
                for left, _, text in _cells(line):
                    column = self._column(left)
                    row[column] = f"{row[column]} {text}".strip()
            rows.append(row)
        return rows

    def _bands(self) -> Iterator[list[Line]]:
        """Lines of one row: as close as lines of a paragraph, or, where all rows are, with no first cell."""
        ordered = sorted(self.lines, key=lambda line: line.top)
        gaps = [_distance(ordered[:i], ordered[i]) for i in range(1, len(ordered))]
        dense = all(gap < _LEADING * self.lines[0].size for gap in gaps)
        band = [ordered[0]]
        for line, gap in zip(ordered[1:], gaps, strict=True):
            beside = gap < -0.5 * line.size
            continues = self._column(_cells(line)[0][0]) > 0 if dense else gap < _LEADING * line.size
            if beside or continues:
                band.append(line)
            else:
                yield band
                band = [line]
        yield band

    def _column(self, left: float) -> int:
        """The column in which a cell with this left side stands."""
        best = 0
        for index in range(1, len(self.columns)):
            if left > (self.columns[index - 1][1] + self.columns[index][0]) / 2:
                best = index
        return best

    def accepts(self, line: Line) -> bool:
        """Takes a line in when it goes on with the table."""
        cells = _cells(line)
        gap = _distance(self.lines, line)
        allowed = (
            _WIDE_GAP * line.size if len(cells) > 1 else max(_ROW_GAP * line.size, 1.3 * self.widest_gap)
        )
        if line.page != self.lines[0].page or abs(line.size - self.lines[0].size) > 0.15 * line.size:
            return False
        if gap >= allowed or line.top < self.lines[0].top:
            return False
        spans = [(left, right) for left, right, _ in cells]
        columns = self._merged(spans) if len(spans) >= len(self.columns) else self._holding(spans, line.size)
        if columns is None:
            return False
        self.columns = columns
        self.lines.append(line)
        self.widest_gap = max(self.widest_gap, gap)
        return True

    def _merged(self, spans: list[Span]) -> list[Span] | None:
        """The columns widened by those of a row that has as many or more."""
        columns = list(spans)
        for left, right in self.columns:
            below = [i for i, span in enumerate(spans) if span[0] < right and left < span[1]]
            if len(below) != 1:
                return None
            kept = columns[below[0]]
            columns[below[0]] = (min(kept[0], left), max(kept[1], right))
        parted = all(a[1] < b[0] for a, b in pairwise(columns))
        return columns if parted else None

    def _holding(self, spans: list[Span], size: float) -> list[Span] | None:
        """The columns widened by cells that leave some of them empty."""
        columns = list(self.columns)
        for left, right in spans:
            index = self._column(left)
            end = self.columns[index + 1][0] if index + 1 < len(columns) else float("inf")
            if left < columns[index][0] - _NEAR * size or right > end - 0.2 * size:
                return None
            if index + 1 == len(columns) and left > columns[index][1]:
                return None
            columns[index] = (min(columns[index][0], left), max(columns[index][1], right))
        return columns


def whole(lines: Sequence[Line]) -> Iterator[Line]:
    """Lines that stand beside each other as one, as a wide gap between two cells may part them."""
    last: Line | None = None
    for line in lines:
        beside = last is not None and line.page == last.page and line.left > last.right
        if last and beside and abs(line.top - last.top) * line.page_height < _LEADING * line.size:
            cells = (*_cells(last), *_cells(line))
            last = replace(last, text=f"{last.text} {line.text}", right=line.right, cells=cells)
        else:
            if last:
                yield last
            last = line
    if last:
        yield last


def grids(lines: Sequence[Line]) -> Iterator[Grid | Line]:
    """The lines in order, those that make tables gathered."""
    position = 0
    while position < len(lines):
        line = lines[position]
        grid = Grid([line], [(left, right) for left, right, _ in line.cells])
        end = position + 1
        while line.cells and end < len(lines) and grid.accepts(lines[end]):
            end += 1
        if sum(bool(one.cells) for one in grid.lines) > 1:
            yield grid
            position = end
        else:
            yield line
            position += 1


def _cells(line: Line) -> Sequence[Cell]:
    return line.cells or ((line.left, line.right, line.text),)


def _distance(lines: Sequence[Line], line: Line) -> float:
    """Points between the lowest of some lines and the top of another; negative where it stands beside."""
    return (line.top - max(one.bottom for one in lines)) * line.page_height
