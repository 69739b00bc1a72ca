"""Reads a Spanish word: which form of address it can be, of which verb, with which pronouns.

A candidate verb is guessed from the word's end and proved by conjugating it: reading and rendering agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from bot.register.address import attach, verb_form
from bot.register.conjugation import PERSONS, Person, Tense, common_verbs, conjugate, stems_of
from bot.register.stress import plain

Class = Literal["T", "V", "TV", "U", "UU", "W"]

_FAMILIAR: Final[tuple[Person, ...]] = ("tú", "vos", "vosotros")
# Which persons of which tense tell the address; the third persons of the others could be anybody.
_READ: Final[dict[Tense, tuple[Person, ...]]] = {
    "present": _FAMILIAR,
    "imperative": PERSONS,
    "preterite": _FAMILIAR,
    "imperfect": _FAMILIAR,
    "future": _FAMILIAR,
    "conditional": _FAMILIAR,
    "subjunctive": _FAMILIAR,
    "past_subjunctive": _FAMILIAR,
    "past_subjunctive_se": _FAMILIAR,
}
_CLASSES: Final[dict[frozenset[Person], Class]] = {
    frozenset({"tú"}): "T",
    frozenset({"vos"}): "V",
    frozenset({"tú", "vos"}): "TV",
    frozenset({"usted"}): "U",
    frozenset({"ustedes"}): "UU",
    frozenset({"vosotros"}): "W",
}
_SUFFIXES: Final = frozenset(
    (
        "asteis isteis ísteis aste iste íste abais íais arais aseis ierais ieseis yerais yeseis erais eseis "
        "abas ías aras ases ieras ieses yeras yeses eras eses áis éis ís ais eis is ás és as es á é í a e i "
        "ad ed id íd an en én"
    ).split()
)
# How the end of a stem may be spelled before the other vowels, and how the infinitive spells it.
_RESPELLED: Final = {
    "ar": (("qu", "c"), ("gü", "gu"), ("gu", "g"), ("c", "z")),
    "er": (("z", "c"), ("j", "g")),
    "ir": (("z", "c"), ("j", "g"), ("g", "gu"), ("c", "qu"), ("y", "")),
}
_CLITICS: Final = ("me", "te", "se", "nos", "os", "lo", "la", "los", "las", "le", "les")
_LONGEST_PAIR: Final = 6
_ENDS: Final = {"a": "á", "e": "é", "i": "í"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a word as addressed to somebody."""

    cls: Class
    tense: Tense | Literal["negative", "chilean"]
    """`negative`: no hagás, cuando hagás; `chilean`: cachái, tenís."""
    infinitive: str
    clitics: tuple[str, ...] = ()
    unaccented: bool = False
    """Queres: written without the accent it should have."""


@lru_cache(maxsize=20_000)
def readings(word: str) -> tuple[Reading, ...]:
    """Every reading of a lower-case word as a form of address; none for most words."""
    found = dict.fromkeys(_finite(word)) or dict.fromkeys(_unaccented(word))
    for base, clitics in _enclitics(word):
        found |= dict.fromkeys(_with_clitics(word, base, clitics))
    spelled = tuple(one for one in found if not one.unaccented)
    return spelled or tuple(found)


@lru_cache(maxsize=20_000)
def third_person(word: str) -> bool:
    """Whether the word is somebody's present: vive, sale, creen."""
    person: Person = "ustedes" if word.endswith("n") else "usted"
    return any(conjugate(infinitive, "present", person) == word for infinitive in _candidates(word))


def _finite(word: str) -> Iterator[Reading]:
    for infinitive in _candidates(word):
        by_tense: dict[Tense, set[Person]] = {}
        for tense, person in _paradigm(infinitive).get(word, ()):
            by_tense.setdefault(tense, set()).add(person)
        for tense, persons in by_tense.items():
            yield Reading(_class(persons), tense, infinitive)
        if _negative(infinitive) == word:
            yield Reading("V", "negative", infinitive)
    stem, known = word[:-2], common_verbs()
    if word.endswith("ái") and stem + "ar" in known:
        yield Reading("V", "chilean", stem + "ar")
    if word.endswith("ís") and stem + "er" in known:
        yield Reading("V", "chilean", stem + "er")


def _unaccented(word: str) -> Iterator[Reading]:
    """Queres, tenes, deci: vos without its accent, where that is no other form."""
    place = len(word) - (2 if word.endswith("s") else 1)
    if place < 1 or plain(word) != word or word[place] not in _ENDS or third_person(word):
        return
    for reading in _finite(word[:place] + _ENDS[word[place]] + word[place + 1 :]):
        if reading.cls != "V" or reading.tense not in ("present", "imperative"):
            continue
        if plain(conjugate(reading.infinitive, reading.tense, "tú")) != word:  # Varias is no varías.
            yield Reading("V", reading.tense, reading.infinitive, unaccented=True)


