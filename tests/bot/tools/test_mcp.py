"""MCP servers: real ones, over both transports, and ones that hang, crash, lie and flood."""

import asyncio
import gzip
import json
import os
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from aiohttp import web as aiohttp_web
from mcp.server import MCPServer

from bot.tools.tool import Asker
from tests.bot.tools.conftest import Kit
from tests.web_server import WebServer

Open = Callable[..., Kit]
SERVER = """\
    from mcp.server import MCPServer

    server = MCPServer("office")

    @server.tool()
    def lunch(day: str) -> str:
        "What is for lunch."
        if day == "sunday":
            raise ValueError("closed")
        return f"soup on {day}"

    @server.tool()
    def fire(person: str) -> str:
        "Fires somebody."
        return person

    server.run()
"""


def mcp(name: str, tool: str, *command: str) -> str:
    return f"""
[[tools]]
name = "{name}"
kind = "mcp"
command = {json.dumps(command)}
tools = ["{tool}"]
timeout = "60s"
"""


@pytest.mark.slow
async def test_an_mcp_server_is_run_and_its_allowed_tools_called(kit: Open, tmp_path: Path) -> None:
    """Over standard input and output, by the real client; what the list does not name does not exist."""
    (tmp_path / "office.py").write_text(textwrap.dedent(SERVER), "utf-8")
    command = json.dumps([sys.executable, str(tmp_path / "office.py")])
    opened = kit(
        f'[[tools]]\nname = "o"\nkind = "mcp"\ncommand = {command}\ntools = ["lunch"]\ntimeout = "30s"'
    )
    [tool] = (await opened.toolbox.tools(["o"])).values()
    assert (tool.name, tool.description, tool.effects) == ("o_lunch", "What is for lunch.", False)
    assert (await opened.call("o_lunch", {"day": "monday"})).output.text == "soup on monday"
    assert (await opened.call("o_lunch", {})).record.outcome == "invalid_arguments"
    assert (await opened.call("o_lunch", {"day": "sunday"})).record.outcome == "failed"


@pytest.mark.slow
async def test_the_time_server_tells_the_time(kit: Open) -> None:
    """A server that others wrote."""
    server = str(Path(sys.executable).parent / "mcp-server-time")
    toml = mcp("clock", "convert_time", server, "--local-timezone", "UTC")
    given = {"source_timezone": "Europe/Madrid", "time": "12:00", "target_timezone": "America/Mexico_City"}
    called = await kit(toml).call("clock_convert_time", given)
    assert called.record.outcome == "ok"
    assert "America/Mexico_City" in called.output.text


@asynccontextmanager
async def office_over_http() -> AsyncIterator[str]:
    server = MCPServer("office")

    @server.tool()
    def lunch(day: str) -> str:
        """What is for lunch."""
        return f"soup on {day}"

    serving = uvicorn.Server(
        uvicorn.Config(server.streamable_http_app(), port=0, log_level="error", lifespan="on", ws="none")
    )
    task = asyncio.create_task(serving.serve())
    while not serving.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}"
    finally:
        serving.should_exit = True
        await task


async def test_an_mcp_server_over_http_is_called_where_it_is_allowed(kit: Open) -> None:
    """Its address is held to the same rules as every other."""
    async with office_over_http() as url:
        toml = f'[[tools]]\nname = "o"\nkind = "mcp"\nurl = "{url}/mcp"\ntools = ["lunch"]\n'
        refused = kit(toml)
        assert await refused.toolbox.tools(["o"]) == {}
        assert "allow" in refused.toolbox.problems["o"]
        opened = kit(toml, allow=["127.0.0.1"])
        assert (await opened.call("o_lunch", {"day": "monday"})).output.text == "soup on monday"
        await opened.toolbox.aclose()


RAW = Path(__file__).with_name("raw_mcp_server.py")


