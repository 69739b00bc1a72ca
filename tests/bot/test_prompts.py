"""The exact messages that a model is sent in each kind of turn, read off the wire.

They stand in `prompts.golden.txt`. Whoever changes a prompt raises `prompts.VERSION`, and puts what this test
writes beside it in its place.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.requests import try_persona
from bot.settings import Settings
from tests.bot.company import company, talking
from tests.bot.room import room
from tests.providers import ProviderServer, Turn, calls, provider_server, says

GOLDEN = Path(__file__).with_name("prompts.golden.txt")
QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ANSWER = "Son 17 días [1]."
PERSONA = """---
language: es
register: {singular: vos}
tone: claro
%s
---
Sos la voz de la empresa.
"""
OFFICE = '''
from bot.tools.python import tool


@tool
async def stock(product: str) -> str:
    """Units on hand."""
    return "41"
'''
WRITTEN = 1_772_600_000
"""When the documents were: 4 March 2026."""
JUDGEMENT = '{"supported": true, "answered": true, "reason": "Sí."}'


def settings(folder: Path, server: ProviderServer, head: str = "", extra: str = "") -> Settings:
    (folder / "personas").mkdir()
    (folder / "personas" / "propia.md").write_text(PERSONA % head, encoding="utf-8")
    (folder / "office.py").write_text(OFFICE, encoding="utf-8")
    made = _company(folder, server, extra)
    for document in (folder / "docs").iterdir():
        os.utime(document, (WRITTEN, WRITTEN))
    return made


def _company(folder: Path, server: ProviderServer, extra: str) -> Settings:
    channel = f'[[channels]]\nmatch = "*"\npersona = "propia"\n{extra}\n'
    return company(
        folder,
        f'{channel}[models.{server.name}]\nbase_url = "{server.base_url}"\n',
        llm=f'llm = "{server.spec}"',
    )


def shown(requests: list[dict[str, Any]]) -> str:
    """Requests as a person reads them."""
    parts: list[str] = []
    for number, request in enumerate(requests, 1):
        parts.append(f"--- call {number}")
        for message in request["messages"]:
            made = [call["function"] for call in message.get("tool_calls") or ()]
            asked = "".join(f"\n→ {one['name']} {json.dumps(one['arguments'])}" for one in made)
            parts.append(f"[{message['role']}]\n{message['content'] or ''}{asked}")
        tools = [tool["function"] for tool in request.get("tools") or ()]
        parts += [f"[tool] {json.dumps(tool, ensure_ascii=False)}" for tool in tools]
    return "\n".join(parts)


Ask = Callable[[Path, ProviderServer], Any]


async def once(folder: Path, server: ProviderServer, head: str = "", extra: str = "") -> None:
    async with talking(settings(folder, server, head, extra)) as bot:
        await bot.ask(QUESTION)


async def followed(folder: Path, server: ProviderServer) -> None:
    async with talking(settings(folder, server)) as bot:
        await bot.ask(QUESTION, thread="uno")
        await bot.ask("¿y en España?", thread="uno")


async def again(folder: Path, server: ProviderServer) -> None:
    async with room(settings(folder, server)) as people:
        answer = await people.ask(QUESTION)
        await people.press("regenerate", answer.id)
        await people.answer(f"{answer.id}~1")


async def about(folder: Path, server: ProviderServer) -> None:
    async with room(settings(folder, server)) as people:
        await people.ask("¿Es cierto?", about="En Rosario hay 17 días de vacaciones.")


async def judged(folder: Path, server: ProviderServer) -> None:
    await try_persona(settings(folder, server), "propia", [QUESTION], "terminal:local")


TOOLS = 'tools = ["stock"]\n[[tools]]\nname = "stock"\nkind = "python"\nfile = "office.py"'
SCHEMA = "format: {json_schema: {type: object, properties: {days: {type: integer}}}}"
LOOKUP = calls(("stock", {"product": "lima"}), text="Miro.")
TURNS: dict[str, tuple[str, list[Turn], Ask]] = {
    "a question": ("openai-like", [says(ANSWER)], once),
    "a question to an open model": ("ollama", [says(ANSWER)], once),
    "a persona that says how for a model": (
        "openai-like",
        [says(ANSWER)],
        lambda folder, server: once(
            folder, server, 'for_models: {"openai-like:*": "Sin rodeos.", "gemini:*": "No."}'
        ),
    ),
    "a follow-up": (
        "openai-like",
        [says(ANSWER), says("¿Cuántos días hay en España?"), says("25 [1].")],
        followed,
    ),
    "another answer": ("openai-like", [says(ANSWER)], again),
    "a question about a message": ("openai-like", [says(ANSWER)], about),
    "lookups": (
        "openai-like",
        [LOOKUP, says("Quedan 41.")],
        lambda folder, server: once(folder, server, "", TOOLS),
    ),
    "a sentence that nothing backs": ("openai-like", [says("Son 18 días [1]."), says(ANSWER)], once),
    "a sentence in another register": (
        "openai-like",
        [says("Solicítelo usted [1]."), says("Pedilo [1].")],
        once,
    ),
    "an answer for a machine, repaired": (
        "openai-like",
        [says('{"days": "17"}'), says('{"days": 17} [1]')],
        lambda folder, server: once(folder, server, SCHEMA),
    ),
    "a judgement": ("openai-like", [says(ANSWER), says(JUDGEMENT)], judged),
}


async def sent(name: str, folder: Path) -> str:
    provider, script, ask = TURNS[name]
    async with provider_server(provider) as server:
        server.script = script
        await ask(folder, server)
        return f"=== {name}\n{shown(server.requests)}\n"


@pytest.mark.parametrize("name", TURNS)
async def test_what_a_model_is_sent(name: str, tmp_path: Path) -> None:
    """Word by word as it stands in the file."""
    found = await sent(name, tmp_path)
    known = {part.partition("\n")[0]: f"=== {part}" for part in GOLDEN.read_text("utf-8").split("=== ")[1:]}
    assert found == known.get(name, ""), "the prompt has changed; raise prompts.VERSION and renew the file"


def test_nothing_else_stands_in_the_file() -> None:
    """Each kind of turn once, in this order."""
    known = [part.partition("\n")[0] for part in GOLDEN.read_text("utf-8").split("=== ")[1:]]
    assert known == list(TURNS)
