"""How often a true sentence is marked as unsupported, and how often a false one is not.

    python benchmarks/grounding.py --data FOLDER [--part develop|report] [--show 20]

FOLDER holds `xquad_es_dev.json` and `xquad_en_dev.json`, or the pair of files that `--pair ES EN` names:
the same paragraphs in two languages, one after the other. A true sentence is one of a paragraph, as it is,
or said otherwise by one of the ways below; it is held to that paragraph. Across languages it is held to the
translation of its paragraph, made by people. A false sentence is a true one with one number, date or name
changed, or with an address that stands nowhere. Articles take turns: what the rules were made by looking at
is `develop`, what is reported is `report`. Takes ten seconds of CPU.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import Table

from knowledge.grounding import Evidence, unsupported
from knowledge.guarding import Addresses, guarded
from knowledge.streaming import SentenceStream

_ENGLISH = "January February March April May June July August September October November December".split()
_SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_SMALL = {
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince".split(),
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen".split(),
}
_LEADS = {
    "es": ("Según el documento, ", "Además, ", "Sí: "),
    "en": ("According to the document, ", "Also, ", "Yes: "),
}
_PLACES = {
    "España": "Spain", "Alemania": "Germany", "Francia": "France", "Italia": "Italy", "Polonia": "Poland",
    "Inglaterra": "England", "Japón": "Japan", "Egipto": "Egypt", "Grecia": "Greece", "Suecia": "Sweden",
    "Rusia": "Russia", "Noruega": "Norway", "Turquía": "Turkey", "Escocia": "Scotland", "Gales": "Wales",
    "Irlanda": "Ireland", "Nueva Zelanda": "New Zealand", "Estados Unidos": "United States",
    "Países Bajos": "Netherlands", "Reino Unido": "United Kingdom", "Bélgica": "Belgium",
    "Suiza": "Switzerland", "Dinamarca": "Denmark", "Hungría": "Hungary", "México": "Mexico",
    "Brasil": "Brazil", "África": "Africa",
}  # fmt: skip
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,]\d{3})+(?![\w]|[.,]\d)")
_LONG = re.compile(r"(?<![\w.,/-])\d{4,9}(?![\w]|[.,/-]\d)")
_PLAIN = re.compile(r"(?<![\w.,/:-])\d{1,9}(?![\w]|[.,/:-]\d)")
_DECIMAL = re.compile(r"(?<![\w.,])\d+([.,])\d{1,2}(?![\w]|[.,]\d)")
_DATE_ES = re.compile(rf"\b(\d{{1,2}}) de ({'|'.join(_SPANISH)})(?: de (\d{{4}}))?\b")
_DATE_EN = re.compile(
    rf"\b(\d{{1,2}}) ({'|'.join(_ENGLISH)})(?: (\d{{4}}))?\b"
    rf"|\b({'|'.join(_ENGLISH)}) (\d{{1,2}}),? (\d{{4}})\b"
)
_CENTURY = re.compile(r"\bsiglo ([IVX]+)\b|\b(\d{1,2})(?:st|nd|rd|th) century\b")
_RANGE = re.compile(r"\b((?:1[0-9]|20)\d\d)\s?[–-]\s?(\d{2,4})\b")
_MILLIONS = re.compile(r"(?<!\d )\b(\d{1,3}(?:[.,]\d)?) (millones|million)\b")
_NAME = re.compile(r"(?<=[a-záéíóúñ,] )[A-ZÁÉÍÓÚÑ][a-záéíóúñü]{3,}(?: [A-ZÁÉÍÓÚÑ][a-záéíóúñü]{3,})*")
_ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI".split()


@dataclass(frozen=True)
class Paragraph:
    """A paragraph in two languages, and the questions about it with their answers."""

    article: int
    text: dict[str, str]
    asked: dict[str, tuple[tuple[str, str], ...]]


def paragraphs(spanish: Path, english: Path) -> list[Paragraph]:
    """Those of the two files, side by side."""
    sides = {"es": json.loads(spanish.read_text("utf-8")), "en": json.loads(english.read_text("utf-8"))}
    found = []
    for number, articles in enumerate(zip(sides["es"]["data"], sides["en"]["data"], strict=True)):
        both = (article["paragraphs"] for article in articles)
        for es, en in zip(*both, strict=True):
            pair = {"es": es, "en": en}
            found.append(
                Paragraph(
                    number,
                    {language: one["context"] for language, one in pair.items()},
                    {
                        language: tuple((qa["question"], qa["answers"][0]["text"]) for qa in one["qas"])
                        for language, one in pair.items()
                    },
                )
            )
    return found


def sentences(text: str) -> list[str]:
    """As they come from a model."""
    stream = SentenceStream()
    return [one.text.strip() for one in (*stream.feed(text), *stream.close()) if one.text.strip()]


def grouped_otherwise(text: str, language: str) -> str:
    """1,500 as 1500; and 15000 as 15.000."""
    changed = _GROUPED.sub(lambda found: re.sub(r"[.,]", "", found[0]), text)
    if changed == text:
        sign = "." if language == "es" else ","
        changed = _LONG.sub(
            lambda found: f"{int(found[0]):,}".replace(",", sign) if int(found[0]) > 9999 else found[0], text
        )
    return changed


def other_decimals(text: str, language: str) -> str:
    """1,5 as 1.5 and the other way round."""
    return _DECIMAL.sub(lambda found: found[0].translate(str.maketrans(".,", ",.")), text)


def in_words(text: str, language: str) -> str:
    """3 as three; three as 3."""
    words = _SMALL[language]
    changed = _PLAIN.sub(
        lambda found: words[int(found[0])] if 1 < int(found[0]) < len(words) else found[0], text
    )
    if changed == text:
        numbers = {word: str(number) for number, word in enumerate(words) if number > 1}
        changed = re.sub(r"\b[a-zé]+\b", lambda found: numbers.get(found[0], found[0]), text)
    return changed


def date_in_figures(text: str, language: str) -> str:
    """12 de marzo de 1990 as 12/3/1990."""
    return _dated(
        text, language, lambda day, month, year: f"{day}/{month}/{year}" if year else f"{day}/{month}"
    )


def date_as_iso(text: str, language: str) -> str:
    """12 March 1990 as 1990-03-12."""
    return _dated(
        text, language, lambda day, month, year: f"{year}-{month:02}-{day:02}" if year else f"{day}/{month}"
    )


def date_in_the_other_language(text: str, language: str) -> str:
    """12 de marzo de 1990 as March 12, 1990, and the other way round."""
    if language == "es":
        return _dated(
            text,
            "es",
            lambda day, month, year: f"{_ENGLISH[month - 1]} {day}" + (f", {year}" if year else ""),
        )
    return _dated(
        text,
        "en",
        lambda day, month, year: f"{day} de {_SPANISH[month - 1]}" + (f" de {year}" if year else ""),
    )


def _dated(text: str, language: str, say: Callable[[int, int, str | None], str]) -> str:
    if language == "es":
        return _DATE_ES.sub(lambda found: say(int(found[1]), _SPANISH.index(found[2]) + 1, found[3]), text)
    return _DATE_EN.sub(
        lambda found: say(
            int(found[1] or found[5]), _ENGLISH.index(found[2] or found[4]) + 1, found[3] or found[6]
        ),
        text,
    )


def century(text: str, language: str) -> str:
    """The century in figures, siglo 19; the 19th century as the XIX century."""

    def say(found: re.Match[str]) -> str:
        if found[1]:
            return f"siglo {_ROMAN.index(found[1]) + 1}" if found[1] in _ROMAN else found[0]
        return f"{_ROMAN[int(found[2]) - 1]} century" if 0 < int(found[2]) <= len(_ROMAN) else found[0]

    return _CENTURY.sub(say, text)


def years(text: str, language: str) -> str:
    """1922–26 as from 1922 to 1926."""
    between = " a " if language == "es" else " to "
    return _RANGE.sub(lambda found: f"{found[1]}{between}{found[1][: 4 - len(found[2])]}{found[2]}", text)


def millions(text: str, language: str) -> str:
    """1.5 million as 1,500,000."""
    return _MILLIONS.sub(lambda found: f"{round(float(found[1].replace(',', '.')) * 1_000_000)}", text)


def places(text: str, language: str) -> str:
    """España as Spain, and the other way round."""
    for spanish, english in _PLACES.items():
        ours, theirs = (spanish, english) if language == "es" else (english, spanish)
        text = re.sub(rf"\b{ours}\b", theirs, text)
    return text


def shouted(text: str, language: str) -> str:
    """In capitals, as a heading is."""
    return text.upper()


def titled(text: str, language: str) -> str:
    """As an English title is."""
    return re.sub(r"\b[a-zñáéíóú]{4,}\b", lambda found: found[0].capitalize(), text)


def turned(text: str, language: str) -> str:
    """What stands after the first comma first."""
    before, comma, after = text.rstrip(".").partition(", ")
    return f"{after[0].upper()}{after[1:]}, {before}." if comma and after else text


def led(text: str, language: str) -> str:
    """With words of the bot's own before it."""
    lead = _LEADS[language][len(text) % len(_LEADS[language])]
    return f"{lead}{text}"


