"""Answers in JSON go the way of all answers: tools, evidence, addresses, citations; or an error object."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Answer, Status
from bot.settings import Settings
from tests.bot.company import company, talking
from tests.providers import PROVIDERS, ProviderServer, Turn, calls, provider_server, says

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
FIELDS = {
    "days": {"type": "integer"},
    "note": {"type": "string"},
    "place": {"type": "string", "enum": ["Rosario", "Marte"]},
    "share": {"type": "number"},
    "steps": {"type": "array", "items": {"type": "string"}},
    "count": {"type": "integer"},
}
STOCK = '''
from bot.tools.python import tool


@tool
async def stock(product: str) -> dict:
    """Units on hand."""
    return {"product": product, "units": 41}
'''


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server("openai-like") as running:
        yield running


def machine(folder: Path, server: ProviderServer, **more: Any) -> Settings:
    """A channel that feeds a machine, with a tool."""
    schema = json.dumps({"type": "object", "required": ["days"], "properties": FIELDS | more})
    (folder / "personas").mkdir()
    head = f"language: es\nregister: {{singular: vos}}\nformat: {{json_schema: {schema}}}"
    (folder / "personas" / "propia.md").write_text(f"---\n{head}\n---\nPara una máquina.\n", encoding="utf-8")
    (folder / "office.py").write_text(STOCK, encoding="utf-8")
    extra = f"""
