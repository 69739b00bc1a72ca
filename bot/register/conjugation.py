"""Conjugates Spanish verbs for every form of address, from the infinitive and the verb's class.

Classes, joined by `+`, as `verbs.txt` gives them; a verb without one is regular:

ie  ue      stressed vowel of the stem becomes a diphthong: piensa, cuenta, juega, adquiere
i           stressed e becomes i: pide
í           stressed i or u of the stem takes an accent: envía, actúa, aísla, reúne, ríe
raise       unstressed e, o become i, u where the ending begins with a diphthong: sintió, durmamos
zc          zc before a, o: conozca
=tener      goes like that entry of `irregular.toml`
part:roto   participle
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

Person = Literal["tú", "vos", "usted", "vosotros", "ustedes"]
Tense = Literal[
    "present", "imperfect", "preterite", "future", "conditional", "subjunctive", "past_subjunctive",
    "past_subjunctive_se", "imperative", "infinitive", "gerund", "participle",
]  # fmt: skip
PERSONS: Final[tuple[Person, ...]] = ("tú", "vos", "usted", "vosotros", "ustedes")
FINITE: Final[tuple[Tense, ...]] = (
    "present", "imperfect", "preterite", "future", "conditional", "subjunctive", "past_subjunctive",
    "past_subjunctive_se", "imperative",
)  # fmt: skip

_PLAIN = str.maketrans("áéíóú", "aeiou")
_ACUTE = str.maketrans("aeiou", "áéíóú")
_HERE = Path(__file__).parent

# Endings by conjugation in the order of PERSONS.
_ENDINGS: Final[dict[str, dict[str, str]]] = {
    "ar": {
        "present": "as ás a áis an", "imperfect": "abas abas aba abais aban",
        "preterite": "aste aste ó asteis aron", "subjunctive": "es es e éis en",
        "past_subjunctive": "aras aras ara arais aran", "past_subjunctive_se": "ases ases ase aseis asen",
        "imperative": "a á e ad en", "gerund": "ando", "participle": "ado",
    },
    "er": {
        "present": "es és e éis en", "imperfect": "ías ías ía íais ían",
        "preterite": "iste iste ió isteis ieron", "subjunctive": "as as a áis an",
        "past_subjunctive": "ieras ieras iera ierais ieran",
        "past_subjunctive_se": "ieses ieses iese ieseis iesen",
        "imperative": "e é a ed an", "gerund": "iendo", "participle": "ido",
    },
}  # fmt: skip
_ENDINGS["ir"] = _ENDINGS["er"] | {"present": "es ís e ís en", "imperative": "e í a id an"}
_STRONG: Final = "iste iste o isteis ieron"
_FUTURE: Final = {"future": "ás ás á éis án", "conditional": "ías ías ía íais ían"}


@dataclass(frozen=True, slots=True)
class _Stems:
    """The stems of one verb; written as before the infinitive's own vowel (`sac`, `pag`, `cog`)."""

    kind: str
    plain: str
    present: str
    subjunctive: str
    weak_subjunctive: str
    raised: str
    gerund: str
    preterite: str = ""
    future: str = ""
    imperative: str = ""
    participle: str = ""
    forms: dict[tuple[str, str], str] = field(default_factory=dict)


class UnknownFormError(ValueError):
    """There is no such verb, tense or person."""


@cache
def _irregular() -> dict[str, dict[str, Any]]:
    return tomllib.loads((_HERE / "irregular.toml").read_text(encoding="utf-8"))