class Raw:
    """A server without scruples, its processes, and the tools it is asked for."""

    def __init__(self, kit: Open, folder: Path, way: str, timeout: str = "5s") -> None:
        self._started = folder / f"{way}.pids"
        command = json.dumps([sys.executable, "-I", str(RAW), way, str(self._started)])
        table = f'[[tools]]\nname = "r"\nkind = "mcp"\ntools = ["t"]\ntimeout = "{timeout}"\n'
        self.kit = kit(f"{table}command = {command}\n")

    @property
    def pids(self) -> list[int]:
        """Of every process that was started, in their order."""
        return [int(line) for line in self._started.read_text("utf-8").split()]

    async def call(self, text: str = "hi") -> str:
        """What comes of a call: its outcome, and what is told."""
        called = await self.kit.call("r_t", {"text": text})
        return f"{called.record.outcome}: {called.output.text}"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_process_serves_all_calls(kit: Open, tmp_path: Path) -> None:
    """One after another and at once; it is gone when the bot goes."""
    raw = Raw(kit, tmp_path, "echo")
    assert await raw.call() == "ok: hi"
    assert await asyncio.gather(*(raw.call(str(n)) for n in range(8))) == [f"ok: {n}" for n in range(8)]
    [pid] = raw.pids
    assert alive(pid)
    await raw.kit.toolbox.aclose()
    assert not alive(pid)


async def test_a_server_that_dies_is_started_again(kit: Open, tmp_path: Path) -> None:
    """The call it died on failed, and is not made again; the next one is served."""
    raw = Raw(kit, tmp_path, "echo")
    assert (await raw.call("die")).startswith("failed: r_t failed")
    assert await raw.call() == "ok: hi"
    assert len(raw.pids) == 2
    os.kill(raw.pids[-1], 9)
    assert await raw.call() == "ok: hi"
    assert len(raw.pids) == 3


async def test_a_server_that_hangs_costs_one_call(kit: Open, tmp_path: Path) -> None:
    """The call ends in its time; whoever hangs is put an end to, and the next call finds a new server."""
    raw = Raw(kit, tmp_path, "echo", timeout="1s")
    assert (await raw.call("hang")).startswith("timed_out:")
    assert await raw.call() == "ok: hi"
    first, second = raw.pids
    await raw.kit.toolbox.aclose()
    assert not alive(first)
    assert not alive(second)


@pytest.mark.parametrize("way", ["silent", "exits", "garbage", "closes"])
async def test_a_server_that_cannot_be_talked_to_has_no_tools(kit: Open, tmp_path: Path, way: str) -> None:
    """It says nothing, is gone at once, or says what is no protocol; the bot goes on without it."""
    raw = Raw(kit, tmp_path, way, timeout="1s")
    assert await raw.kit.toolbox.tools(["r"]) == {}
    assert '[[tools]] "r"' in raw.kit.toolbox.problems["r"]
    await raw.kit.toolbox.aclose()
    assert not any(map(alive, raw.pids))


async def test_a_command_that_is_not_there_is_a_problem_that_is_told(kit: Open) -> None:
    """By its kind."""
    opened = kit('[[tools]]\nname = "r"\nkind = "mcp"\ncommand = ["no-such-server"]\ntools = ["t"]\n')
    assert await opened.toolbox.tools(["r"]) == {}
    assert "FileNotFoundError" in opened.toolbox.problems["r"]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("schema-none", "no JSON Schema"),
        ("schema-remote", "another document"),
        ("schema-dynamic", "only known while it is checked"),
        ("schema-bomb", "parts"),
        ("schema-text", "ValidationError"),
        ("schema-long", "characters"),
        ("schema-lost", "not there"),
        ("other-tool", "no tool `t`"),
    ],
)
async def test_a_tool_whose_arguments_cannot_be_checked_does_not_exist(
    kit: Open, tmp_path: Path, way: str, said: str
) -> None:
    """A schema that is none, that asks the network, that never ends: nothing is called by it."""
    raw = Raw(kit, tmp_path, way)
    assert await raw.kit.toolbox.tools(["r"]) == {}
    assert said in raw.kit.toolbox.problems["r"]


async def test_a_schema_that_contains_itself_is_cut(kit: Open, tmp_path: Path) -> None:
    """References are written out, as deep as anybody writes arguments."""
    raw = Raw(kit, tmp_path, "schema-self")
    tool = (await raw.kit.toolbox.tools(["r"]))["r_t"]
    assert "$ref" not in json.dumps(tool.parameters)
    assert await raw.call() == "ok: hi"


