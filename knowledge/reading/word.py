"""DOCX: paragraphs, lists with the numbers Word shows, tables and footnotes in document order.

The elements are walked here because python-docx's own texts leave out tracked insertions, content controls
and text boxes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from knowledge.documents import Block, Document
from knowledge.reading.containers import stated_date, stated_title, unpacked
from knowledge.reading.naming import Anchors
from knowledge.reading.numbering import Numbering
from knowledge.reading.tables import clean_cell, table_blocks

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT, _TAB, _BREAKS = qn("w:t"), qn("w:tab"), frozenset({qn("w:br"), qn("w:cr")})
_BOX, _NOTE = qn("w:txbxContent"), qn("w:footnoteReference")
_HYPHEN = qn("w:noBreakHyphen")
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GONE = frozenset({qn("w:del"), qn("w:moveFrom"), qn("w:rPr"), qn("w:pPr"), _FALLBACK, _BOX})
_HEADING = re.compile(r"(?:heading|título|titulo|encabezado) (\d)$")
_CODE = re.compile(r"\b(?:code|código|preformatted|source)\b")
_VALUE, _LEVEL, _ID = qn("w:val"), qn("w:ilvl"), qn("w:id")


def read(content: bytes, title: str) -> Document:
    """The document in a DOCX file."""
    file = docx.Document(unpacked(content))
    reader = _Reader(_styles(file), Numbering(_part(file, "numbering")), _footnotes(file))
    reader.walk(file.element.body)
    reader.end_list()
    blocks = reader.blocks
    if not any(block.kind == "heading" for block in blocks):
        blocks = [reader.headings.get(id(block), block) for block in blocks]
    properties = file.core_properties
    first = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    return Document(
        title=stated_title(properties.title) or reader.title or first or title,
        blocks=tuple(blocks),
        as_of=stated_date(properties),
    )


@dataclass(frozen=True, slots=True)
class _Style:
    name: str = ""
    level: int = 0
    """Of a heading, from 1."""
    numbering: tuple[str, int] | None = None
    based_on: str | None = None


def _part(file: Any, name: str) -> Any:
    """The root element of a part that not every document has."""
    kind = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{name}"
    for relation in file.part.rels.values():
        if relation.reltype == kind and not relation.is_external:
            part = relation.target_part
            return part.element if hasattr(part, "element") else parse_xml(part.blob)
    return None


def _footnotes(file: Any) -> dict[str, str]:
    root = _part(file, "footnotes")
    if root is None:
        return {}
    texts = {note.get(_ID): " ".join(_text(p) for p in note.iter(_P)).strip() for note in root}
    return {number: text for number, text in texts.items() if text}


def _styles(file: Any) -> dict[str, _Style]:
    styles: dict[str, _Style] = {}
    for element in file.styles.element.iter(qn("w:style")):
        name = _value(element, "w:name").lower()
        properties = element.find(qn("w:pPr"))
        heading = _HEADING.match(name)
        level = int(heading[1]) if heading else _outline(properties)
        styles[element.get(qn("w:styleId"))] = _Style(
            name,
            1 if name == "title" else level,
            _numbering(properties),
            _value(element, "w:basedOn") or None,
        )
    return {key: _inherited(style, styles) for key, style in styles.items()}


def _inherited(style: _Style, styles: dict[str, _Style]) -> _Style:
    """The style with what it takes over from those it is based on."""
    level, numbering, base = style.level, style.numbering, style.based_on
    for _ in range(10):
        above = styles.get(base or "")
        if above is None:
            break
        level, numbering, base = level or above.level, numbering or above.numbering, above.based_on
    return _Style(style.name, level, numbering)


def _value(element: Any, tag: str) -> str:
    found = element.find(qn(tag)) if element is not None else None
    return (found.get(_VALUE) or "") if found is not None else ""


def _outline(properties: Any) -> int:
    value = _value(properties, "w:outlineLvl")
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _numbering(properties: Any) -> tuple[str, int] | None:
    found = properties.find(qn("w:numPr")) if properties is not None else None
    if found is None:
        return None
    level = _value(found, "w:ilvl")
    return _value(found, "w:numId"), int(level) if level.isdecimal() else 0


def _pieces(element: Any) -> Iterator[str]:
    """The text below an element as it stands with all changes accepted, text boxes left out."""
    for child in element:
        tag = child.tag
        if tag in (_TEXT, _MATH_TEXT):
            yield child.text or ""
        elif tag == _TAB:
            yield " "
        elif tag in _BREAKS:
            yield "\n"
        elif tag == _HYPHEN:
            yield "-"
        elif tag not in _GONE:
            yield from _pieces(child)


def _text(paragraph: Any) -> str:
    lines = "".join(_pieces(paragraph)).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


@dataclass(slots=True)
class _Reader:
    """The body's elements into blocks."""

    styles: dict[str, _Style]
    numbers: Numbering
    footnotes: dict[str, str]
    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    headings: dict[int, Block] = field(default_factory=dict)
    """What stands like a heading (short, bold), by the paragraph it was read as."""
    anchors: Anchors = field(default_factory=Anchors)
    lines: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)

    def walk(self, element: Any) -> None:
        """Everything below an element in order; wrappers (content controls, insertions) are looked into."""
        for child in element:
            if child.tag == _P:
                self._paragraph(child)
            elif child.tag == _TABLE:
                self.end_list()
                self.blocks.extend(table_blocks(_rows(child)))
            elif child.tag not in _GONE:
                self.walk(child)

    def end_list(self) -> None:
        """Closes the list or the code under way."""
        if self.lines:
            self.blocks.append(Block("list", "\n".join(self.lines)))
        if self.code:
            self.blocks.append(Block("code", "\n".join(self.code)))
        self.lines, self.code = [], []

    def _paragraph(self, element: Any) -> None:
        properties = element.find(qn("w:pPr"))
        style = self.styles.get(_value(properties, "w:pStyle"), _Style())
        text = _text(element)
        if text and not style.name.startswith("toc "):
            self._say(element, properties, style, text)
        for reference in element.iter(_NOTE):
            if note := self.footnotes.get(reference.get(_ID) or ""):
                self.end_list()
                self.blocks.append(Block("paragraph", note))
        for box in element.iter(_BOX):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                self.end_list()
                self.walk(box)

    def _say(self, element: Any, properties: Any, style: _Style, text: str) -> None:
        numbered = _numbering(properties) or style.numbering
        marker = self.numbers.marker(*numbered) if numbered else ""
        if level := _outline(properties) or style.level:
            self.end_list()
            words = " ".join(f"{marker if marker != '-' else ''} {text}".split())
            if style.name == "title" and not self.title:
                self.title = words
            self.blocks.append(Block("heading", words, level, anchor=self.anchors.of(words)))
        elif marker or style.name.startswith("list "):
            indent = "  " * (numbered[1] if numbered else 0)
            marker = marker or "-"
            if not indent and self.lines and (marker == "-") != self.lines[0].startswith("-"):
                self.end_list()
            self.lines.append(f"{indent}{marker} {' '.join(text.split())}")
        elif _CODE.search(style.name):
            self.code.append("".join(_pieces(element)).rstrip())
        else:
            self.end_list()
            block = Block("paragraph", text)
            self.blocks.append(block)
            if _is_bold(element) and len(text) <= 80 and text[-1] not in ".;,:":
                self.headings[id(block)] = Block("heading", text, 2, anchor=self.anchors.of(text))


def _is_bold(paragraph: Any) -> bool:
    runs = [run for run in paragraph.iter(qn("w:r")) if any((t.text or "").strip() for t in run.iter(_TEXT))]
    return bool(runs) and all(run.find(f"{qn('w:rPr')}/{qn('w:b')}") is not None for run in runs)


def _rows(table: Any) -> list[list[str]]:
    """A cell merged downwards is repeated in every row it covers, one merged across leaves blanks."""
    rows: list[list[str]] = []
    for element in table.iter(_ROW):
        if next(element.iterancestors(_TABLE)) is not table:
            continue
        row: list[str] = []
        for cell in element.iter(_CELL):
            if next(cell.iterancestors(_ROW)) is not element:
                continue
            properties = cell.find(qn("w:tcPr"))
            merged = properties.find(qn("w:vMerge")) if properties is not None else None
            text = clean_cell(" ".join(_text(p) for p in cell.iter(_P)))
            if merged is not None and merged.get(_VALUE) != "restart" and rows and len(row) < len(rows[-1]):
                text = rows[-1][len(row)]
            span = _value(properties, "w:gridSpan")
            row += [text, *[""] * (min(int(span), 100) - 1 if span.isdecimal() else 0)]
        rows.append(row)
    return rows
