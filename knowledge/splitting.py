"""Blocks that are too long for a passage into pieces that stand for themselves."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from knowledge.documents import Block, BlockKind
from knowledge.sentences import split_sentences

Cost = Callable[[str], int]

# A word piece is seldom longer; without this bound a tokenizer that takes any long word as one unknown piece
# would let megabytes of base64 into one passage.
_LONGEST_PIECE = 12
_CLAUSE = re.compile(r"[;:,)\]–—]\s")
_BLANK = re.compile(r"\s")
_CELL = re.compile(r"\s*(?<!\\)\|\s*")
_LINE = re.compile(r"[^\n]*\S[^\n]*")


@dataclass(slots=True, frozen=True)
class Unit:
    """A piece of text that stays in one passage."""

    text: str
    cost: int
    kind: BlockKind
    separator: str = "\n\n"
    """What stands between it and the unit before, when both are in one passage."""
    header: "Unit | None" = None
    """The row that is repeated above it in every passage."""
    leads: bool = False
    """It announces the next unit (`Por país:`) and goes with it."""


def bounded(count: Callable[[str], int]) -> Cost:
    """The count of word pieces, never below what a text of that length would have of long ones."""
    return lambda text: max(count(text), -(-len(text) // _LONGEST_PIECE))


def whole(block: Block, cost: Cost) -> Unit:
    """The block as one unit."""
    text = block.text.strip("\n") if block.kind == "code" else block.text.strip()
    return Unit(text, cost(text), block.kind)


def split(block: Block, limit: int, cost: Cost) -> list[Unit]:
    """The block as units of at most `limit` pieces: sentences, rows, items or lines."""
    match block.kind:
        case "table":
            units = list(_rows(block.text, limit, cost))
        case "list" | "code":
            units = list(_lines(block.text, block.kind, limit, cost))
        case _:
            units = list(_sentences(block.text, block.kind, limit, cost))
    return [replace(units[0], separator="\n\n"), *units[1:]] if units else []


def shortened(text: str, limit: int, cost: Cost) -> str:
    """The text, or as many of its first words as `limit` pieces hold and an ellipsis."""
    if cost(text) <= limit:
        return text
    head, _ = _head(text, max(1, limit - 1), cost, len(text) / cost(text))
    return head.rstrip(" ,;:") + "…"


def _sentences(text: str, kind: BlockKind, limit: int, cost: Cost) -> Iterator[Unit]:
    starts = [start for start, _ in split_sentences(text)] or [0]
    bounds = [0, *starts[1:], len(text)]
    separator = ""
    for start, end in pairwise(bounds):
        sentence = text[start:end]
        kept = sentence.strip()
        if not kept:
            continue
        yield from _fitted(kept, kind, separator, limit, cost)
        separator = "\n" if "\n" in sentence[len(sentence.rstrip()) :] else " "


def _lines(text: str, kind: BlockKind, limit: int, cost: Cost) -> Iterator[Unit]:
    end = 0
    for match in _LINE.finditer(text):
        breaks = "\n" * max(1, text.count("\n", end, match.start()))
        end = match.end()
        line = match[0].rstrip()
        total = cost(line)
        if total <= limit:
            yield Unit(line, total, kind, breaks, leads=kind == "list" and line.endswith(":"))
        elif kind == "code":
            yield from _fitted(line, kind, breaks, limit, cost)
        else:
            first, *rest = _sentences(line, kind, limit, cost)
            yield replace(first, separator=breaks)
            yield from rest


def _rows(text: str, limit: int, cost: Cost) -> Iterator[Unit]:
    """Rows under their header; a row that does not fit beside it as `column: value` lines."""
    first, *rows = text.split("\n")
    header = Unit(first, cost(first), "table", "\n", leads=True)
    columns = _cells(first)
    repeated = header.cost <= limit // 2
    if repeated:
        yield header
    for index, row in enumerate(rows):
        unit = Unit(row, cost(row), "table", "\n", header)
        if repeated and header.cost + unit.cost <= limit:
            yield unit
            continue
        separator = "\n\n"
        for column, value in zip(columns, _cells(row), strict=False):
            if value or (not repeated and index == 0):
                yield from _fitted(f"{column}: {value}".strip(" "), "list", separator, limit, cost)
                separator = "\n"
    if not rows and not repeated:
        yield from _fitted(first, "list", "\n", limit, cost)


def _cells(row: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in _CELL.split(row.strip())[1:-1]]


def _fitted(text: str, kind: BlockKind, separator: str, limit: int, cost: Cost) -> Iterator[Unit]:
    """The text as one unit, or cut between clauses, words or, in a giant word, anywhere."""
    total = cost(text)
    if total <= limit:
        yield Unit(text, total, kind, separator)
        return
    ratio = len(text) / total
    while text:
        head, used = _head(text, limit, cost, ratio)
        yield Unit(head, used, kind, separator)
        rest = text[len(head) :]
        text = rest.lstrip()
        separator = " " if len(text) < len(rest) else ""


def _head(text: str, limit: int, cost: Cost, ratio: float) -> tuple[str, int]:
    """The longest good beginning within `limit` pieces, and its cost; `ratio` is characters a piece."""
    length = min(len(text), max(1, int(limit * ratio)))
    while True:
        head = text[: _break(text, length)].rstrip() or text[:length]
        used = cost(head)
        if used <= limit or len(head) == 1:
            return head, used
        length = max(1, min(len(head) - 1, int(len(head) * limit / used * 0.95)))


def _break(text: str, length: int) -> int:
    """Where to cut within `length`: after a clause in the last third, else at a blank in the last half."""
    if length == len(text) or text[length].isspace():
        return length
    for pattern, share in ((_CLAUSE, 0.67), (_BLANK, 0.5)):
        found = [match.end() for match in pattern.finditer(text, int(length * share), length)]
        if found:
            return found[-1]
    return length
