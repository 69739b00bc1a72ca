"""How good the documents are, as `review` tells it."""

from pathlib import Path
from typing import Any

from bot import requests
from bot.messages import Answer
from bot.settings import Settings
from tests.bot.company import company, talking

OLD = """\
---
date: 2025-01-10
---
# Devoluciones 2025

Para devolver un producto comprado en la tienda hay 10 días corridos desde la entrega.
El reembolso se hace por el mismo medio de pago que se usó al comprar.
"""
NEW = """\
---
date: 2026-02-01
---
# Devoluciones 2026

Para devolver un producto comprado en la tienda hay 20 días corridos desde la entrega.
El reembolso se hace por el mismo medio de pago que se usó al comprar.
"""
AWAY = "# Mudanzas\n\nQuien se muda de casa tiene un día libre por mudanza.\n"


def shop(folder: Path) -> Settings:
    return company(folder, devoluciones=OLD, devoluciones_nuevas=NEW, mudanzas=AWAY)


async def reviewed(settings: Settings) -> tuple[str, dict[str, Any]]:
    await requests.index(settings, None)
    return await requests.review(settings)


async def test_what_nobody_could_answer_comes_together(tmp_path: Path) -> None:
    """Three questions for one thing in other words count as one, and come before another asked once."""
    settings = shop(tmp_path)
    await requests.index(settings, None)
    async with talking(settings) as talk:
        for question in (
            "¿Hay guardería para los hijos?",
            "¿La empresa tiene guardería para hijos de empleados?",
            "guardería para hijos",
            "¿Cuál es la contraseña del wifi?",
        ):
            assert (await talk.ask(question)).outcome == "not_found"
    text, found = await requests.review(settings)
    asked = [(one["question"], one["times"]) for one in found["missing"]]
    assert asked == [("guardería para hijos", 3), ("¿Cuál es la contraseña del wifi?", 1)]
    assert "guardería para hijos (3)" in text


async def test_documents_that_disagree_are_shown_the_newer_one_first(tmp_path: Path) -> None:
    """Two versions of a policy state other days; what they both say is said twice."""
    text, found = await reviewed(shop(tmp_path))
    [one] = found["disagreements"]
    assert "20 días" in one["newer"]["text"]
    assert "10 días" in one["older"]["text"]
    [again] = found["repeated"]
    assert again["documents"] == ["docs/devoluciones_nuevas.md", "docs/devoluciones.md"]
    assert text.index("20 días") < text.index("10 días")


async def test_what_is_never_cited(tmp_path: Path) -> None:
    """A document that an answer was taken from is not among them."""
    settings = shop(tmp_path)
    await requests.index(settings, None)
    async with talking(settings) as talk:
        answer: Answer = await talk.ask("¿Quien se muda de casa tiene un día libre?")
        assert [one.document for one in answer.citations] == ["mudanzas.md"]
    _, found = await requests.review(settings)
    never = {one["document"] for one in found["never_cited"]}
    assert never == {"vacaciones.md", "devoluciones.md", "devoluciones_nuevas.md"}
    assert found["answered"] == {"docs": 1}


async def test_what_the_asker_may_not_read_is_not_reviewed(tmp_path: Path) -> None:
    """The terminal's channel reads the public documents alone: the salaries are not even named."""
    settings = shop(tmp_path)
    await requests.index(settings, None)
    text, found = await requests.review(settings)
    assert "bandas" not in text
    assert "bandas" not in str(found)
    text, _ = await requests.review(settings, "people")
    assert "bandas" not in text


async def test_an_answer_gives_the_newest_first_and_says_that_documents_disagree(tmp_path: Path) -> None:
    """Both versions are shown, with a word on it; where they agree nothing is said."""
    settings = shop(tmp_path)
    await requests.index(settings, None)
    async with talking(settings) as talk:
        answer = await talk.ask("¿Cuántos días hay para devolver un producto comprado en la tienda?")
        assert [one.document for one in answer.citations] == ["devoluciones_nuevas.md", "devoluciones.md"]
        assert answer.text.index("20 días") < answer.text.index("10 días")
        assert "no coinciden" in answer.text
        same = await talk.ask("¿Por qué medio de pago se hace el reembolso?")
        assert same.outcome == "answered"
        assert "no coinciden" not in same.text
