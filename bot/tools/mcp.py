"""Tools of an MCP server, over its standard input and output or over streamable HTTP."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigurationError, VoceroError
from bot.tools.arguments import check_by_schema
from bot.tools.mcp_http import McpRefusedError, guarded
from bot.tools.mcp_session import KeptSession
from bot.tools.reading import Variables, secrets_in, told, with_variables
from bot.tools.schemas import SchemaError, description, usable
from bot.tools.settings import McpTool
from bot.tools.tool import Asker, Output, Tool, ToolError
from knowledge.addresses import AllowList

if TYPE_CHECKING:
    from mcp.client.session import ClientSession

_PAGES = 20
"""Of a server's list of tools that are read."""


class McpServer:
    """A server, and those of its tools that may be called."""

    def __init__(self, settings: McpTool, allow: Sequence[str], variables: Variables) -> None:
        self._settings = settings
        self._allowed = AllowList(allow)
        self._variables = variables
        self._seconds = settings.timeout.total_seconds()
        self._kept = KeptSession(self._begun, self._seconds) if settings.command else None

    async def tools(self) -> list[Tool]:
        """A tool for each allowed one; raises `VoceroError` when it cannot be reached or lacks one."""
        place = f'[[tools]] "{self._settings.name}"'
        try:
            async with asyncio.timeout(self._seconds), self._session() as session:
                offered = await _listed(session)
        except ImportError:
            raise ConfigurationError(
                f"{place}: MCP needs a package more: `pip install 'vocero[mcp]'`."
            ) from None
        except TimeoutError:
            raise VoceroError(f"{place}: the MCP server did not say in time what it has.") from None
        except Exception as error:
            raise VoceroError(f"{place}: the MCP server cannot be reached ({_cause(error)}).") from error
        missing = next((name for name in self._settings.tools if name not in offered), None)
        if missing is not None:
            raise ConfigurationError(
                f"{place}: the server has no tool `{missing}`; it has {', '.join(offered) or 'none'}."
            )
        try:
            return [self._tool(offered[name]) for name in self._settings.tools]
        except SchemaError as error:
            raise ConfigurationError(f"{place}: what a tool takes cannot be checked: {error}.") from None

    async def aclose(self) -> None:
        """Ends its process."""
        if self._kept is not None:
            await self._kept.aclose()

    def _session(self) -> "AbstractAsyncContextManager[ClientSession]":
        return self._kept.session() if self._kept else self._begun()

    @contextlib.asynccontextmanager
    async def _begun(self) -> AsyncIterator["ClientSession"]:
        """A session of its own."""
        from llama_index.tools.mcp import BasicMCPClient

        settings, variables = self._settings, self._variables
        timeout = max(1, int(self._seconds))
        headers = {name: with_variables(value, variables) for name, value in settings.headers.items()}
        async with guarded(self._allowed, headers, timeout) as http:
            if settings.url is not None:
                client = BasicMCPClient(settings.url, timeout=timeout, http_client=http)
            else:
                assert settings.command is not None
                command, *arguments = (with_variables(part, variables) for part in settings.command)
                env = {name: with_variables(value, variables) for name, value in settings.env.items()}
                # Without a client of ours it would make one that nobody closes.
                client = BasicMCPClient(command, args=arguments, env=env, timeout=timeout, http_client=http)
            # Its public methods begin and end a session, and with it a process, each.
            async with client._run_session() as session:
                yield session

    def _tool(self, offered: Any) -> Tool:
        settings = self._settings
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{settings.name}_{offered.name}")[:64]
        schema = usable(offered.input_schema)
        effects = _has_effects(settings, offered)

        async def run(arguments: dict[str, Any], asker: Asker) -> Output:
            try:
                async with self._session() as session:
                    meta: Any = {"idempotencyKey": asker.key} if effects else None
                    result = await session.call_tool(offered.name, arguments, meta=meta)
            except Exception as error:
                raise ToolError(f"{name} failed ({_cause(error)}).", done=None) from error
            text = _text(result)
            if getattr(result, "is_error", True):
                raise ToolError(f"{name}: {text[:300]}", done=None)
            return Output(text)

        return Tool(
            name=name,
            description=description(settings.description, offered.description) or offered.name,
            parameters=schema,
            check=check_by_schema(schema),
            run=run,
            effects=effects,
            secret=secrets_in([settings.command, settings.env, settings.headers], self._variables),
        )


async def _listed(session: "ClientSession") -> dict[str, Any]:
    """What a server offers, by name."""
    from mcp.types import PaginatedRequestParams

    offered: dict[str, Any] = {}
    cursor = None
    for _ in range(_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
        offered |= {tool.name: tool for tool in page.tools}
        cursor = page.next_cursor
        if not cursor:
            break
    return offered


def _has_effects(settings: McpTool, offered: Any) -> bool:
    """As the configuration says; else as the server says that it does not only read."""
    if isinstance(settings.effects, bool):
        return settings.effects
    if settings.effects is not None:
        return offered.name in settings.effects
    hints = offered.annotations
    return (
        hints is not None
        and not hints.read_only_hint
        and (hints.read_only_hint is False or hints.destructive_hint is True)
    )


def _text(result: Any) -> str:
    texts = [block.text for block in result.content if block.type == "text"]
    if texts:
        return "\n".join(texts)
    return told(result.structured_content or {})


def _cause(error: BaseException) -> str:
    """What went wrong inside: task groups wrap their errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, McpRefusedError):
        return str(error)
    return type(error).__name__
