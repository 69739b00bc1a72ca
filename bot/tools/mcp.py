"""Tools of an MCP server, over its standard input and output or over streamable HTTP."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigurationError, VoceroError
from bot.tools.arguments import check_by_schema
from bot.tools.reading import Variables, secrets_in, told, with_variables
from bot.tools.settings import McpTool
from bot.tools.tool import Asker, Output, Tool, ToolError
from knowledge.addresses import AllowList

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from llama_index.tools.mcp import BasicMCPClient

Connection = Callable[[], AbstractAsyncContextManager["BasicMCPClient"]]


async def open_mcp(settings: McpTool, allow: Sequence[str], variables: Variables) -> list[Tool]:
    """A tool for each allowed one; raises `VoceroError` when the server cannot be reached or lacks one."""
    place = f'[[tools]] "{settings.name}"'
    try:
        connection = partial(_connected, settings, AllowList(allow), variables)
        async with asyncio.timeout(settings.timeout.total_seconds()), connection() as client:
            offered = {tool.name: tool for tool in (await client.list_tools()).tools}
    except ImportError:
        raise ConfigurationError(f"{place}: MCP needs a package more: `pip install 'vocero[mcp]'`.") from None
    except TimeoutError:
        raise VoceroError(f"{place}: the MCP server did not say in time what it has.") from None
    except Exception as error:
        raise VoceroError(f"{place}: the MCP server cannot be reached ({_cause(error)}).") from error
    missing = next((name for name in settings.tools if name not in offered), None)
    if missing is not None:
        raise ConfigurationError(
            f"{place}: the server has no tool `{missing}`; it has {', '.join(offered) or 'none'}."
        )
    return [_tool(settings, offered[name], connection, variables) for name in settings.tools]


@contextlib.asynccontextmanager
async def _connected(
    settings: McpTool, allowed: AllowList, variables: Variables
) -> AsyncIterator["BasicMCPClient"]:
    from llama_index.tools.mcp import BasicMCPClient

    timeout = max(1, int(settings.timeout.total_seconds()))
    headers = {name: with_variables(value, variables) for name, value in settings.headers.items()}
    async with _guarded(allowed, headers, timeout) as http:
        if settings.url is not None:
            yield BasicMCPClient(settings.url, timeout=timeout, http_client=http)
            return
        assert settings.command is not None
        command, *arguments = (with_variables(part, variables) for part in settings.command)
        env = {name: with_variables(value, variables) for name, value in settings.env.items()}
        # Without a client of ours it would make one that nobody closes.
        yield BasicMCPClient(command, args=arguments, env=env, timeout=timeout, http_client=http)


def _tool(settings: McpTool, offered: Any, connection: Connection, variables: Variables) -> Tool:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{settings.name}_{offered.name}")[:64]

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        try:
            async with connection() as client:
                result = await client.call_tool(offered.name, arguments)
        except Exception as error:
            raise ToolError(f"{name} failed ({_cause(error)}).", done=None) from error
        text = _text(result)
        if result.is_error:
            raise ToolError(f"{name}: {text[:300]}", done=None)
        return Output(text)

    return Tool(
        name=name,
        description=" ".join(filter(None, (settings.description, offered.description))) or offered.name,
        parameters=offered.input_schema,
        check=check_by_schema(offered.input_schema),
        run=run,
        effects=_has_effects(settings, offered),
        secret=secrets_in([settings.command, settings.env, settings.headers], variables),
    )


def _has_effects(settings: McpTool, offered: Any) -> bool:
    """As the configuration says; else as the server says that it does not only read."""
    if isinstance(settings.effects, bool):
        return settings.effects
    if settings.effects is not None:
        return offered.name in settings.effects
    return offered.annotations is not None and offered.annotations.read_only_hint is False


def _text(result: Any) -> str:
    texts = [block.text for block in result.content if block.type == "text"]
    if texts:
        return "\n".join(texts)
    return told(result.structured_content or {})


def _cause(error: BaseException) -> str:
    """What went wrong inside: task groups wrap their errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, _NotAllowedError):
        return str(error)
    return type(error).__name__


class _NotAllowedError(OSError):
    """The address is not public and not allowed."""


def _guarded(allowed: AllowList, headers: Mapping[str, str], timeout: float) -> "AsyncClient":
    """An HTTP client that looks at each address it connects to."""
    import httpcore2
    import httpx2

    class Backend(httpcore2.AnyIOBackend):
        async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> Any:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [str(one[4][0]) for one in found]
            by_name = allowed.name(host, port)
            good = [one for one in addresses if by_name or allowed.address(one, port)]
            if not good:
                raise _NotAllowedError(
                    f"{host} is not a public address; name it under `allow` in [fetch] if it may be reached"
                )
            return await super().connect_tcp(good[0], port, *args, **options)

    transport = httpx2.AsyncHTTPTransport(trust_env=False)
    # The transport has no parameter for it; connections are the pool's alone to make.
    transport._pool = httpcore2.AsyncConnectionPool(
        ssl_context=httpx2.create_ssl_context(trust_env=False), network_backend=Backend()
    )
    return httpx2.AsyncClient(
        transport=transport, headers=dict(headers), timeout=timeout, trust_env=False, follow_redirects=False
    )
