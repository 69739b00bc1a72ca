"""A question as Tantivy queries over stems and over character 4-grams, and what they find."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import tantivy

from knowledge import words
from knowledge.glossary import Translation, translated_stems

Field = Literal["stems", "grams"]

_SATURATION = 2.2  # Tantivy's k1 + 1: the most that a term's frequency multiplies its weight by
_MOST_TERMS = 256  # of a question and field; of a longer one the rarest
_TRANSLATED = 500  # characters of a question
_TRANSLATION = 1.8
_OF_WORD = 2  # stems of one word: the Spanish and the English one

_Alternatives = Mapping[tuple[str, ...], list[tuple[str, float]]]
"""By the stems they stand for: translations, and what of their BM25 counts."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a question is searched by: its distinct stems and character 4-grams."""

    stems: tuple[str, ...]
    grams: tuple[str, ...]
    translations: Mapping[str, Translation] = field(default_factory=dict)
    """Stems it does not have that mean the same, by the glossary."""

    @classmethod
    def of(cls, question: str) -> "Terms":
        """The terms of a question, in order."""
        stems, grams = words.stems(question), words.query_grams(question)
        return cls(
            tuple(dict.fromkeys(stems)), tuple(dict.fromkeys(grams)), translated_stems(question[:_TRANSLATED])
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """BM25 by passage id in each field, best first. An id may be in one only."""

    stems: dict[str, float] = field(default_factory=dict)
    grams: dict[str, float] = field(default_factory=dict)
    highest_stems: float = 0.0
    """What a short passage full of every stem of the question would come near to."""
    highest_grams: float = 0.0


def match(searcher: Any, schema: Any, terms: Terms, limit: int, only: Mapping[str, frozenset[str]]) -> Scores:
    """The best passages by stems and by grams, at most `limit` each.

    `only`: by field, values of which a passage must have one.
    """
    stems = _rarest(searcher, "stems", terms.stems)
    grams = _rarest(searcher, "grams", terms.grams)
    meant = _translating(terms.translations, stems, idf(searcher, "stems", terms.translations))
    return Scores(
        _best(searcher, schema, _any_stem(schema, stems, meant), only, limit),
        _best(searcher, schema, _any(schema, "grams", grams), only, limit),
        _SATURATION * sum(stems.values()),
        _SATURATION * sum(grams.values()),
    )


def idf(searcher: Any, name: Field, terms: Iterable[str]) -> dict[str, float]:
    """BM25's inverse document frequency of each term; a term nowhere found gets the highest."""
    total = searcher.num_docs  # frequencies count deleted passages too, until Tantivy merges them away
    return {term: _idf(min(searcher.doc_freq(name, term), total), total) for term in terms}


def _idf(frequency: int, total: int) -> float:
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def _rarest(searcher: Any, name: Field, terms: Iterable[str]) -> dict[str, float]:
    """The weights of terms; where there are too many, of those that tell most and are in the index."""
    weights = idf(searcher, name, terms)
    if len(weights) <= _MOST_TERMS:
        return weights
    nowhere = _idf(0, searcher.num_docs)
    best = sorted(weights.items(), key=lambda weight: weight[1] if weight[1] < nowhere else 0.0, reverse=True)
    return dict(best[:_MOST_TERMS])


def _translating(
    translations: Mapping[str, Translation], stems: Mapping[str, float], rarity: Mapping[str, float]
) -> _Alternatives:
    """A word has two stems and its translation is known by one of two, so that one counts nearly double.

    But it never counts as much as the word it stands for would, however rare it is in the index.
    """
    meant: defaultdict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
    for stem, (of, weight) in translations.items():
        asked = max((stems.get(one, 0.0) for one in of), default=0.0)
        if boost := _TRANSLATION * weight * min(1.0, asked / rarity[stem]):
            meant[of].append((stem, boost))
    return meant


def _any_stem(schema: Any, stems: Iterable[str], meant: _Alternatives) -> Any:
    """Any of these stems, the more the better; a word or its translation, whichever says more, not both."""
    alone = dict.fromkeys(stems)
    queries = []
    for of, others in meant.items():
        alternatives = [
            tantivy.Query.boost_query(_term(schema, "stems", stem), boost) for stem, boost in others
        ]
        own = [stem for stem in of if stem in alone]
        if own and len(of) == _OF_WORD:
            for stem in own:
                del alone[stem]
            queries.append(tantivy.Query.disjunction_max_query([_any(schema, "stems", own), *alternatives]))
        else:  # a phrase: its words stand beside its translation
            queries += alternatives
    return _union([*(_term(schema, "stems", stem) for stem in alone), *queries])


def _any(schema: Any, name: Field, terms: Iterable[str]) -> Any:
    return _union([_term(schema, name, term) for term in terms])


def _term(schema: Any, name: Field, term: str) -> Any:
    return tantivy.Query.term_query(schema, name, term, "freq")


def _union(queries: list[Any]) -> Any:
    """Any of them, the more the better."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _best(
    searcher: Any, schema: Any, query: Any, only: Mapping[str, frozenset[str]], limit: int
) -> dict[str, float]:
    if only:
        sets = [tantivy.Query.term_set_query(schema, name, sorted(values)) for name, values in only.items()]
        must = tantivy.Occur.Must
        query = tantivy.Query.boolean_query([(must, query), *((must, _scoreless(one)) for one in sets)])
    hits = searcher.search(query, limit, count=False).hits  # counting all matches would forbid skipping
    return {searcher.doc(address)["id"][0]: score for score, address in hits if score > 0}


def _scoreless(query: Any) -> Any:
    return tantivy.Query.const_score_query(query, 0.0)
