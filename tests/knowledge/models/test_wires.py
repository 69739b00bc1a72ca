"""What arrives oddly cut, interleaved, padded or in place of a stream: all of it, or a failure in words."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from knowledge.models import CallError, Delta, Provider, Reply
from knowledge.models.opening import open_client
from tests.knowledge.models.test_providers import PROMPT, STOCK, WEATHER
from tests.providers import MODELS, PROVIDERS, calls, says
from tests.providers.wires import WIRES, Turn
from tests.web_server import running

LIMES = ("stock", {"product": "ñandú «lima» ✓", "country": "AR"})
SKY = ("weather", {})


@asynccontextmanager
async def answering(
    name: str,
    pieces: Sequence[bytes],
    *,
    status: int = 200,
    media_type: str = "",
    pause: float = 0.0,
    **headers: str,
) -> AsyncIterator[Callable[[], AsyncIterator[Delta | Reply]]]:
    """A call of a provider whose server sends these bytes, in these pieces."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        told = {"Content-Type": media_type or WIRES[name].media_type, **headers}
        response = web.StreamResponse(status=status, headers=told)
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(pause)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with running(app) as address:
        provider = MODELS[name].partition(":")[0]
        base = address + WIRES[name].base_path
        client = open_client(MODELS[name], {provider: Provider(base_url=base, api_key="k", stall=5.0)})
        try:
            yield lambda: client.respond(PROMPT, (STOCK, WEATHER))
        finally:
            await client.aclose()


def sent(name: str, turn: Turn) -> bytes:
    body = WIRES[name].body(turn)
    return b"".join((*body.events, *body.end))


async def reply(respond: Callable[[], AsyncIterator[Delta | Reply]]) -> Reply:
    text = ""
    async for event in respond():
        if isinstance(event, Reply):
            assert event.text == text
            return event
        text += event.text
    raise AssertionError("no reply")


async def failure(respond: Callable[[], AsyncIterator[Delta | Reply]]) -> CallError:
    with pytest.raises(CallError) as raised:
        await reply(respond)
    said = str(raised.value)
    assert "\n" not in said and said.endswith(".") and "127.0.0.1" not in said
    return raised.value


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("size", [1, 7])
async def test_packets_make_no_difference(name: str, size: int) -> None:
    """Cut anywhere, in the middle of a letter, too: the same text and the same calls."""
    whole = sent(name, calls(LIMES, SKY, text="Miro ñandú ✓."))
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    async with answering(name, pieces) as respond:
        last = await reply(respond)
    assert last.text == "Miro ñandú ✓."
    assert [(call.name, call.arguments) for call in last.calls] == [LIMES, SKY]


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "ollama"])
async def test_padding_of_a_stream_is_no_part_of_it(name: str) -> None:
    """Comments that keep the connection open, blank lines, and lines that end as on Windows."""
    body = WIRES[name].body(says("Quedan ", "doce."))
    # Google's own client takes a comment for an event that cannot be read.
    comment = b"" if name == "gemini" else b": ping\n\n"
    events = [comment + event.replace(b"\n", b"\r\n") for event in (*body.events, *body.end)]
    async with answering(name, events) as respond:
        assert (await reply(respond)).text == "Quedan doce."


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_stream_cut_anywhere_in_a_call_is_none(name: str) -> None:
    """Half of the arguments are no arguments: never a call with less than what the model wrote."""
    whole = sent(name, calls(LIMES, SKY))
    for end in range(1, len(whole) - 1, max(1, len(whole) // 25)):
        async with answering(name, [whole[:end]]) as respond:
            try:
                last = await reply(respond)
            except CallError:
                continue
        assert [(call.name, call.arguments) for call in last.calls] == [LIMES, SKY]


@pytest.mark.parametrize("name", ["openai", "openai-like"])
async def test_calls_that_are_written_at_once_are_kept_apart(name: str) -> None:
    """Letter by letter, in turns; the second one begun before the first is done."""
    one, two = json.dumps(LIMES[1], ensure_ascii=False), json.dumps({"a": [1, {"b": '"}'}]})
    deltas = [
        {"index": at, "id": f"c{at}", "type": "function", "function": {"name": tool, "arguments": ""}}
        for at, tool in enumerate(("stock", "weather"))
    ]
    for place in range(max(len(one), len(two))):
        for at, text in enumerate((one, two)):
            if place < len(text):
                deltas.append({"index": at, "function": {"arguments": text[place]}})
    wire = WIRES[name]
    events = [wire._chunk({"tool_calls": [delta]}) for delta in deltas]
    async with answering(name, [*events, wire._chunk({}, "tool_calls"), b"data: [DONE]\n\n"]) as respond:
        last = await reply(respond)
    assert [call.arguments for call in last.calls] == [LIMES[1], {"a": [1, {"b": '"}'}]}]


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "body", "kinds"),
    [
        (200, b"<html><body>Welcome</body></html>", {"empty", "malformed", "cut"}),
        (200, b"", {"empty", "malformed", "cut"}),
        (200, b"\x00\xff\xfe\x80", {"empty", "malformed", "cut"}),
        (200, b"null\n", {"empty", "malformed", "cut"}),
        (
            200,
            b'{"error": "model requires more system memory"}\n',
            {"empty", "malformed", "cut", "unavailable"},
        ),
        (502, b"<html>Bad gateway</html>", {"unavailable"}),
        (503, b"", {"unavailable"}),
        (500, b"\xff\xfe", {"unavailable"}),
        (429, b"slow down", {"rate_limited"}),
        (401, b"<html>log in</html>", {"key"}),
        (418, b"[]", {"request", "malformed"}),
    ],
)
async def test_what_is_no_stream_is_a_failure(name: str, status: int, body: bytes, kinds: set[str]) -> None:
    """A proxy's page, nothing, rubbish, an error in other words than the provider's."""
    for media_type in (WIRES[name].media_type, "text/html", "application/json"):
        async with answering(name, [body] if body else [], status=status, media_type=media_type) as respond:
            assert (await failure(respond)).kind in kinds


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_error_in_mid_stream_is_a_failure(name: str) -> None:
    """Under status 200, after some of the text: in the provider's own words for it."""
    error = {
        "anthropic": b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
        "gemini": b'data: {"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}\n\n',
        "ollama": b'{"error": "an error was encountered while running the model"}\n',
        "responses": b'event: error\ndata: {"type": "error", "code": "server_error", "message": "x",'
        b' "param": null, "sequence_number": 3}\n\n',
    }.get(name, b'data: {"error": {"message": "busy", "type": "overloaded_error", "code": 503}}\n\n')
    events = WIRES[name].body(says("Quedan ", "do")).events
    async with answering(name, [*events, error]) as respond:
        assert (await failure(respond)).kind in ("unavailable", "cut", "malformed")


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    ("written", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("-3", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
async def test_how_long_to_wait_is_read_where_it_can_be(
    name: str, written: str, seconds: float | None
) -> None:
    """Seconds, or a date; what cannot be read is nothing."""
    error = json.dumps(WIRES[name].error(429)).encode()
    headers = {"Retry-After": written}
    async with answering(name, [error], status=429, media_type="application/json", **headers) as respond:
        failed = await failure(respond)
    assert (failed.kind, failed.retry_after) == ("rate_limited", seconds)
