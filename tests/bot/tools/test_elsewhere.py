"""Tools that others describe: OpenAPI documents, MCP servers, an images API; and the search."""

import asyncio
import base64
import json
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
import yaml
from mcp.server import MCPServer

from bot.tools.tool import Asker
from tests.bot.tools.conftest import Kit
from tests.web_server import WebServer

Open = Callable[..., Kit]
SHOP = {
    "openapi": "3.1.0",
    "servers": [{"url": "WEB/api"}],
    "components": {
        "schemas": {
            "Ticket": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "parent": {"$ref": "#/components/schemas/Ticket"},
                },
                "required": ["title"],
            }
        },
        "parameters": {
            "number": {"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}
        },
    },
    "paths": {
        "/orders/{number}": {
            "parameters": [{"$ref": "#/components/parameters/number"}],
            "get": {
                "operationId": "getOrder",
                "summary": "An order's state.",
                "parameters": [
                    {"name": "lines", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "X-Tenant", "in": "header", "schema": {"type": "string"}},
                ],
            },
            "delete": {"operationId": "deleteOrder"},
        },
        "/tickets": {
            "post": {
                "operationId": "createTicket",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ticket"}}},
                },
            }
        },
    },
}


def shop(operations: str, extra: str = "") -> str:
    return f"""
[[tools]]
name = "shop"
kind = "openapi"
document = "shop.yaml"
operations = {operations}
{extra}
"""


@pytest.fixture
def document(tmp_path: Path, web: WebServer) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(SHOP).replace("WEB", web.url), "utf-8")
    return path


@pytest.mark.usefixtures("document")
async def test_an_allowed_operation_is_a_tool(kit: Open, web: WebServer) -> None:
    """Its parameters are checked by its schema, and go where the document says."""
    web.says("/api/orders/A 1", {"state": "shipped"})
    opened = kit(shop('["getOrder"]'))
    [tool] = (await opened.toolbox.tools(["shop"])).values()
    assert (tool.name, tool.effects, tool.description) == ("shop_getOrder", False, "An order's state.")
    assert set(tool.parameters["properties"]) == {"number", "lines", "tag"}
    called = await opened.call("shop_getOrder", {"number": "A 1", "lines": "true", "tag": ["a", "b&c"]})
    assert called.output.text == '{"state": "shipped"}'
    assert web.asked[-1].path == "/api/orders/A%201?lines=true&tag=a&tag=b%26c"
    wrong = await opened.call("shop_getOrder", {"number": "1", "lines": "perhaps"})
    assert wrong.record.outcome == "invalid_arguments"
    climbing = await opened.call("shop_getOrder", {"number": ".."})
    assert climbing.record.outcome == "invalid_arguments"


@pytest.mark.usefixtures("document")
async def test_what_is_not_allowed_does_not_exist(kit: Open) -> None:
    """An operation that the list does not name cannot be called, whatever the document offers."""
    assert set(await kit(shop('["GET /orders/{number}"]')).toolbox.tools(["shop"])) == {"shop_getOrder"}


@pytest.mark.usefixtures("document")
async def test_an_operation_that_writes_has_effects(kit: Open, web: WebServer) -> None:
    """Unless the table says otherwise; its body is checked by a schema that may contain itself."""
    web.says("/api/tickets", {"id": 1})
    opened = kit(shop('["createTicket"]'))
    tool = (await opened.toolbox.tools(["shop"]))["shop_createTicket"]
    assert tool.effects
    wrong = await opened.call("shop_createTicket", {"body": {"parent": {"title": "x"}}})
    assert wrong.record.outcome == "invalid_arguments"
    asker = Asker("slack:U1", "slack:C1", key="k")
    await opened.call("shop_createTicket", {"body": {"title": "ñ"}}, asker=asker)
    assert json.loads(web.asked[-1].body) == {"title": "ñ"}
    assert web.asked[-1].headers["idempotency-key"] == "k"