def listed(text: str, language: str) -> str:
    """As an item of a list, its beginning in bold."""
    first, _, rest = text.partition(" ")
    return f"1. **{first}** {rest} [1]"


WAYS: tuple[Callable[[str, str], str], ...] = (
    grouped_otherwise, other_decimals, in_words, date_in_figures, date_as_iso, date_in_the_other_language,
    century, years, millions, places, shouted, titled, turned, led, listed,
)  # fmt: skip


def another_number(text: str, language: str, chance: random.Random, names: Sequence[str]) -> str:
    """One number more or less."""
    found = list(_PLAIN.finditer(text)) + list(_GROUPED.finditer(text))
    if not found:
        return text
    one = chance.choice(found)
    digits = one[0]
    place = chance.randrange(len(digits))
    while not digits[place].isdigit():
        place = chance.randrange(len(digits))
    other = chance.choice([digit for digit in "123456789" if digit != digits[place]])
    return text[: one.start()] + digits[:place] + other + digits[place + 1 :] + text[one.end() :]


def another_date(text: str, language: str, chance: random.Random, names: Sequence[str]) -> str:
    """Another day, month or year."""

    def say(day: int, month: int, year: str | None) -> str:
        match chance.randrange(3 if year else 2):
            case 0:
                day = day % 28 + 1
            case 1:
                month = month % 12 + 1
            case _:
                year = str(int(year or 0) + 1)
        if language == "es":
            return f"{day} de {_SPANISH[month - 1]}" + (f" de {year}" if year else "")
        return f"{day} {_ENGLISH[month - 1]}" + (f" {year}" if year else "")

    return _dated(text, language, say)


