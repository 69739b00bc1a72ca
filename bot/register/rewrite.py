"""Rewrites a text into another form of address where that is exact, and asks for the rest.

Only tú → vos is exact: se, les, su and third persons leave the other ways open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from bot.register.checker import Finding, Plural, Singular, check, marks
from bot.register.replacement import replacement


@dataclass(frozen=True, slots=True)
class Edit:
    """One word rewritten; its place is that in the original text."""

    start: int
    end: int
    text: str
    replacement: str

    def as_json(self) -> dict[str, int | str]:
        """As `register rewrite --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A sentence after what could be corrected was."""

    text: str
    violations: tuple[Finding, ...]
    """What is still wrong: a model has to be asked to say it again."""


def rewrite(
    text: str, singular: Singular, plural: Plural = "ustedes", verbatim: Sequence[tuple[int, int]] = ()
) -> tuple[str, tuple[Edit, ...]]:
    """The text in vos where it surely says tú, with the edits; other registers leave it as it is."""
    if singular != "vos":
        return text, ()
    edits: tuple[Edit, ...] = ()
    rewritten = text
    while True:  # What is put right can make the rest sure: until nothing more is.
        spans = [moved(span, edits) for span in verbatim]
        wrong = [one for one in check(rewritten, singular, plural, spans).violations if one.cls == "T"]
        more = [
            Edit(start, start + len(one.text), one.text, one.replacement)
            for one in wrong
            for start in (_original(one.start, edits),)
            if one.replacement and start not in {edit.start for edit in edits}
        ]
        if not more:
            return rewritten, edits
        edits = tuple(sorted((*edits, *more), key=lambda edit: edit.start))
        rewritten = _apply(text, edits)


def correct_sentence(
    text: str, singular: Singular, plural: Plural, verbatim: Sequence[tuple[int, int]] = ()
) -> Corrected:
    """The sentence rewritten if that makes it right; else as it was, with what breaks the register."""
    report = check(text, singular, plural, verbatim)
    if not report.violations:
        return Corrected(text, ())
    rewritten, edits = rewrite(text, singular, plural, verbatim)
    spans = [moved(span, edits) for span in verbatim]
    if edits and not check(rewritten, singular, plural, spans).violations:
        return Corrected(rewritten, ())
    return Corrected(text, report.violations)


def correction_request(text: str, violations: Iterable[Finding], singular: Singular, plural: Plural) -> str:
    """What a model is asked in order to say a sentence again: each wrong word with its replacement."""
    wrong = "\n".join(
        f"- «{one.text}»" + (f" → «{one.replacement}»" if one.replacement else "") for one in violations
    )
    return (
        f"This sentence must address one person as {singular} and several as {plural}. Write it again, "
        "changing nothing but the form of address: same facts, same numbers, same citations, same length. "
        f"Answer with the sentence alone.\n\nSentence:\n{text}\n\n"
        f"Wrong words, with what to say instead:\n{wrong}"
    )


def neutral(question: str) -> str:
    """The question as documents would put it, for retrieval: verbs in the third person, one or many alike."""
    edits = []
    for mark in marks(question):
        # Pronouns of the plural have no singular of their own, and say little.
        instead = replacement(mark, mark.cls, "usted", "usted" if mark.reading else "ustedes")
        if instead is not None and mark.tier == "hard":
            edits.append(Edit(mark.token.start, mark.token.end, mark.token.text, instead))
    return _apply(question, edits)


def moved(span: Sequence[int], edits: Sequence[Edit]) -> tuple[int, int]:
    """Where a stretch that no edit touches is after them."""
    shift = sum(len(edit.replacement) - len(edit.text) for edit in edits if edit.end <= span[0])
    return span[0] + shift, span[1] + shift


def _original(place: int, edits: Sequence[Edit]) -> int:
    """Where a place of the rewritten text is in the original."""
    for edit in edits:
        if edit.start + len(edit.replacement) <= place:
            place -= len(edit.replacement) - len(edit.text)
    return place


def _apply(text: str, edits: Sequence[Edit]) -> str:
    pieces, place = [], 0
    for edit in edits:
        pieces += [text[place : edit.start], edit.replacement]
        place = edit.end
    return "".join((*pieces, text[place:]))
