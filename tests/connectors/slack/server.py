"""A loopback Slack: the Web API and Socket Mode as far as the connector uses them, with faults on demand."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

TEAM, BOT, BOT_ID, ANA, ADMIN = "T1", "UBOT", "BBOT", "UANA", "UADMIN"
TOKEN, APP_TOKEN = "xoxb-loopback", "xapp-loopback"
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
class SlackServer:
    """One workspace with what was posted in it, and what the app did."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By method; each call takes one. `always` holds for all calls."""
    always: dict[str, Fault] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "CGEN": {"id": "CGEN", "name": "general"},
            "CMAD": {"id": "CMAD", "name": "madrid"},
            "GHR": {"id": "GHR", "name": "rrhh", "is_private": True},
            "CEXT": {"id": "CEXT", "name": "con-socios", "is_ext_shared": True},
            "DANA": {"id": "DANA", "is_im": True, "user": ANA},
        }
    )
    posts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What stands in the workspace, by channel and timestamp."""
    responses: list[dict[str, Any]] = field(default_factory=list)
    """What was sent to response addresses."""
    acknowledged: list[str] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    then: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens once, by method, after a call was carried out and before it is answered."""
    tickets: set[str] = field(default_factory=set)
    """Addresses of Socket Mode that have not been used; each serves once."""
    refused_sockets: int = 0
    """So many connections fail."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def said(self, channel: str) -> list[dict[str, Any]]:
        """The app's messages in a channel, in order."""
        return [post for (where, _), post in sorted(self.posts.items()) if where == channel]

    def called(self, method: str) -> list[dict[str, Any]]:
        """Arguments of the calls of a method."""
        return [arguments for name, arguments in self.calls if name == method]

    async def api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.content_type == "application/json":
            arguments = await request.json()
        else:
            arguments = dict(request.query) | dict(await request.post())
        self.calls.append((method, arguments))
        assert request.headers["Authorization"] in (f"Bearer {TOKEN}", f"Bearer {APP_TOKEN}")
        fault = self.always.get(method)
        if fault is None or not fault.when(arguments):
            fault = (self.faults.get(method) or [None]).pop(0)
        answer = self._carry_out(method, arguments) if fault is None or fault.done else {}
        self.then.pop(method, lambda: None)()
        if fault is None:
            return web.json_response(answer)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return web.json_response({"ok": False, "error": fault.error}, status=fault.status, headers=headers)

    def _carry_out(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        carry_out = getattr(self, "_" + method.replace(".", "_"), None)
        if carry_out is None:
            return {"ok": False, "error": "unknown_method"}
        try:
            return {"ok": True} | carry_out(**arguments)
        except LookupError as error:
            return {"ok": False, "error": str(error.args[0])}

    def _auth_test(self) -> dict[str, Any]:
        return {"user_id": BOT, "user": "vocero", "team_id": TEAM, "team": "Ejemplo", "bot_id": BOT_ID}

    def _apps_connections_open(self, **_: Any) -> dict[str, Any]:
        ticket = str(next(self._numbers))
        self.tickets.add(ticket)
        return {"url": f"{self.url.replace('http://', 'ws://').replace('/api/', '/socket')}?ticket={ticket}"}

    def _users_info(self, user: str, **_: Any) -> dict[str, Any]:
        profile = {"display_name": user.lower()}
        info = {"id": user, "is_admin": user == ADMIN, "locale": LOCALES.get(user), "profile": profile}
        return {"user": info}

    def _conversations_info(self, channel: str, **_: Any) -> dict[str, Any]:
        if channel not in self.channels:
            raise LookupError("channel_not_found")
        return {"channel": self.channels[channel]}

    def _chat_postMessage(self, channel: str, **message: Any) -> dict[str, Any]:  # noqa: N802 - Slack's name
        if channel.startswith("U"):
            channel = "D" + channel[1:]
        _valid(message)
        at = f"1800000000.{next(self._numbers):06}"
        self.posts[channel, at] = message | {"ts": at, "user": BOT}
        return {"channel": channel, "ts": at}

    def _chat_update(self, channel: str, ts: str, **message: Any) -> dict[str, Any]:
        if (channel, ts) not in self.posts:
            raise LookupError("message_not_found")
        _valid(message)
        self.posts[channel, ts] |= message
        return {"channel": channel, "ts": ts}

    def _chat_delete(self, channel: str, ts: str) -> dict[str, Any]:
        del self.posts[channel, ts]
        return {}

    def _chat_postEphemeral(self, **message: Any) -> dict[str, Any]:  # noqa: N802 - Slack's name
        self.responses.append(message)
        return {}

    def _conversations_replies(
        self, channel: str, ts: str, limit: str, oldest: str = "0", **_: Any
    ) -> dict[str, Any]:
        thread = [post for post in self.said(channel) if post.get("thread_ts") == ts and post["ts"] > oldest]
        return {"messages": thread[: int(limit)]}

    def _assistant_threads_setStatus(self, **_: Any) -> dict[str, Any]:  # noqa: N802 - Slack's name
        return {}

    async def response(self, request: web.Request) -> web.Response:
        fault = (self.faults.get("response") or [None]).pop(0)
        if fault is not None:
            return web.Response(text=fault.error, status=fault.status)
        self.responses.append(await request.json())
        return web.Response(text="ok")

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
        envelope = f"envelope-{next(self._numbers)}"
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


def _valid(message: dict[str, Any]) -> None:
    """Slack's limits, as far as they are known to silence bots."""
    blocks = message.get("blocks") or []
    sizes = [len(b["text"] if b["type"] == "markdown" else b["elements"][0]["text"]) for b in blocks]
    if any(
        size > (12_000 if b["type"] == "markdown" else 3_000) for b, size in zip(blocks, sizes, strict=True)
    ):
        raise LookupError("invalid_blocks")
    if sum(sizes) > 13_200 or len(blocks) > 50:
        raise LookupError("msg_blocks_too_long")
    if len(message.get("text", "")) > 40_000:
        raise LookupError("msg_too_long")
    if not blocks and not message.get("text"):
        raise LookupError("no_text")


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    """A running workspace; `url` is the base address of its Web API."""
    server = SlackServer()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", server.api)
    app.router.add_post("/response", server.response)
    app.router.add_get("/socket", server.socket)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    try:
        yield server
    finally:
        await runner.cleanup()
