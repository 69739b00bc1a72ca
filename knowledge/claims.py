"""What a sentence states that has to stand somewhere: its numbers, times, dates, codes and names."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from knowledge.equivalents import NUMBER_WORDS, canonical_name, roman
from knowledge.facts import (
    CODE,
    MONTHS,
    MULTIPLIED,
    NUMBER,
    ROMAN,
    WORD,
    YEARS,
    dated,
    day_of,
    folded,
    multiplied,
    plain_code,
    values_of,
)
from knowledge.words import STOPWORDS

_UNIT = re.compile(
    r"\d+(?:kg|g|km|cm|mm|m|l|ml|v|w|kw|h|hs|hrs|min|s|gb|mb|kb|tb|mpa|bar|psi|usd|eur|ars|mxn|ª|º|th|st|nd|rd"
    r"|k|c)\Z",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"(?P<number>\d+)(?:[-–][a-záéíóúüñ]{2,})+|[a-záéíóúüñ]{3,}[-–](?P<at>\d+)(?:s|st|nd|rd|th)?"
)
"""*10-minute*, *oxygen-18*: a number beside a common word."""
_OPENS = re.compile(r"(?:^|[.!?…:;\n«»\"“”(\[|>*_`-]|\d[.)])\s*\Z")
"""What stands before a word that begins a sentence, an item, a quote or a cell."""
_POINTING = frozenset("los las the these those estos estas os as both ambos ambas".split())
"""Before a number in words they refer to what was said, and count nothing."""
_MEASURES = frozenset("AC DC IP PDF OK FAQ USB ID SMS URL HTML CSV TV PC I O A Y E".split())
"""Capitals that are no names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence states."""

    text: str
    """As it stands there."""
    kind: str
    values: tuple[object, ...] = ()
    """The forms of which one must be found."""
    parts: tuple["Claim", ...] = ()
    """What it is put together from: it stands where all of these do."""


def claims_of(sentence: str) -> list[Claim]:
    """What a sentence states, in the order of its text; strictly: what is no claim in any reading is none."""
    claims: list[Claim] = []
    rest = sentence
    for text, kind, values in dated(sentence):
        claims.append(Claim(text, kind, values))
        rest = rest.replace(text, " " * len(text), 1)
    for pattern, read in (
        (YEARS, _years),
        (MULTIPLIED, _multiple),
        (CODE, _code),
        (NUMBER, _number),
    ):
        found, rest = _read(rest, pattern, read)
        claims += found
    return [*claims, *_worded(rest)]


def _read(
    text: str, pattern: re.Pattern[str], read: Callable[[re.Match[str]], list[Claim]]
) -> tuple[list[Claim], str]:
    """The claims that a pattern finds, and the text without them; what is no claim stays."""
    claims: list[Claim] = []
    for match in pattern.finditer(text):
        if found := read(match):
            claims += found
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return claims, text


def _number(match: re.Match[str]) -> list[Claim]:
    return [Claim(match.group(), "number", tuple(values_of(match.group())))]


def _years(match: re.Match[str]) -> list[Claim]:
    """1922–26: the second one is 1926, too."""
    last = match["last"]
    values = (Decimal(last), Decimal(match["first"][:2] + last))
    return [Claim(match["first"], "number", (Decimal(match["first"]),)), Claim(last, "number", values)]


def _multiple(match: re.Match[str]) -> list[Claim]:
    """1.5 million: the number alone may stand beside its magnitude, in the head of a column."""
    number = Claim(match["number"], "number", tuple(values_of(match["number"])))
    magnitude = Claim(match["of"], "name", tuple(folded(match["of"]).split()))
    return [Claim(match.group(), "number", tuple(multiplied(match)), (number, magnitude))]


def _code(match: re.Match[str]) -> list[Claim]:
    text = match.group()
    if _UNIT.match(text):
        return []
    measured = _MEASURED.fullmatch(text)
    number = measured and (measured["number"] or measured["at"])
    parts = (Claim(number, "number", (Decimal(number),)),) if number else ()
    return [Claim(text, "code", (plain_code(text),), parts)]


def _worded(text: str) -> Iterator[Claim]:
    """Numbers in words, days of the week, names."""
    words = list(WORD.finditer(text))
    for place, match in enumerate(words):
        word = match.group()
        if (day := day_of(word)) is not None:
            yield Claim(word, "day", (day,))
        elif (value := NUMBER_WORDS.get(folded(word))) is not None:
            before = folded(words[place - 1].group()) if place else ""
            if value > 1 and before not in _POINTING:
                yield Claim(word, "number", (Decimal(value),))
        elif _named(text, words, place):
            yield _name(word)


def _name(word: str) -> Claim:
    """A name; one of several parts stands where they do, a Roman number where its value does."""
    parts = [part for part in re.split(r"[-.]", word) if len(part) > 1]
    apart = tuple(_name(part) for part in parts if part[0].isupper()) if len(parts) > 1 else ()
    if ROMAN.fullmatch(word) and (value := roman(word)) is not None:
        apart = (Claim(word, "number", (Decimal(value),)),)
    return Claim(word, "name", tuple(_forms_of(folded(word))), apart)


def _forms_of(word: str) -> set[str]:
    """What a folded word also goes by: without its ending, its singular, its name in another language."""
    bare = re.sub(r"['’]s?$", "", word)
    forms = {word, bare, *(bare.removesuffix(end) for end in ("s", "es") if len(bare) > 4)}
    return forms | {canonical_name(form) for form in forms}


def _named(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Whether a word is written as a name: a capital where nothing else calls for one."""
    word = words[place].group()
    if not word[0].isupper() or word in _MEASURES or len(word) < 2 or folded(word) in MONTHS:
        return False
    if folded(word) in STOPWORDS and not word.isupper():
        return False
    if not _OPENS.search(text[: words[place].start()]):
        return True
    if place + 1 == len(words):
        return False
    following = words[place + 1]
    between = text[words[place].end() : following.start()]
    # A sentence begins with a capital anyway; two in a row are a name.
    return between == " " and following.group()[0].isupper() and following.group() not in _MEASURES
