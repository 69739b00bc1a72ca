"""How well each candidate answers a question: what of its words it has, weighed by how rare they are."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal, Protocol

from knowledge import words
from knowledge.candidates import Candidate, Terms, candidates_of
from knowledge.documents import Hit, Passage
from knowledge.everyday import everyday_stems

_NAME = re.compile(r"(?<=[\w,;:)] )[\"'«(]?[A-ZÁÉÍÓÚÑÜ][\w.-]*\w|\b\w*\d\w*\b")
_STEMS, _GRAMS, _PAIRS = 0.6, 0.4, 0.1
_PASSAGE = 0.4
_NEIGHBOUR = 0.2
_LENGTH = 0.03
_EVERYDAY = 0.3
"""What a word counts that any question may have, however rare it is in the index."""
_INHERITED = 0.7
"""What a term counts that only the title, a heading, a header row or a list's introduction has."""


class Statistics(Protocol):
    """How common terms are in the index."""

    @property
    def size(self) -> int:
        """Passages in the index."""
        ...

    def idf(self, name: Literal["stems", "grams"], terms: Iterable[str]) -> Mapping[str, float]:
        """Inverse document frequencies; a term nowhere found has the highest."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's terms and what finding each is worth."""

    stems: Mapping[str, float]
    grams: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    names: tuple[frozenset[str], ...]
    """The grams of each name and number in it: what stands in capitals or has a digit."""

    @classmethod
    def of(cls, question: str, statistics: Statistics) -> "Asked":
        """The terms of a question, weighed by their rarity in the index."""
        stems = sorted(set(words.stems(question)))
        grams = sorted(set(words.query_grams(question)))
        everyday = everyday_stems()
        telling = {gram for word in words.words(question) if _tells(word) for gram in words.grams(word)}
        stem_idf, gram_idf = statistics.idf("stems", stems), statistics.idf("grams", grams)
        return cls(
            {stem: stem_idf[stem] * (_EVERYDAY if stem in everyday else 1.0) for stem in stems},
            {gram: gram_idf[gram] * (1.0 if gram in telling else _EVERYDAY) for gram in grams},
            Terms.of(question).pairs,
            tuple(frozenset(words.grams(name)) for name in _names(question)),
        )

    def worth(self, text: str) -> float:
        """The weight of the question's stems that a text has."""
        return sum(self.stems.get(stem, 0.0) for stem in set(words.stems(text)))


def _names(question: str) -> list[str]:
    """Words in capitals inside a sentence, and those with a digit; who types no capitals has fewer."""
    found = (match.group() for match in _NAME.finditer(question))
    return [name for name in found if not words.STOPWORDS.issuperset(words.words(name))]


def _tells(word: str) -> bool:
    """Whether a word says what a question is about."""
    found = words.stems(word)
    return bool(found) and not everyday_stems().issuperset(found)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and how well it answers."""

    score: float
    rank: int
    """Of its passage."""
    candidate: Candidate
    words: int
    lead: Candidate | None
    stems: frozenset[str]
    """Of the question's stems those it has or inherits."""
    grams: frozenset[str]
    """The same of its grams."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate's part in the question's terms: its own, and those only inherited."""

    rank: int
    candidate: Candidate
    lead: Candidate | None
    stems: frozenset[str]
    grams: frozenset[str]
    inherited_stems: frozenset[str]
    inherited_grams: frozenset[str]


def place(passage: Passage) -> tuple[str, ...]:
    """Where a passage stands. Neighbouring ones share it: a long section is cut anywhere."""
    return (passage.source, passage.document, passage.location, *passage.headings)


def scored(asked: Asked, hits: Sequence[Hit]) -> list[Scored]:
    """The candidates of all passages found, best first."""
    passages = [_weighed(asked, rank, hit) for rank, hit in enumerate(hits)]
    everything = [weighed for passage in passages for weighed in passage]
    stems = _telling(asked.stems, [w.stems | w.inherited_stems for w in everything])
    grams = _telling(asked.grams, [w.grams | w.inherited_grams for w in everything])
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    found: list[Scored] = []
    for hit, passage in zip(hits, passages, strict=True):
        scores = [_score(asked, stems, grams, weighed) for weighed in passage]
        for position, weighed in enumerate(passage):
            beside = max(
                [0.0, *scores[max(0, position - 1) : position], *scores[position + 1 : position + 2]]
            )
            score = scores[position] + _NEIGHBOUR * beside + _PASSAGE * hit.score / top
            candidate = weighed.candidate
            has_stems = weighed.stems | weighed.inherited_stems
            has_grams = weighed.grams | weighed.inherited_grams
            found.append(
                Scored(score, weighed.rank, candidate, candidate.words, weighed.lead, has_stems, has_grams)
            )
    return sorted(found, key=lambda one: (-one.score, one.rank, one.candidate.position))


def _weighed(asked: Asked, rank: int, hit: Hit) -> list[_Weighed]:
    candidates = candidates_of(hit.passage)
    context = Terms.of(hit.passage.context)
    weighed: list[_Weighed] = []
    for candidate in candidates:
        lead = None if candidate.lead is None else candidates[candidate.lead]
        above = (context, lead.terms) if lead else (context,)
        stems = candidate.terms.stems & asked.stems.keys()
        grams = candidate.terms.grams & asked.grams.keys()
        more_stems = frozenset[str]().union(*(terms.stems for terms in above)) & asked.stems.keys() - stems
        more_grams = frozenset[str]().union(*(terms.grams for terms in above)) & asked.grams.keys() - grams
        weighed.append(_Weighed(rank, candidate, lead, stems, grams, more_stems, more_grams))
    return weighed


def _telling(
    weights: Mapping[str, float], having: Sequence[frozenset[str]]
) -> Callable[[Iterable[str]], float]:
    """The share of the question that terms are; what every candidate has tells none from the other."""
    total = len(having)
    telling = {}
    for term, weight in weights.items():
        count = sum(term in terms for terms in having)
        telling[term] = weight * sqrt(log(1 + (total - count + 0.5) / (count + 0.5)))
    whole = sum(telling.values()) or 1.0
    return lambda terms: sum(telling[term] for term in terms) / whole


def _score(
    asked: Asked,
    stems: Callable[[Iterable[str]], float],
    grams: Callable[[Iterable[str]], float],
    weighed: _Weighed,
) -> float:
    own = weighed.candidate
    score = _STEMS * (stems(weighed.stems) + _INHERITED * stems(weighed.inherited_stems))
    score += _GRAMS * (grams(weighed.grams) + _INHERITED * grams(weighed.inherited_grams))
    if asked.pairs:
        score += _PAIRS * len(asked.pairs & own.terms.pairs) / len(asked.pairs)
    return score - _LENGTH * log(1 + own.words)
