"""What an editor objects to is said again by the model: asked once, and taken only where it is better."""

import re
from collections import Counter, deque

from knowledge import prompts
from knowledge.again import Again
from knowledge.answers import Editor
from knowledge.models import LanguageModel
from knowledge.streaming import Sentence

_BEFORE = 2
"""Sentences before that help to understand one."""
_PATIENCE = 15.0
"""Seconds that an answer is held up by what is asked for again."""

_PARTS = re.compile(
    r"""
      (?P<lead>\s*(?:(?:[-*+•]|\d{1,3}[.)]|\#{1,6})[ \t]+){0,2})
      (?P<said>.*?)
      (?P<tail>(?:[ \t]*\[\d{1,3}\])*\s*)
    """,
    re.DOTALL | re.VERBOSE,
)
_MARK = re.compile(r"\s*\[\d{1,3}\]")
_FIGURE = re.compile(r"\d+(?:[.,:/-]\d+)*")
_QUOTING = re.compile(r"[«»“”\"`>|]")


class Rewording:
    """The sentences of one answer as an editor and a model make them, in order."""

    def __init__(
        self, model: LanguageModel, editor: Editor, instructions: str, timings: dict[str, float]
    ) -> None:
        self._editor = editor
        self._again = Again(model, instructions, timings, "reword", _PATIENCE)
        self._before: deque[str] = deque(maxlen=_BEFORE)

    async def sentence(self, sentence: Sentence) -> str:
        """The sentence put right: by the editor where that is sure, else by the model."""
        if not sentence.spoken or not sentence.text.strip():
            return sentence.text
        before = "".join(self._before)
        self._before.append(sentence.text)
        review = self._editor.review(sentence.text, before)
        if not review.problems:
            return review.text
        lead, said, tail = parts_of(sentence.text)
        again = await self._again.say(said, review.problems)
        if again is None or not _says_the_same(again := recited(again, said), said):
            return review.text
        second = self._editor.review(f"{lead}{again}{tail}", before)
        left = self._editor.review(review.text, before).problems
        return second.text if len(second.problems) < len(left) else review.text

    def forget(self) -> None:
        """What was said is void: nothing stands before the next sentence."""
        self._before.clear()

    async def answer(self, text: str) -> str:
        """The whole answer put right likewise; it may say less then."""
        review = self._editor.review_answer(text)
        if not review.problems:
            return review.text
        again = await self._again.say(review.text, review.problems)
        if again is None or not _says_no_more(again, text):
            return review.text
        second = self._editor.review_answer(again)
        return second.text if len(second.problems) < len(review.problems) else review.text


def parts_of(sentence: str) -> tuple[str, str, str]:
    """The blanks, the list mark or the heading's mark before a sentence, what it says, and what ends it."""
    parts = _PARTS.fullmatch(sentence)
    assert parts is not None, "each part may be empty"
    return parts["lead"], parts["said"], parts["tail"]


def recited(again: str, said: str) -> str:
    """The new wording with the citations of the old one."""
    marks = [mark.strip() for mark in _MARK.findall(said)]
    if {mark.strip() for mark in _MARK.findall(again)} == set(marks):
        return again
    bare = _MARK.sub("", again).strip()
    if not marks:
        return bare
    place = len(bare) if said.rstrip().endswith("]") else len(bare.rstrip(".!?…"))
    return f"{bare[:place]} {''.join(dict.fromkeys(marks))}{bare[place:]}"


def _says_the_same(again: str, said: str) -> bool:
    """Whether a new wording can stand for the old one: same figures, no new quotes, code or lines."""
    return (
        bool(again.strip())
        and again.count("\n") <= said.count("\n")
        and len(again.split()) <= 2 * len(said.split()) + 5
        and _count(_FIGURE, again) == _count(_FIGURE, said)
        and _count(_QUOTING, again) == _count(_QUOTING, said)
        and prompts.NOT_FOUND not in again
    )


def _says_no_more(again: str, text: str) -> bool:
    """Whether an answer has nothing that was not in the text, and still says where it has it from."""
    cited = set(_MARK.findall(again))
    return (
        {mark.strip() for mark in cited} <= {mark.strip() for mark in _MARK.findall(text)}
        and bool(cited) == bool(_MARK.search(text))
        and _count(_FIGURE, again).keys() <= _count(_FIGURE, text).keys()
        and prompts.NOT_FOUND not in again
    )


def _count(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(pattern.findall(_MARK.sub("", text)))
