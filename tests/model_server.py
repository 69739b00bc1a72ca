"""A loopback server that speaks the OpenAI chat protocol and says what a test has it say."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.web_server import running

CUT = "\0cut"
"""In a script: the connection is cut here."""
STALL = "\0stall"
"""In a script: nothing comes any more."""


@dataclass
class ModelServer:
    """What the model says next, and what it was asked."""

    script: Callable[[dict[str, Any]], list[str]] = lambda _: ["NOT_IN_THE_DOCUMENTS"]
    """The pieces of the reply to a request."""
    status: int = 200
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def says(self, *pieces: str) -> None:
        """Every reply consists of these pieces."""
        self.script = lambda _: list(pieces)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        if self.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=self.status)
        pieces = self.script(body)
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(pieces)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response(_envelope("chat.completion", choices=[choice]))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            if piece == CUT:
                assert request.transport is not None
                request.transport.abort()
                return response
            if piece == STALL:
                await asyncio.sleep(3600)
            choice = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}
            await self._send(response, _envelope("chat.completion.chunk", choices=[choice]))
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        await self._send(response, _envelope("chat.completion.chunk", choices=[last]))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _send(self, response: web.StreamResponse, event: dict[str, Any]) -> None:
        await response.write(f"data: {json.dumps(event)}\n\n".encode())


def _envelope(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": "1", "object": kind, "created": 0, "model": "scripted", **fields}


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """A running server; `url` is the base address for a client."""
    server = ModelServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.answer)
    async with running(app) as address:
        server.url = f"{address}/v1"
        yield server
