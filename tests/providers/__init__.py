"""Loopback servers that speak each provider's wire format and do what a test's script says, faults included.

    async with provider_server("anthropic") as server:
        server.script = [calls(("stock", {"product": "lima"})), says("Quedan ", "12.")]

Each request takes the next turn of the script; the last one is repeated.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from aiohttp import web

from knowledge.models import Provider
from tests.providers.wires import WIRES, Turn, Wire
from tests.web_server import running

__all__ = ["PROVIDERS", "ProviderServer", "Turn", "calls", "fails", "provider_server", "says"]

MODELS = {
    "openai": "openai:gpt-4.1-mini",
    "responses": "openai:gpt-5.4-pro",
    "openai-like": "openai-like:scripted",
    "anthropic": "anthropic:claude-sonnet-4-5",
    "gemini": "gemini:gemini-3.7-flash",
    "ollama": "ollama:llama3.2",
}
"""A model of each way to reach one; OpenAI has two."""
PROVIDERS = tuple(MODELS)

Fault = Literal["cut", "malformed", "stall", "close"]


def says(*pieces: str, fault: Fault | None = None, **more: Any) -> Turn:
    """Text in pieces; then its end, or a fault."""
    return Turn(pieces=pieces, fault=fault, **more)


def calls(*wanted: tuple[str, dict[str, Any] | str], text: str = "", **more: Any) -> Turn:
    """Tool calls, all in one reply, with text before them; arguments as text are sent as they are."""
    return Turn(pieces=(text,) if text else (), calls=wanted, **more)


def fails(status: int, **headers: str) -> Turn:
    """An error before anything is said; `retry_after` becomes `Retry-After`."""
    return Turn(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class ProviderServer:
    """What the provider says next, and what it was asked."""

    name: str
    wire: Wire
    script: list[Turn] = field(default_factory=lambda: [Turn(pieces=("Sí.",))])
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    @property
    def spec(self) -> str:
        """`provider:model`."""
        return MODELS[self.name]

    @property
    def base_url(self) -> str:
        """The address, as this provider's client takes it."""
        return self.address + self.wire.base_path

    @property
    def providers(self) -> dict[str, Provider]:
        """Settings that lead here."""
        return {self.spec.partition(":")[0]: Provider(base_url=self.base_url, api_key="secret")}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not self.wire.serves(request.path):
            return web.Response(status=404)
        self.requests.append(await request.json())
        self.headers.append(dict(request.headers))
        turn = self.script[min(len(self.requests), len(self.script)) - 1]
        if turn.status != 200:
            return web.json_response(self.wire.error(turn.status), status=turn.status, headers=turn.headers)
        response = web.StreamResponse(headers={"Content-Type": self.wire.media_type})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # the client has had enough
            await self._send(request, response, turn)
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, turn: Turn) -> None:
        body = self.wire.body(turn)
        if turn.bytes_sent is not None:
            await response.write(b"".join((*body.events, *body.end))[: turn.bytes_sent])
            return
        for event in body.events:
            await asyncio.sleep(turn.pause)
            await response.write(event)
        if turn.fault == "stall":
            await asyncio.sleep(3600)
        if turn.fault == "malformed":
            await response.write(self.wire.malformed)
            await response.write(b"".join(body.end))
        if turn.fault == "cut":  # in the middle of an event
            await response.write((self.wire.body(replace(turn, pieces=("…", "y"))).events or [b"{"])[-1][:-9])
            assert request.transport is not None
            await asyncio.sleep(0.01)
            request.transport.abort()
        if turn.fault is None:
            for event in body.end:
                await response.write(event)


@asynccontextmanager
async def provider_server(name: str) -> AsyncIterator[ProviderServer]:
    """A running server of this provider's kind."""
    server = ProviderServer(name, WIRES[name])
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with running(app) as server.address:
        yield server
