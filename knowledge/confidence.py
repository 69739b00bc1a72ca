"""How likely the documents hold the answer, by measures that mean the same in small and large indexes.

The weights are a logistic regression over questions whose paragraph was indexed, whose paragraph was left
out, and whose whole article was left out, among 4 to 3,000 other passages in Spanish and English, asked in
the same language and in the other; the weight of `foreign` was set so that in both 95 % of what is not there
are declined. `benchmarks/answers.py` measures it. It sees words only: a question made to fool, with the words
of a text that does not answer it, does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from knowledge.asking import Asked, Strengths
from knowledge.documents import Passage
from knowledge.scoring import Scored, merged, place
from knowledge.words import english_share

ANSWERED = 0.5
"""Confidence from which an answer is given: 95 % of what is not there is declined, 4 to 7 % of what is."""

_STEMS, _GRAMS, _AHEAD, _UNKNOWN, _FOREIGN, _BIAS = 2.0, 2.8, 9.4, -1.9, 0.8, -3.95
_THIRD = 2
_SAME_NAME = 0.6
"""Share of a name's grams that must be found: names are inflected and spelt in several ways."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against an answer being there."""

    stems: float
    """Share of the question's stems, by what they tell, that one place of the documents has."""
    grams: float
    """The same of its character 4-grams: inflection, typing errors, the other language."""
    ahead: float
    """How far the best candidate's score is ahead of the third-best place's. Noise lifts all places alike,
    an answer lifts one, or two that say the same."""
    unknown: float
    """Share of the question's names and numbers that nothing found has."""
    foreign: float
    """How far the language of the best passage is from the question's: less of it can be found there."""

    @property
    def confidence(self) -> float:
        """Between 0 and 1; orders answerable before unanswerable questions."""
        # Being ahead with little of the question found is being ahead of nothing.
        logit = _STEMS * self.stems + _GRAMS * self.grams + _AHEAD * self.ahead * self.grams
        logit += _UNKNOWN * self.unknown + _FOREIGN * self.foreign + _BIAS
        return 1 / (1 + exp(-logit))


def weigh(asked: Asked, ranked: Sequence[Scored]) -> Evidence:
    """The evidence in the scored candidates."""
    stems: defaultdict[tuple[str, ...], Strengths] = defaultdict(dict)
    grams: defaultdict[tuple[str, ...], Strengths] = defaultdict(dict)
    scores: dict[tuple[str, ...], float] = {}
    for found in ranked:
        where = place(found.candidate.passage)
        stems[where] = merged(stems[where], found.stems)
        grams[where] = merged(grams[where], found.grams)
        scores.setdefault(where, found.score)
    best = sorted(scores.values(), reverse=True)
    heard = set().union(*grams.values())
    unknown = [len(name & heard) < _SAME_NAME * len(name) for name in asked.names]
    return Evidence(
        stems=_share(asked.stems, stems.values()),
        grams=_share(asked.grams, grams.values()),
        ahead=best[0] - best[min(_THIRD, len(best) - 1)] if best else 0.0,
        unknown=sum(unknown) / len(unknown) if unknown else 0.0,
        foreign=_foreign(asked, ranked[0].candidate.passage) if ranked else 0.0,
    )


def _foreign(asked: Asked, passage: Passage) -> float:
    return abs(asked.english - english_share(f"{passage.context}\n{passage.text}"))


def _share(weights: Mapping[str, float], places: Iterable[Strengths]) -> float:
    """The largest share of the weights that one place has."""
    found = (sum(weights[term] * strength for term, strength in place.items()) for place in places)
    return max(found, default=0.0) / (sum(weights.values()) or 1.0)
