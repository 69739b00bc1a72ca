"""Reviewed answers win over the documents; corrections become such once someone approves of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import requests
from bot.app import command, open_runtime
from bot.messages import Channel, Feedback, Person
from bot.settings import Settings
from knowledge.official import asks_the_same
from tests.bot.company import company, talking
from tests.knowledge.quoting import Corpus, passage

OFFICIAL = """
[[sources]]
name = "official"
kind = "answers"
path = "answers.md"
"""
ANSWERS = """\
## ¿Cuántos días de vacaciones tiene Rosario?
## ¿Cuántos días de vacaciones hay en Rosario?

Este año, 18: se suma el día del aniversario.
"""


def office(folder: Path) -> Settings:
    (folder / "answers.md").write_text(ANSWERS, "utf-8")
    return company(folder, OFFICIAL)


async def test_the_official_answer_wins(tmp_path: Path) -> None:
    """It is given as it is written; what is not quite its question is answered from the documents."""
    settings = office(tmp_path)
    await requests.index(settings, None)
    async with talking(settings) as talk:
        for question in (
            "¿Cuántos días de vacaciones hay en Rosario?",
            "hola! cuantos días de vacaciones hay en Rosario, por favor",
        ):
            answer = await talk.ask(question)
            assert answer.answer == "Este año, 18: se suma el día del aniversario."
            assert (answer.outcome, answer.confidence) == ("answered", 1.0)
            assert [one.source for one in answer.citations] == ["official"]
            assert "respuesta oficial" in answer.text
        other = await talk.ask("¿Cuántos días de vacaciones tiene Valencia?")
        assert "25 días" in other.answer
        assert "oficial" not in other.text


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        ("cuantos dias de vacaciones hay en Rosario", True),
        ("¿Cuántos días de vacaciones hay en Rosario por año?", False),
        ("¿Cuántos días de vacaciones hay en Valencia?", False),
        ("¿Cuándo hay vacaciones en Rosario?", False),
        ("¿Cuántos días de vacaciones no hay en Rosario?", False),
        ("¿Cuántos días de vacaciones hay en Rosario desde 2027?", False),
        ("¿Cuántos días de licencia hay en Rosario?", False),
        ("", False),
    ],
)
def test_which_questions_are_the_same(asked: str, same: bool) -> None:
    """A name, a number, a negation, a question word or a word that tells makes another question."""
    corpus = Corpus([passage("En Rosario hay 17 días de vacaciones."), passage("Licencias de Valencia.")])
    assert asks_the_same(asked, "¿Cuántos días de vacaciones hay en Rosario?", corpus) is same


async def correct(settings: Settings, answer: str, correction: str) -> None:
    """Someone presses "not helpful" and writes what it should have been; the press comes twice."""
    feedback = Feedback(
        id="terminal:correction",
        channel=Channel(platform="terminal", id="local"),
        author=Person(id="terminal:ana"),
        at=datetime.now(UTC),
        thread="terminal:feedback",
        answer=answer,
        helpful=False,
        correction=correction,
    )
    async with open_runtime(settings, vectors=False) as runtime:
        for _ in range(2):
            said = [chunk async for chunk in runtime.bot.handle(feedback)]
            assert said[-1].type == "answer"


async def test_a_correction_becomes_an_official_answer(tmp_path: Path) -> None:
    """Someone writes what it should have been, an administrator approves: from then on that is the answer."""
    settings = office(tmp_path)
    await requests.index(settings, None)
    question = "¿Con cuánta anticipación se piden las vacaciones en el portal?"
    async with talking(settings) as talk:
        answer = await talk.ask(question)
        assert "dos semanas" in answer.answer
    await correct(settings, answer.id, "Con tres semanas, desde marzo.")
    async with talking(settings) as talk:
        shown = await command(talk.terminal, "answers show")
        assert shown.text.count(f"**#1** {question} → Con tres semanas, desde marzo. (ana)") == 1
        assert "#2" not in shown.text
        assert "dos semanas" in (await talk.ask(question)).answer
        approved = await command(talk.terminal, "answers approve", number="1")
        assert "Ahora es respuesta oficial" in approved.text
        assert (await talk.ask(question)).answer == "Con tres semanas, desde marzo."
        removed = await command(talk.terminal, "answers remove", number="#1")
        assert "Ya no se da" in removed.text
        assert "dos semanas" in (await talk.ask(question)).answer
        unknown = await command(talk.terminal, "answers approve", number="x7")
        assert (unknown.outcome, "`x7`" in unknown.text) == ("refused", True)
