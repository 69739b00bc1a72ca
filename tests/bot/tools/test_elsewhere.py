"""Tools that others describe: OpenAPI documents, an images API; and the search."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.openapi_document import Document
from bot.tools.schemas import SchemaError, usable
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


def one(**operation: Any) -> dict[str, Any]:
    """A document with one operation, `x`, at `/x/{id}`."""
    return {
        "openapi": "3.0.3",
        "servers": [{"url": "WEB"}],
        "paths": {"/x/{id}": {"get": {"operationId": "x", **operation}}},
    }


def bomb() -> dict[str, Any]:
    """A schema that doubles with each of its references."""
    schemas: dict[str, Any] = {"s30": {}}
    for number in range(30):
        schemas[f"s{number}"] = {"allOf": [{"$ref": f"#/components/schemas/s{number + 1}"}] * 2}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/s0"}}}}
    return one(requestBody=body) | {"components": {"schemas": schemas}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "neither JSON nor YAML"),
        ("a: [", "neither JSON nor YAML"),
        ("[" * 100_000, "neither JSON nor YAML"),
        ("", "no OpenAPI 3 document"),
        ("[1]", "no OpenAPI 3 document"),
        ("swagger: '2.0'", "no OpenAPI 3 document"),
        ("openapi: 3.0.0", "does not say where"),
        ({"openapi": "3.1.0", "paths": ["x"], "servers": [{"url": "WEB"}]}, "the document has none"),
        (
            {
                "openapi": "3.1.0",
                "paths": {"/x": None, "/y": 7, "z": {"get": {}}},
                "servers": [{"url": "WEB"}],
            },
            "has none",
        ),
        (one() | {"servers": "x"}, "does not say where"),
        (one() | {"servers": [None]}, "does not say where"),
        (one() | {"servers": [{"url": "file:///etc"}]}, "does not say where"),
        (one(parameters=[{"$ref": "http://127.0.0.1:9/p.json"}]), "another document"),
        (one(parameters=[{"$ref": "#/nothing"}]), "not there"),
        (one(parameters=[{"name": "q", "in": "query", "schema": {"type": "strnig"}}]), "no JSON Schema"),
        (bomb(), "parts"),
    ],
)
async def test_a_document_that_is_wrong_is_a_problem_that_is_told(
    kit: Open, web: WebServer, tmp_path: Path, document: Any, said: str
) -> None:
    """Whatever is wrong with it; nothing is called by it, and no turn fails of it."""
    text = document if isinstance(document, str) else json.dumps(document)
    (tmp_path / "shop.yaml").write_text(text.replace("WEB", web.url), "utf-8")
    opened = kit(shop('["x"]'))
    assert await opened.toolbox.tools(["shop"]) == {}
    assert said in opened.toolbox.problems["shop"]
    assert web.asked == []


@given(
    st.recursive(
        st.none()
        | st.integers()
        | st.text(max_size=3)
        | st.sampled_from(["#", "#/paths", "string", "query", "path"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "$ref",
                        "get",
                        "parameters",
                        "name",
                        "in",
                        "schema",
                        "type",
                        "requestBody",
                        "content",
                        "/x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_or_refused(value: Any) -> None:
    """In words: its text may be anything."""
    for document in (one(parameters=value), one(requestBody=value), one() | {"paths": {"/x": value}}, value):
        try:
            [operation] = Document.of(json.dumps(document)).operations("x")
            usable({"properties": {"p": operation.body}})
        except SchemaError as error:
            assert str(error)


async def test_a_document_does_not_decide_where_a_call_goes(
    kit: Open, web: WebServer, tmp_path: Path
) -> None:
    """A path that would change the host is none; a header that is the bot's to set is not the document's."""
    headers = [
        {"name": name, "in": "header", "schema": {"default": "evil.example"}}
        for name in ("Host", "authorization", "X-V")
    ]
    paths = {
        "@evil.example/": {"get": {"operationId": "away"}},
        "/x/{id}": {"get": {"operationId": "x", "parameters": headers}},
    }
    document = {"openapi": "3.0.0", "servers": [{"url": web.url}], "paths": paths}
    (tmp_path / "shop.yaml").write_text(json.dumps(document), "utf-8")
    away = kit(shop('["away"]'))
    assert await away.toolbox.tools(["shop"]) == {}
    web.says("/x/..%2f?a=b", {})
    await kit(shop('["x"]')).call("shop_x", {"id": "../?a=b"})
    [asked] = web.asked
    assert asked.path == "/x/..%2F%3Fa=b"
    assert asked.headers["host"] == web.place
    assert "authorization" not in asked.headers
    assert asked.headers["x-v"] == "evil.example"


async def test_a_fetched_document_does_not_decide_who_gets_a_secret(kit: Open, web: WebServer) -> None:
    """Calls with one go to the document's own host, or to the one that the table names."""
    web.says("/openapi.json", one() | {"servers": [{"url": "https://evil.example/api"}]})
    fetched = shop('["x"]', 'headers = { X-Key = "${SHOP_KEY}" }').replace(
        "shop.yaml", f"{web.url}/openapi.json"
    )
    opened = kit(fetched, SHOP_KEY="s3cr3t")
    assert await opened.toolbox.tools(["shop"]) == {}
    assert "evil.example" in opened.toolbox.problems["shop"]
    named = kit(f'{fetched}base_url = "{web.url}"\n', SHOP_KEY="s3cr3t")
    web.says("/x/1", {"ok": True})
    assert (await named.call("shop_x", {"id": "1"})).output.text == '{"ok": true}'


async def test_older_documents_are_understood(kit: Open, web: WebServer, tmp_path: Path) -> None:
    """OpenAPI 3.0 says in its own way that something may be null, or that a bound is not reached."""
    schema = {"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True}
    parameters = [
        {"name": "n", "in": "query", "schema": schema},
        {
            "name": "tags",
            "in": "query",
            "explode": False,
            "schema": {"type": "array", "items": {"type": "string"}},
        },
    ]
    text = json.dumps(one(parameters=parameters)).replace("WEB", web.url)
    (tmp_path / "shop.yaml").write_text(text, "utf-8")
    web.says("/x/1", {})
    opened = kit(shop('["x"]'))
    outcomes = [
        (await opened.call("shop_x", {"id": "1", "n": n})).record.outcome for n in (None, "3", 0, "many")
    ]
    assert outcomes == ["ok", "ok", "invalid_arguments", "invalid_arguments"]
    await opened.call("shop_x", {"id": "1", "tags": ["a", "b"]})
    assert web.asked[-1].path == "/x/1?tags=a,b"


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
