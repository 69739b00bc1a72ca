"""The answer in the documents' own words: the sentences, items, rows or code that say it, quoted.

Every candidate gets a score, scores become shares of belief, and what is quoted is the set of candidates
with the most belief that fits the room. Long sentences are cut only where that gains clearly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp

from knowledge.asking import Asked, Statistics
from knowledge.candidates import Candidate
from knowledge.clipping import clip, clip_lines
from knowledge.confidence import ANSWERED, weigh
from knowledge.documents import BlockKind, Hit, Passage
from knowledge.scoring import Scored, place, scored
from knowledge.sentences import MARKER
from knowledge.statements import Statement, disagreeing

__all__ = ["Extract", "Quote", "Statistics", "extract", "suggestions"]

_CONSIDERED = 8  # best candidates that are tried in every combination
_MOST = 4
_TEMPERATURE = 0.2
_EACH, _CUT = 0.03, 0.06
"""Belief that one more quote must add, and a cut one on top of that."""
_ELSEWHERE = 0.4
"""How much worse than the best a candidate of another place may be: room left is better left."""
_RIVAL = 0.3
"""How much worse than the best a candidate may be that is shown because it says otherwise."""
_LEAST_CUT = 12  # words; less of a sentence says nothing
_LONGEST_LEAD = 20
_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a passage as it stands."""

    passage: Passage
    text: str
    """`passage.text[start:end]`; of a table the header row and the chosen rows, a line each."""
    start: int
    end: int
    kind: BlockKind = "paragraph"
    """How it is to be shown."""
    cut_before: bool = False
    """It begins inside a sentence: an ellipsis belongs before it."""
    cut_after: bool = False
    """It ends inside a sentence: an ellipsis belongs after it."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What the documents say to a question."""

    quotes: tuple[Quote, ...]
    """Best passage first, in reading order within each; there may be some even when not `answered`."""
    confidence: float
    """Between 0 and 1: how likely the answer is in the documents."""
    answered: bool
    disagreement: bool = False
    """The first two quoted state other numbers, dates or times about the same; the newer one comes first."""


def extract(question: str, hits: Sequence[Hit], statistics: Statistics, *, words: int = 60) -> Extract:
    """The quotes that answer a question out of the passages found, at most `words` words together."""
    asked = Asked.of(question, statistics)
    if not hits or not asked.grams:
        return Extract((), 0.0, False)
    ranked = scored(asked, hits)
    able, wanted = _newer_first(_distinct(ranked), statistics, words)
    chosen = _chosen(asked, able, words, wanted)
    likely = weigh(asked, ranked).confidence
    answered = bool(chosen) and likely >= ANSWERED
    return Extract(tuple(_quotes(chosen)), likely, answered, disagreement=wanted > 1)


def suggestions(hits: Sequence[Hit]) -> tuple[str, ...]:
    """The places nearest to a question that was not answered, `title › heading`, best first."""
    if not hits:
        return ()
    near = [hit for hit in hits if hit.score >= hits[0].score / 2]
    labels = (" › ".join(dict.fromkeys((hit.passage.title, hit.passage.heading))) for hit in near)
    return tuple(dict.fromkeys(labels))[:_SUGGESTIONS]


@dataclass(frozen=True, slots=True)
class _Pick:
    """A candidate, or the span of it that is shown."""

    rank: int
    candidate: Candidate
    start: int
    end: int

    @classmethod
    def whole(cls, found: Scored, candidate: Candidate | None = None) -> "_Pick":
        shown = candidate or found.candidate
        return cls(found.rank, shown, shown.start, shown.end)


def _distinct(ranked: Sequence[Scored]) -> list[Scored]:
    """The best candidates that can stand as an answer, each text once."""
    able = [found for found in ranked if not found.candidate.leads]
    kept: dict[str, Scored] = {}
    for found in able:
        far = found.score < able[0].score - _ELSEWHERE
        if not far or place(found.candidate.passage) == place(able[0].candidate.passage):
            kept.setdefault(" ".join(found.candidate.text.casefold().split()), found)
        if len(kept) == _CONSIDERED:
            break
    return list(kept.values())


def _newer_first(ranked: Sequence[Scored], statistics: Statistics, room: int) -> tuple[Sequence[Scored], int]:
    """The best candidate, and before or after it one that disagrees with it, if any; how many these are."""
    for at, other in enumerate(ranked[1:], start=1):
        if other.score < ranked[0].score - _RIVAL:
            break
        two = Statement.of(ranked[0].candidate, ranked[0].lead), Statement.of(other.candidate, other.lead)
        pair = disagreeing(*two, statistics)
        if pair is not None and _words([ranked[0], other]) <= room:
            first = [ranked[0], other] if pair.newer is two[0] else [other, ranked[0]]
            return [*first, *ranked[1:at], *ranked[at + 1 :]], 2
    return ranked, 1


