"""Every provider's real client against a loopback server that speaks its wire format."""

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from knowledge.models import (
    CallError,
    Delta,
    LanguageModel,
    Models,
    Prompt,
    Provider,
    Reply,
    Restarted,
    Tool,
    ToolResult,
    Usage,
)
from knowledge.models.opening import open_client
from tests.providers import PROVIDERS, ProviderServer, Turn, calls, fails, provider_server, says

PROMPT: Prompt = (("system", "Sé breve."), ("user", "¿Cuántas limas quedan?"))
LIMES = ("stock", {"product": "lima"})
STOCK = Tool(
    "stock",
    "How many of a product are left.\nIn one country.",
    {
        "type": "object",
        "properties": {"product": {"type": "string"}, "country": {"type": "string", "enum": ["AR", "ES"]}},
        "required": ["product"],
        "additionalProperties": False,
    },
)
WEATHER = Tool("weather", "The weather at a warehouse.", {"type": "object", "properties": {}})


@asynccontextmanager
async def model(*servers: ProviderServer, **settings: float) -> AsyncIterator[LanguageModel]:
    """A model that asks these servers, in this order."""
    providers: dict[str, Provider] = {}
    for server in servers:
        providers |= {name: replace(one, **settings) for name, one in server.providers.items()}
    models = Models(providers)
    try:
        yield LanguageModel(models, {"answer": [server.spec for server in servers]})
    finally:
        await models.aclose()


async def reply(language_model: LanguageModel, prompt: Prompt = PROMPT, *tools: Tool, **more: bool) -> Reply:
    """The reply; its text is what was streamed."""
    text = ""
    async for event in language_model.respond(prompt, tools, **more):
        match event:
            case Delta(piece):
                text += piece
            case Restarted():
                text = ""
            case Reply():
                assert event.text == text
                return event
    raise AssertionError("no reply")


@pytest.fixture(params=PROVIDERS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ProviderServer]:
    async with provider_server(request.param) as running:
        yield running


async def test_text_streams_in_pieces_and_its_cost_is_known(server: ProviderServer):
    """Pieces come one by one, then the reply with the tokens that the provider counted."""
    server.script = [says("Quedan ", "doce ", "limas.")]
    async with model(server) as asked:
        events = [event async for event in asked.respond(PROMPT)]
    *pieces, last = events
    assert [piece.text for piece in pieces] == ["Quedan ", "doce ", "limas."]
    assert isinstance(last, Reply)
    assert (last.text, last.calls, last.model) == ("Quedan doce limas.", (), server.spec)
    cached = 0 if server.name == "ollama" else 40  # Ollama tells of none
    assert last.usage == Usage(input=100, cached=cached, output=7)
    assert asked.spec == server.spec


async def test_parallel_calls_come_whole_and_their_results_go_back(server: ProviderServer):
    """Several calls in one reply, text before them; then an answer from all the results."""
    wanted = (("stock", {"product": "lima", "country": "AR"}), ("weather", {}), ("stock", {"product": "ñu"}))
    server.script = [calls(*wanted, text="Miro."), says("Quedan doce.")]
    async with model(server) as asked:
        first = await reply(asked, PROMPT, STOCK, WEATHER)
        assert first.text == "Miro."
        assert [(call.name, call.arguments) for call in first.calls] == list(wanted)
        assert len({call.id for call in first.calls}) == 3
        results = [ToolResult(call, f"resultado {number}") for number, call in enumerate(first.calls)]
        second = await reply(asked, (*PROMPT, first, *results), STOCK, WEATHER)
    assert (second.text, second.calls) == ("Quedan doce.", ())
    back = str(server.requests[1])
    assert all(f"resultado {number}" in back for number in range(3))
    assert back.index("Miro.") < back.index("resultado 0") < back.index("resultado 2")


async def test_tools_are_declared_whole(server: ProviderServer):
    """Name, every line of the description, and the schema as it is given."""
    async with model(server) as asked:
        await reply(asked, PROMPT, STOCK)
    sent = str(server.requests[0]["tools"])
    assert "'stock'" in sent
    assert "How many of a product are left.\\nIn one country." in sent
    assert "'enum': ['AR', 'ES']" in sent


async def test_the_last_word_has_no_calls(server: ProviderServer):
    """Where an answer is due, a model that calls all the same has not answered."""
    server.script = [calls(LIMES, text="Quedan doce.")]
    async with model(server) as asked:
        last = await reply(asked, PROMPT, STOCK, must_answer=True)
    assert (last.text, last.calls) == ("Quedan doce.", ())


