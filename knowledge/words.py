"""Text into searchable terms: stems of Spanish and English on every text, and character 4-grams.

Both languages' stems on every text need no language detection, and the grams carry typos and
questions in the other language.
"""

import re
import unicodedata
from functools import lru_cache

import Stemmer

VERSION = 1
"""Changes when the same text gives other terms: an index built with another version is built anew."""

_MARKS = (
    re.compile(  # the combining ones of Unicode's common scripts; asking each sign costs ten times as much
        "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f"
        "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]+"
    )
)
_WORD = re.compile(r"[^\W_]{1,40}")  # no term longer than 40, and nothing lost of what is
_GRAM = 4
_CACHED_WORDS = 1 << 15
_SPANISH = Stemmer.Stemmer("spanish", 0)  # our own cache holds the finished terms
_ENGLISH = Stemmer.Stemmer("english", 0)

_SPANISH_STOPWORDS = frozenset(
    """
    a al algo algunas algunos ante antes aquel aquella como con contra cual cuales cuando cuanta cuantas
    cuanto cuantos de del desde donde dos e el ella ellas ellos en entre era eran es esa esas ese eso esos
    esta estaba estan estar estas este esto estos fue fueron ha habia han hasta hay he la las le les lo los
    mas me mi mientras muy no nos o os otra otro para pero poco por porque que quien quienes se sea segun
    ser si sido sin sobre son su sus tal tambien te tiene tienen todo tras tu tus un una uno unos usted
    ustedes vos y ya yo
    """.split()
)
_ENGLISH_STOPWORDS = frozenset(
    """
    a an and any are as at be been but by can did do does for from had has have he how i if in into is it
    its many me much my no not of on or our should so such than that the their them then there these they
    this those to us was we were what when where which who whom whose why will with would you your
    """.split()
)
STOPWORDS = _SPANISH_STOPWORDS | _ENGLISH_STOPWORDS


def fold(text: str) -> str:
    """Lower case, without accents."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text).lower())


def words(text: str) -> list[str]:
    """The folded words of a text in order, stopwords included."""
    return _WORD.findall(fold(text))


def stems(text: str) -> list[str]:
    """For each word that is not a stopword its Spanish stem (`s_…`) and its English one (`e_…`)."""
    return [term for word in words(text) for term in _stems(word)]


def grams(text: str) -> list[str]:
    """The character 4-grams of each word between marks: `_casa_` gives `_cas casa asa_`."""
    return [term for word in words(text) for term in _grams(word)]


def index_terms(text: str) -> tuple[str, str]:
    """The stems and the grams of a text, each joined by blanks: what `stems` and `grams` give."""
    joined = [_joined(word) for word in words(text)]
    return " ".join(stemmed for stemmed, _ in joined if stemmed), " ".join(cut for _, cut in joined)


def query_grams(text: str) -> list[str]:
    """The grams a question is searched by: those of its stopwords only where it has no other word.

    Stopwords draw a question towards texts of its own language, rare ones most.
    """
    every = words(text)
    telling = [word for word in every if word not in STOPWORDS] or every
    return [term for word in telling for term in _grams(word)]


def english_share(text: str) -> float:
    """How English a text looks by its stopwords, between 0 and 1; 0.5 where they do not tell."""
    every = words(text)
    english = sum(word in _ENGLISH_STOPWORDS for word in every)
    spanish = sum(word in _SPANISH_STOPWORDS for word in every)
    return (english + 0.1) / (english + spanish + 0.2)


@lru_cache(_CACHED_WORDS)
def _stems(word: str) -> tuple[str, ...]:
    if word in STOPWORDS:
        return ()
    return "s_" + _SPANISH.stemWord(word), "e_" + _ENGLISH.stemWord(word)


@lru_cache(_CACHED_WORDS)
def _joined(word: str) -> tuple[str, str]:
    return " ".join(_stems(word)), " ".join(_grams(word))


@lru_cache(_CACHED_WORDS)
def _grams(word: str) -> tuple[str, ...]:
    marked = f"_{word}_"
    return tuple(marked[i : i + _GRAM] for i in range(max(1, len(marked) - _GRAM + 1)))
