"""Checks a Spanish text against a register: every form of address, and what breaks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.register.foreign import foreign, in_spanish, unlike_spanish
from bot.register.forms import Class, readings
from bot.register.place import Mark, Place, Tier
from bot.register.replacement import replacement
from bot.register.rules import concerns, judge
from bot.register.tokens import Sentence, sentences

Singular = Literal["vos", "tú", "usted"]
Plural = Literal["ustedes", "vosotros"]

_ALLOWED: Final[dict[str, frozenset[Class]]] = {
    "tú": frozenset({"T", "TV"}),
    "vos": frozenset({"V", "TV"}),
    "usted": frozenset({"U"}),
    "ustedes": frozenset({"UU"}),
    "vosotros": frozenset({"W"}),
}


# Siéntelo is tú of sentir and usted of sentar: both are said of things.
_THINGS: Final = (("lo",), ("la",), ("los",), ("las",))
_ALIKE: Final = frozenset("crear creer sentar sentir fundar fundir".split())


@dataclass(frozen=True, slots=True)
class Finding:
    """One form of address in a text."""

    start: int
    end: int
    text: str
    cls: Class
    tier: Tier
    violates: bool
    replacement: str | None
    """What the register would say instead; null where it does not break the register."""

    def as_json(self) -> dict[str, Any]:
        """As `register check --json` prints it."""
        return {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "class": self.cls,
            "tier": self.tier,
            "violates": self.violates,
            "replacement": self.replacement,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a text."""

    findings: tuple[Finding, ...]

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The sure forms of address that break the register."""
        return tuple(one for one in self.findings if one.violates and one.tier == "hard")

    @property
    def score(self) -> float | None:
        """1 minus the share of sure forms that break the register; null without any: no evidence."""
        hard = sum(one.tier == "hard" for one in self.findings)
        return 1 - len(self.violations) / hard if hard else None


def check(
    text: str, singular: Singular, plural: Plural = "ustedes", verbatim: Sequence[tuple[int, int]] = ()
) -> Report:
    """The forms of address in a text, outside `verbatim` spans (code points, end exclusive)."""
    allowed = _ALLOWED[singular] | _ALLOWED[plural]
    found = marks(text, verbatim)
    plural_spain = any(mark.cls == "W" for mark in found)
    findings = []
    for mark in found:
        cls = _settled(mark, allowed, plural_spain=plural_spain)
        # Chilean voseo is none of these registers.
        violates = cls not in allowed or bool(mark.reading and mark.reading.tense == "chilean")
        instead = replacement(mark, cls, singular, plural) if violates else None
        findings.append(
            Finding(mark.token.start, mark.token.end, mark.token.text, cls, mark.tier, violates, instead)
        )
    return Report(tuple(findings))


def _settled(mark: Mark, allowed: frozenset[Class], *, plural_spain: bool) -> Class:
    """Whom a form is said to that two may be: vivís (vos, vosotros), siéntelo (tú: sentir, usted: sentar).

    The text decides, then the register.
    """
    both = mark.reading and mark.reading.tense == "present" and mark.token.word.endswith("ís")
    if both and mark.cls == "V":
        spain = plural_spain or ("W" in allowed and "V" not in allowed)
        return "W" if spain else "V"
    reading = mark.reading
    if (
        mark.cls not in allowed
        and reading
        and reading.infinitive in _ALIKE
        and reading.clitics[-1:] in _THINGS
    ):
        alike = (one.cls for one in readings(mark.token.word) if one.clitics == reading.clitics)
        return next((cls for cls in alike if cls in allowed), mark.cls)
    return mark.cls


def marks(text: str, verbatim: Sequence[tuple[int, int]] = ()) -> list[Mark]:
    """Every form of address in a text, whatever the register."""
    every = list(sentences(text, verbatim))
    spoken = [
        (sentence, concerned)
        for sentence in every
        if (concerned := [place for place, token in enumerate(sentence.tokens) if concerns(token.word)])
        and not foreign(sentence.tokens)
    ]
    # Scraps of another language («Customer environment replicas») have no word that tells which it is.
    if spoken and not any(in_spanish(sentence.tokens) for sentence in every):
        spoken = [one for one in spoken if not unlike_spanish(one[0].tokens)]
    first = [_sentence_marks(sentence, concerned, frozenset()) for sentence, concerned in spoken]
    classes = frozenset(mark.cls for found in first for mark in found if mark.tier == "hard")
    if not classes:
        return [mark for found in first for mark in found]
    return [mark for sentence, concerned in spoken for mark in _sentence_marks(sentence, concerned, classes)]


def _sentence_marks(sentence: Sentence, concerned: list[int], evidence: frozenset[Class]) -> list[Mark]:
    """Two passes over the words that could address somebody: what is sure helps to read what is not."""
    found: dict[int, Mark] = {}
    for _ in range(2):
        for index in concerned:
            found.pop(index, None)
            place = Place(sentence, index, found, evidence)
            if judged := judge(place):
                token = sentence.tokens[index]
                found[index] = Mark(token, *judged, place.negated, place.at(-1), place.own)
        if not found:
            break
    return [found[index] for index in sorted(found)]
