"""HTML elements into blocks."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from knowledge.documents import Block, BlockKind
from knowledge.reading.naming import Anchors
from knowledge.reading.tables import clean_cell, table_blocks

_FRAMES = frozenset({"header", "footer", "aside"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    """address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre search section
    summary table tbody td tfoot th thead tr ul""".split()
)
_LISTS = ("ul", "ol", "menu", "dl")
_CONTENT = frozenset({"article", "section", "main", "blockquote"})
_SPACE = re.compile(r"\s+")
_AROUND_BREAKS = re.compile(r"[^\S\n]*\n\s*")
_DEEPEST = 150
_WIDEST = 200  # columns that cells may span


def words(node: LexborNode | None) -> str:
    """All text of a node on one line."""
    return _SPACE.sub(" ", node.text(deep=True)).strip() if node is not None else ""


def _parts(node: LexborNode) -> list[LexborNode]:
    """All children, text nodes too."""
    children: list[LexborNode] = []
    child = node.first_child
    while child is not None:
        children.append(child)
        child = child.next
    return children


def _holds(node: LexborNode, selector: str) -> bool:
    """Whether something below a node, itself left out, fits a selector."""
    return any(found != node for found in node.css(selector))


def is_all_links(node: LexborNode) -> bool:
    """Whether a node holds links and next to nothing else."""
    links = node.css("a")
    return len(links) > 1 and sum(len(words(link)) for link in links) >= 0.9 * len(words(node))


def _is_contents(node: LexborNode) -> bool:
    """Whether a list only leads to places further down the same page."""
    links = node.css("a")
    inner = all((link.attributes.get("href") or "").startswith("#") for link in links)
    return inner and is_all_links(node)


@dataclass(slots=True)
class Walker:
    """The nodes of a page into blocks, in reading order."""

    anchors: Anchors
    blocks: list[Block] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    depth: int = 0

    def walk(self, node: LexborNode) -> list[Block]:
        """The blocks below a node."""
        self._children(node)
        self._end_paragraph()
        return self.blocks

    def _children(self, node: LexborNode) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.inline.append(node.text(deep=True, separator=" "))
        else:
            for child in _parts(node):
                self._node(child)
        self.depth -= 1

    def _node(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag not in _BLOCKS:
            self._phrase(node, tag)
            return
        self._end_paragraph()
        if tag in _HEADINGS:
            self._heading(node, _HEADINGS[tag])
        elif tag in _LISTS and _is_contents(node):
            pass
        elif tag in _LISTS and not _holds(node, "h1, h2, h3, h4, table, pre"):
            self._add("list", "\n".join(self._items(node, 0)))
        elif tag in ("ul", "ol", "menu"):
            self._loose_items(node)
        elif tag == "table" and not _holds(node, "table, h1, h2, h3, form"):
            self._table(node)
        elif tag == "pre":
            self._add("code", node.text(deep=True).strip("\n").rstrip())
        elif tag in _FRAMES and not (node.parent and node.parent.tag in _CONTENT):
            for heading in node.css("h1"):
                self._heading(heading, 1)
        else:
            self._children(node)
            self._end_paragraph()

    def _phrase(self, node: LexborNode, tag: str) -> None:
        """Text and what stands within a line of it."""
        if tag == "-text":
            self.inline.append(_SPACE.sub(" ", node.text(deep=False) or ""))
        elif tag == "br":
            self.inline.append("\n")
        elif tag == "img":
            self.inline.append(node.attributes.get("alt") or "")
        elif tag == "code" and not _holds(node, "*"):
            self.inline.append(f"`{words(node)}`")
        elif tag == "input":
            if node.attributes.get("type") == "checkbox":
                self.inline.append("[x] " if "checked" in node.attributes else "[ ] ")
        elif not tag.startswith("-"):
            self._children(node)
            if tag == "a" and node.next is not None and node.next.tag == "a":
                self.inline.append(" ")

    def _add(self, kind: BlockKind, text: str) -> None:
        if text.strip():
            self.blocks.append(Block(kind, text))

    def _end_paragraph(self) -> None:
        if self.inline:
            text = "".join(self.inline)
            self.inline = []
            self._add("paragraph", _tidy(text))

    def _heading(self, node: LexborNode, level: int) -> None:
        words = " ".join(self._text(node).replace("`", "").split()).strip("¶# ")
        if not words:
            return
        named = node.attributes.get("id") or next(
            filter(
                None,
                (child.attributes.get("id") or child.attributes.get("name") for child in node.css("a, span")),
            ),
            "",
        )
        self._end_paragraph()
        self.blocks.append(Block("heading", words, level, anchor=self.anchors.of(words, named)))

    def _text(self, node: LexborNode) -> str:
        """All text below a node, whatever it is in."""
        inner = Walker(self.anchors, depth=self.depth)
        return "\n".join(block.text for block in inner.walk(node))

    def _loose_items(self, node: LexborNode) -> None:
        """A list whose items hold headings, tables or code: a paragraph with its marker, then the rest."""
        number = _number(node.attributes.get("start"))
        for child in _parts(node):
            if child.tag == "li":
                self.inline.append(f"{number}. " if node.tag == "ol" else "- ")
                number += 1
                self._children(child)
                self._end_paragraph()
            else:
                self._node(child)

    def _items(self, node: LexborNode, indent: int) -> list[str]:
        """The lines of a list and of those within it."""
        self.depth += 1
        ordered = node.tag == "ol"
        number = _number(node.attributes.get("start"))
        lines: list[str] = []
        term = ""
        for child in _parts(node):
            if child.tag == "dt":
                term = " / ".join(filter(None, (term, " ".join(self._text(child).split()))))
                continue
            nested = (
                [] if self.depth > _DEEPEST else [n for n in _below(child) if n.tag in ("ul", "ol", "menu")]
            )
            deeper = [line for inner in nested for line in self._items(inner, indent + 1)]
            for inner in nested:
                inner.decompose()
            text = (
                ""
                if child.tag in ("-comment", "ul", "ol", "menu")
                else " ".join(self._item_text(child).split())
            )
            if term:
                text, term = f"{term}: {text}", ""
            if text:
                lines.append(f"{'  ' * indent}{f'{number}.' if ordered else '-'} {text}")
                number += 1
            lines.extend(deeper)
        if term:
            lines.append(f"{'  ' * indent}- {term}")
        self.depth -= 1
        return lines

    def _item_text(self, node: LexborNode) -> str:
        return node.text(deep=False) or "" if node.tag == "-text" else self._text(node)

    def _table(self, table: LexborNode) -> None:
        caption = table.css_first("caption")
        self._add("paragraph", words(caption))
        rows = _grid(table, self)
        named = table.css_first("thead th, thead td, tr:first-child th") is not None
        self.blocks.extend(table_blocks(rows, header=named or None))

    def cell(self, node: LexborNode) -> str:
        """A table cell's text on one line."""
        return clean_cell(self._text(node))


