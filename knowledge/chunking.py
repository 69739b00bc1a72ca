"""Documents into passages that fit the embedder's window and break where the document does.

A passage never mixes text of two headings or two places (pages, slides, sheets). Blocks that fit stay whole;
longer ones break between sentences, rows, items or lines. Nothing of a document is lost, and nothing but
headings, of sections and of tables, is said twice.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import groupby, zip_longest

from knowledge.documents import Block, BlockKind, Document, Passage
from knowledge.splitting import Cost, Unit, bounded, shortened, split, whole

_SPECIAL = 2  # pieces that the embedder puts around a text
_JOIN = " > "


def embedding_text(passage: Passage) -> str:
    """What of a passage is embedded: title, heading path and text, a line each."""
    return "\n".join(filter(None, (passage.title, _JOIN.join(passage.headings), passage.text)))


def chunk(
    document: Document,
    *,
    source: str,
    path: str,
    count: Callable[[str], int],
    url: str | None = None,
    modified: datetime | None = None,
    window: int = 256,
) -> list[Passage]:
    """The passages of a document in reading order; `embedding_text` of each fits `window` pieces.

    `count` tells the word pieces of a text without special ones. It is called about once for every piece of
    text and added up, so of two texts joined by a blank it must not be more than the sum of both.
    """
    cost = bounded(count)
    room = window - _SPECIAL
    title = shortened(" ".join(document.title.split()), room // 4, cost)
    chunker = _Chunker(source, path, title, document.as_of or modified, url, cost, room)
    for (headings, location), placed in groupby(_placed(document, title), key=_place):
        chunker.section(headings, location, [block for _, block in placed])
    if not chunker.passages:
        chunker.section((), "", [Block("heading", title)])
    return chunker.passages


@dataclass(slots=True, eq=False)
class _Heading:
    text: str
    level: int
    anchor: str
    shown: bool = False
    """Some passage says it in full."""


_Path = tuple[_Heading, ...]
_Placed = tuple[_Path, Block]


def _placed(document: Document, title: str) -> Iterator[_Placed]:
    """Every block under its headings; a heading with nothing below it is itself text of the one above."""
    blocks = [block for block in document.blocks if block.text.strip()]
    path: _Path = ()
    for block, following in zip_longest(blocks, blocks[1:]):
        if block.kind != "heading":
            yield path, block
            continue
        path = tuple(heading for heading in path if heading.level < block.level)
        text = " ".join(block.text.split())
        if following is None or (following.kind == "heading" and following.level <= block.level):
            if text != title:
                yield path, block
        else:
            path = (*path, _Heading(text, block.level, block.anchor, shown=text == title))


def _place(placed: _Placed) -> tuple[_Path, str]:
    path, block = placed
    return path, block.location


@dataclass(slots=True)
class _Chunker:
    """Passages of one document; `room` is how many pieces title, headings and text have together."""

    source: str
    path: str
    title: str
    as_of: datetime | None
    url: str | None
    cost: Cost
    room: int
    passages: list[Passage] = field(default_factory=list)
    _costs: dict[str, int] = field(default_factory=dict)
    _occurrences: Counter[bytes] = field(default_factory=Counter)

    def section(self, path: _Path, location: str, blocks: list[Block]) -> None:
        """The passages of blocks under one path of headings, in one place."""
        headings, used = self._headings([heading for heading in path if heading.text != self.title])
        for heading in path:
            if heading.text in headings:
                heading.shown = True
        # A heading cut or left out of the path for its length is said here, once.
        untold = [heading for heading in path if not heading.shown]
        for heading in untold:
            heading.shown = True
        blocks = [*(Block("paragraph", heading.text) for heading in untold), *blocks]
        anchor = path[-1].anchor if path else ""
        for units in _packed(blocks, self.room - used, self.cost):
            found = next((block.anchor for block in blocks if block.anchor), anchor)
            self.passages.append(self._passage(headings, units, location, found))

    def _headings(self, path: list[_Heading]) -> tuple[tuple[str, ...], int]:
        """The innermost headings that leave half of the room to the text, and what title and they cost."""
        used = self._cost_of(self.title)
        left = self.room // 2 - used
        join = self._cost_of(_JOIN.strip())
        headings: list[str] = []
        for heading in reversed(path):
            text = heading.text if headings else shortened(heading.text, max(1, left - join), self._cost_of)
            needed = self._cost_of(text) + join
            if needed > left:
                break
            headings.insert(0, text)
            left -= needed
            used += needed
        return tuple(headings), used

    def _cost_of(self, text: str) -> int:
        """Cost of a title or heading, which comes up again and again."""
        if (known := self._costs.get(text)) is None:
            known = self._costs[text] = self.cost(text)
        return known

    def _passage(self, headings: tuple[str, ...], units: list[Unit], location: str, anchor: str) -> Passage:
        first, *rest = units
        text = first.text + "".join(unit.separator + unit.text for unit in rest)
        weights: Counter[BlockKind] = Counter()
        for unit in units:
            weights[unit.kind] += unit.cost
        return Passage(
            id=self._id(headings, text),
            source=self.source,
            document=self.path,
            title=self.title,
            headings=headings,
            text=text,
            kind=max(weights, key=lambda kind: weights[kind]),
            location=location,
            anchor=anchor,
            url=self.url,
            as_of=self.as_of,
        )

    def _id(self, headings: Iterable[str], text: str) -> str:
        """Content address: what comes before in the document does not change it, unless it is the same."""
        parts = (self.source, self.path, self.title, "\x1e".join(headings), text)
        content = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        digest = blake2b(content, digest_size=16)
        key = digest.digest()
        digest.update(b"\x1f%d" % self._occurrences[key])
        self._occurrences[key] += 1
        return digest.hexdigest()


def _packed(blocks: list[Block], room: int, cost: Cost) -> Iterator[list[Unit]]:
    """Blocks packed into passages of at most `room` pieces."""
    packer = _Packer(room)
    for together in _announced(blocks):
        # What is far too long is counted by its parts only.
        long = sum(len(block.text) for block in together) > room * 12
        units = [] if long else [whole(block, cost) for block in together]
        total = sum(unit.cost for unit in units)
        if not long and (packer.used + total <= room or (total <= room and packer.used >= room // 4)):
            yield from packer.add_whole(units, total)
        else:
            *leads, last = together
            announcing = [replace(whole(block, cost), leads=True) for block in leads]
            left = room - sum(unit.cost for unit in announcing)
            if left < room // 2:
                announcing, left = [unit for block in leads for unit in split(block, room, cost)], room
            yield from packer.fill([*announcing, *split(last, left, cost)])
    yield from packer.end()


def _announced(blocks: list[Block]) -> Iterator[list[Block]]:
    """Every block alone, but one that announces the next together with it."""
    lead: list[Block] = []
    for block in blocks:
        if _announces(block) and len(lead) < 2:
            lead.append(block)
        else:
            yield [*lead, block]
            lead = []
    if lead:
        yield lead


def _announces(block: Block) -> bool:
    """Whether a paragraph is a lead-in (`Por país:`) or a line that stands like a heading."""
    text = block.text.rstrip()
    label = len(text) <= 80 and "\n" not in text and text[-1] not in ".!?…;,"
    return block.kind == "paragraph" and (label or text.endswith(":"))


class _Packer:
    """Fills one passage after the other."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.units: list[Unit] = []
        self.used = 0

    def end(self) -> Iterator[list[Unit]]:
        """Closes the passage under way."""
        if self.units:
            yield self.units
            self.units, self.used = [], 0

    def add_whole(self, units: list[Unit], total: int) -> Iterator[list[Unit]]:
        """Blocks that stay together, here or in a passage of their own."""
        if self.used + total > self.room:
            yield from self.end()
        self.units.extend(units)
        self.used += total

    def fill(self, units: list[Unit]) -> Iterator[list[Unit]]:
        """Units too long to stay together, spread evenly over as few passages as hold them."""
        if self.used >= self.room // 4:
            yield from self.end()
        again = max((unit.header.cost for unit in units if unit.header), default=0)
        total = max(1, self.used + sum(unit.cost for unit in units) - again)
        passages = -(-total // (self.room - again))
        enough = again - (-total // passages)
        for index, unit in enumerate(units):
            full = self.used >= enough or self.used + _cost_together(units, index) > self.room
            # The parts of a word that was cut are not one word again: its pieces would not add up.
            parts = full or not unit.separator
            led = bool(self.units) and self.units[-1].leads
            if (parts and not led) or self.used + unit.cost > self.room:
                yield from self.end()
                if unit.header and index:
                    self.units, self.used = [unit.header], unit.header.cost
            self.units.append(unit)
            self.used += unit.cost


def _cost_together(units: list[Unit], index: int) -> int:
    """What a unit costs with the one it announces, which may announce another."""
    cost = units[index].cost
    while units[index].leads and index + 1 < len(units):
        index += 1
        cost += units[index].cost
    return cost
