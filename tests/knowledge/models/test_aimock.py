"""The same clients against an independent server of all wire formats, with its own chaos."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from knowledge.errors import ModelError
from knowledge.models import Delta, LanguageModel, Models, Provider, Reply, Tool, ToolResult
from tests.providers import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "AIMOCK" not in os.environ or not shutil.which("node"),
        reason="needs Node 20, and AIMOCK: a folder with the npm package, as .ci/run installs it",
    ),
]
TOOLS = (
    Tool("stock", "How many are left.", {"type": "object", "properties": {"product": {"type": "string"}}}),
    Tool("weather", "The weather.", {"type": "object", "properties": {}}),
)
# `finishReason`: left out, Google's format gets one that Google does not have.
FIXTURES = [
    {
        "match": {"endpoint": "chat", "toolResultContains": "resultado"},
        "response": {"content": "Quedan doce limas y llueve.", "finishReason": "stop"},
    },
    {
        "match": {"endpoint": "chat", "userMessage": "limas"},
        "response": {
            "content": "Miro.",
            "toolCalls": [
                {"name": "stock", "arguments": {"product": "lima"}},
                {"name": "weather", "arguments": {}},
            ],
            "finishReason": "stop",
        },
    },
    {"match": {"endpoint": "chat"}, "response": {"content": "Sí, claro que sí.", "finishReason": "stop"}},
]


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}), encoding="utf-8")
    program = Path(os.environ["AIMOCK"], "node_modules", "@copilotkit", "aimock", "dist", "cli.js")
    server = subprocess.Popen(
        ["node", program, "--port", "0", "--fixtures", fixtures],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    try:
        for line in server.stdout:
            if found := re.search(r"listening on (http://\S+)", line):
                yield found[1]
                break
        else:
            raise AssertionError("aimock did not start")
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@asynccontextmanager
async def model(address: str, name: str) -> AsyncIterator[LanguageModel]:
    provider, base = MODELS[name].partition(":")[0], address
    if name in ("openai", "responses", "openai-like"):
        base += "/v1"
    models = Models({provider: Provider(base_url=base, api_key="test", stall=10)})
    try:
        yield LanguageModel(models, {"answer": [MODELS[name]]})
    finally:
        await models.aclose()


@pytest.mark.parametrize("name", MODELS)
async def test_text_streams(aimock: str, name: str):
    """In more than one piece, up to its end."""
    async with model(aimock, name) as asked:
        events = [event async for event in asked.respond((("user", "¿De verdad?"),))]
    assert isinstance(events[-1], Reply)
    assert events[-1].text == "Sí, claro que sí."
    assert "".join(event.text for event in events if isinstance(event, Delta)) == events[-1].text


@pytest.mark.parametrize("name", MODELS)
async def test_parallel_calls_and_their_results(aimock: str, name: str):
    """Two calls in one reply; an answer once both results are back."""
    prompt = (("system", "Sé breve."), ("user", "¿Cuántas limas quedan, y llueve?"))
    async with model(aimock, name) as asked:
        first = [event async for event in asked.respond(prompt, TOOLS)][-1]
        assert isinstance(first, Reply)
        assert [(call.name, call.arguments) for call in first.calls] == [
            ("stock", {"product": "lima"}),
            ("weather", {}),
        ]
        results = [ToolResult(call, f"resultado de {call.name}") for call in first.calls]
        last = [event async for event in asked.respond((*prompt, first, *results), TOOLS)][-1]
    assert isinstance(last, Reply)
    assert (last.text, last.calls) == ("Quedan doce limas y llueve.", ())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("fault", ["dropRate", "malformedRate", "disconnectRate", "rateLimitRate"])
async def test_chaos_is_a_failure_and_no_reply(aimock: str, name: str, fault: str):
    """Dropped, malformed, disconnected, over the rate limit: one sentence, never half an answer."""
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{aimock}/__aimock/chaos", json={fault: 1.0}) as set_to:
            assert set_to.status == 200, await set_to.text()
        try:
            async with model(aimock, name) as asked:
                with pytest.raises(ModelError, match=re.escape(MODELS[name])):
                    async for event in asked.respond((("user", "¿De verdad?"),)):
                        assert not isinstance(event, Reply)
        finally:
            await (await session.delete(f"{aimock}/__aimock/chaos")).release()