@pytest.mark.parametrize("name", ["openai", "responses", "openai-like", "anthropic"])
async def test_arguments_that_are_no_json_are_said_to_be_none(name: str):
    """They are for the model to write again, not for a tool."""
    async with provider_server(name) as server:
        server.script = [calls(("stock", '{"product": "li'))]
        async with model(server) as asked:
            first = await reply(asked, PROMPT, STOCK)
    assert [(call.name, call.arguments, call.written) for call in first.calls] == [
        ("stock", None, '{"product": "li')
    ]


@pytest.mark.parametrize(
    ("turn", "kinds"),
    [
        (says("Quedan do", fault="cut"), {"cut"}),
        (says(fault="cut"), {"cut", "unavailable"}),
        (says("Quedan do", fault="malformed"), {"malformed"}),
        (says("Quedan do", fault="close"), {"cut"}),
        (says(fault="close"), {"empty"}),
        (says("Quedan do", fault="stall"), {"slow"}),
        (says(fault="stall"), {"slow"}),
        (says(), {"empty"}),
        (says("  \n"), {"empty"}),
        (says("Quedan do", end="length"), {"length"}),
        (says("Quedan do", end="refused"), {"blocked"}),
        (says(end="refused"), {"blocked"}),
        (calls(LIMES, fault="cut"), {"cut", "unavailable"}),
        (calls(LIMES, fault="close"), {"cut", "empty"}),
        (calls(LIMES, end="length"), {"length"}),
        (fails(400), {"request"}),
        (fails(401), {"key"}),
        (fails(403), {"key"}),
        (fails(404), {"unknown_model"}),
        (fails(429, retry_after="60"), {"rate_limited"}),
        (fails(500), {"unavailable"}),
        (fails(529), {"unavailable"}),
    ],
    ids=lambda value: (
        f"{value.pieces or value.calls}-{value.fault or value.status}-{value.end}"
        if isinstance(value, Turn)
        else ""
    ),
)
async def test_what_is_not_a_whole_reply_is_a_failure(server: ProviderServer, turn: Turn, kinds: set[str]):
    """Cut, stalled, unreadable, refused, too long or nothing: no reply, and told apart in a sentence."""
    if server.name == "ollama" and turn.end == "refused":
        kinds = {"length"}  # Ollama has no filter
    server.script = [turn]
    stall = 0.2 if turn.fault == "stall" else 60.0
    client = open_client(
        server.spec, {name: replace(one, stall=stall) for name, one in server.providers.items()}
    )
    with pytest.raises(CallError) as raised:
        async for event in client.respond(PROMPT, (STOCK,)):
            assert isinstance(event, Delta)
    await client.aclose()
    failed, said = raised.value, str(raised.value)
    assert failed.kind in kinds
    assert failed.retry_after == (60 if turn.status == 429 else None)
    assert server.spec in said and "\n" not in said and said.endswith(".")
    assert "secret" not in said and "127.0.0.1" not in said


async def test_the_next_model_steps_in(server: ProviderServer):
    """What was shown of the first one's reply is taken back, and both calls are in the books."""
    server.script = [says("Quedan tre", fault="cut")]
    async with provider_server("ollama" if server.name == "openai-like" else "openai-like") as other:
        other.script = [says("Quedan doce.")]
        async with model(server, other) as asked:
            events = [event async for event in asked.respond(PROMPT)]
    shown, void, piece, last = events
    assert (shown, piece) == (Delta("Quedan tre"), Delta("Quedan doce."))
    assert isinstance(void, Restarted) and isinstance(last, Reply)
    assert (last.text, last.model, asked.spec) == ("Quedan doce.", other.spec, other.spec)
    assert [(call.model, call.problem is None) for call in asked.calls] == [
        (server.spec, False),
        (other.spec, True),
    ]
    assert asked.calls[0].usage.output and asked.calls[0].usage.estimated


async def test_a_model_that_steps_in_reads_what_the_first_one_did(server: ProviderServer):
    """In the middle of lookups: calls and results of another provider's model go along, none is lost."""
    server.script = [calls(LIMES, ("weather", {}), text="Miro."), fails(503)]
    async with provider_server("ollama" if server.name == "anthropic" else "anthropic") as other:
        other.script = [says("Quedan doce.")]
        async with model(server, other) as asked:
            first = await reply(asked, PROMPT, STOCK, WEATHER)
            results = [ToolResult(call, f"resultado {number}") for number, call in enumerate(first.calls)]
            last = await reply(asked, (*PROMPT, first, *results), STOCK, WEATHER)
    assert (last.text, last.model) == ("Quedan doce.", other.spec)
    read = str(other.requests[0]["messages"])
    assert all(word in read for word in ("Miro.", "lima", "resultado 0", "resultado 1"))