def another_name(text: str, language: str, chance: random.Random, names: Sequence[str]) -> str:
    """A name from another article in the place of one."""
    found = list(_NAME.finditer(text))
    if not found:
        return text
    one = chance.choice(found)
    return text[: one.start()] + chance.choice(names) + text[one.end() :]


def another_address(text: str, language: str, chance: random.Random, names: Sequence[str]) -> str:
    """An address that stands nowhere."""
    one = chance.choice(
        ("https://portal.example/x1", "www.portal.example", "soporte@portal.example", "portal-x1.com/a")
    )
    return f"{text.rstrip('.')} ({one})."


FALSE = (another_number, another_date, another_name, another_address)


@dataclass
class Count:
    """Sentences of one kind, and those that were objected to."""

    total: int = 0
    marked: int = 0

    def __str__(self) -> str:
        return f"{self.marked} of {self.total}: {100 * self.marked / max(1, self.total):.1f} %"


def held(sentence: str, evidence: Evidence, addresses: Addresses) -> tuple[str, ...]:
    """What is objected to, addresses included."""
    gone = () if guarded(sentence, addresses) == sentence else ("(address)",)
    return (*unsupported(sentence, evidence), *gone)


@dataclass
class Seen:
    """What was objected to, by kind of sentence, and the first misses."""

    show: int
    counts: dict[str, Count] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)

    def note(self, name: str, sentence: str, claims: Sequence[str], *, wanted: bool) -> None:
        """One sentence, and whether it should be objected to."""
        count = self.counts.setdefault(name.replace("_", " "), Count())
        count.total += 1
        count.marked += bool(claims)
        if bool(claims) != wanted and len(self.misses) < self.show:
            self.misses.append(f"{name}: {list(claims)} in {sentence[:150]}")

    def tell(self, title: str) -> None:
        """Prints the rates."""
        told = Table(title)
        for name, count in sorted(self.counts.items()):
            told.add(name, str(count))
        for miss in self.misses:
            print(f"    {miss}")


