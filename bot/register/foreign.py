"""Tells the Spanish sentences of a text from the others: English «use» and «complete» address nobody."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from bot.register.tokens import Token
from bot.register.words import group_of, words

# Endings and letters that few other languages write.
_SPANISH: Final = re.compile(
    r"[ñáéíóú]|(?:ad[oa]|ari[oa]|ient[oa]|mente|.{3}[oa]s|.{2}[aei]r(?:me|te|se|l[oae]s?)?)$"
)
# Spanish words end in a vowel or in a single d, l, n, r, s, z; loan words do not, and come one at a time.
_UNSPANISH: Final = re.compile(
    r"[bcfghkmpqtvw]$|[^aeiou]y$|[bcdfghklmnpqrtvwxyz]s$|[nrl]d$|th|sh|ck|wh|ee|oo$|tion"
)
_ONLY_SPANISH: Final = re.compile(r"ñ|ción$|.[áí]s?$|.ó$")
_LANGUAGES: Final = ("es", "en", "pt", "fr", "it", "ca", "de")


def foreign(sentence: Sequence[Token]) -> bool:
    """Whether most of the tell-tale words are another language's; names («Add New Page») count half."""
    telling = _telling()
    weights = dict.fromkeys(_LANGUAGES, 0.0)
    for place, token in enumerate(sentence):
        if _ONLY_SPANISH.search(token.word):
            weights["es"] += 0.75
        if languages := telling.get(token.word):
            weight = (0.5 if place and token.text[0].isupper() else 1) / len(languages)
            for language in languages:
                weights[language] += weight
    return max(weights.values()) > weights["es"]


def in_spanish(sentence: Sequence[Token]) -> bool:
    """Whether a word of it is common in Spanish and not in English, or written as in Spanish alone."""
    return any(
        _ONLY_SPANISH.search(token.word) or "en" not in (_telling().get(token.word) or ["en"])
        for token in sentence
    )


def unlike_spanish(sentence: Sequence[Token]) -> bool:
    """Whether a word of it ends, or is spelt, as Spanish words are not."""
    return any(len(token.word) > 2 and _UNSPANISH.search(token.word) for token in sentence)


def surely_spanish(sentence: Sequence[Token], index: int) -> bool:
    """Whether another word than the one at `index` is Spanish and no English."""
    return any(
        ("es" in (known := _telling().get(token.word, [])) and "en" not in known)
        or _SPANISH.search(token.word) is not None
        for place, token in enumerate(sentence)
        if place != index
    )


@cache
def _telling() -> dict[str, list[str]]:
    """The languages that a common word belongs to."""
    telling: dict[str, list[str]] = {}
    for language in _LANGUAGES:
        common = {*words("languages", language)} if language in group_of("languages") else set()
        for word in common | {*words("foreign", language)}:
            telling.setdefault(word, []).append(language)
    return telling
