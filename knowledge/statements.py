"""Where documents say otherwise than others, and where they say the same again.

A statement is a sentence, an item or a row of a table. Two are about the same when they share their words,
those above them and their names, weighed by how rare each is; then their numbers, dates and times agree, or
do not. What is said in other words is not seen.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from knowledge import words
from knowledge.asking import Statistics
from knowledge.candidates import Candidate, candidates_of
from knowledge.claims import Claim, claims_of
from knowledge.documents import Passage
from knowledge.equivalents import NUMBER_WORDS, canonical_name, is_canonical
from knowledge.facts import folded, same_date

_ALIKE = 0.55
"""Share of two statements' words, weighed, that both have: what is about the same has this much."""
_ASKED = 0.35
"""Of two that a question has brought together, less is enough."""
_AGAIN = 0.85
"""And what is the same again."""
_CONTEXT = 0.5
"""What a word counts that only a heading, a title or a header row has."""
_LEAST = 3
"""Words of its own without which a sentence is about nothing that can be told."""
_RAREST, _CROWD = 4, 40
"""Statements are compared that share one of their rarest words, unless so many have it."""
_PLACE = re.compile(
    r"^\s*\d+[.)]\s+|\b(?:paso|p[áa]gina|figura|tabla|secci[óo]n|cap[íi]tulo|fase|etapa"
    r"|step|page|figure|table|section|chapter|stage|phase)s?\s+\d+(?:[-.]\d+)*",
    re.IGNORECASE,
)
"""Numbers that count places in a document, and state nothing."""
_VALUES = frozenset({"number", "date", "time", "day"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a document says."""

    passage: Passage
    text: str
    """As it stands there."""
    own: frozenset[str]
    """Stems of its words; numbers are none."""
    above: frozenset[str]
    """Of title, headings, and of what introduces it."""
    names: frozenset[str]
    """Names, codes, countries and years: about others it is about something else."""
    values: tuple[Claim, ...]
    """The numbers, dates and times that it states."""

    @classmethod
    def of(cls, candidate: Candidate, lead: Candidate | None = None) -> "Statement":
        """A candidate as a statement; `lead`: what introduces it."""
        passage, text = candidate.passage, _PLACE.sub("", candidate.text)
        above = f"{passage.context}\n{lead.text if lead else ''}"
        claims = claims_of(text)
        values = tuple(claim for claim in claims if claim.kind in _VALUES and not _is_year(claim))
        names = {canonical_name(folded(claim.text)) for claim in claims if claim not in values}
        names |= {canonical_name(word) for word in words.words(f"{above}\n{text}") if is_canonical(word)}
        if candidate.kind == "row":
            names.add(" ".join(words.words(text.strip(" |").partition("|")[0])))
        own = _stems(text)
        return cls(passage, candidate.text, own, _stems(above) - own, frozenset(names), values)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two statements of different documents about the same, the newer one first."""

    newer: Statement
    older: Statement
    again: bool
    """Whether they say the same; else they state other numbers, dates or times."""


def pairs_in(passages: Iterable[Passage], give_way: Callable[[], None] = lambda: None) -> list[Pair]:
    """Every two statements that say the same again or otherwise, surest first; about 2 CPU ms a passage.

    `give_way` is called between small pieces of the work.
    """
    statements = [one for passage in passages for one in statements_of(passage)]
    rarity = _rarity(statements)
    having: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(statements):
        for stem in sorted(one.own, key=lambda stem: (-rarity[stem], stem))[:_RAREST]:
            having[stem].append(number)
    found: dict[tuple[int, int], tuple[float, Pair]] = {}
    for numbers in having.values():
        give_way()
        for two in combinations(numbers, 2) if len(numbers) <= _CROWD else ():
            if two not in found and (pair := _pair(statements[two[0]], statements[two[1]], rarity)):
                found[two] = pair
    return list(_once(pair for _, pair in sorted(found.values(), key=lambda one: -one[0])))


def _once(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Each statement with the one that is most like it, of each other document."""
    paired = set[tuple[int, tuple[str, str]]]()
    for pair in pairs:
        sides = {(id(pair.newer), _document(pair.older)), (id(pair.older), _document(pair.newer))}
        if paired.isdisjoint(sides):
            yield pair
        paired |= sides


def statements_of(passage: Passage) -> Iterator[Statement]:
    """What a passage says, piece by piece; code says nothing."""
    pieces = candidates_of(passage)
    for piece in pieces:
        if piece.kind != "code" and not piece.leads:
            one = Statement.of(piece, None if piece.lead is None else pieces[piece.lead])
            if piece.kind == "row" or len(one.own) >= _LEAST:
                yield one


def disagreeing(one: Statement, other: Statement, statistics: Statistics) -> Pair | None:
    """Two that answer one question as a pair, if they are about the same and state other values."""
    rarity = statistics.idf("stems", one.own | one.above | other.own | other.above)
    pair = _pair(one, other, rarity, _ASKED)
    return pair[1] if pair is not None and not pair[1].again else None


def _pair(
    one: Statement, other: Statement, rarity: Mapping[str, float], least: float = _ALIKE
) -> tuple[float, Pair] | None:
    if _document(one) == _document(other) or one.names != other.names or not (one.own & other.own):
        return None
    alike = _alikeness(one, other, rarity)
    if alike < least:
        return None
    again = _covers(one.values, other.values) and _covers(other.values, one.values)
    if again and alike < _AGAIN:
        return None
    if not again and (_covers(one.values, other.values) or _covers(other.values, one.values)):
        return None  # one says more than the other, not otherwise
    newer, older = sorted((one, other), key=_age, reverse=True)
    return alike, Pair(newer, older, again)


def _alikeness(one: Statement, other: Statement, rarity: Mapping[str, float]) -> float:
    """The weighed share of their words that both have."""
    first, second = _weights(one, rarity), _weights(other, rarity)
    both = sum(min(first[stem], second[stem]) for stem in first.keys() & second.keys())
    either = sum(max(first.get(stem, 0.0), second.get(stem, 0.0)) for stem in first.keys() | second.keys())
    return both / either if either else 0.0


def _weights(one: Statement, rarity: Mapping[str, float]) -> dict[str, float]:
    return {stem: _CONTEXT * rarity.get(stem, 1.0) for stem in one.above} | {
        stem: rarity.get(stem, 1.0) for stem in one.own
    }


def _covers(claims: Sequence[Claim], others: Sequence[Claim]) -> bool:
    """Whether every one of the others is among the claims, in one of its readings."""
    return all(any(_same(claim, other) for claim in claims) for other in others)


def _same(one: Claim, other: Claim) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind == "date":
        return any(same_date(a, b) for a in one.values for b in other.values)  # type: ignore[arg-type]
    return not set(one.values).isdisjoint(other.values)


def _rarity(statements: Sequence[Statement]) -> dict[str, float]:
    """How telling each stem is among all that is said."""
    counts = Counter(stem for one in statements for stem in one.own | one.above)
    return {stem: math.log(1 + len(statements) / count) for stem, count in counts.items()}


def _stems(text: str) -> frozenset[str]:
    """Of one language's stems those of words: enough to tell words apart."""
    plain = " ".join(w for w in words.words(text) if w.isalpha() and w not in NUMBER_WORDS)
    return frozenset(words.stems(plain)[::2])


def _is_year(claim: Claim) -> bool:
    return claim.kind == "number" and len(claim.text) == 4 and claim.text[:2] in ("19", "20")


def _document(one: Statement) -> tuple[str, str]:
    return one.passage.source, one.passage.document


def _age(one: Statement) -> float:
    return one.passage.as_of.timestamp() if one.passage.as_of else 0.0