def _chosen(asked: Asked, ranked: Sequence[Scored], room: int, wanted: int = 1) -> list[_Pick]:
    """The candidates to quote, with what they need to be understood: the first `wanted`, what adds most."""
    if not ranked:
        return []
    beliefs, must = _beliefs(ranked), set(range(wanted))
    best, indexes, cut = -1.0, (), 0  # type: float, tuple[int, ...], int | None
    for count in range(min(_MOST, len(ranked)) + 1):
        for chosen in combinations(range(len(ranked)), count):
            left = room - _words([ranked[i] for i in chosen])
            if left < 0:
                continue
            gain, shortened = _best_cut(ranked, beliefs, chosen, left) if count < _MOST else (0.0, None)
            if not must <= {*chosen, shortened}:
                continue
            belief = gain + sum(beliefs[i] - _EACH for i in chosen)
            if belief > best + 1e-12:
                best, indexes, cut = belief, chosen, shortened
    whole = [ranked[i] for i in indexes]
    picks = [_Pick.whole(found) for found in whole]
    picks += [_Pick.whole(found, lead) for found, lead in _leads(whole)]
    if cut is None:
        return _in_order(picks, whole)
    picks += _cut(asked, ranked[cut], room - _words(whole))
    return _in_order(picks, [ranked[i] for i in sorted((*indexes, cut))])


def _in_order(picks: Sequence[_Pick], chosen: Sequence[Scored]) -> list[_Pick]:
    """The passage whose candidate is best comes first, whatever search thought of it."""
    order = {rank: place for place, rank in enumerate(dict.fromkeys(found.rank for found in chosen))}
    return sorted(picks, key=lambda pick: (order[pick.rank], pick.candidate.position))


def _words(chosen: Sequence[Scored]) -> int:
    """The words of candidates and of what they need."""
    return sum(found.words for found in chosen) + sum(lead.words for _, lead in _leads(chosen))


def _beliefs(ranked: Sequence[Scored]) -> list[float]:
    """Each candidate's share in the belief that one of them holds the answer."""
    if not ranked:
        return []
    raw = [exp((found.score - ranked[0].score) / _TEMPERATURE) for found in ranked]
    return [value / sum(raw) for value in raw]


def _best_cut(
    ranked: Sequence[Scored], beliefs: Sequence[float], chosen: Sequence[int], left: int
) -> tuple[float, int | None]:
    """What cutting a sentence to the room that is left gains, and which; the best one if it is missing."""
    gain, best = 0.0, None
    for index, found in enumerate(ranked if 0 in chosen else ranked[:1]):
        prose = found.candidate.kind in ("sentence", "item") and left >= _LEAST_CUT
        if index in chosen or left >= found.words or (chosen and not prose):
            continue
        value = beliefs[index] * left / found.words - _EACH - _CUT
        if value > gain or index == 0:
            gain, best = value, index
    return gain, best


def _leads(chosen: Sequence[Scored]) -> Iterator[tuple[Scored, Candidate]]:
    """What the chosen need to be understood, once each: header rows, short introductions."""
    seen = {(found.candidate.passage.id, found.candidate.position) for found in chosen}
    for found in chosen:
        lead = found.lead
        if lead is None or (lead.kind != "row" and lead.words > _LONGEST_LEAD):
            continue
        if (lead.passage.id, lead.position) not in seen:
            seen.add((lead.passage.id, lead.position))
            yield found, lead


def _cut(asked: Asked, found: Scored, room: int) -> list[_Pick]:
    """A candidate cut to the room; nothing when it cannot be cut to it."""
    candidate = found.candidate
    if candidate.kind in ("code", "row"):
        span = clip_lines(candidate.text, room, asked.worth)
    else:
        span = clip(candidate.text, room, asked.worth) if room else None
    if span is None or span[0] == span[1]:
        return []
    return [_Pick(found.rank, candidate, candidate.start + span[0], candidate.start + span[1])]


def _quotes(picks: Sequence[_Pick]) -> Iterator[Quote]:
    """The picks joined where they stand together."""
    group: list[_Pick] = []
    for pick in picks:
        if group and not _together(group[-1], pick):
            yield _quote(group)
            group = []
        group.append(pick)
    if group:
        yield _quote(group)


def _together(before: _Pick, after: _Pick) -> bool:
    """Whether two picks, in this order, are one quote."""
    one, other = before.candidate, after.candidate
    if before.rank != after.rank or _kind(one) != _kind(other):
        return False
    if other.kind == "row":
        return not other.leads
    return other.position == one.position + 1 and before.end == one.end and after.start == other.start


def _kind(candidate: Candidate) -> str:
    return candidate.kind if candidate.kind in ("row", "code") else "prose"


def _quote(group: Sequence[_Pick]) -> Quote:
    first, last = group[0], group[-1]
    passage, candidate = first.candidate.passage, first.candidate
    kinds: Mapping[str, BlockKind] = {"row": "table", "code": "code", "item": "list", "sentence": "paragraph"}
    start = first.start
    if (
        candidate.kind == "item"
        and len(group) == 1
        and (marker := MARKER.match(passage.text, start, last.end))
    ):
        start = marker.end()  # a bullet or number alone announces nothing
    text = passage.text[start : last.end]
    if candidate.kind == "row":
        text = "\n".join(pick.candidate.text for pick in group)
    return Quote(
        passage,
        text,
        start,
        last.end,
        kinds[last.candidate.kind],
        cut_before=first.start > candidate.start,
        cut_after=last.end < last.candidate.end,
    )
