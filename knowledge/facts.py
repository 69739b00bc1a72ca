"""What a text says that can be looked up: numbers, times, dates, codes, words; each in one normal form."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from knowledge.equivalents import (
    COUNTING_WORDS,
    MAGNITUDES,
    NUMBER_WORDS,
    canonical_name,
    is_canonical,
    roman,
    skeleton,
)
from knowledge.glossary import translated_stems
from knowledge.words import english_share, stems

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "enero january janeiro ene jan", "febrero february fevereiro feb fev", "marzo march março mar",
            "abril april abr apr", "mayo may maio", "junio june junho jun", "julio july julho jul",
            "agosto august ago aug", "septiembre setiembre september setembro sep sept set",
            "octubre october outubro oct out", "noviembre november novembro nov",
            "diciembre december dezembro dic dec dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_DAYS = {
    name: number
    for number, names in enumerate(
        (
            "lunes monday segunda-feira", "martes tuesday terça-feira",
            "miércoles miercoles wednesday quarta-feira", "jueves thursday quinta-feira",
            "viernes friday sexta-feira", "sábado sabado saturday", "domingo sunday",
        )
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_LONG_MONTH = "|".join(name for name in sorted(MONTHS, key=len, reverse=True) if len(name) > 4)
_DAY = r"(?P<{0}>0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?P<{0}>(?:19|20)\d\d)"
_DATES = re.compile(
    "|".join(
        (
            rf"\b{_YEAR.format('y1')}[-/.](?P<m1>0?[1-9]|1[0-2])[-/.]{_DAY.format('d1')}\b",
            rf"\b{_DAY.format('d2')}[-/.](?P<m2>0?[1-9]|[12]\d|3[01])[-/.](?P<y2>(?:19|20)?\d\d)\b",
            rf"\b{_DAY.format('d3')}(?:º|ª|st|nd|rd|th|ero)?\s+(?:de\s+|of\s+)?(?P<m3>{_MONTH})\b\.?"
            rf"(?:,?\s+(?:de[l]?\s+|of\s+)?{_YEAR.format('y3')}\b)?",
            rf"\b(?P<m4>{_MONTH})\.?\s+{_DAY.format('d4')}(?:st|nd|rd|th)?\b(?:,?\s+{_YEAR.format('y4')}\b)?",
            rf"\b(?P<m5>{_MONTH})\.?,?\s+(?:de[l]?\s+|of\s+)?{_YEAR.format('y5')}\b",
            rf"\b(?:en|de|desde|hasta|in|since|until|from|em)\s+(?P<m6>{_LONG_MONTH}|mayo|may)\b",
            rf"(?<![\d/.,]){_DAY.format('d7')}/(?P<m7>0?[1-9]|1[0-2])(?![\d/]|[.,]\d)",
        )
    ),
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?|"
    r"\b(?P<h2>1[0-2]|[1-9])\s?(?P<half2>[ap])\.?m\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,' \u00a0\u202f]\d{3})*(?:[.,]\d+)?(?!\w)|(?<![\w])\d+(?:[.,]\d+)*")
CODE = re.compile(r"(?<!\w)(?<!\d[.,])(?=[\w/-]*\d)(?=[\w/-]*[^\W\d_])\w+(?:[-/]\w+)*(?!\w)")
WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_TIMES = r"mil|mill[oó]n(?:es)?|milh(?:ão|ões)|millions?|thousand|bill[oó]n(?:es)?|billions?|trillions?"
MULTIPLIED = re.compile(
    r"(?<![\w.,])(?<!\d[ \u00a0\u202f])(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+(?:[.,]\d+)*)"
    rf"\s?(?P<of>(?:mil\s+(?=mill))?(?:{_TIMES}))\b",
    re.IGNORECASE,
)
YEARS = re.compile(r"\b(?P<first>1\d\d\d|20\d\d)\s?[-–/]\s?(?P<last>\d\d)\b(?!\s?[-–/]?\d)")
_DECADE = re.compile(
    r"\b(?:a[ñn]os|d[eé]cadas? de(?: los)?|decenio de)\s+(?:los\s+)?(?P<es>\w+)"
    r"|\b(?P<en>1\d\d0|20\d0)['’]?s\b",
    re.IGNORECASE,
)
ROMAN = re.compile(r"\b[IVX]{2,6}\b|(?<=[Ss]iglo )[IVX]\b")
_ENGLISH, _NOT_ENGLISH = 0.75, 0.25
"""How English a text looks from which, and below which, it is told from another language."""
_SKELETON = 4
"""Letters of a skeleton that tells a word."""
Date = tuple[int | None, int, int | None]
"""Day, month, year; what is not said is None."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text states."""

    numbers: frozenset[Decimal] = frozenset()
    """Every value that a number in it may have: 1.500 is 1500, and 1.5 elsewhere."""
    dates: frozenset[Date] = frozenset()
    times: frozenset[tuple[int, int]] = frozenset()
    days: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """Folded; every word, as names are looked for among them."""
    digits: str = ""
    """All its digits, numbers apart: to find those that are grouped otherwise."""
    english: float = 0.5
    """How English it looks, between 0 and 1."""
    stems: frozenset[str] = frozenset()
    skeletons: frozenset[str] = frozenset()
    """Of its words that are no known names, to find them as another language spells them."""

    def translates(self, word: str, english: float) -> bool:
        """Whether a folded word of a text that looks so English stands here in another language."""
        there, here = sorted((english, self.english))
        if there > _NOT_ENGLISH or here < _ENGLISH or is_canonical(word):
            return False
        bone = skeleton(word)
        same = len(bone) >= _SKELETON and bone in self.skeletons
        return same or not self.stems.isdisjoint(translated_stems(word))


