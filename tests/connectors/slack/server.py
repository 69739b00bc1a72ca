"""A loopback Slack: the Web API and Socket Mode as far as the connector uses them, with faults on demand."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.connectors.slack.methods import Methods
from tests.web_server import running

TEAM, BOT, BOT_ID, ANA, BEA, ADMIN = "T1", "UBOT", "BBOT", "UANA", "UBEA", "UADMIN"
TOKEN, APP_TOKEN, SECRET = "xoxb-loopback", "xapp-loopback", "loopback-secret"
LOCALES = {ANA: "es-AR", ADMIN: "es-ES"}


@dataclass
class Fault:
    """What a call ends in instead of what it should."""

    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    done: bool = False
    """It was carried out; only the answer is lost."""
    when: Callable[[dict[str, Any]], bool] = lambda _: True
    """Which calls it is for."""


@dataclass
class SlackServer(Methods):
    """One workspace with what was posted in it, and what the app did."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[tuple[str, str]] = field(default_factory=list)
    """The token of each call, by method."""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By method; each call takes one. `always` holds for all calls."""
    always: dict[str, Fault] = field(default_factory=dict)
    responses: list[dict[str, Any]] = field(default_factory=list)
    """What was sent to response addresses, and ephemerally."""
    acknowledged: list[str] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    then: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens once, by method, after a call was carried out and before it is answered."""
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds that a method takes."""
    tickets: set[str] = field(default_factory=set)
    """Addresses of Socket Mode that have not been used; each serves once."""
    refused_sockets: int = 0
    """So many connections fail."""
    only_post: bool = False
    """Whether calls by GET find nothing."""
    scopes: str = "chat:write"
    """What auth.test says was granted."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def called(self, method: str) -> list[dict[str, Any]]:
        """Arguments of the calls of a method."""
        return [arguments for name, arguments in self.calls if name == method]

    async def api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.only_post and request.method == "GET":
            raise web.HTTPNotFound
        if request.content_type == "application/json":
            arguments = await request.json()
        else:
            arguments = dict(request.query) | {name: str(v) for name, v in (await request.post()).items()}
        self.calls.append((method, arguments))
        self.tokens.append((method, request.headers.get("Authorization", "").removeprefix("Bearer ")))
        await asyncio.sleep(self.slow.get(method, 0))
        fault = self.always.get(method)
        if fault is None or not fault.when(arguments):
            fault = (self.faults.get(method) or [None]).pop(0)
        if fault is None and (seconds := self.too_fast(method, arguments)):
            fault = Fault("ratelimited", 429, retry_after=seconds)
        answer = self.carry_out(method, arguments) if fault is None or fault.done else {}
        self.then.pop(method, lambda: None)()
        if fault is None:
            return web.json_response(answer, headers={"x-oauth-scopes": self.scopes})
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return web.json_response({"ok": False, "error": fault.error}, status=fault.status, headers=headers)

    def number(self) -> int:
        """One that was never given."""
        return int(next(self._numbers))

    def open_socket(self) -> str:
        ticket = str(self.number())
        self.tickets.add(ticket)
        return f"{self.url.replace('http://', 'ws://').replace('/api/', '/socket')}?ticket={ticket}"

    async def response(self, request: web.Request) -> web.Response:
        fault = (self.faults.get("response") or [None]).pop(0)
        if fault is not None:
            return web.Response(text=fault.error, status=fault.status)
        self.responses.append(await request.json())
        return web.Response(text="ok")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file, for whoever shows the bot's token."""
        file = self.files[request.match_info["name"]]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if isinstance(file, str):
            raise web.HTTPFound(file)
        return web.Response(body=file, content_type="application/octet-stream")

    async def upload(self, request: web.Request) -> web.Response:
        """The content of a file of the app's."""
        fault = (self.faults.get("upload") or [None]).pop(0)
        if fault is not None:
            return web.Response(text=fault.error, status=fault.status)
        self.contents[request.match_info["id"]] = await request.read()
        return web.Response(text="OK")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        if request.query["ticket"] not in self.tickets:
            raise web.HTTPForbidden
        self.tickets.discard(request.query["ticket"])
        if self.refused_sockets:
            self.refused_sockets -= 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.connected.set()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.acknowledged.append(json.loads(message.data)["envelope_id"])
        return socket

    async def send(self, payload: dict[str, Any], kind: str = "events_api") -> str:
        """Delivers something by the newest connection; gives the envelope's id."""
        await asyncio.wait_for(self.connected.wait(), 20)
        envelope = f"envelope-{self.number()}"
        await self.sockets[-1].send_json(
            {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": False}
        )
        return envelope

    async def cut(self) -> None:
        """Breaks the connection without a word; the next one is waited for by `send`."""
        self.connected.clear()
        transport = self.sockets[-1]._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    """A running workspace; `url` is the base address of its Web API."""
    server = SlackServer()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", server.api)
    app.router.add_post("/response", server.response)
    app.router.add_get("/files/{name}", server.file)
    app.router.add_post("/upload/{id}", server.upload)
    app.router.add_get("/socket", server.socket)
    async with running(app) as address:
        server.url = f"{address}/api/"
        yield server
