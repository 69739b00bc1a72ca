"""Tells languages apart by their commonest words: of a question to answer, of a sentence to check."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

from bot.register.words import group_of, words

Language = Literal["es", "en", "pt"]

# Letters and word ends that give a language away.
_SIGNS: Final[dict[Language, re.Pattern[str]]] = {
    "es": re.compile(r"[ñ¿¡]|ción$|ciones$|dades?$|mente$"),
    "en": re.compile(r"(?:tion|tions|ing|ness|ment|ly|[’']s|n[’']t|[’']m)$|^(?:wh|th)|sh$|ck$"),
    "pt": re.compile(r"[ãõçêô]|lh|nh|[áê]ri[oa]s?$|[êâ]ncia$|dades?$|mente$"),
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[¿¡]")


def detect(text: str, default: Language, threshold: float = 1.0) -> Language:
    """The language of a question; `default` unless another one is ahead by `threshold` words.

    A word that several languages have counts less; one word alone («gracias», "ok") tells nothing.
    """
    found = _WORD.findall(text.lower())
    if sum(word not in "¿¡" for word in found) < 2:
        return default
    scores = {language: _score(found, language) for language in _SIGNS}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] - scores[default] >= threshold else default


def foreign(sentence: Iterable[str]) -> bool:
    """Whether a sentence, given by its words, is in another language than Spanish."""
    spoken = list(sentence)
    spanish = _common(spoken, "es")
    return any(_common(spoken, language) > spanish for language in group_of("languages") if language != "es")


def _score(spoken: list[str], language: Language) -> float:
    return _common(spoken, language) + sum(0.5 for word in spoken if _SIGNS[language].search(word))


def _common(spoken: list[str], language: str) -> float:
    return sum(1 / _sharing(word) for word in spoken if word in words("languages", language))


@cache
def _sharing(word: str) -> int:
    """How many languages have that common word."""
    return sum(word in words("languages", language) for language in group_of("languages"))
