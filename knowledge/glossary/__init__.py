"""Spanish and English words of everyday business that mean the same, found by their stems.

A question in one language finds documents in the other through them where the words share no letters.
`es_en.tsv` has a row for each meaning: Spanish words, a tab, English words. So the words on one side are
synonyms, regional ones among them. Written for this project and dedicated to the public domain (CC0).
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import NamedTuple

from knowledge.everyday import everyday_stems
from knowledge.words import english_share, stems, words

_SYNONYM = 0.2
"""What a word of the same language counts next to a translation."""


class Translation(NamedTuple):
    """What a stem that a question does not have says of it."""

    of: tuple[str, ...]
    """The stems of the question it stands for."""
    weight: float
    """Above 0 and at most 1: less the more alternatives a word has, and the less the question is in its
    language."""


_Key = str
"""A word or phrase as it stands, or by the stems of its language; stopwords, which have none, as they are."""


class _Side(NamedTuple):
    """One language's words and phrases, each with the stems, and their weights, of each of its meanings."""

    meanings: dict[_Key, tuple[dict[str, float], ...]]
    longest: int
    """Words in a phrase."""


def translated_stems(text: str) -> dict[str, Translation]:
    """The stems, as in the index, of the translations and synonyms of a question's words.

    Those that the question has itself are left out. Of phrases the longest known is translated.
    """
    asked = words(text)
    own = frozenset(stems(text))
    english = english_share(text)
    found: dict[str, Translation] = {}
    for place, (side, share) in enumerate(zip(_sides(), (1 - english, english), strict=True)):
        for start, stop, meanings in _lookups(side, asked, place):
            of = tuple(stems(" ".join(asked[start:stop])))
            for stem, weight in chain.from_iterable(meaning.items() for meaning in meanings):
                weighed = weight * min(1.0, 2 * share)
                if stem not in own and (stem not in found or weighed > found[stem].weight):
                    found[stem] = Translation(of, weighed)
    return found


def ordinary(word: str) -> bool:
    """Whether a word is known to be none of somebody's or something's own: any question may have it."""
    return everyday_stems().issuperset(stems(word)) or bool(translated_stems(word))


def _lookups(
    side: _Side, asked: list[str], place: int
) -> Iterator[tuple[int, int, tuple[dict[str, float], ...]]]:
    """The phrases and words of a question that a side has: the longest first, as they stand before stems."""
    stemmed = _stemmed(asked, place)
    start = 0
    while start < len(asked):
        for stop in range(min(len(asked), start + side.longest), start, -1):
            here = slice(start, stop)
            meanings = side.meanings.get(" ".join(asked[here])) or side.meanings.get(" ".join(stemmed[here]))
            if meanings:
                yield start, stop, meanings
                start = stop - 1
                break
        start += 1


@cache
def _sides() -> tuple[_Side, _Side]:
    """Spanish and English."""
    rows = (files(__package__) / "es_en.tsv").read_text("utf-8").splitlines()
    entries = [
        [[words(phrase) for phrase in side.split(",")] for side in row.split("\t")]
        for row in rows
        if not row.startswith("#")
    ]
    return _side(entries, 0), _side(entries, 1)


def _side(entries: list[list[list[list[str]]]], place: int) -> _Side:
    """The Spanish words (0) or the English ones (1)."""
    meanings: defaultdict[_Key, tuple[dict[str, float], ...]] = defaultdict(tuple)
    for entry in entries:
        translations, synonyms = entry[1 - place], entry[place]
        weighed = _weighed(translations, 1 - place, 1.0) | _weighed(synonyms, place, _SYNONYM)
        for key in {
            key for phrase in synonyms for key in (" ".join(phrase), " ".join(_stemmed(phrase, place)))
        }:
            meanings[key] += (weighed,)
    return _Side(dict(meanings), max(key.count(" ") for key in meanings) + 1)


def _weighed(phrases: list[list[str]], place: int, worth: float) -> dict[str, float]:
    """The stems of alternatives; those of a phrase share its weight."""
    weights: dict[str, float] = {}
    for phrase in phrases:
        telling = [both[place] for word in phrase if (both := stems(word))]
        weight = worth / len(phrases) ** 0.5 / len(telling)
        weights |= {stem: max(weight, weights.get(stem, 0.0)) for stem in telling}
    return weights


def _stemmed(phrase: list[str], place: int) -> list[str]:
    return [both[place] if (both := stems(word)) else word for word in phrase]
