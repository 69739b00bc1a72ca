"""The tools of the configuration: opened once, given out by name."""

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import replace

from bot.errors import VoceroError
from bot.settings import Settings
from bot.tools.documents import Search, open_documents
from bot.tools.http import open_http
from bot.tools.image import open_image
from bot.tools.mcp import open_mcp
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

_AGAIN = 30.0
"""Seconds after which a server that could not be asked what it has is asked again."""


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
        self._elsewhere: dict[str, OpenApiTool | McpTool] = {}
        self._tried: dict[str, float] = {}
        self._opening = asyncio.Lock()
        self.problems: dict[str, str] = {}
        """What could not be opened, in a sentence each."""
        for one in settings.tools:
            if isinstance(one, OpenApiTool | McpTool):
                self._elsewhere[one.name] = one
            else:
                self._opened[one.name] = [_limited(self._open(one), one)]

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._fetcher.aclose()

    async def tools(self, groups: Collection[str]) -> dict[str, Tool]:
        """The tools that these `[[tools]]` tables stand for, by the name that the model calls them."""
        found: dict[str, Tool] = {}
        for name in sorted(groups):
            for tool in await self._group(name):
                if found.setdefault(tool.name, tool) is not tool:
                    log.warning("Two tools are called %s: that of %s is left out.", tool.name, name)
        return found

    async def _group(self, name: str) -> list[Tool]:
        if name in self._opened or name not in self._elsewhere:
            return self._opened.get(name, [])
        async with self._opening:
            if name in self._opened or time.monotonic() - self._tried.get(name, -_AGAIN) < _AGAIN:
                return self._opened.get(name, [])
            self._tried[name] = time.monotonic()
            settings = self._elsewhere[name]
            try:
                opened = await self._ask(settings)
            except VoceroError as error:
                log.warning("%s Its tools are not there meanwhile.", error)
                self.problems[name] = str(error)
                return []
            self.problems.pop(name, None)
            self._opened[name] = [_limited(tool, settings) for tool in opened]
            return self._opened[name]

    async def _ask(self, settings: OpenApiTool | McpTool) -> list[Tool]:
        variables = self._settings.variables
        if isinstance(settings, OpenApiTool):
            return await open_openapi(settings, self._fetcher, variables)
        return await open_mcp(settings, self._settings.fetch.allow, variables)

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
        timeout=settings.timeout.total_seconds(),
        cache=settings.cache,
        concurrency=settings.concurrency,
        max_chars=settings.max_chars,
    )
