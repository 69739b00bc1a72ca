"""What holds for a call of any kind: whatever a tool does, it ends in words, in its time and its size."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import create_engine

from bot.journal import Journal
from bot.tools.calling import Called, Caller, clean, visible
from bot.tools.confirming import Confirming
from bot.tools.ledger import Ledger
from bot.tools.reading import secrets_in
from bot.tools.tool import Asker, Output, Tool
from bot.tools.turn import TurnTools
from knowledge.models import ToolCall
from tests.bot.tools.conftest import Kit

Open = Callable[..., Kit]
ASKER = Asker("slack:U1", "slack:C1")
FUNCTIONS = '''
import asyncio
from bot.tools.python import tool

@tool
async def works(p: str) -> str:
    """Works."""
    return p

@tool
async def odd_keys(p: str) -> object:
    """What no JSON can say."""
    return {(1, 2): p}

@tool
async def circular(p: str) -> object:
    """Contains itself."""
    found = []
    found.append(found)
    return found

@tool
async def half(p: str) -> str:
    """Half a sign."""
    return "a\\ud800b"

@tool
async def leaves(p: str) -> str:
    """Ends the process."""
    raise SystemExit(1)

@tool
async def cancelled(p: str) -> str:
    """Something of its own was cancelled."""
    raise asyncio.CancelledError

@tool
async def late(p: str) -> str:
    """Something of its own took too long."""
    raise TimeoutError
'''


@pytest.fixture
def functions(tmp_path: Path) -> str:
    (tmp_path / "f.py").write_text(FUNCTIONS, "utf-8")
    names = ("works", "odd_keys", "circular", "half", "leaves", "cancelled", "late")
    return "".join(f'[[tools]]\nname = "{name}"\nkind = "python"\nfile = "f.py"\n' for name in names)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("odd_keys", "odd_keys failed (TypeError)."),
        ("circular", "circular failed (ValueError)."),
        ("leaves", "leaves failed (SystemExit)."),
        ("cancelled", "cancelled failed (CancelledError)."),
        ("late", "late failed (TimeoutError)."),
    ],
)
async def test_a_mistake_in_a_tool_is_a_call_that_failed(
    kit: Open, functions: str, name: str, told: str
) -> None:
    """Not the end of the turn, nor of the process; nobody knows what it did before."""
    called = await kit(functions).call(name, {"p": "x"})
    assert (called.record.outcome, called.output.text) == ("failed", told)
    assert called.error
    assert called.error.done is None


async def test_half_a_sign_is_left_out(kit: Open, functions: str) -> None:
    """No encoding can write it, so no store could keep it."""
    assert (await kit(functions).call("half", {"p": "x"})).output.text == "ab"


async def test_a_call_that_is_really_cancelled_is_cancelled(redis: Redis) -> None:
    """Whoever stops the turn is not held up by a tool."""
    waiting = asyncio.Event()

    async def waits(_: dict[str, Any], __: Asker) -> Output:
        waiting.set()
        await asyncio.sleep(3600)
        raise AssertionError

    call = asyncio.create_task(Caller(redis).call(made(waits), {}, ASKER))
    await waiting.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["get", "post", "rows", "works", "api_x"])
async def test_any_arguments_end_in_words(
    kit: Open, functions: str, tmp_path: Path, name: str, web: Any
) -> None:
    """Whatever a model writes: it is checked, or it is sent; what is written down can be written down."""
    parameters = [{"name": "p", "in": "query", "schema": {"type": ["string", "number", "array", "object"]}}]
    paths = {"/any": {"get": {"operationId": "x", "parameters": parameters}}}
    document = {"openapi": "3.1.0", "servers": [{"url": web.url}], "paths": paths}
    (tmp_path / "api.json").write_text(json.dumps(document), "utf-8")
    web.says("/any", {})
    toml = (
        functions
        + """
