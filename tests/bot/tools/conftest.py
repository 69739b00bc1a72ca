"""A configuration with tools, opened over a real Valkey and a loopback server."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.config import load_settings
from bot.settings import Settings
from bot.tools.calling import Called, Caller
from bot.tools.tool import Asker
from bot.tools.toolbox import Toolbox
from knowledge.documents import Hit, Passage
from knowledge.matching import Terms
from knowledge.retrieval import Found
from tests.web_server import WebServer, web_server

Load = Callable[..., Settings]


class Library:
    """A search that finds one passage in each source."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, frozenset[str]]] = []

    def search(
        self, question: str, *, limit: int, sources: frozenset[str], readers: frozenset[str] = frozenset()
    ) -> Found:
        self.asked.append((question, limit, sources))
        passages = (
            Passage(id=name, source=name, document="d.md", title="T", headings=(), text=f"text of {name}")
            for name in ("docs", "people")
        )
        return Found(tuple(Hit(passage, 1.0) for passage in passages), Terms.of(question))


class Kit:
    """The tools of a configuration, to be called by name."""

    def __init__(self, toolbox: Toolbox, caller: Caller, library: Library) -> None:
        self.toolbox = toolbox
        self.caller = caller
        self.library = library

    async def call(
        self, name: str, arguments: Mapping[str, Any] | None = None, *, asker: Asker | None = None
    ) -> Called:
        """Calls a tool whatever its table is called."""
        tables = [one.name for one in self.toolbox._settings.tools]
        tool = (await self.toolbox.tools(tables))[name]
        return await self.caller.call(tool, arguments or {}, asker or Asker("slack:U1", "slack:C1"))


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as server:
        yield server


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(toml: str, **environ: str) -> Settings:
        path = tmp_path / "vocero.toml"
        path.write_text(toml, "utf-8")
        return load_settings(path, environ=environ)

    return load


@pytest.fixture
async def kit(load: Load, redis: Redis, web: WebServer) -> AsyncIterator[Callable[..., Kit]]:
    opened: list[Toolbox] = []

    def open_kit(toml: str, *, allow: Sequence[str] = (), **environ: str) -> Kit:
        fetch = f"\n[fetch]\nallow = {json.dumps([web.place, *allow])}\n"
        library = Library()
        toolbox = Toolbox(load(toml.replace("WEB", web.url) + fetch, **environ), library)
        opened.append(toolbox)
        return Kit(toolbox, Caller(redis), library)

    yield open_kit
    for toolbox in opened:
        await toolbox.aclose()