[[channels]]
match = "terminal:local"
persona = "propia"
tools = ["stock"]
[[tools]]
name = "stock"
kind = "python"
file = "office.py"
[models.{server.spec.partition(":")[0]}]
base_url = "{server.base_url}"
"""
    settings = company(folder, extra, llm=f'llm = "{server.spec}"')
    keys = {"openai_api_key": "k", "anthropic_api_key": "k", "gemini_api_key": "k"}
    return settings.model_copy(update={"env": type(settings.env).model_validate(keys)})


def writes(value: dict[str, Any], rest: str = " [1]") -> Turn:
    """The model answers with this."""
    return says(json.dumps(value, ensure_ascii=False) + rest)


async def asked(settings: Settings) -> tuple[Answer, list[str]]:
    """The answer, and what was said to be going on."""
    seen: list[str] = []
    async with (
        talking(settings) as bot,
        aclosing(bot.terminal.ask(QUESTION, "terminal:local", None)) as reply,
    ):
        async for chunk in reply:
            if isinstance(chunk, Status):
                seen.append(chunk.text)
            if isinstance(chunk, Answer):
                return chunk, seen
    raise AssertionError("the reply had no answer")


def error(answer: Answer) -> dict[str, Any]:
    assert answer.outcome == "failed"
    told: dict[str, Any] = json.loads(answer.text)["error"]
    return told


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_machine_is_answered_from_lookups(tmp_path: Path, name: str) -> None:
    """The model may call what the channel allows, in every wire format; then JSON alone."""
    async with provider_server(name) as server:
        server.script = [
            calls(("stock", {"product": "Rocío"}), ("stock", {"product": "Noria"}), text="Miro."),
            writes({"days": 41, "note": "Hay 41 de Noria"}, ""),
        ]
        answer, seen = await asked(machine(tmp_path, server))
    assert json.loads(answer.text) == {"days": 41, "note": "Hay 41 de Noria"}
    assert [(call.name, call.outcome) for call in answer.tool_calls] == [("stock", "ok")] * 2
    assert any("stock" in status for status in seen)


async def test_a_value_that_nothing_backs_is_asked_for_again_once(
    tmp_path: Path, server: ProviderServer
) -> None:
    """The model is told which; what it says then is taken."""
    server.script = [writes({"days": 30, "note": "Lo dice Mallory"}), writes({"days": 17})]
    answer, _ = await asked(machine(tmp_path, server))
    assert json.loads(answer.text) == {"days": 17}
    repair = server.requests[1]["messages"][-1]["content"]
    assert "30" in repair and "Mallory" in repair


@pytest.mark.parametrize(
    "value",
    [
        {"days": 30},
        {"days": 17, "note": "30 días"},
        {"days": 17, "note": "12/3/2026"},
        {"days": 17, "steps": ["Mallory"]},
        {"days": 17, "steps": ["en Argentina", "para Mallory"]},
    ],
)
async def test_a_value_that_nothing_backs_is_no_answer(
    tmp_path: Path, server: ProviderServer, value: dict[str, Any]
) -> None:
    """Number, date or name, however deep: the machine gets the reason, and not the value."""
    server.script = [writes(value)]
    answer, _ = await asked(machine(tmp_path, server))
    assert len(server.requests) == 2
    assert error(answer)["reason"] == "invalid_answer"
    assert answer.citations == ()


async def test_a_sentence_that_nothing_backs_is_marked(tmp_path: Path, server: ProviderServer) -> None:
    """Where a person may read it in the end, as in any answer."""
    server.script = [writes({"days": 17, "note": "Los pide Mallory en el portal cada año."})]
    answer, _ = await asked(machine(tmp_path, server))
    assert json.loads(answer.text)["note"].endswith("*(esto no consta en los documentos)*")


async def test_what_states_nothing_needs_no_evidence(tmp_path: Path, server: ProviderServer) -> None:
    """What the schema prescribes, a share, how many entries there are, a sum of what stands there."""
    server.script = [writes({"days": 42, "place": "Marte", "share": 0.87, "steps": ["Sí"] * 3, "count": 3})]
    answer, _ = await asked(machine(tmp_path, server))
    assert answer.outcome == "failed", "42 is 17 + 25, but neither stands in the answer"
    server.script = [writes({"days": 17, "place": "Marte", "share": 0.87, "steps": ["Sí"] * 3, "count": 3})]
    (tmp_path / "other").mkdir()
    answer, _ = await asked(machine(tmp_path / "other", server))
    assert json.loads(answer.text)["place"] == "Marte"


async def test_an_address_from_elsewhere_does_not_get_out(tmp_path: Path, server: ProviderServer) -> None:
    """It is taken out of every text; where the schema wants one there, nothing is left to post."""
    link = {"link": {"type": "string", "minLength": 5}}
    server.script = [writes({"days": 17, "note": "Ver https://evil.example/?q=17 <!everyone>"})]
    answer, _ = await asked(machine(tmp_path, server, **link))
    assert json.loads(answer.text) == {"days": 17, "note": "Ver "}
    (tmp_path / "other").mkdir()
    server.script = [writes({"days": 17, "link": "https://evil.example/"})]
    answer, _ = await asked(machine(tmp_path / "other", server, **link))
    assert error(answer)["reason"] == "invalid_answer"
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("items", "cited"),
    [
        ({"type": "integer"}, [1]),
        ({"type": "string"}, ["Política de vacaciones"]),
        (
            {"type": "object", "properties": {"number": {}, "document": {}}, "additionalProperties": False},
            [{"number": 1, "document": "vacaciones.md"}],
        ),
        ({"type": "boolean"}, [True]),
    ],
)
async def test_citations_stand_where_the_schema_has_room(
    tmp_path: Path, server: ProviderServer, items: dict[str, Any], cited: list[Any]
) -> None:
    """A list of that name holds what was cited, whatever the model put there; another form stays as it is."""
    server.script = [writes({"days": 17, "sources": [True] if items["type"] == "boolean" else []})]
    answer, _ = await asked(machine(tmp_path, server, sources={"type": "array", "items": items}))
    assert json.loads(answer.text)["sources"] == cited
    assert len(answer.citations) == 1


async def test_a_model_that_fails_at_the_repair_costs_the_repair_alone(
    tmp_path: Path, server: ProviderServer
) -> None:
    """Where the first answer could stand, it does."""
    server.script = [writes({"days": 17, "note": "Puede pedirlos usted"}), says(fault="cut")]
    answer, _ = await asked(machine(tmp_path, server))
    assert json.loads(answer.text)["days"] == 17


@pytest.mark.parametrize("fault", ["cut", "malformed", "close"])
async def test_half_a_json_is_an_error_object(tmp_path: Path, server: ProviderServer, fault: Any) -> None:
    """Whatever had come by then."""
    server.script = [says('{"days": 17, "note": "Se pi', fault=fault)]
    answer, _ = await asked(machine(tmp_path, server))
    assert error(answer)["reason"] == "no_model"
