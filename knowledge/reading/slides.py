"""PPTX: every slide under its title, with its tables, charts and speaker's notes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER

from knowledge.documents import Block, Document
from knowledge.reading.containers import stated_date, stated_title, unpacked
from knowledge.reading.naming import Anchors
from knowledge.reading.tables import clean_cell, table_blocks

_FRAMES = frozenset(
    {PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER}
)
_BODIES = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY})
_DEEPEST = 20


def read(content: bytes, title: str) -> Document:
    """The document in a PPTX file."""
    file = Presentation(unpacked(content))
    anchors = Anchors()
    slides = [_Slide(f"slide {number}", anchors).read(slide) for number, slide in enumerate(file.slides, 1)]
    count, bare = len(slides), sum(not found for found in slides)
    # A text box that most slides repeat (`Confidential`) is their frame.
    repeated = Counter(text for found in slides for text in {block.text for block in found})
    frames = {text for text, times in repeated.items() if times >= max(3, 0.6 * count)}
    blocks = [block for found in slides for block in found if block.text not in frames]
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    notes = (f"{bare} of {count} slides have no text",) if bare else ()
    properties = file.core_properties
    return Document(
        stated_title(properties.title) or first or title, tuple(blocks), stated_date(properties), notes
    )


@dataclass(slots=True)
class _Slide:
    location: str
    anchors: Anchors
    blocks: list[Block] = field(default_factory=list)

    def read(self, slide: Any) -> list[Block]:
        """The blocks of one slide: title, shapes in their reading order, notes."""
        title = slide.shapes.title
        words = " ".join(title.text_frame.text.split()) if title is not None and title.has_text_frame else ""
        if words:
            anchor = self.anchors.of(words)
            self.blocks.append(Block("heading", words, 1, self.location, anchor))
        self._shapes(
            (shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id), 0
        )
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
            self._lines(notes.paragraphs)
        return self.blocks

    def _shapes(self, shapes: Iterable[Any], depth: int) -> None:
        for shape in shapes:
            if shape.is_placeholder and shape.placeholder_format.type in _FRAMES:
                continue
            if hasattr(shape, "shapes"):
                if depth < _DEEPEST:
                    self._shapes(shape.shapes, depth + 1)
            elif getattr(shape, "has_table", False):
                self._table(shape.table)
            elif getattr(shape, "has_chart", False):
                self._chart(shape.chart)
            elif shape.has_text_frame:
                self._text(shape)

    def _add(self, kind: Any, text: str) -> None:
        if text.strip():
            self.blocks.append(Block(kind, text, location=self.location))

    def _text(self, shape: Any) -> None:
        paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if paragraph.text.strip()]
        body = shape.is_placeholder and shape.placeholder_format.type in _BODIES
        if body and len(paragraphs) > 1:
            self._add("list", "\n".join(f"{'  ' * p.level}- {_one_line(p.text)}" for p in paragraphs))
        else:
            self._lines(paragraphs)

    def _lines(self, paragraphs: Iterable[Any]) -> None:
        for paragraph in paragraphs:
            self._add("paragraph", "\n".join(map(_one_line, paragraph.text.split("\v"))).strip())

    def _table(self, table: Any) -> None:
        rows = [
            [_cell(cell, table, r, c) for c, cell in enumerate(row.cells)] for r, row in enumerate(table.rows)
        ]
        self.blocks.extend(table_blocks(rows, location=self.location))

    def _chart(self, chart: Any) -> None:
        if chart.has_title and chart.chart_title.has_text_frame:
            self._add("paragraph", _one_line(chart.chart_title.text_frame.text))
        for plot in chart.plots:
            self.blocks.extend(table_blocks(list(_series(plot)), location=self.location))


def _cell(cell: Any, table: Any, row: int, column: int) -> str:
    """A cell merged downwards says its text in every row."""
    while row and cell._tc.vMerge:
        row -= 1
        cell = table.cell(row, column)
    return clean_cell(cell.text)


def _series(plot: Any) -> Iterator[list[str]]:
    """A chart as the table it was drawn from."""
    series = list(plot.series)
    yield ["", *(_one_line(one.name) for one in series)]
    for index, category in enumerate(plot.categories):
        values = [one.values[index] if index < len(one.values) else None for one in series]
        yield [_one_line(str(category)), *("" if value is None else f"{value:.10g}" for value in values)]


def _one_line(text: str) -> str:
    return " ".join(text.split())
