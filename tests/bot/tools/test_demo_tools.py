"""The demo company's tools: what they tell and do, and that nothing discontinued is offered."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.config import load_settings
from bot.tools.calling import Caller
from bot.tools.tool import Asker, Tool
from bot.tools.toolbox import Toolbox
from tests.bot.tools.conftest import Library
from tests.web_server import WebServer

DEMO = Path(__file__).parents[3] / "examples" / "demo"


@pytest.fixture
async def tools(tmp_path: Path, web: WebServer) -> AsyncIterator[dict[str, Tool]]:
    """The demo's tools on a copy, with the weather on a loopback server."""
    for name in ("inventory.sqlite", "office.py"):
        (tmp_path / name).write_bytes((DEMO / name).read_bytes())
    for folder in ("docs", "people"):
        (tmp_path / folder).mkdir()
    toml = (DEMO / "vocero.toml").read_text("utf-8").replace("127.0.0.1:8099", web.place)
    (tmp_path / "vocero.toml").write_text(toml, "utf-8")
    settings = load_settings(tmp_path / "vocero.toml", environ={})
    toolbox = Toolbox(settings, Library())
    yield await toolbox.tools(settings.channel_for("terminal", "local").tools)
    await toolbox.aclose()


async def told(redis: Redis, tool: Tool, **arguments: object) -> str:
    called = await Caller(redis).call(tool, arguments, Asker("terminal:1", "terminal:local", key="k"))
    assert called.error is None, called.output.text
    return called.output.text


@pytest.mark.parametrize("product", ["A8", "acequia a8", "REG-A8", "reg-a8"])
async def test_stock_by_name_or_number(redis: Redis, tools: dict[str, Tool], product: str) -> None:
    """However a product is called."""
    [row] = json.loads(await told(redis, tools["stock"], product=product, country="ES"))
    assert (row["product"], row["city"], row["available"]) == ("Acequia A8", "Valencia", 257)


async def test_nothing_discontinued_is_in_stock(redis: Redis, tools: dict[str, Tool]) -> None:
    """Sixty-one Sereno W1 lie in Rosario; they are not sold any more."""
    rows = json.loads(await told(redis, tools["stock"], product="Sereno"))
    assert {row["product"] for row in rows} == {"Sereno W2"}


async def test_an_order_is_found_by_its_number(redis: Redis, tools: dict[str, Tool]) -> None:
    """And by nothing else: a list of orders cannot be had."""
    [row] = json.loads(await told(redis, tools["order_status"], number="ar-104561"))
    assert (row["status"], row["tracking"]) == ("shipped", "PL88127790")
    assert "customer" not in row
    called = await Caller(redis).call(tools["order_status"], {"number": "%"}, Asker("a", "b"))
    assert called.record.outcome == "invalid_arguments"


async def test_the_weather_comes_over_http(redis: Redis, tools: dict[str, Tool], web: WebServer) -> None:
    """And is kept for a while."""
    web.says("/weather", {"city": "Rosario", "sky": "nublado", "temperature_c": 18, "rain_mm": 0, "x": 1})
    for _ in range(2):
        found = json.loads(await told(redis, tools["weather"], city="Rosario"))
        assert found == {"city": "Rosario", "sky": "nublado", "degrees": 18, "rain_mm": 0}
    assert len(web.asked) == 1


async def test_what_changes_something_says_so(redis: Redis, tools: dict[str, Tool]) -> None:
    """Booking and tickets have effects, the rest has none; a room is booked once an hour."""
    assert {name for name, tool in tools.items() if tool.effects} == {"book_meeting", "create_ticket"}
    booking = {"room": "Turia", "day": "2026-12-01", "hour": 10, "people": 4, "title": "Riego"}
    assert await told(redis, tools["book_meeting"], **booking) == "Turia, 2026-12-01, 10:00: Riego"
    again = await Caller(redis).call(tools["book_meeting"], booking, Asker("a", "b", key="k2"))
    assert again.output.text == "Turia is taken on 2026-12-01 at 10."
    assert await told(redis, tools["create_ticket"], title="No riega", details="Desde ayer") == "T-1001"