async def test_a_pattern_from_elsewhere_takes_no_time(kit: Open, tmp_path: Path) -> None:
    """One that backtracks for ever is the server's to check."""
    raw = Raw(kit, tmp_path, "schema-pattern")
    assert await raw.call("a" * 60 + "!") == f"ok: {'a' * 60}!"


async def test_what_a_server_says_of_itself_is_short_and_seen(kit: Open, tmp_path: Path) -> None:
    """A description is data that every turn carries: no hidden signs, and not a book."""
    tool = (await Raw(kit, tmp_path, "description").kit.toolbox.tools(["r"]))["r_t"]
    assert len(tool.description) <= 1_500
    assert "\U000e0041" not in tool.description


async def test_a_list_of_several_pages_is_read(kit: Open, tmp_path: Path) -> None:
    """And one that never ends is left."""
    assert await Raw(kit, tmp_path, "pages").call() == "ok: hi"
    assert set(await Raw(kit, tmp_path, "endless").kit.toolbox.tools(["r"])) == {"r_t"}


async def test_a_result_of_any_size_and_shape_is_told_or_failed(kit: Open, tmp_path: Path) -> None:
    """Too long is cut; no text at all, an error, and what is no result, too."""
    raw = Raw(kit, tmp_path, "echo")
    long = await raw.call("long")
    assert len(long) < 7_000
    assert "cut" in long
    assert (await raw.call("error")).startswith("failed: r_t:")
    assert (await raw.call("shape")).startswith("failed: r_t failed")
    assert (await raw.call("picture")).startswith("ok:")


@pytest.mark.parametrize(("way", "effects"), [("echo", False), ("writes", True), ("destroys", True)])
async def test_a_server_may_say_that_a_tool_changes_something(
    kit: Open, tmp_path: Path, way: str, effects: bool
) -> None:
    """By either of its hints; then it waits for a yes."""
    tool = (await Raw(kit, tmp_path, way).kit.toolbox.tools(["r"]))["r_t"]
    assert tool.effects is effects


async def test_the_key_of_a_call_with_effects_goes_along(kit: Open, tmp_path: Path) -> None:
    """As metadata, which a server may look at; with other calls goes none."""
    asker = Asker("slack:U1", "slack:C1", key="k1")
    told = [
        (await Raw(kit, tmp_path, way).kit.call("r_t", {"text": "meta"}, asker=asker)).output.text
        for way in ("writes", "echo")
    ]
    assert ['"idempotencyKey": "k1"' in one for one in told] == [True, False]


HTTP = '[[tools]]\nname = "o"\nkind = "mcp"\nurl = "WEB/mcp"\ntools = ["lunch"]\ntimeout = "2s"\n'


def replies(**more: Any) -> Callable[[aiohttp_web.Request], Awaitable[aiohttp_web.StreamResponse]]:
    async def reply(_: aiohttp_web.Request) -> aiohttp_web.StreamResponse:
        return aiohttp_web.Response(**more)

    return reply


async def hangs(_: aiohttp_web.Request) -> aiohttp_web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError


JSON = {"content_type": "application/json"}
PACKED = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    "reply",
    [
        hangs,
        replies(body=b" " * 11_000_000 + b"{}", **JSON),
        replies(body=gzip.compress(b" " * 300_000_000), headers=PACKED),
        replies(status=307, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
        replies(text="<html>", content_type="text/html"),
        replies(text='{"jsonrpc": "2.0", "id": 0, "result": 7}', **JSON),
        replies(text="[" * 100_000, **JSON),
        replies(status=500),
    ],
    ids=["hangs", "much", "packed", "leads away", "a page", "no result", "deep", "broken"],
)
async def test_a_server_over_http_that_cannot_be_talked_to_has_no_tools(
    kit: Open, web: WebServer, reply: Any
) -> None:
    """It hangs, floods, leads elsewhere or says nothing of use; the bot goes on without it."""
    web.routes["/mcp"] = reply
    opened = kit(HTTP)
    assert await opened.toolbox.tools(["o"]) == {}
    assert '[[tools]] "o"' in opened.toolbox.problems["o"]