def measure(paragraphs: Iterable[Paragraph], names: dict[int, list[str]], show: int) -> None:
    """Prints both rates."""
    chance = random.Random(7)
    for language, other in (("es", "en"), ("en", "es")):
        true, false = Seen(show), Seen(show)
        for paragraph in paragraphs:
            text = paragraph.text[language]
            evidence, addresses = Evidence.of([text]), Addresses.of([text])
            across = Evidence.of([paragraph.text[other]])
            present = set(re.findall(r"\w+", text + paragraph.text[other]))
            others = [one for article, some in names.items() if article != paragraph.article for one in some]
            elsewhere = [name for name in others if not set(name.split()) & present]
            for sentence in sentences(text):
                true.note("as it is", sentence, held(sentence, evidence, addresses), wanted=False)
                true.note("across languages", sentence, unsupported(sentence, across), wanted=False)
                for way in WAYS:
                    if (said := way(sentence, language)) != sentence:
                        true.note(way.__name__, said, held(said, evidence, addresses), wanted=False)
                for wrong in FALSE:
                    if (said := wrong(sentence, language, chance, elsewhere)) != sentence:
                        false.note(wrong.__name__, said, held(said, evidence, addresses), wanted=True)
                        if wrong is not another_address:
                            name = f"{wrong.__name__} across languages"
                            false.note(name, said, unsupported(said, across), wanted=True)
            for question, answer in paragraph.asked[language]:
                said = f"{answer[0].upper()}{answer[1:]}."
                claims = unsupported(said, Evidence.of([question, text]))
                true.note("the answer alone", said, claims, wanted=False)
        true.tell(f"{language}: true sentences that are marked")
        false.tell(f"{language}: false sentences that are marked")


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pair", nargs=2, default=["xquad_es_dev.json", "xquad_en_dev.json"])
    parser.add_argument("--part", choices=["develop", "report"], default="report")
    parser.add_argument("--show", type=int, default=0, help="how many misses to print for each language")
    given = parser.parse_args()
    files = [given.data / name for name in given.pair]
    if missing := [str(file) for file in files if not file.is_file()]:
        parser.error(f"there is no {' and no '.join(missing)}")
    every = paragraphs(*files)
    names: dict[int, list[str]] = {}
    for one in every:
        for text in one.text.values():
            names.setdefault(one.article, []).extend(found[0] for found in _NAME.finditer(text))
    mine = [one for one in every if one.article % 2 == (given.part == "report")]
    measure(mine, names, given.show)


if __name__ == "__main__":
    main()