@pytest.mark.usefixtures("document")
async def test_an_operation_that_is_not_there_is_a_problem_that_is_told(kit: Open) -> None:
    """The other tools still serve."""
    opened = kit(shop('["getOrdr"]'))
    assert await opened.toolbox.tools(["shop"]) == {}
    assert "there is no operation `getOrdr`" in opened.toolbox.problems["shop"]


async def test_a_document_on_the_web_is_fetched_safely(kit: Open, web: WebServer) -> None:
    """By the same rules as everything else that is fetched."""
    web.says("/openapi.json", json.loads(json.dumps(SHOP).replace("WEB", web.url)))
    found = shop('["getOrder"]').replace("shop.yaml", f"{web.url}/openapi.json")
    assert set(await kit(found).toolbox.tools(["shop"])) == {"shop_getOrder"}
    refused = kit(shop('["getOrder"]').replace("shop.yaml", "http://127.0.0.1:9/openapi.json"))
    assert await refused.toolbox.tools(["shop"]) == {}
    assert "not a public address" in refused.toolbox.problems["shop"]


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
        opened = kit(toml)
        opened.toolbox._settings = opened.toolbox._settings.model_copy(
            update={"fetch": opened.toolbox._settings.fetch.model_copy(update={"allow": ("127.0.0.1",)})}
        )
        assert (await opened.call("o_lunch", {"day": "monday"})).output.text == "soup on monday"
        await opened.toolbox.aclose()


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DRAW = '[[tools]]\nname = "draw"\nkind = "image"\nbase_url = "WEB/v1"\nmodel = "m"'


async def test_a_picture_is_drawn(kit: Open, web: WebServer) -> None:
    """It comes as a file, with the prompt it was made from; the model is not given a link to it."""
    web.says("/v1/images/generations", {"data": [{"b64_json": base64.b64encode(PIXEL).decode()}]})
    called = await kit(DRAW, OPENAI_API_KEY="sk-1").call("draw", {"prompt": "un grifo azul"})
    [picture] = called.output.pictures
    assert (picture.content, picture.media_type, picture.alt) == (PIXEL, "image/png", "un grifo azul")
    assert picture.name.endswith(".png")
    assert web.asked[0].headers["authorization"] == "Bearer sk-1"
    assert json.loads(web.asked[0].body)["prompt"] == "un grifo azul"
    assert "http" not in called.output.text


async def test_a_picture_by_address_is_fetched_safely(kit: Open, web: WebServer) -> None:
    """The images API may not lead the bot into the house."""
    web.says("/v1/images/generations", {"data": [{"url": "http://169.254.169.254/latest/meta-data"}]})
    called = await kit(DRAW, OPENAI_API_KEY="sk-1").call("draw", {"prompt": "un grifo azul"})
    assert called.record.outcome == "failed"
    assert called.output.pictures == ()


@pytest.mark.parametrize(
    "answer", [{}, {"data": []}, {"data": [{"b64_json": "PHN2Zz4="}]}, [], {"data": [1]}]
)
async def test_what_is_no_picture_is_not_posted(kit: Open, web: WebServer, answer: object) -> None:
    """Whatever it says it is."""
    web.says("/v1/images/generations", answer)
    called = await kit(DRAW, OPENAI_API_KEY="sk-1").call("draw", {"prompt": "un grifo azul"})
    assert called.record.outcome == "failed"


async def test_the_search_reads_what_the_asker_may(kit: Open) -> None:
    """What a search would bring from elsewhere is left out once more."""
    opened = kit('[[tools]]\nname = "search"\nkind = "documents"\nlimit = 4')
    asker = Asker("slack:U1", "slack:C1", sources=frozenset({"docs"}))
    called = await opened.call("search", {"query": "vacaciones"}, asker=asker)
    assert [hit.passage.source for hit in called.output.hits] == ["docs"]
    assert opened.library.asked == [("vacaciones", 4, frozenset({"docs"}))]