@cache
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """The verbs with their classes; then those in use, marked with a `*`."""
    table, used = {}, {}
    for line in (_HERE / "verbs.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        infinitive, *marks = line.split()
        verb_class = marks[0] if marks and marks[0] != "*" else ""
        table[infinitive] = verb_class
        if marks and marks[-1] == "*":
            used[infinitive] = verb_class
    return table, used


def irregular_families() -> tuple[str, ...]:
    """The entries of `irregular.toml`."""
    return tuple(_irregular())


def verbs() -> dict[str, str]:
    """The class of every verb known, by infinitive; empty for a regular one."""
    return _table()[0]


def common_verbs() -> dict[str, str]:
    """The class of every verb in use: the others are not worth looking for in a text."""
    return _table()[1]


def stems_of(infinitive: str) -> frozenset[str]:
    """The stems that a verb's forms begin with, and its forms that have none."""
    stems = _stems(infinitive, verbs()[infinitive])
    written = (
        stems.plain, stems.present, stems.subjunctive, stems.weak_subjunctive, stems.raised, stems.gerund,
        stems.preterite, stems.future, stems.imperative,
    )  # fmt: skip
    return frozenset(stem for stem in (*written, *stems.forms.values()) if stem)


def conjugate(infinitive: str, tense: Tense, person: Person = "usted", verb_class: str | None = None) -> str:
    """One form: `conjugate("tener", "imperative", "vos")` is `tené`.

    Without `verb_class` the verb is looked up; one that is not known is taken for regular.
    """
    if not infinitive.translate(_PLAIN).endswith(("ar", "er", "ir")):
        raise UnknownFormError(f"{infinitive!r} is not an infinitive: it must end in -ar, -er or -ir.")
    if tense == "infinitive":
        return infinitive
    stems = _stems(infinitive, verbs().get(infinitive, "") if verb_class is None else verb_class)
    if (tense, person) in stems.forms:
        return stems.forms[tense, person]
    if tense == "imperative" and person == "tú" and stems.imperative:
        return stems.imperative
    if tense == "gerund":
        return _join(stems.gerund, _ENDINGS[stems.kind][tense])
    if tense == "participle":
        return stems.participle or _join(stems.plain, _ENDINGS[stems.kind][tense])
    return _finite(stems, tense, person)


def _finite(stems: _Stems, tense: str, person: Person) -> str:
    kind = stems.kind
    if tense in _FUTURE:
        return stems.future + _FUTURE[tense].split()[PERSONS.index(person)]
    if tense == "imperative" and person in ("usted", "ustedes"):
        tense = "subjunctive"
    past = tense in ("preterite", "past_subjunctive", "past_subjunctive_se")
    if past and stems.preterite:
        endings = _STRONG if tense == "preterite" else _ENDINGS["er"][tense]
        return _join(stems.preterite, endings.split()[PERSONS.index(person)], strong=True)
    ending = _ENDINGS[kind][tense].split()[PERSONS.index(person)]
    stressed = person in ("tú", "usted", "ustedes")
    if tense == "subjunctive":
        # The voseo subjunctive of the Río de la Plata is the one of tú: no vayas.
        stem = stems.weak_subjunctive if person == "vosotros" else stems.subjunctive
    elif tense == "present" or (tense == "imperative" and person == "tú"):
        stem = stems.present if stressed else stems.plain
    elif past and ending.startswith(("ie", "ió")):
        stem = stems.raised
    else:
        stem = stems.plain
    return _join(stem, ending)


@lru_cache(maxsize=4096)
def _stems(infinitive: str, verb_class: str) -> _Stems:
    kind = infinitive[-2:].translate(_PLAIN)
    plain = infinitive[:-2]
    marks = verb_class.split("+") if verb_class else []
    named = dict(mark.split(":") for mark in marks if ":" in mark)
    raised = _swap(plain, "u" if _last_vowel(plain)[1] == "o" else "i") if "raise" in marks else plain
    present = named.get("present") or _stressed(plain, marks)
    if infinitive.endswith("ír") and "raise" in marks:
        present = raised[:-1] + "í"
    elif kind == "ir" and re.search(r"[^gq]u$|ü$", plain):
        present, raised = present.replace("ü", "u") + "y", plain
    weak = plain + "y" if kind == "ir" and present.endswith("y") else raised
    subjunctive, weak = _before_other(present, kind), _before_other(weak.replace("üy", "uy"), kind)
    if "zc" in marks:
        subjunctive = weak = plain[:-1] + "zc"
    regular = _Stems(
        kind, plain, present, subjunctive, weak, raised, raised,
        future=infinitive.translate(_PLAIN) if infinitive.endswith("ír") else infinitive,
        participle=named.get("part", ""),
    )  # fmt: skip
    family = next((mark[1:] for mark in marks if mark.startswith("=")), None)
    return _irregular_stems(infinitive, family, regular) if family else regular


def _irregular_stems(infinitive: str, family: str, regular: _Stems) -> _Stems:
    base = family.split("/", maxsplit=1)[0]
    prefix = infinitive.removesuffix(base)
    entry = _irregular()[family]

    def stem(name: str, otherwise: str) -> str:
        return prefix + entry[name] if name in entry else otherwise

    present = stem("present", regular.present)
    weak = regular.weak_subjunctive
    if "subjunctive" in entry:
        weak = stem("subjunctive", "")
    return _Stems(
        regular.kind, regular.plain, present,
        stem("subjunctive", _before_other(present, regular.kind)), weak,
        regular.raised, stem("gerund", regular.gerund), stem("preterite", ""),
        stem("future", regular.future), _stress_end(stem("imperative", ""), bool(prefix)),
        regular.participle or stem("participle", ""),
        {
            (tense, person): prefix + form
            for tense, row in entry.get("forms", {}).items()
            for person, form in zip(PERSONS, row.split(), strict=True)
        },
    )  # fmt: skip


def _stress_end(imperative: str, prefixed: bool) -> str:
    """Gives a prefixed short imperative its accent: mantén, compón; deshaz, sobresal need none."""
    if not prefixed or imperative[-1:] not in ("a", "e", "i", "o", "n"):
        return imperative
    place, vowel = _last_vowel(imperative)
    return imperative[:place] + vowel.translate(_ACUTE) + imperative[place + 1 :]


def _stressed(stem: str, marks: list[str]) -> str:
    """The stem as it is under stress: piens-, cuent-, pid-, enví-."""
    place, vowel = _last_vowel(stem)
    before, after = stem[:place], stem[place + 1 :]
    if "ie" in marks:
        return before + ("ie" if before else "ye") + after
    if "ue" in marks:
        start = "hue" if not before or before[-1] in "aeiou" else "üe" if before[-1] + vowel == "go" else "ue"
        return before + start + after
    if "i" in marks:
        return before + "i" + after
    if "í" in marks:
        place = max(stem.rfind("i"), stem.rfind("u"))
        return stem[:place] + stem[place].translate(_ACUTE) + stem[place + 1 :]
    return stem


def _last_vowel(stem: str) -> tuple[int, str]:
    """Place and letter of the stem's last vowel; the u of qu and gu is none."""
    body = re.sub(r"(?<=[gq])u$", "", stem)
    place = max((i for i, letter in enumerate(body) if letter in "aeiouü"), default=0)
    return place, stem[place : place + 1]


def _swap(stem: str, vowel: str) -> str:
    place, _ = _last_vowel(stem)
    return stem[:place] + vowel + stem[place + 1 :]


def _before_other(stem: str, kind: str) -> str:
    """The stem as it is spelled before the other row of vowels: saqu-e, pagu-e; coj-a, venz-a, sig-a."""
    table = {"c": "qu", "g": "gu", "z": "c", "gu": "gü"} if kind == "ar" else _BEFORE_A
    return re.sub(r"(?:gu|qu|[cgz])$", lambda end: table.get(end[0], end[0]), stem)


_BEFORE_A: Final = {"c": "z", "g": "j", "gu": "g", "qu": "c"}


def _join(stem: str, ending: str, *, strong: bool = False) -> str:
    """Puts stem and ending together as they are spelled: cre-yó, bull-ó, le-íste, re-ís, hiz-o."""
    glide = ending.startswith(("ie", "ió"))
    if glide and (stem.endswith(("ñ", "ll", "i", "y")) or (strong and stem.endswith(("j", "u")))):
        ending = ending[1:]
    elif glide and re.search(r"[aeo]$|(?<![gq])u$|ü$", stem):
        stem, ending = stem.replace("ü", "u"), "y" + ending[1:]
    elif ending[0] == "i" and stem.endswith(("a", "e", "o")):
        ending = "í" + ending[1:]
    elif ending == "o" and stem.endswith("c"):
        stem = stem[:-1] + "z"
    form = stem + ending
    return form.translate(_PLAIN) if _ONE_SYLLABLE.fullmatch(form) else form


# Words of one syllable are written without accent (2010): guiais, crias, huis, rio; but reís, oís.
_ONE_SYLLABLE: Final = re.compile(
    r"[^aeiouáéíóúü]*(?:(?<=[gq])u)?(?:[iu]?[áéó][iu]?|u[í])[^aeiouáéíóúü]*", re.IGNORECASE
)
