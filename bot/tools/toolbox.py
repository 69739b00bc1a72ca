"""The tools of the configuration: opened once, given out by name."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial

from bot.settings import Settings
from bot.tools.documents import Search, open_documents
from bot.tools.elsewhere import Elsewhere
from bot.tools.http import open_http
from bot.tools.image import open_image
from bot.tools.mcp import McpServer
from bot.tools.openapi import open_openapi
from bot.tools.python import open_python
from bot.tools.settings import (
    AnyTool,
    DocumentsTool,
    HttpTool,
    ImageTool,
    McpTool,
    OpenApiTool,
    PythonTool,
    SqlTool,
)
from bot.tools.sql import open_sql
from bot.tools.tool import Tool
from knowledge.fetching import Fetcher

log = logging.getLogger(__name__)


class Toolbox:
    """Everything that may be called somewhere.

    What comes from a file is opened at once: raises `ConfigurationError`. What a server has to tell is asked
    for when it is first wanted; while it cannot tell, its tools do not exist.
    """

    def __init__(self, settings: Settings, library: Search) -> None:
        self._settings = settings
        self._library = library
        self._fetcher = Fetcher(settings.fetch.allow)
        self._opened: dict[str, list[Tool]] = {}
        self._elsewhere: dict[str, Elsewhere] = {}
        self._servers: list[McpServer] = []
        for one in settings.tools:
            if isinstance(one, OpenApiTool | McpTool):
                self._elsewhere[one.name] = Elsewhere(one.name, self._asking(one))
            else:
                self._opened[one.name] = [_limited(self._open(one), one)]

    @property
    def problems(self) -> dict[str, str]:
        """What could not be opened, in a sentence each."""
        return {name: one.problem for name, one in self._elsewhere.items() if one.problem is not None}

    async def aclose(self) -> None:
        """Closes the connections, and ends the processes of servers."""
        await asyncio.gather(*(one.aclose() for one in self._elsewhere.values()))
        await asyncio.gather(*(one.aclose() for one in self._servers))
        await self._fetcher.aclose()

    async def tools(self, groups: Collection[str]) -> dict[str, Tool]:
        """The tools that these `[[tools]]` tables stand for, by the name that the model calls them."""
        names = sorted(groups)
        found: dict[str, Tool] = {}
        for name, tools in zip(names, await asyncio.gather(*map(self._group, names)), strict=True):
            for tool in tools:
                if found.setdefault(tool.name, tool) is not tool:
                    log.warning("Two tools are called %s: that of %s is left out.", tool.name, name)
        return found

    async def _group(self, name: str) -> list[Tool]:
        elsewhere = self._elsewhere.get(name)
        return self._opened.get(name, []) if elsewhere is None else await elsewhere.tools()

    def _asking(self, settings: OpenApiTool | McpTool) -> Callable[[], Awaitable[list[Tool]]]:
        """What asks a server."""
        if isinstance(settings, McpTool):
            server = McpServer(settings, self._settings.fetch.allow, self._settings.variables)
            self._servers.append(server)
            ask = server.tools
        else:
            ask = partial(open_openapi, settings, self._fetcher, self._settings.variables)

        async def limited() -> list[Tool]:
            return [_limited(tool, settings) for tool in await ask()]

        return limited

    def _open(self, settings: AnyTool) -> Tool:
        variables = self._settings.variables
        match settings:
            case PythonTool():
                return open_python(settings)
            case HttpTool():
                return open_http(settings, self._fetcher, variables)
            case SqlTool():
                return open_sql(settings, variables)
            case ImageTool():
                return open_image(settings, self._fetcher, variables)
            case DocumentsTool():
                return open_documents(settings, self._library)
            case _:
                raise AssertionError("asked of a server, not opened")


def _limited(tool: Tool, settings: AnyTool) -> Tool:
    """The tool with what its table says about every kind."""
    return replace(
        tool,
        group=settings.name,
        version=hashlib.sha256(settings.model_dump_json().encode()).hexdigest(),
        timeout=settings.timeout.total_seconds(),
        cache=settings.cache,
        concurrency=settings.concurrency,
        max_chars=settings.max_chars,
    )
