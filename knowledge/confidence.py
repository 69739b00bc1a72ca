"""How likely the documents hold the answer: three measures of the same size in small and large indexes.

`heard`: the best passage's BM25 over character 4-grams, as a share of what the question could reach.
`covered`: the share of the question's stems, by rarity, that one place of the documents has.
`ahead`: how far the best candidate's score is ahead of the third-best place's. Noise lifts all places
alike; an answer lifts one, or two that say the same.

The weights are a logistic regression over questions whose paragraph was indexed, whose paragraph was left
out, and whose whole article was left out, among 4 to 3,000 other passages in Spanish and English
(`benchmarks/answers.py` measures it).
"""

from collections import defaultdict
from collections.abc import Sequence
from math import exp

from knowledge.documents import Hit, Passage
from knowledge.scoring import Asked, Scored

ANSWERED = 0.5
"""Confidence from which an answer is given."""

_HEARD, _COVERED, _AHEAD, _BIAS = 11.0, 2.9, 7.7, -6.7
_BM25_MOST = 2.2
"""What BM25 (k1 = 1.2) gives a term at most, times its idf."""
_THIRD = 2


def confidence(asked: Asked, hits: Sequence[Hit], ranked: Sequence[Scored]) -> float:
    """Between 0 and 1; orders answerable before unanswerable questions."""
    return 1 / (1 + exp(-evidence(asked, hits, ranked)))


def evidence(asked: Asked, hits: Sequence[Hit], ranked: Sequence[Scored]) -> float:
    """The logit of the confidence."""
    heard, covered, ahead = measures(asked, hits, ranked)
    return _HEARD * heard + _COVERED * covered + _AHEAD * ahead + _BIAS


def measures(asked: Asked, hits: Sequence[Hit], ranked: Sequence[Scored]) -> tuple[float, float, float]:
    """`heard`, `covered`, `ahead`."""
    possible = _BM25_MOST * sum(asked.grams.values())
    loudest = max((hit.parts.get("char4", 0.0) for hit in hits), default=0.0)
    stems: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    scores: dict[tuple[str, ...], float] = {}
    for found in ranked:
        place = _place(found.candidate.passage)
        stems[place] |= found.stems
        scores.setdefault(place, found.score)
    best = sorted(scores.values(), reverse=True)
    total = sum(asked.stems.values())
    covered = max((sum(asked.stems[stem] for stem in has) for has in stems.values()), default=0.0)
    return (
        loudest / possible if possible else 0.0,
        covered / total if total else 0.0,
        best[0] - best[min(_THIRD, len(best) - 1)] if best else 0.0,
    )


def _place(passage: Passage) -> tuple[str, ...]:
    """Neighbouring passages are one place: a long section is cut anywhere."""
    return (passage.source, passage.document, passage.location, *passage.headings)