@lru_cache(maxsize=2_000)
def _negative(infinitive: str) -> str:
    return verb_form(infinitive, "negative", "vos", negative_voseo=True)


def _class(persons: set[Person]) -> Class:
    # A form that vosotros shares (reís, vivís) is told apart by the text, not by the word.
    return _CLASSES.get(frozenset(persons)) or ("V" if "vos" in persons else "W")


@lru_cache(maxsize=2_000)
def _paradigm(infinitive: str) -> dict[str, list[tuple[Tense, Person]]]:
    forms: dict[str, list[tuple[Tense, Person]]] = {}
    for tense, persons in _READ.items():
        for person in persons:
            forms.setdefault(conjugate(infinitive, tense, person), []).append((tense, person))
    return forms


@cache
def _irregular_stems() -> dict[str, tuple[str, ...]]:
    """Infinitives by the stems and whole forms that their own stem does not give."""
    index: dict[str, tuple[str, ...]] = {}
    for infinitive, verb_class in common_verbs().items():
        if verb_class:
            for stem in stems_of(infinitive):
                index[stem] = (*index.get(stem, ()), infinitive)
    return index


def _candidates(word: str) -> Iterator[str]:
    """Infinitives that the word may belong to, likely or not."""
    known, irregular = common_verbs(), _irregular_stems()
    yield from irregular.get(word, ())
    for cut in range(1, 7):
        stem, suffix = word[:-cut], word[-cut:]
        if suffix not in _SUFFIXES or not stem:
            continue
        if stem in known:
            yield stem  # future, conditional
        yield from irregular.get(stem, ())
        for kind, respelled in _RESPELLED.items():
            if stem + kind in known:
                yield stem + kind
            for spelled, original in respelled:
                if stem.endswith(spelled) and (whole := stem[: -len(spelled)] + original + kind) in known:
                    yield whole


def _enclitics(word: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Ways to take one or two pronouns off the end of a word."""
    for last in _CLITICS:
        if word.endswith(last):
            base = word[: -len(last)]
            yield base, (last,)
            for first in ("me", "te", "se", "nos", "os"):
                if base.endswith(first):
                    yield base[: -len(first)], (first, last)


def _with_clitics(word: str, base: str, clitics: tuple[str, ...]) -> Iterator[Reading]:
    bare = plain(base)
    if len(bare) < 2:
        return
    candidates = {base, bare, bare[:-1] + _ENDS.get(bare[-1], bare[-1])}
    if clitics[0] == "os":
        candidates |= {bare + "d", base + "d", bare[:-1] + "íd"}
    for form in candidates:
        joined = attach(form, *clitics)
        for reading in _finite(form) if plain(joined) == plain(word) else ():
            gone = reading.infinitive == "ir" and clitics[0] not in ("te", "se", "os")  # Velo is of ver.
            if reading.tense != "imperative" or gone or not _agrees(reading.cls, clitics):
                continue
            # Activelas is usted without the accent; activalas is vos, activálas nobody.
            if joined == word or (plain(word) == word and reading.cls in ("U", "UU")):
                yield Reading(reading.cls, "imperative", reading.infinitive, clitics, joined != word)
        if joined == word:
            yield from _impersonal(form, clitics)


def _impersonal(form: str, clitics: tuple[str, ...]) -> Iterator[Reading]:
    """Registrarte, diciéndoos: the pronoun alone tells the address."""
    cls: Class | None = "TV" if "te" in clitics else "W" if "os" in clitics else None
    if cls is None:
        return
    known = common_verbs()
    if plain(form) in known or form in known or form.removeprefix("re") in known:
        yield Reading(cls, "infinitive", form if form in known else plain(form), clitics)
    elif form.endswith("ndo"):
        for infinitive in _gerund_candidates(form):
            if conjugate(infinitive, "gerund") == form:
                yield Reading(cls, "gerund", infinitive, clitics)


def _gerund_candidates(form: str) -> Iterator[str]:
    known = common_verbs()
    stem = form.removesuffix("ndo")
    yield from (stem[:-1] + kind for kind in ("ar",) if stem[:-1] + kind in known)
    for ending in ("ie", "ye", "e"):
        if stem.endswith(ending):
            short = stem.removesuffix(ending)
            yield from (short + kind for kind in ("er", "ir", "ír") if short + kind in known)
            yield from _irregular_stems().get(short, ())


def _agrees(cls: Class, clitics: tuple[str, ...]) -> bool:
    """Whether the pronouns can go with that address: siéntate but not siéntete, sentaos but not sentadte."""
    if "te" in clitics:
        return cls in ("T", "V", "TV")
    if "os" in clitics:
        return cls == "W"
    return clitics != ("se",) or cls in ("U", "UU")