def _grid(table: LexborNode, walker: Walker) -> list[list[str]]:
    """Rows of equal meaning by column: what spans several is repeated in each."""
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for tr in table.css("tr"):
        row: list[str] = []

        def fill(row: list[str]) -> None:
            while len(row) in hanging:
                left, text = hanging.pop(len(row))
                if left > 1:
                    hanging[len(row)] = (left - 1, text)
                row.append(text)

        for cell in _parts(tr):
            if cell.tag not in ("td", "th"):
                continue
            fill(row)
            text = walker.cell(cell)
            down = min(_number(cell.attributes.get("rowspan")), 1000)
            across = _number(cell.attributes.get("colspan"))
            for position in range(min(across, max(1, _WIDEST - len(row)))):
                if down > 1:
                    hanging[len(row)] = (down - 1, text)
                row.append(text if position == 0 else "")
        fill(row)
        rows.append(row)
    return rows


def _below(node: LexborNode) -> list[LexborNode]:
    """The lists below a list item, those within them left out."""
    if node.tag in ("ul", "ol", "menu"):
        return [node]
    if (node.tag or "-").startswith("-"):
        return []
    found: list[LexborNode] = []
    pending = _parts(node)
    while pending:
        child = pending.pop(0)
        if child.tag in ("ul", "ol", "menu"):
            found.append(child)
        elif not (child.tag or "-").startswith("-"):
            pending[:0] = _parts(child)
    return found


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else 1


def _tidy(text: str) -> str:
    return _AROUND_BREAKS.sub("\n", re.sub(r"[^\S\n]+", " ", text)).strip()
