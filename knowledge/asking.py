"""A question as it is compared with texts: its terms, what each is worth, and what stands for it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from knowledge import words
from knowledge.candidates import Terms
from knowledge.everyday import everyday_stems
from knowledge.glossary import Translation, translated_stems

_NAME = re.compile(r"(?<=[\w,;:)] )[\"'«(]?[A-ZÁÉÍÓÚÑÜ][\w.-]*\w|\b\w*\d\w*\b")
_NUMBER = re.compile(
    r"\b(?:cuando|cuant[oa]s?|cuestan?|precios?"
    r"|(?:que|cual es la) (?:ano|cantidad|dia|edad|fecha|hora|numero|porcentaje|siglo)"
    r"|when|how (?:big|far|fast|high|large|long|many|much|often|old|tall)|costs?|prices?"
    r"|(?:what|which) (?:age|amount|date|day|month|number|percentage|time|year))\b"
)
_EVERYDAY = 0.3
"""What a word counts that any question may have, however rare it is in the index."""
_LONGEST = 500  # characters of a question that are translated
_TRANSLATED, _MOST = 1.5, 0.9
"""How surely a translation of weight 1 stands for a word, and at most."""
_MEANT = 0.25  # weight from which a translation is taken for the word itself

Strengths = dict[str, float]
"""Terms of a question, each with how surely a text has it, above 0 and at most 1."""


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
    translations: Mapping[str, Translation]
    """Stems it does not have that mean the same."""
    spelling: Mapping[str, frozenset[str]]
    """The grams of the words that have a stem."""
    english: float
    """How English it looks, between 0 and 1."""
    number: bool
    """Whether the answer is likely a number: an amount, a date, a time."""

    @classmethod
    def of(cls, question: str, statistics: Statistics) -> "Asked":
        """The terms of a question, weighed by their rarity in the index."""
        meant = translated_stems(_beginning(question, _LONGEST))
        return cls(
            _stem_weights(question, meant, statistics),
            _gram_weights(question, statistics),
            Terms.of(question).pairs,
            tuple(frozenset(words.grams(name)) for name in _names(question)),
            meant,
            _spelling(question),
            words.english_share(question),
            _NUMBER.search(words.fold(question)) is not None,
        )

    def worth(self, text: str) -> float:
        """The weight of the question's stems that a text has."""
        stems, _ = self.found_in(Terms.of(text))
        return sum(self.stems[stem] * strength for stem, strength in stems.items())

    def found_in(self, terms: Terms) -> tuple[Strengths, Strengths]:
        """Which of the question's stems and grams a text has, itself or by what means the same."""
        stems = dict.fromkeys(terms.stems & self.stems.keys(), 1.0)
        grams = dict.fromkeys(terms.grams & self.grams.keys(), 1.0)
        for foreign in terms.stems & self.translations.keys():
            of, weight = self.translations[foreign]
            strength = min(_MOST, _TRANSLATED * weight)
            for stem in of:
                if stems.get(stem, 0.0) < strength:
                    stems[stem] = strength
                    for gram in self.spelling.get(stem, frozenset()) & self.grams.keys():
                        grams[gram] = max(strength, grams.get(gram, 0.0))
        return stems, grams


def _beginning(text: str, length: int) -> str:
    """At most so many characters, without a cut word at the end."""
    return text if len(text) <= length else text[: length + 1].rpartition(" ")[0]


def _stem_weights(
    question: str, translations: Mapping[str, Translation], statistics: Statistics
) -> dict[str, float]:
    stems = sorted(set(words.stems(question)))
    rarity = dict(statistics.idf("stems", [*stems, *translations]))
    for stem, (of, weight) in translations.items():
        if weight >= _MEANT:
            # A word the index lacks because it is in the other language is as rare as its translation there.
            for one in of:
                rarity[one] = min(rarity[one], rarity[stem])
    return {stem: rarity[stem] * (_EVERYDAY if stem in everyday_stems() else 1.0) for stem in stems}


def _gram_weights(question: str, statistics: Statistics) -> dict[str, float]:
    grams = sorted(set(words.query_grams(question)))
    telling = {gram for word in words.words(question) if _tells(word) for gram in words.grams(word)}
    rarity = statistics.idf("grams", grams)
    return {gram: rarity[gram] * (1.0 if gram in telling else _EVERYDAY) for gram in grams}


def _spelling(question: str) -> dict[str, frozenset[str]]:
    spelling: defaultdict[str, set[str]] = defaultdict(set)
    for word in words.words(question):
        for stem in words.stems(word):
            spelling[stem].update(words.grams(word))
    return {stem: frozenset(grams) for stem, grams in spelling.items()}


def _names(question: str) -> list[str]:
    """Words in capitals inside a sentence, and those with a digit; who types no capitals has fewer."""
    found = (match.group() for match in _NAME.finditer(question))
    return [name for name in found if not words.STOPWORDS.issuperset(words.words(name))]


def _tells(word: str) -> bool:
    """Whether a word says what a question is about."""
    found = words.stems(word)
    return bool(found) and not everyday_stems().issuperset(found)
