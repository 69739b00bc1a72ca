"""What MCP servers are talked to with over HTTP: looks at each address it connects to, and reads so much."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from knowledge.addresses import AllowList

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_SIZE = 10_000_000
"""Bytes of one response."""


class McpRefusedError(OSError):
    """The address may not be reached, or the response is none that is read."""


def guarded(allowed: AllowList, headers: Mapping[str, str], timeout: float) -> "AsyncClient":
    """The client. It follows no redirects."""
    import httpcore2
    import httpx2

    class Backend(httpcore2.AnyIOBackend):
        async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> Any:
            address = await _address(host, port, allowed)
            return await super().connect_tcp(address, port, *args, **options)

    class Limited(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._stream:
                size += len(piece)
                if size > _SIZE:
                    raise McpRefusedError(f"its response is larger than {_SIZE:,} bytes")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Transport(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                # What is packed has no size until it is unpacked.
                raise McpRefusedError("its response is packed, which was not asked for")
            response.stream = Limited(response.stream)
            return response

    transport = Transport(trust_env=False)
    # The transport has no parameter for it; connections are the pool's alone to make.
    transport._pool = httpcore2.AsyncConnectionPool(
        ssl_context=httpx2.create_ssl_context(trust_env=False), network_backend=Backend()
    )
    return httpx2.AsyncClient(
        transport=transport,
        headers={**headers, "Accept-Encoding": "identity"},
        timeout=timeout,
        trust_env=False,
        follow_redirects=False,
    )


async def _address(host: str, port: int, allowed: AllowList) -> str:
    """The address of a host that is connected to; raises `McpRefusedError` when none may be."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    by_name = allowed.name(host, port)
    for one in found:
        if by_name or allowed.address(str(one[4][0]), port):
            return str(one[4][0])
    raise McpRefusedError(
        f"{host} is not a public address; name it under `allow` in [fetch] if it may be reached"
    )
