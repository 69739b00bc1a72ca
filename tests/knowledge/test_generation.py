"""A generated answer comes out the same whatever pieces it comes in, edited or not."""

from collections.abc import AsyncIterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers import Discarded, Draft, Editor, Question, Result, Review
from knowledge.documents import Hit, Passage
from knowledge.errors import ModelError
from knowledge.extract import Extract
from knowledge.generation import Generation
from knowledge.models import Delta, Reply, Restarted, Usage
from tests.knowledge.test_streaming import SIGNS

PASSAGES = [
    Passage(
        id=f"p{number}",
        source="s",
        document=f"{number}.md",
        title="Días",
        headings=(),
        text=f"Son {number} días.",
    )
    for number in range(1, 4)
]
TEXTS = st.lists(st.sampled_from([*SIGNS, " [2]", "[3][1]", "[9]", "Haz esto [1]. "]), max_size=30).map(
    "".join
)


class Same:
    """An editor to whom everything is well."""

    def review(self, sentence: str, before: str = "") -> Review:
        return Review(sentence)

    def review_answer(self, text: str) -> Review:
        return Review(text)


class Loud(Same):
    """An editor who changes every sentence."""

    def review(self, sentence: str, before: str = "") -> Review:
        return Review(sentence.upper())


BREAK = "\0"
"""A piece that stands for a break: another model begins anew."""


class Model:
    """A model that says one thing, in these pieces."""

    spec = "scripted:one"

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces

    async def respond(self, *_: object, **__: object) -> AsyncIterator[Delta | Restarted | Reply]:
        for piece in self.pieces:
            yield Restarted("It broke off.") if piece == BREAK else Delta(piece)
        yield Reply("".join(self.pieces), (), self.spec, Usage())

    async def complete(self, *_: object, **__: object) -> str:
        raise ModelError("It says nothing more.")


async def generated(editor: Editor | None, *pieces: str) -> tuple[str, Result]:
    """What was drafted, joined, and the result."""
    question = Question("¿Cuántos días?", frozenset({"s"}), "es", editor=editor)
    model: Any = Model(*pieces)
    hits = tuple(Hit(passage, 1.0) for passage in PASSAGES)
    statistics: Any = SimpleNamespace(size=3, idf=lambda _, terms: dict.fromkeys(terms, 1.0))
    generation = Generation(model, question.text, question, hits, Extract((), 0.0, False), statistics, {})
    drafted = ""
    async for piece in generation.stream():
        if isinstance(piece, Draft):
            drafted += piece.text
        if isinstance(piece, Discarded):
            drafted = ""
        if isinstance(piece, Result):
            return drafted, piece
    raise AssertionError("there is always a result")


@pytest.mark.parametrize("editor", [None, Same(), Loud()])
@given(text=TEXTS, places=st.lists(st.integers(min_value=0, max_value=120), max_size=8))
async def test_pieces_make_no_difference(editor: Editor | None, text: str, places: list[int]) -> None:
    """Text, citations and what was drafted are those of the text that comes at once."""
    bounds = sorted({0, len(text), *(place for place in places if place < len(text))})
    drafted, whole = await generated(editor, text)
    parted, result = await generated(editor, *(text[start:end] for start, end in pairwise(bounds)))
    assert (parted, result.text, result.citations) == (drafted, whole.text, whole.citations)


@given(text=TEXTS)
async def test_an_editor_who_objects_to_nothing_changes_nothing(text: str) -> None:
    """Cutting into sentences is not seen in the answer."""
    plain, edited = await generated(None, text), await generated(Same(), text)
    assert (edited[0], edited[1].text) == (plain[0], plain[1].text)


@pytest.mark.parametrize("editor", [None, Same(), Loud()])
@given(void=TEXTS, text=TEXTS)
async def test_of_what_broke_off_nothing_is_left(editor: Editor | None, void: str, text: str) -> None:
    """Neither text nor citations, nor code left open: the answer is that of who began anew."""
    drafted, whole = await generated(editor, text)
    again, result = await generated(editor, void, BREAK, text)
    assert (again, result.text, result.citations) == (drafted, whole.text, whole.citations)