def folded(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def facts_of(text: str) -> Facts:
    """What is stated in a text, generously: whatever it may mean counts."""
    dates: set[Date] = set()
    times: set[tuple[int, int]] = set()
    numbers: set[Decimal] = set()
    for _, kind, values in dated(text):
        (dates if kind == "date" else times).update(values)
    for day, _, year in dates:
        numbers |= {Decimal(one) for one in (day, year) if one is not None}
    for match in NUMBER.finditer(text):
        numbers |= values_of(match.group())
    for match in re.finditer(r"\d+", text):
        numbers.add(Decimal(match.group()))
    dates |= {(None, MONTHS[word], None) for one in WORD.findall(text) if (word := one.casefold()) in MONTHS}
    numbers |= set(_implied(text))
    words = {folded(word) for word in WORD.findall(text)}
    parts = {part for word in words for part in (word, *re.split(r"[-'’.]", word))}
    for known in (NUMBER_WORDS, COUNTING_WORDS):
        numbers |= {Decimal(known[part]) for part in parts if part in known}
    return Facts(
        numbers=frozenset(numbers),
        dates=frozenset(dates),
        times=frozenset(times),
        days=frozenset(day for word in WORD.findall(text) if (day := day_of(word)) is not None),
        codes=frozenset(plain_code(match.group()) for match in CODE.finditer(text)),
        words=frozenset(
            form for word in words for part in _parts(word) for form in (part, canonical_name(part))
        ),
        digits=" ".join(re.findall(r"\d+", re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", text))),
        english=english_share(text),
        stems=frozenset(stems(text)),
        skeletons=frozenset(
            skeleton(part) for part in parts if len(part) > _SKELETON and not is_canonical(part)
        ),
    )


def same_date(one: Date, other: Date) -> bool:
    """Whether two dates may be one: what one of them leaves open is the other's."""
    return all(a == b or a is None or b is None for a, b in zip(one, other, strict=True))


def _implied(text: str) -> Iterator[Decimal]:
    """What numbers in a text come to: 1.5 million, 1922–26, the sixties, the XIX century."""
    for match in MULTIPLIED.finditer(text):
        yield from multiplied(match)
    for match in YEARS.finditer(text):
        yield Decimal(match["first"][:2] + match["last"])
    for match in _DECADE.finditer(text):
        said = match["es"] or match["en"]
        decade = int(said) if said.isdecimal() else NUMBER_WORDS.get(folded(said), 0)
        yield from (Decimal(decade % 100), Decimal(1900 + decade % 100), Decimal(decade))
    for match in ROMAN.finditer(text):
        if (value := roman(match.group())) is not None:
            yield Decimal(value)


def multiplied(match: re.Match[str]) -> set[Decimal]:
    """The values of a number with its magnitude."""
    times = 1
    for word in folded(match["of"]).split():
        times *= MAGNITUDES[word]
    return {(value * times).normalize() + 0 for value in values_of(match["number"])}


def _parts(word: str) -> set[str]:
    """A folded word, and what it is put together from."""
    return {word, *(part for part in re.split(r"[-'’.]", word) if len(part) > 2)}


def day_of(word: str) -> int | None:
    """The day of the week that a word names, also in the plural."""
    plain = word.casefold()
    return _DAYS.get(plain, _DAYS.get(plain.removesuffix("s")))


def dated(text: str) -> Iterator[tuple[str, Literal["date", "time"], tuple[Any, ...]]]:
    """Dates and times: each as it stands there, and what it may mean."""
    left = text
    for match in _DATES.finditer(text):
        values = tuple(_dates(match))
        if values:
            yield match.group().rstrip(" .,"), "date", values
            left = left[: match.start()] + " " * len(match.group()) + left[match.end() :]
    for match in _TIME.finditer(left):
        if "." in match.group() and not match["half"]:
            continue  # 9.30 is a number unless it says otherwise
        yield match.group(), "time", tuple(_times(match))


def _dates(match: re.Match[str]) -> Iterator[Date]:
    found = {name[0]: value for name, value in match.groupdict().items() if value is not None}
    year = int(found["y"]) if "y" in found else None
    if year is not None and year < 100:
        year += 2000
    day = int(found["d"]) if "d" in found else None
    if not found["m"].isdigit():
        yield day, MONTHS[found["m"].casefold()], year
        return
    month = int(found["m"])
    if month <= 12:
        yield day, month, year
    if day is not None and day <= 12 and match["m1"] is None:
        yield month, day, year  # written the other way round


def _times(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    hour = int(match["h"] or match["h2"])
    minute = int(match["m"] or 0)
    half = (match["half"] or match["half2"] or "").casefold()
    if half:
        yield hour % 12 + (12 if half == "p" else 0), minute
    else:
        yield hour, minute


def values_of(written: str) -> set[Decimal]:
    """Every value that a number may have, whichever sign its decimals begin with."""
    plain = re.sub(r"[' \u00a0\u202f]", "", written)
    forms = (
        {plain.replace(".", "").replace(",", "")} if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain) else set()
    )
    if plain.count(".") + plain.count(",") == 1:
        forms.add(plain.replace(",", "."))
    elif "." in plain and "," in plain:
        last = max(plain.rfind("."), plain.rfind(","))
        forms.add(re.sub(r"[.,]", "", plain[:last]) + "." + plain[last + 1 :])
    elif plain.isdigit():
        forms.add(plain)
    values: set[Decimal] = set()
    for form in forms:
        try:
            values.add(Decimal(form).normalize() + 0)
        except InvalidOperation:
            continue
    return values


def plain_code(written: str) -> str:
    """A code without what may stand between its signs."""
    return re.sub(r"[\W_]", "", folded(written))