[[tools]]
name = "get"
kind = "http"
url = "WEB/any?p={p}"
[[tools]]
name = "post"
kind = "http"
method = "POST"
url = "WEB/any"
body = { p = "{p}", q = "{q}" }
[tools.parameters.q]
type = "number"
optional = true
[[tools]]
name = "rows"
kind = "sql"
url = "sqlite://"
query = "SELECT :p AS p, :q AS q"
[tools.parameters.q]
type = "integer"
optional = true
[[tools]]
name = "api"
kind = "openapi"
document = "api.json"
operations = ["x"]
"""
    )
    opened = kit(toml)
    called: list[Called] = []
    values: list[Any] = [
        "\ud800",
        "\x00",
        "a\udfffb",
        10**30,
        -(10**19),
        float("inf"),
        float("nan"),
        True,
        None,
        [],
        {},
    ]
    values += ["x" * 100_000, {"a": "\ud800"}, [[[["\ud800"]]]], "%s%n", "' OR 1=1", "\r\nHost: evil", 1e308]
    for value in values:
        called.append(await opened.call(name, {"p": value}))
        called.append(await opened.call(name, {"p": "x", "q": value}))
        called.append(await opened.call(name, {"p": "x", str(value)[:20]: value}))
    assert {one.record.outcome for one in called} <= {"ok", "invalid_arguments", "failed"}
    for one in called:
        written = json.dumps(one.record.arguments, ensure_ascii=False, allow_nan=False)
        assert (written + one.output.text).encode()


@given(ANY)
def test_arguments_can_always_be_written_down(value: Any) -> None:
    """Without halves of signs and without numbers that are none, however deep."""
    shown = visible({"a": value})
    assert json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()
    assert visible(shown) == shown


def made(run: Callable[[dict[str, Any], Asker], Awaitable[Output]], **more: Any) -> Tool:
    return Tool("t", "Does.", {}, dict, run, **more)


async def test_who_gets_no_place_did_nothing(redis: Redis) -> None:
    """Waiting in line is not part of the call: what never began is known to have done nothing."""
    holds, free = asyncio.Event(), asyncio.Event()

    async def waits(_: dict[str, Any], __: Asker) -> Output:
        holds.set()
        await free.wait()
        return Output("done")

    caller = Caller(redis)
    first = asyncio.create_task(caller.call(made(waits, concurrency=1), {}, ASKER))
    await holds.wait()
    second = await caller.call(made(waits, timeout=0.1, concurrency=1), {}, ASKER)
    assert second.output.text == "t is busy; 1 calls are under way."
    assert second.error
    assert second.error.done is False
    free.set()
    assert (await first).record.outcome == "ok"


async def test_a_table_has_its_places_whatever_it_holds(redis: Redis) -> None:
    """Operations of one service share them."""
    running = most = 0

    async def count(_: dict[str, Any], __: Asker) -> Output:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return Output("")

    caller = Caller(redis)
    tools = [replace(made(count, concurrency=2, group="shop"), name=f"shop_{n}") for n in range(6)]
    await asyncio.gather(*(caller.call(tool, {}, ASKER) for tool in tools))
    assert most == 2


async def test_what_is_kept_belongs_to_one_version_of_a_table(redis: Redis) -> None:
    """A query that was put right does not tell what the wrong one found."""
    told = iter(["wrong", "right"])

    async def tells(_: dict[str, Any], __: Asker) -> Output:
        return Output(next(told))

    caller = Caller(redis)
    before = made(tells, cache=timedelta(minutes=10), version="1")
    texts = [
        (await caller.call(tool, {}, ASKER)).output.text
        for tool in (before, before, replace(before, version="2"))
    ]
    assert texts == ["wrong", "wrong", "right"]


async def test_a_table_that_was_changed_is_another_version(kit: Open, functions: str) -> None:
    """Any of its settings."""
    tables = functions.replace('name = "works"\n', 'name = "works"\nmax_chars = 500\n')
    versions = [
        (await kit(toml).toolbox.tools(["works"]))["works"].version for toml in (functions, tables, functions)
    ]
    assert versions[0] == versions[2] != versions[1]


def test_secrets_are_taken_out_in_every_form() -> None:
    """As they are, in an address, in JSON."""

    async def nothing(_: dict[str, Any], __: Asker) -> Output:
        return Output("")

    found = secrets_in(
        "${KEY} ${EMPTY} ${SHORT}",
        {"KEY": SecretStr('p"&s'), "EMPTY": SecretStr(""), "SHORT": SecretStr("b")},
    )
    told = clean(made(nothing, secret=found), 'a p"&s b p%22%26s c p\\"&s d')
    assert told == "a … b … c … d"


@pytest.fixture
async def turn(redis: Redis, tmp_path: Path) -> AsyncIterator[Callable[..., TurnTools]]:
    engine = create_engine(f"sqlite:///{tmp_path / 'vocero.db'}")

    def open_turn(*tools: Tool) -> TurnTools:
        caller = Caller(redis)
        confirming = Confirming(redis, Ledger(engine), caller, Journal(engine))
        return TurnTools({one.name: one for one in tools}, caller, confirming, event="slack:1", asker=ASKER)

    yield open_turn
    engine.dispose()


async def test_a_turn_has_so_many_calls_also_at_once(turn: Callable[..., TurnTools]) -> None:
    """A reply with a hundred calls in it makes sixteen."""
    ran = 0

    async def count(_: dict[str, Any], __: Asker) -> Output:
        nonlocal ran
        ran += 1
        await asyncio.sleep(0)
        return Output("")

    tools = turn(made(count, concurrency=64))
    calls = [ToolCall(id=str(n), name="t", arguments={"n": n}) for n in range(100)]
    await asyncio.gather(*map(tools.call, calls))
    assert ran == 16
    assert [one.outcome for one in tools.calls].count("refused") == 84


async def test_a_turn_puts_few_calls_before_the_asker(turn: Callable[..., TurnTools]) -> None:
    """Nobody reads a hundred buttons; the model is told that some were not asked for."""

    async def never(_: dict[str, Any], __: Asker) -> Output:
        raise AssertionError

    tools = turn(made(never, effects=True))
    calls = [ToolCall(id=str(n), name="t", arguments={"n": n}) for n in range(10)]
    told = await asyncio.gather(*map(tools.call, calls))
    assert len(await tools.confirmations()) == 4
    assert [one.worked for one in told].count(False) == 6


async def test_names_are_written_down_without_what_nobody_sees(turn: Callable[..., TurnTools]) -> None:
    """A name that a model made up reaches the journal, too."""
    tools = turn()
    await tools.call(ToolCall(id="1", name="a\ud800\u202eb" + "c" * 500, arguments={"\ud800": "\ud800"}))
    [noted] = tools.calls
    assert (noted.outcome, noted.name[:2], len(noted.name)) == ("no_such_tool", "ab", 100)
    assert json.dumps(noted.arguments, ensure_ascii=False).encode()
