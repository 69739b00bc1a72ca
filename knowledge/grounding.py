"""Whether what a generated sentence states stands in what it was written from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Self

from knowledge.claims import Claim, claims_of
from knowledge.documents import Passage
from knowledge.facts import Date, Facts, facts_of, folded
from knowledge.rewording import parts_of
from knowledge.words import english_share

_MARK = re.compile(r"\[\d{1,3}\]")
_LINK = re.compile(r"\S*(?:://|@)\S*|\bwww\.\S+")
"""Addresses are looked after by themselves, whole."""
_SUM = re.compile(
    r"(?P<left>\d[\d.,]*(?:\s*[^\W\d_%$€]{0,12}\s*[-+−–×x*·/÷]\s*\d[\d.,]*)+)[^=\d]{0,20}=[^\d]{0,6}(?P<right>\d[\d.,]*)"
)
_TERM = re.compile(r"([-+−–×x*·/÷])?\s*(\d[\d.,]*)")
_ADDENDS = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer may draw on."""

    facts: Facts

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The evidence that texts are."""
        return cls(facts_of("\n\n".join(texts)))

    def with_names(self, words: frozenset[str]) -> Self:
        """The same, with more names that may stand in an answer."""
        return replace(self, facts=replace(self.facts, words=self.facts.words | words))


def evidence_of(passage: Passage) -> str:
    """All that a passage states: its text, where it stands, and when it was written."""
    dated = passage.as_of.date().isoformat() if passage.as_of else ""
    headings = "\n".join(passage.headings)
    return f"{passage.title}\n{headings}\n{passage.location}\n{passage.text}\n{passage.document}\n{dated}"


def unsupported(sentence: str, evidence: Evidence) -> tuple[str, ...]:
    """What a sentence states that is not in the evidence, as it stands there; links are not looked at."""
    _, said, _ = parts_of(sentence)  # the number of a list item states nothing
    plain = _LINK.sub(" ", _MARK.sub(" ", said))
    claims = claims_of(plain)
    english = english_share(plain)
    missing = [claim for claim in claims if not _stands(claim, evidence.facts, english)]
    if not missing:
        return ()
    supported = [_largest(claim) for claim in claims if claim.kind == "number" and claim not in missing]
    shown = _shown_sums(plain, evidence.facts) | _totals(supported)
    return tuple(claim.text for claim in missing if claim.kind != "number" or shown.isdisjoint(claim.values))


def _stands(claim: Claim, facts: Facts, english: float) -> bool:
    """Whether the evidence has a claim of a sentence that looks so English, or all the claim's parts."""
    if _stands_whole(claim, facts, english):
        return True
    return bool(claim.parts) and all(_stands(part, facts, english) for part in claim.parts)


def _stands_whole(claim: Claim, facts: Facts, english: float) -> bool:
    values = claim.values
    match claim.kind:
        case "date":
            return any(_says_date(other, one, facts) for one in values for other in facts.dates)  # type: ignore[arg-type]
        case "time":
            hours = {Decimal(hour) for hour, minute in values if minute == 0}  # type: ignore[misc, has-type]
            return not facts.times.isdisjoint(values) or not facts.numbers.isdisjoint(hours)
        case "day":
            return not facts.days.isdisjoint(values)
        case "code":
            return not facts.codes.isdisjoint(values) or not facts.words.isdisjoint(values)
        case "number":
            digits = re.sub(r"\D", "", claim.text)
            return not facts.numbers.isdisjoint(values) or (len(digits) > 2 and digits in facts.digits)
        case _:
            return not facts.words.isdisjoint(values) or facts.translates(folded(claim.text), english)


def _says_date(known: Date, claimed: Date, facts: Facts) -> bool:
    """Whether a date says another one, which may leave more open; a year may stand elsewhere."""
    (day, month, year), (claimed_day, claimed_month, claimed_year) = known, claimed
    if month != claimed_month or claimed_day not in (None, day):
        return False
    return claimed_year in (None, year) or (year is None and Decimal(claimed_year) in facts.numbers)


def _largest(claim: Claim) -> Decimal:
    return max((value for value in claim.values if isinstance(value, Decimal)), default=Decimal(0))


def _totals(numbers: list[Decimal]) -> set[Decimal]:
    """Sums of the numbers that a sentence shows, and differences of two."""
    numbers = numbers[:_ADDENDS]
    sums = {sum(some) for size in range(2, len(numbers) + 1) for some in combinations(numbers, size)}
    return {Decimal(one) for one in sums} | {abs(one - other) for one, other in combinations(numbers, 2)}


def _shown_sums(text: str, facts: Facts) -> set[Decimal]:
    """Results of sums that are written out, are right, and whose terms are in the evidence."""
    results: set[Decimal] = set()
    for match in _SUM.finditer(text):
        terms = [(sign or "+", _number(digits)) for sign, digits in _TERM.findall(match["left"])]
        values = [value for _, value in terms]
        right = _number(match["right"])
        if right is None or any(value is None or value not in facts.numbers for value in values):
            continue
        if _result([(sign, value) for sign, value in terms if value is not None]) == right:
            results.add(right)
    return results


def _result(terms: list[tuple[str, Decimal]]) -> Decimal | None:
    """Products before sums."""
    addends: list[Decimal] = []
    try:
        for sign, value in terms:
            if sign in "×x*·":
                addends[-1] *= value
            elif sign in "/÷":
                addends[-1] /= value
            else:
                addends.append(-value if sign in "-−–" else value)
    except (IndexError, InvalidOperation, ZeroDivisionError):
        return None
    return sum(addends, Decimal(0)).normalize() + 0


def _number(written: str) -> Decimal | None:
    claims = [claim for claim in claims_of(written.rstrip(".,")) if claim.kind == "number"]
    return _largest(claims[0]) if claims else None