async def test_wherever_a_stream_ends_half_a_reply_is_none(server: ProviderServer):
    """Closed after any number of bytes: the whole text, or a failure."""
    turn = says("Quedan ", "doce limas ", "en Valencia.")
    whole = server.wire.body(turn)
    length = len(b"".join((*whole.events, *whole.end)))
    client = open_client(server.spec, server.providers)
    kept = 0
    for bytes_sent in range(0, length, max(length // 60, 1)):
        server.script = [replace(turn, fault="close", bytes_sent=bytes_sent)]
        text = ""
        try:
            async for event in client.respond(PROMPT):
                if isinstance(event, Delta):
                    text += event.text
                else:
                    kept += 1
                    assert event.text == text == "Quedan doce limas en Valencia."
        except CallError as failed:
            assert failed.kind in ("cut", "empty", "malformed", "unavailable")
    await client.aclose()
    assert kept < 30


async def test_the_beginning_of_a_prompt_is_the_same_in_every_turn(server: ProviderServer):
    """System prompt and tools first, the question last: what providers cache is what two turns share."""
    system = ("system", "Sé breve. " * 100)
    async with model(server) as asked:
        for question in ("¿Cuántas limas?", "¿Y en España?"):
            await reply(asked, (system, ("user", question)), STOCK, WEATHER)
    first, second = ({**request} for request in server.requests)
    said = next(name for name in ("messages", "contents", "input") if name in first)
    *shared, asked_first = first.pop(said)
    *also_shared, asked_second = second.pop(said)
    assert "limas" in str(asked_first) and "España" in str(asked_second)
    assert (shared, first) == (also_shared, second)
    assert str(first | {said: shared}).count("Sé breve. " * 100) == 1


async def test_anthropic_is_told_what_to_keep():
    """The end of what all turns share, and with tools the end of what the calls of one turn share."""
    async with provider_server("anthropic") as server, model(server) as asked:
        await reply(asked, PROMPT)
        await reply(asked, PROMPT, STOCK)
    kept = {"type": "ephemeral"}
    for request in server.requests:
        assert request["system"] == [{"type": "text", "text": "Sé breve.", "cache_control": kept}]
    marks = ["cache_control" in request["messages"][0]["content"][-1] for request in server.requests]
    assert marks == [False, True]


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("openai", ("max_completion_tokens",), 4096),
        ("openai-like", ("max_tokens",), 4096),
        ("responses", ("max_output_tokens",), 4096),
        ("anthropic", ("max_tokens",), 4096),
        ("gemini", ("generationConfig", "maxOutputTokens"), 4096),
        ("ollama", ("options", "num_predict"), 4096),
        ("ollama", ("options", "num_ctx"), 16384),
    ],
)
async def test_limits_are_told_in_each_providers_words(name: str, place: tuple[str, ...], value: int):
    """A reply is bounded wherever it comes from."""
    async with provider_server(name) as server, model(server) as asked:
        await reply(asked)
    found = server.requests[0]
    for step in place:
        found = found[step]
    assert found == value


@pytest.mark.parametrize("name", ["gpt-99-turbo-mini", "gpt-5-mini", "gpt-4.1", "ft:gpt-4.1-mini:acme::x1"])
async def test_openai_models_known_and_newer_ones(name: str):
    """The integration's list of names does not decide which model there is; no reply is without a limit."""
    async with provider_server("openai") as server:
        client = open_client(f"openai:{name}", server.providers)
        last = [event async for event in client.respond(PROMPT, (STOCK,))][-1]
        await client.aclose()
    assert isinstance(last, Reply)
    assert server.requests[0]["model"] == name
    assert server.requests[0]["max_completion_tokens"] == 4096
    assert "max_tokens" not in server.requests[0]


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch):
    """One sentence with the command that installs it."""
    for name, package in (
        ("anthropic", "anthropic"),
        ("gemini", "google_genai"),
        ("ollama", "ollama"),
        ("openai", "openai"),
        ("openai-like", "openai_like"),
    ):
        monkeypatch.setitem(sys.modules, f"llama_index.llms.{package}", None)
        with pytest.raises(CallError, match=re.escape(f"`pip install 'vocero[{name}]'`.")):
            open_client(f"{name}:m", {name: Provider(base_url="http://127.0.0.1:1")})


@pytest.mark.parametrize(
    ("spec", "remedy"),
    [
        ("openai:m", "OPENAI_API_KEY"),
        ("anthropic:m", "ANTHROPIC_API_KEY"),
        ("gemini:m", "GEMINI_API_KEY"),
        ("openai-like:m", "base_url"),
        ("open:m", "provider:model"),
        ("openai:", "provider:model"),
    ],
)
def test_what_is_missing_is_named(spec: str, remedy: str):
    """A key, an address, a provider that exists."""
    with pytest.raises(CallError, match=remedy) as raised:
        open_client(spec, {})
    assert raised.value.kind == "setup"
