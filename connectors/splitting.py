"""Splits Markdown at a platform's limit: every piece stands for itself.

Fences are closed and opened again, the rows of a table keep their header, links and inline code stay whole
wherever they fit, and a heading goes with what it heads.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

SMALLEST = 40
"""The least limit that leaves room for marks around text."""

_FENCE = re.compile(r"^\s*(?P<marker>`{3,}|~{3,})(?P<info>[^`]*)$")
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_HEADING = re.compile(r"^#{1,6} ")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]) ")
_WHOLE = re.compile(r"!?\[[^\]\n]*\]\([^)\n]*\)|<[^>\s]+>|`[^`\n]+`|https?://\S+|\[\d+\]")
"""What is not parted while it fits."""
_SENTENCE = re.compile(r"[.!?…:;]['\"»”)\]]*\s+")


@dataclass(frozen=True, slots=True)
class _Block:
    kind: Literal["text", "fence", "table"]
    lines: tuple[str, ...]
    """Of a fence: the opening line, the code; without the closing line."""

    @property
    def whole(self) -> str:
        return "\n".join((*self.lines, _closing(self.lines[0])) if self.kind == "fence" else self.lines)


def split(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` characters, in order; none for a text without content."""
    if limit < SMALLEST:
        raise ValueError(f"the limit is {limit}; at least {SMALLEST} characters are needed")
    pieces: list[list[str]] = [[]]
    for block in _blocks(text, limit):
        if _length([*pieces[-1], block.whole]) <= limit:
            pieces[-1].append(block.whole)
            continue
        carried = _heading(pieces[-1])
        if _length([*carried, block.whole]) <= limit:
            pieces.append([*carried, block.whole])
            continue
        room = limit - _length([*carried, ""]) if carried else limit
        first, *rest = _parts(block, room if room >= limit // 2 else limit)
        pieces.append([*carried, first] if room >= limit // 2 else [first])
        pieces.extend([part] for part in rest)
    return ["\n\n".join(piece) for piece in pieces if piece]


def _length(blocks: list[str]) -> int:
    return sum(map(len, blocks)) + 2 * max(len(blocks) - 1, 0)


def _heading(piece: list[str]) -> list[str]:
    """Takes a heading off the end of a piece that has more than it."""
    return [piece.pop()] if len(piece) > 1 and _is_heading(piece[-1]) else []


def _is_heading(block: str) -> bool:
    return "\n" not in block and bool(_HEADING.match(block)) and len(block) <= 200


def _blocks(text: str, limit: int) -> Iterator[_Block]:
    """Fences, tables, and stretches of text between blank lines."""
    lines: list[str] = []
    opening = ""
    for line in text.splitlines():
        if opening:
            if _closes(line, opening):
                yield _Block("fence", tuple(lines))
                lines, opening = [], ""
            else:
                lines.append(line)
        elif (fence := _FENCE.match(line)) and len(fence["marker"]) <= limit // 8:
            yield from _stretch(lines)
            opening = line if len(line) <= limit // 4 else fence["marker"]
            lines = [opening]
        elif line.strip():
            lines.append(line.rstrip())
        else:
            yield from _stretch(lines)
            lines = []
    if opening:
        yield _Block("fence", tuple(lines))
    else:
        yield from _stretch(lines)


def _stretch(lines: list[str]) -> Iterator[_Block]:
    """A paragraph, or a table with the lines that stand right above it."""
    at = next((i for i, line in enumerate(lines[1:]) if "|" in lines[i] and _is_rule(line)), None)
    if at is None:
        if lines:
            yield _Block("text", tuple(lines))
        return
    if at:
        yield _Block("text", tuple(lines[:at]))
    yield _Block("table", tuple(lines[at:]))


def _is_rule(line: str) -> bool:
    return "|" in line and bool(_RULE.match(line))


def _marker(opening: str) -> str:
    fence = _FENCE.match(opening)
    assert fence
    return fence["marker"]


def _closing(opening: str) -> str:
    """The line that closes a fence, as deep as its opening."""
    return opening[: len(opening) - len(opening.lstrip())] + _marker(opening)


def _closes(line: str, opening: str) -> bool:
    marker, bare = _marker(opening), line.strip()
    return len(bare) >= len(marker) and set(bare) == {marker[0]}


def _parts(block: _Block, limit: int) -> list[str]:
    """The parts of a block that is too long for one piece, each at most `limit` long."""
    if block.kind == "fence":
        opening, closing = block.lines[0], _closing(block.lines[0])
        room = limit - len(opening) - len(closing) - 2
        return [f"{opening}\n{part}\n{closing}" for part in _filled(_hard(block.lines[1:], room), room)]
    if block.kind == "table" and (head := len(block.lines[0]) + len(block.lines[1]) + 2) <= limit // 2:
        rows = [piece for row in block.lines[2:] for piece in _cut(row, limit - head)]
        header = "\n".join(block.lines[:2])
        return [f"{header}\n{part}" for part in _filled(rows, limit - head)]
    return _filled([piece for line in block.lines for piece in _cut(line, limit)], limit)


def _hard(lines: tuple[str, ...], limit: int) -> list[str]:
    """Code as it stands; a line that is too long goes on in the next one."""
    return [line[at : at + limit] for line in lines for at in range(0, max(len(line), 1), limit)]


def _filled(lines: list[str], limit: int) -> list[str]:
    """Lines put together up to the limit; items of a list are parted between items where that is possible."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if parts[-1] and sum(map(len, parts[-1])) + len(parts[-1]) + len(line) > limit:
            parts.append(_item_begun(parts[-1], len(line), limit))
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def _item_begun(part: list[str], following: int, limit: int) -> list[str]:
    """Takes the lines of a list item off the end of a part when the item goes on and fits into the next."""
    starts = [i for i, line in enumerate(part) if _ITEM.match(line)]
    if not starts or starts[-1] == 0 or starts[-1] == len(part) - 1:
        return []
    begun = part[starts[-1] :]
    if sum(map(len, begun)) + len(begun) + following > limit // 2:
        return []
    del part[starts[-1] :]
    return begun


def _cut(line: str, limit: int) -> Iterator[str]:
    """Cuts a line: after a sentence, else at a blank, else wherever it must be."""
    while len(line) > limit:
        at = _place(line, limit)
        yield line[:at].rstrip()
        line = line[at:].lstrip()
    yield line


def _place(line: str, limit: int) -> int:
    """The best place up to `limit` that parts neither a link nor inline code that fit."""
    # One more character tells whether what stands there could go on.
    window = line[: limit + 1]
    whole = [found.span() for found in _WHOLE.finditer(line, 0, min(len(line), 2 * limit))]
    kept = [(start, end) for start, end in whole if end - start <= limit and start < limit]

    def free(at: int) -> bool:
        return 0 < at <= limit and not any(start < at < end for start, end in kept)

    sentences = [found.end() for found in _SENTENCE.finditer(window) if free(min(found.end(), limit))]
    if sentences and sentences[-1] >= limit // 2:
        return min(sentences[-1], limit)
    blanks = [at for at in range(limit, 0, -1) if line[at - 1 : at + 1].strip() != line[at - 1 : at + 1]]
    if (blank := next((at for at in blanks if free(at) and line[:at].strip()), None)) is not None:
        return blank
    return next((start for start, end in kept if 0 < start < limit < end), limit)
