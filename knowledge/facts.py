"""What a text states that can be looked up: numbers, times, dates, codes, names; each in one normal form."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from knowledge.equivalents import NUMBER_WORDS, canonical_name

_MONTHS = {
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
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_LONG_MONTH = "|".join(name for name in sorted(_MONTHS, key=len, reverse=True) if len(name) > 4)
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
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,' \u00a0\u202f]\d{3})*(?:[.,]\d+)?(?!\w)|(?<![\w])\d+(?:[.,]\d+)*")
_CODE = re.compile(r"(?<!\w)(?=[\w/-]*\d)(?=[\w/-]*[^\W\d_])\w+(?:[-/]\w+)*(?!\w)")
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_UNIT = re.compile(
    r"\d+(?:kg|g|km|cm|mm|m|l|ml|v|w|kw|h|hs|hrs|min|s|gb|mb|kb|tb|mpa|bar|psi|usd|eur|ars|mxn|ª|º|th|st|nd|rd"
    r"|k|c)\Z",
    re.IGNORECASE,
)
_OPENS = re.compile(r"(?:^|[.!?…:;\n«»\"“”(\[|>*_`-]|\d[.)])\s*\Z")
"""What stands before a word that begins a sentence, an item, a quote or a cell."""
_POINTING = frozenset("los las the these those estos estas os as both ambos ambas".split())
"""Before a number in words they refer to what was said, and count nothing."""
_MEASURES = frozenset("AC DC IP PDF OK FAQ USB ID SMS URL HTML CSV TV PC I O A Y E".split())
"""Capitals that are no names."""

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


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence states."""

    text: str
    """As it stands there."""
    kind: str
    values: tuple[object, ...] = field(default=())
    """The forms of which one must be found."""


def folded(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def facts_of(text: str) -> Facts:
    """What is stated in a text, generously: whatever it may mean counts."""
    claims = list(_dated(text))
    dates: set[Date] = set()
    times: set[tuple[int, int]] = set()
    numbers: set[Decimal] = set()
    for claim in claims:
        (dates if claim.kind == "date" else times).update(claim.values)  # type: ignore[arg-type]
    for day, _, year in dates:
        numbers |= {Decimal(one) for one in (day, year) if one is not None}
    for match in _NUMBER.finditer(text):
        numbers |= _values(match.group())
    for match in re.finditer(r"\d+", text):
        numbers.add(Decimal(match.group()))
    words = {folded(word) for word in _WORD.findall(text)}
    numbers |= {Decimal(NUMBER_WORDS[word]) for word in words if word in NUMBER_WORDS}
    return Facts(
        numbers=frozenset(numbers),
        dates=frozenset(dates),
        times=frozenset(times),
        days=frozenset(day for word in _WORD.findall(text) if (day := _day(word)) is not None),
        codes=frozenset(_code(match.group()) for match in _CODE.finditer(text)),
        words=frozenset(
            form for word in words for form in (word, canonical_name(word), *re.split(r"[-'’.]", word))
        ),
        digits=" ".join(re.findall(r"\d+", re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", text))),
    )


def same_date(one: Date, other: Date) -> bool:
    """Whether two dates may be one: what one of them leaves open is the other's."""
    return all(a == b or a is None or b is None for a, b in zip(one, other, strict=True))


def forms_of(word: str) -> set[str]:
    """What a folded word also goes by: its parts, its singular, its name in another language."""
    parts = {word, *re.split(r"[-'’.]", word)}
    parts |= {part.removesuffix(end) for part in parts for end in ("s", "es") if len(part) > 4}
    return parts | {canonical_name(part) for part in parts}


def claims_of(sentence: str) -> list[Claim]:
    """What a sentence states, in the order of its text; strictly: what is no claim in any reading is none."""
    claims: list[Claim] = []
    rest = sentence
    for claim in _dated(sentence):
        claims.append(claim)
        rest = rest.replace(claim.text, " " * len(claim.text), 1)
    for match in _CODE.finditer(rest):
        if _UNIT.match(match.group()):
            continue
        claims.append(Claim(match.group(), "code", (_code(match.group()),)))
        rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    claims += [Claim(one.group(), "number", tuple(_values(one.group()))) for one in _NUMBER.finditer(rest)]
    claims += _worded(rest)
    return claims


def _worded(text: str) -> Iterator[Claim]:
    """Numbers in words, days of the week, names."""
    words = list(_WORD.finditer(text))
    for place, match in enumerate(words):
        word = match.group()
        if (day := _day(word)) is not None:
            yield Claim(word, "day", (day,))
        elif (value := NUMBER_WORDS.get(folded(word))) is not None:
            before = folded(words[place - 1].group()) if place else ""
            if value > 1 and before not in (
                "los",
                "las",
                "the",
                "these",
                "those",
                "estos",
                "estas",
                "os",
                "as",
            ):
                yield Claim(word, "number", (Decimal(value),))
        elif _named(text, words, place):
            yield Claim(word, "name", tuple(forms_of(folded(word))))


def _day(word: str) -> int | None:
    """The day of the week that a word names, also in the plural."""
    plain = word.casefold()
    return _DAYS.get(plain, _DAYS.get(plain.removesuffix("s")))


def _named(text: str, words: list[re.Match[str]], place: int) -> bool:
    """Whether a word is written as a name: a capital where nothing else calls for one."""
    word = words[place].group()
    if not word[0].isupper() or word in _MEASURES or folded(word) in _MONTHS or len(word) < 2:
        return False
    if not _OPENS.search(text[: words[place].start()]):
        return True
    if place + 1 == len(words):
        return False
    following = words[place + 1]
    between = text[words[place].end() : following.start()]
    # A sentence begins with a capital anyway; two in a row are a name.
    return between == " " and following.group()[0].isupper() and following.group() not in _MEASURES


def _dated(text: str) -> Iterator[Claim]:
    """Dates and times."""
    left = text
    for match in _DATES.finditer(text):
        values = tuple(_dates(match))
        if values:
            yield Claim(match.group().rstrip(" .,"), "date", values)
            left = left[: match.start()] + " " * len(match.group()) + left[match.end() :]
    for match in _TIME.finditer(left):
        if "." in match.group() and not match["half"]:
            continue  # 9.30 is a number unless it says otherwise
        yield Claim(match.group(), "time", tuple(_times(match)))


def _dates(match: re.Match[str]) -> Iterator[Date]:
    found = {name[0]: value for name, value in match.groupdict().items() if value is not None}
    year = int(found["y"]) if "y" in found else None
    if year is not None and year < 100:
        year += 2000
    day = int(found["d"]) if "d" in found else None
    if not found["m"].isdigit():
        yield day, _MONTHS[found["m"].casefold()], year
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


def _values(written: str) -> set[Decimal]:
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


def _code(written: str) -> str:
    return re.sub(r"[\W_]", "", folded(written))
