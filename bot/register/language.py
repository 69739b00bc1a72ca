"""The language of a question, told by its commonest words and by how its words are written."""

import re
import unicodedata
from functools import cache
from typing import Final, Literal

from bot.register.words import words

Language = Literal["es", "en", "pt"]

_MORE: Final[dict[Language, str]] = {
    "es": """
        puedo podés podemos quiero necesito debo tengo hago pido voy estoy soy fue sería tenemos hay cada qué
        me mi mis nos nuestro nuestra cual cuanto cuantos cuantas donde cuando quien quienes para ayuda hola
    """,
    "en": """
        a am me us him her his hers its them so too also see tell says said say someone somebody anyone
        anybody something anything everyone there here after before over under between during while
        because until again both each few other such than through up down out off own same very now just even
        still back first last long way work works take takes does do did done doing has having may might must
        shall cannot cant dont doesnt didnt im ive whats wheres hows thanks please hello hi every day days
    """,
    "pt": """
        posso pode preciso quero fazer faço temos nossa nosso minhas meus uma pela pelo até depois onde
        quanto quantos quantas quais obrigado obrigada olá vocês deve devo há foi ser estou
    """,
}
# Letters and word ends that give a language away.
_SIGNS: Final[dict[Language, re.Pattern[str]]] = {
    "es": re.compile(r"[ñ¿¡]|ci[oó]n$|ciones$|dades?$|mente$|.{3}[oa]s?$"),
    "en": re.compile(
        r"(?:tion|tions|ing|ness|ment|ments|ly|ed|ity|ies|ble|[’']s|n[’']t|[’']m)$"
        r"|^(?:wh|th|kn)|sh$|ck|ee|oo|gh|w|.{3}y$"
    ),
    "pt": re.compile(r"[ãõçêô]|lh|nh|[áê]ri[oa]s?$|[êâ]ncia$|dades?$|mente$|.{3}[oa]s?$"),
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


def _score(spoken: list[str], language: Language) -> float:
    common = _common(language)
    return sum(
        (1 / _sharing(folded) if (folded := _folded(word)) in common else 0)
        + (0.5 if _SIGNS[language].search(word) else 0)
        for word in spoken
    )


@cache
def _common(language: Language) -> frozenset[str]:
    """The commonest words, as who types no accents writes them."""
    return frozenset(map(_folded, words("languages", language) | set(_MORE[language].split())))


@cache
def _sharing(word: str) -> int:
    """How many languages have that common word."""
    return sum(word in _common(language) for language in _SIGNS)


def _folded(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
