"""Rewrites a text into another form of address where that is exact.

Only tú → vos is exact: se, les, su and third persons leave the other ways open.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bot.register.checker import Plural, Singular, check, marks
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
