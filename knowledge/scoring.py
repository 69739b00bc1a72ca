"""How well each candidate answers a question: what of its words it has, weighed by how rare they are.

A word counts in full where it stands, less where only a heading above has it or a translation stands for it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from knowledge.asking import Asked, Strengths
from knowledge.candidates import Candidate, Terms, candidates_of
from knowledge.documents import Hit, Passage

_STEMS, _GRAMS, _PAIRS = 0.6, 0.4, 0.1
_NUMBER = 0.1
"""What a number counts where one is asked for."""
_HAS_NUMBER = re.compile(
    r"\d|\b(?:dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez"
    r"|two|three|four|five|six|seven|eight|nine|ten|once|twice)\b"
)
_PASSAGE = 0.4
_NEIGHBOUR = 0.2
_LENGTH = 0.03
_KEY = 0.15
"""What it counts that of the rows of a table only this one begins with words of the question."""
_INHERITED = 0.7
"""What a term counts that only the title, a heading, a header row or a list's introduction has."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and how well it answers."""

    score: float
    rank: int
    """Of its passage."""
    candidate: Candidate
    words: int
    lead: Candidate | None
    stems: Strengths
    """Of the question's stems those it has or inherits."""
    grams: Strengths
    """The same of its grams."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate and what it has of the question: what is inherited counts less in `own`."""

    rank: int
    candidate: Candidate
    lead: Candidate | None
    own_stems: Strengths
    own_grams: Strengths
    all_stems: Strengths
    all_grams: Strengths


def place(passage: Passage) -> tuple[str, ...]:
    """Where a passage stands. Neighbouring ones share it: a long section is cut anywhere."""
    return (passage.source, passage.document, passage.location, *passage.headings)


def scored(asked: Asked, hits: Sequence[Hit]) -> list[Scored]:
    """The candidates of all passages found, best first."""
    passages = [_weighed(asked, rank, hit.passage) for rank, hit in enumerate(hits)]
    everything = [weighed for passage in passages for weighed in passage]
    stems = _telling(asked.stems, [weighed.all_stems for weighed in everything])
    grams = _telling(asked.grams, [weighed.all_grams for weighed in everything])
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    found: list[Scored] = []
    for hit, passage in zip(hits, passages, strict=True):
        scores = [_score(asked, stems, grams, weighed) for weighed in passage]
        for position in _keyed(asked, passage):
            scores[position] += _KEY
        for position, weighed in enumerate(passage):
            beside = max(
                [0.0, *scores[max(0, position - 1) : position], *scores[position + 1 : position + 2]]
            )
            found.append(
                Scored(
                    scores[position] + _NEIGHBOUR * beside + _PASSAGE * hit.score / top,
                    weighed.rank,
                    weighed.candidate,
                    weighed.candidate.words,
                    weighed.lead,
                    weighed.all_stems,
                    weighed.all_grams,
                )
            )
    return sorted(found, key=lambda one: (-one.score, one.rank, one.candidate.position))


def merged(one: Strengths, other: Strengths, share: float = 1.0) -> Strengths:
    """What either has, the other's counting `share`."""
    result = dict(one)
    for term, strength in other.items():
        if result.get(term, 0.0) < share * strength:
            result[term] = share * strength
    return result


def _weighed(asked: Asked, rank: int, passage: Passage) -> list[_Weighed]:
    candidates = candidates_of(passage)
    context = asked.found_in(Terms.of(passage.context))
    has = [asked.found_in(candidate.terms) for candidate in candidates]
    weighed: list[_Weighed] = []
    for candidate, (stems, grams) in zip(candidates, has, strict=True):
        above_stems, above_grams = context
        lead = None
        if candidate.lead is not None:
            lead = candidates[candidate.lead]
            above_stems = merged(above_stems, has[candidate.lead][0])
            above_grams = merged(above_grams, has[candidate.lead][1])
        weighed.append(
            _Weighed(
                rank,
                candidate,
                lead,
                merged(stems, above_stems, _INHERITED),
                merged(grams, above_grams, _INHERITED),
                merged(stems, above_stems),
                merged(grams, above_grams),
            )
        )
    return weighed


def _keyed(asked: Asked, passage: Sequence[_Weighed]) -> list[int]:
    """The rows of tables whose first cell alone among the first cells has words of the question."""
    keys: defaultdict[int, list[int]] = defaultdict(list)
    for position, weighed in enumerate(passage):
        row = weighed.candidate
        if row.kind == "row" and row.lead is not None:
            first = Terms.of(row.text.strip(" |").partition("|")[0])
            if any(strength == 1.0 for strength in asked.found_in(first)[0].values()):
                keys[row.lead].append(position)
    return [positions[0] for positions in keys.values() if len(positions) == 1]


def _telling(weights: Mapping[str, float], having: Sequence[Strengths]) -> Callable[[Strengths], float]:
    """The share of the question that terms are; what every candidate has tells none from the other."""
    total = len(having)
    telling = {}
    for term, weight in weights.items():
        count = sum(term in terms for terms in having)
        telling[term] = weight * sqrt(log(1 + (total - count + 0.5) / (count + 0.5)))
    whole = sum(telling.values()) or 1.0
    return lambda terms: sum(telling[term] * strength for term, strength in terms.items()) / whole


def _score(
    asked: Asked,
    stems: Callable[[Strengths], float],
    grams: Callable[[Strengths], float],
    weighed: _Weighed,
) -> float:
    own = weighed.candidate
    score = _STEMS * stems(weighed.own_stems) + _GRAMS * grams(weighed.own_grams)
    if asked.pairs:
        score += _PAIRS * len(asked.pairs & own.terms.pairs) / len(asked.pairs)
    if asked.number and _HAS_NUMBER.search(own.text.lower()):
        score += _NUMBER
    return score - _LENGTH * log(1 + own.words)
