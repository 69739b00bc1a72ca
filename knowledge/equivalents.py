"""What is the same in Spanish, English and Portuguese: numbers in words, names, and how words are spelt."""

import re
from functools import cache, lru_cache
from importlib.resources import files

_UNITS = {
    "cero zero": 0, "uno una one um uma": 1, "dos two dois duas": 2, "tres three": 3, "cuatro four quatro": 4,
    "cinco five": 5, "seis six": 6, "siete seven sete": 7, "ocho eight oito": 8, "nueve nine nove": 9,
    "diez ten dez": 10, "once eleven onze": 11, "doce twelve doze": 12, "trece thirteen treze": 13,
    "catorce fourteen quatorze": 14, "quince fifteen quinze": 15, "dieciseis sixteen dezesseis": 16,
    "diecisiete seventeen dezessete": 17, "dieciocho eighteen dezoito": 18,
    "diecinueve nineteen dezenove": 19,
    "veinte twenty vinte": 20, "veintiuno veintiun veintiuna": 21, "veintidos": 22, "veintitres": 23,
    "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26, "veintisiete": 27, "veintiocho": 28,
    "veintinueve": 29, "treinta thirty trinta": 30, "cuarenta forty quarenta": 40,
    "cincuenta fifty cinquenta": 50,
    "sesenta sixty sessenta": 60, "setenta seventy": 70, "ochenta eighty oitenta": 80, "noventa ninety": 90,
    "cien ciento hundred cem cento": 100, "doscientos doscientas duzentos": 200,
    "trescientos trescientas": 300,
    "quinientos quinientas quinhentos": 500, "mil thousand": 1000,
}  # fmt: skip
NUMBER_WORDS = {
    word: value
    for words, value in _UNITS.items()
    for word in words.split()
    if word not in ("once", "one", "uno", "una", "um", "uma", "set")
} | {"once": 11}
"""Folded word → value. Those for one are left out: they are articles and pronouns more often."""

COUNTING_WORDS = {
    word: value
    for words, value in {
        "primero primera primer primeros first primeiro": 1, "segundo segunda second": 2,
        "tercero tercera tercer third terceiro": 3, "cuarto cuarta fourth": 4, "quinto quinta fifth": 5,
        "sexto sexta sixth": 6, "septimo septima seventh": 7, "octavo octava eighth": 8,
        "noveno novena ninth": 9, "decimo decima tenth": 10,
        "twice doble double pair par both ambos ambas dobro": 2, "thrice triple": 3, "docena dozen duzia": 12,
    }.items()
    for word in words.split()
}  # fmt: skip
"""Folded words that count without being numbers: what they count may be said as a number."""

MAGNITUDES = {
    word: 10**power
    for words, power in {
        "mil thousand": 3, "millon millones million millions milhao milhoes": 6, "billion billions": 9,
        "billon billones trillion trillions": 12,
    }.items()
    for word in words.split()
}  # fmt: skip
"""Folded words behind a number that multiply it; a thousand millions are told by both."""

_ROMAN = re.compile(r"(?=[IVX])(X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}

# How Spanish spells what English spells otherwise, in words that both have from Latin and Greek.
_SPELT = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"ph", "f"), (r"th", "t"), (r"ch|qu|k|c+(?=[aoulrt])", "c"), (r"x", "s"), (r"y", "i"), (r"w", "v"),
        (r"(.)\1+", r"\1"), (r"[tsc]ion(?=al|es$|s$|$)", "cion"), (r"cion(?:es|s)$", "cion"),
        (r"^s(?=[ptcm])", "es"), (r"(?:idad|itat|iti|idade)(?:es|s)?$", "ida"),
        (r"i?ament", "ament"), (r"[aeiou]+s?$|s$", ""),
    )
)  # fmt: skip


@cache
def _same(file: str) -> dict[str, str]:
    """The words of a list, each with the first one of its line."""
    lines = (files("knowledge.glossary") / file).read_text("utf-8").splitlines()
    same = (line.split() for line in lines if not line.startswith("#"))
    return {word: words[0] for words in same for word in words}


def canonical_name(word: str) -> str:
    """The one form of a folded word that stands for all of them."""
    return _same("names.txt").get(word) or _same("titles.txt").get(word, word)


def is_canonical(word: str) -> bool:
    """Whether a folded word is the name of a place, its people, a person or a feast that has such a form."""
    return word in _same("names.txt")


@lru_cache(1 << 14)
def skeleton(word: str) -> str:
    """What is left of a folded word when Spanish and English spell it their own way."""
    for pattern, instead in _SPELT:
        word = pattern.sub(instead, word)
    return word


def roman(written: str) -> int | None:
    """The value of a Roman numeral up to 39."""
    if not _ROMAN.fullmatch(written):
        return None
    values = [_ROMAN_VALUES[sign] for sign in written]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
