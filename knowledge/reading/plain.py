"""Plain text: paragraphs at blank lines, wrapped lines joined, headings where they are underlined."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from knowledge.documents import Block, Document
from knowledge.reading.encoding import decode
from knowledge.reading.naming import Anchors

_ITEM = re.compile(r"[ \t]*(?:[-*+•‣▪●]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+\S")
_UNDERLINE = re.compile(r"([=\-~^\"'#*+])\1{2,}$")
_PARAGRAPHS = re.compile(r"\n(?:[ \t\f]*\n)+|\f")
_COLUMNS = re.compile(r"\S {3,}\S")
_LABEL = re.compile(r"[A-ZÁÉÍÓÚÑ][\w ./-]{0,24}: ")
_WIDEST_WRAP = 140


def read(content: bytes, title: str) -> Document:
    """The document in a text file; `title` stands when the text has none of its own."""
    text, note = decode(content)
    blocks = tuple(_blocks(text))
    first = blocks[0] if blocks else None
    if first and first.kind == "heading":
        title = first.text
    return Document(title, blocks, notes=(note,) if note else ())


def unwrap(lines: Sequence[str]) -> str:
    """Lines of one paragraph, those joined that were only wrapped at a column."""
    if len(lines) < 2:
        return "".join(lines).strip()
    width = max(map(len, lines))
    out = [lines[0].strip()]
    for before, line in pairwise(lines):
        stripped = line.strip()
        if _wrapped(before.rstrip(), stripped, width):
            out[-1] += " " + stripped
        else:
            out.append(stripped)
    return "\n".join(out)


def _wrapped(line: str, following: str, width: int) -> bool:
    """Whether a line broke for lack of room: its follower's first word would not have fitted."""
    if not following or line.endswith(":") or _COLUMNS.search(line) or _LABEL.match(following):
        return False
    if len(line) >= 30 and (following[0].islower() or line.endswith(",")):
        return True
    needed = len(line) + 1 + len(following.split(None, 1)[0])
    return 40 <= width <= _WIDEST_WRAP and needed > 0.9 * width


def _blocks(text: str) -> Iterator[Block]:
    anchors = Anchors()
    levels: list[str] = []
    lines: Sequence[str]
    for part in _PARAGRAPHS.split(text.expandtabs(4)):
        lines = [line for line in part.split("\n") if line.strip()]
        if not lines:
            continue
        if heading := _heading(lines, levels):
            level, words, rest = heading
            yield Block("heading", words, level, anchor=anchors.of(words))
            lines = rest
        yield from _paragraphs(lines)


def _heading(lines: Sequence[str], levels: list[str]) -> tuple[int, str, Sequence[str]] | None:
    """Level, words and what follows of a line that is underlined or in capitals."""
    first = lines[0].strip()
    over = _UNDERLINE.match(first)
    if over and len(lines) > 2 and lines[2].strip()[:3] == first[:3]:
        return _level(levels, "over" + over[1]), lines[1].strip(), lines[3:]
    if len(lines) > 1 and not over and (under := _UNDERLINE.match(lines[1].strip())):
        enough = len(lines[1].strip()) >= 0.6 * len(first)
        if enough and len(first) <= 120:
            return _level(levels, under[1]), first, lines[2:]
    if _shouted(first) and not (len(lines) > 1 and _shouted(lines[1].strip())):
        return _level(levels, "CAPS"), first, lines[1:]
    return None


def _shouted(line: str) -> bool:
    """Whether a line stands like a heading in capitals."""
    short = 4 <= len(line) <= 80 and len(line.split()) <= 10 and line[-1] not in ".,;"
    letters = sum(map(str.isalpha, line))
    return short and line.isupper() and letters >= 4 and letters > 0.6 * len(line.replace(" ", ""))


def _level(levels: list[str], style: str) -> int:
    """Styles of headings rank in the order in which they first appear, as in reStructuredText."""
    if style not in levels:
        levels.append(style)
    return levels.index(style) + 1


def _paragraphs(lines: Sequence[str]) -> Iterator[Block]:
    """Runs of items as lists, the rest as paragraphs."""
    prose: list[str] = []
    items: list[str] = []
    for line in lines:
        if _UNDERLINE.match(line.strip()):
            continue
        if _ITEM.match(line):
            if prose:
                yield Block("paragraph", unwrap(prose))
                prose = []
            items.append(line.rstrip())
        elif items and (line[0] == " " or _wrapped(items[-1], line.strip(), max(map(len, lines)))):
            items[-1] += " " + line.strip()
        else:
            if items:
                yield Block("list", "\n".join(items))
                items = []
            prose.append(line)
    if items:
        yield Block("list", "\n".join(items))
    if prose:
        yield Block("paragraph", unwrap(prose))
