"""What a persona answers is judged: backed by what it cites, and an answer to what was asked."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.requests import try_persona
from bot.settings import Settings
from tests.bot.company import company
from tests.model_server import ModelServer, model_server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
GOOD = '{"supported": true, "answered": true, "reason": "Lo dice el documento."}'
BAD = '{"supported": false, "answered": true, "reason": "Nada dice 17."}'
PERSONA = f"""---
language: es
register: {{singular: vos}}
examples:
  - question: {QUESTION}
    answer: Tenés 17 días.
---
Sos breve.
"""


def judged(body: dict[str, Any]) -> bool:
    return "You judge an answer" in body["messages"][0]["content"]


def script(server: ModelServer, *judgements: str, answer: str = "Son 17 días [1].") -> None:
    """The model answers, and judges so, the last judgement again and again."""
    left = list(judgements)
    server.script = lambda body: [(left.pop(0) if len(left) > 1 else left[0]) if judged(body) else answer]


def trying(folder: Path, server: ModelServer) -> Settings:
    (folder / "personas").mkdir()
    (folder / "personas" / "propia.md").write_text(PERSONA, encoding="utf-8")
    extra = f'[tasks]\njudge = "openai-like:judge"\n[models.openai-like]\nbase_url = "{server.url}"\n'
    return company(folder, extra, llm='llm = "openai-like:scripted"')


async def trial(settings: Settings) -> dict[str, Any]:
    [one] = await try_persona(settings, "propia", [QUESTION], "terminal:local")
    return one


async def test_an_answer_is_judged_by_the_model_for_that(tmp_path: Path) -> None:
    """It is shown what the answer cites, as data; the persona is the one under test, not the channel's."""
    async with model_server() as server:
        script(server, GOOD)
        one = await trial(trying(tmp_path, server))
    assert (one["persona"], one["text"]) == ("propia", "Son 17 días [1].")
    assert one["judgement"] == json.loads(GOOD) | {"model": "openai-like:judge"}
    [asked] = [body for body in server.requests if judged(body)]
    assert asked["model"] == "judge"
    said = asked["messages"][1]["content"]
    assert "17 días corridos" in said and f"<question>\n{QUESTION}\n</question>" in said
    assert "<answer>\nSon 17 días [1].\n</answer>" in said


async def test_a_judgement_that_cannot_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    """Then there is none, which is said."""
    async with model_server() as server:
        script(server, "Sí.", GOOD)
        assert (await trial(trying(tmp_path, server)))["judgement"]["supported"] is True
        script(server, "Sí.")
        again = (
            await trial(trying(tmp_path / "other", server)) if (tmp_path / "other").mkdir() is None else {}
        )
    assert "no judgement" in again["judgement"]["problem"]


async def test_what_no_model_wrote_is_not_judged(tmp_path: Path) -> None:
    """A quote is backed by itself."""
    async with model_server() as server:
        script(server, GOOD, answer="Creo que treinta.")
        one = await trial(trying(tmp_path, server))
        assert not any(map(judged, server.requests))
    assert "problem" in one["judgement"]


@pytest.mark.parametrize(
    ("judgement", "answer", "code"), [(GOOD, "Tenés 17 días [1].", 0), (BAD, "Son 17 [1].", 1)]
)
def test_the_command_tells_and_fails_when_something_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], judgement: str, answer: str, code: int
) -> None:
    """Each question with its answer, its rules and its judgement."""
    with serving(judgement, answer) as server:
        settings = trying(tmp_path, server)
        with pytest.raises(SystemExit) as ended:
            main(["persona", "test", "propia", "--ask", "--config", str(settings.path)])
    shown = capsys.readouterr().out
    assert ended.value.code == code
    assert answer in shown
    assert ("NOT supported" in shown) == bool(code)


@contextmanager
def serving(judgement: str, answer: str) -> Iterator[ModelServer]:
    """A model that serves in another thread, as the command has a loop of its own."""
    found: queue.Queue[ModelServer] = queue.Queue()
    done = threading.Event()

    async def serve() -> None:
        async with model_server() as server:
            script(server, judgement, answer=answer)
            found.put(server)
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield found.get(timeout=10)
    finally:
        done.set()
        thread.join()
