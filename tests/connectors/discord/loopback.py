"""A small Discord on this machine: a gateway and as much of REST as the connector uses, faults included."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.connectors.discord import payloads
from tests.connectors.discord.payloads import (
    APPLICATION,
    ASKER,
    BOT,
    CHANNEL,
    CLOSED,
    DIRECT,
    GUILD,
    User,
    user,
)

TOKEN = "loopback.token"
_EPOCH = 1420070400000

Fault = Callable[[web.Request], web.Response | None]


def said(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: the SDK reads no other content type than the bare one."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers=headers, content_type="application/json"
    )


def refusal(status: int, code: int, text: str = "refused") -> web.Response:
    """An error as Discord words it."""
    return said({"code": code, "message": text}, status=status)


def overloaded(seconds: float, *, scope: str = "user", everywhere: bool = False) -> web.Response:
    """A 429."""
    return said(
        {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere},
        status=429,
        headers={"Via": "1.1 loopback", "X-RateLimit-Scope": scope, "Retry-After": str(seconds)},
    )


@dataclass
class Sent:
    """A request that changed or posted a message."""

    method: str
    path: str
    body: dict[str, Any]
    at: float


@dataclass
class Loopback:
    """The state of the small Discord, and what was done to it."""

    url: str = ""
    gateway: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, in order; `channel_id` is where each stands."""
    nonces: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    identified: list[dict[str, Any]] = field(default_factory=list)
    resumed: list[dict[str, Any]] = field(default_factory=list)
    synced: list[list[dict[str, Any]]] = field(default_factory=list)
    deferred: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Callbacks by token."""
    originals: dict[str, str] = field(default_factory=dict)
    """The message that answers an interaction, by token."""
    dead_tokens: set[str] = field(default_factory=set)
    typing: int = 0
    faults: list[Fault] = field(default_factory=list)
    """Asked in turn before a request is carried out; the first response given is the answer."""
    after: list[Fault] = field(default_factory=list)
    """Asked once it has been carried out: the answer is lost."""
    refuse_session: bool = False
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _last: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def snowflake(self) -> str:
        """A new id, as old as now."""
        import time

        self._last = max(self._last + 1, (int(time.time() * 1000) - _EPOCH) << 22)
        return str(self._last)

    # What people do

    async def write(
        self, content: str, *, channel: str = CHANNEL, author: str = ASKER, bot: bool = False, **more: Any
    ) -> str:
        """Someone writes a message; gives its id."""
        direct = channel == DIRECT
        mentions = [user(BOT, bot=True) | {"member": payloads.member()}] if f"<@{BOT}>" in content else []
        message = self._message(channel, content, user(author, bot=bot)) | {"mentions": mentions} | more
        if not direct:
            message |= {"guild_id": GUILD, "member": payloads.member()}
        await self.dispatch("MESSAGE_CREATE", message)
        return str(message["id"])

    async def command(
        self,
        name: str,
        options: list[dict[str, Any]],
        *,
        channel: str = CHANNEL,
        permissions: int = 0,
        id_: str | None = None,
    ) -> str:
        """Someone gives a slash command; gives the interaction's token."""
        id_ = id_ or self.snowflake()
        token = f"token-{id_}"
        where: dict[str, Any] = {"user": user(ASKER)}
        if channel != DIRECT:
            member = payloads.member() | {"user": user(ASKER), "permissions": str(permissions)}
            where = {
                "guild_id": GUILD,
                "member": member,
                "guild": {"id": GUILD, "locale": "es-ES", "features": []},
            }
        await self.dispatch(
            "INTERACTION_CREATE",
            {
                "id": id_,
                "application_id": APPLICATION,
                "type": 2,
                "token": token,
                "version": 1,
                "locale": "es-ES",
                "app_permissions": "0",
                "attachment_size_limit": 0,
                "entitlements": [],
                "authorizing_integration_owners": {"0": GUILD},
                "context": 0,
                "channel": payloads.channel(channel),
                "data": {"id": "1", "type": 1, "name": name, "options": options},
            }
            | where,
        )
        return token

    async def ask(self, question: str, *, private: bool = False, **where: Any) -> str:
        """`/ask question:…`."""
        options = [{"name": "question", "type": 3, "value": question}]
        if private:
            options.append({"name": "private", "type": 5, "value": True})  # type: ignore[dict-item]
        return await self.command("ask", options, **where)

    async def dispatch(self, kind: str, data: dict[str, Any]) -> None:
        """Sends an event over the gateway; one sent while it is cut is replayed on a RESUME."""
        event = {"op": 0, "t": kind, "s": len(self._events) + 2, "d": data}
        self._events.append(event)
        for socket in self._sockets:
            await socket.send_json(event)

    async def cut(self) -> None:
        """Cuts the gateway."""
        self.ready.clear()
        for socket in list(self._sockets):
            await socket.close(code=4000)

    async def request_reconnect(self) -> None:
        """Op 7."""
        self.ready.clear()
        for socket in list(self._sockets):
            await socket.send_json({"op": 7, "d": None})

    # What is to be seen

    def said(self, channel: str = CHANNEL) -> list[str]:
        """What the bot has written in a channel."""
        return [
            message["content"]
            for message in self.messages.values()
            if message["channel_id"] == channel and message["author"]["id"] == BOT
        ]

    def answer(self, token: str) -> str | None:
        """What stands as the answer to an interaction."""
        original = self.originals.get(token)
        return self.messages[original]["content"] if original in self.messages else None

    # The server

    def application(self) -> web.Application:
        """Gateway and REST."""
        app = web.Application(middlewares=[self._faulty])
        api = "/api/v10"
        hook = f"{api}/webhooks/{{application}}/{{token}}"
        message = f"{api}/channels/{{channel}}/messages/{{message}}"
        app.add_routes(
            [
                web.get("/gateway", self._gateway),
                web.get("/gateway/", self._gateway),
                web.get(f"{api}/users/@me", self._me),
                web.get(f"{api}/oauth2/applications/@me", self._about),
                web.get(f"{api}/users/@me/guilds", _fixed([{"id": GUILD, "name": "g"}])),
                web.get(
                    f"{api}/guilds/{{guild}}/channels",
                    _fixed([payloads.channel(CHANNEL), payloads.channel(CLOSED)]),
                ),
                web.put(f"{api}/applications/{{application}}/commands", self._sync),
                web.post(f"{api}/users/@me/channels", _fixed(payloads.channel(DIRECT))),
                web.post(f"{api}/interactions/{{id}}/{{token}}/callback", self._callback),
                web.patch(f"{hook}/messages/{{message}}", self._edit_by_token),
                web.post(hook, self._follow_up),
                web.post(f"{api}/channels/{{channel}}/messages", self._post),
                web.post(f"{api}/channels/{{channel}}/typing", self._typing),
                web.patch(message, self._edit),
                web.delete(message, self._delete),
            ]
        )
        return app

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            anyone = "/webhooks/" in request.path or "/interactions/" in request.path
            if not anyone and request.headers.get("Authorization") != f"Bot {TOKEN}":
                return refusal(401, 0, "401: Unauthorized")
            for fault in self.faults:
                if (answer := fault(request)) is not None:
                    return answer
        if request.method in ("POST", "PATCH", "DELETE") and request.can_read_body:
            body = await request.json()
            self.sent.append(Sent(request.method, request.path, body, asyncio.get_running_loop().time()))
        response: web.StreamResponse = await handler(request)
        for fault in self.after:
            if (answer := fault(request)) is not None:
                return answer
        return response

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._heard(socket, json.loads(frame.data))
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case 1:
                await socket.send_json({"op": 11, "d": None})
            case 2:
                self.identified.append(frame["d"])
                await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": self._ready()})
                await socket.send_json({"op": 0, "t": "GUILD_CREATE", "s": 1, "d": payloads.guild()})
                self._sockets.append(socket)
                self.ready.set()
            case 6:
                self.resumed.append(frame["d"])
                if self.refuse_session:
                    self.refuse_session = False
                    await socket.send_json({"op": 9, "d": False})
                    return
                for event in self._events:
                    if event["s"] > frame["d"]["seq"]:
                        await socket.send_json(event)
                await socket.send_json({"op": 0, "t": "RESUMED", "s": len(self._events) + 1, "d": {}})
                self._sockets.append(socket)
                self.ready.set()

    def _ready(self) -> dict[str, Any]:
        return {
            "v": 10,
            "user": user(BOT, bot=True),
            "guilds": [{"id": GUILD, "unavailable": True}],
            "session_id": "session",
            "resume_gateway_url": self.gateway,
            "shard": [0, 1],
            "application": {"id": APPLICATION, "flags": 0},
        }

    async def _me(self, request: web.Request) -> web.Response:
        return said(user(BOT, bot=True))

    async def _about(self, request: web.Request) -> web.Response:
        return said(
            {
                "id": APPLICATION,
                "name": "vocero",
                "description": "",
                "icon": None,
                "bot_public": False,
                "bot_require_code_grant": False,
                "owner": user(ASKER),
                "verify_key": "",
                "flags": 0,
            }
        )

    async def _sync(self, request: web.Request) -> web.Response:
        commands = await request.json()
        self.synced.append(commands)
        return said([])

    async def _callback(self, request: web.Request) -> web.Response:
        token, body = request.match_info["token"], await request.json()
        if token in self.dead_tokens:
            return refusal(404, 10062, "Unknown interaction")
        if token in self.deferred:
            return refusal(400, 40060, "Interaction has already been acknowledged.")
        self.deferred[token] = body
        message = self._message(CHANNEL, (body.get("data") or {}).get("content", ""), user(BOT, bot=True))
        message["flags"] = (body.get("data") or {}).get("flags", 0) | 128
        message["channel_id"] = f"token:{token}"
        self.messages[message["id"]] = message
        self.originals[token] = message["id"]
        interaction = {
            "id": request.match_info["id"],
            "type": 2,
            "response_message_id": message["id"],
            "response_message_loading": True,
        }
        resource = {"type": body["type"], "message": message | {"channel_id": CHANNEL}}
        return said({"interaction": interaction, "resource": resource})

    async def _edit_by_token(self, request: web.Request) -> web.Response:
        token, id_ = request.match_info["token"], request.match_info["message"]
        if token in self.dead_tokens or token not in self.deferred:
            return refusal(404, 10015, "Unknown Webhook")
        return await self._change(request, self.originals[token] if id_ == "@original" else id_)

    async def _follow_up(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if token in self.dead_tokens or token not in self.deferred:
            return refusal(404, 10015, "Unknown Webhook")
        return await self._add(request, f"token:{token}")

    async def _post(self, request: web.Request) -> web.Response:
        return await self._add(request, request.match_info["channel"])

    async def _add(self, request: web.Request, channel: str) -> web.Response:
        body = await request.json()
        if not 1 <= len(body["content"]) <= 2000:
            return refusal(400, 50035, "Invalid Form Body")
        if body.get("enforce_nonce") and (known := self.nonces.get(body["nonce"])):
            return said(self.messages.get(known) or {"id": known, "content": ""})
        message = self._message(channel, body["content"], user(BOT, bot=True)) | {
            "flags": body.get("flags", 0)
        }
        if nonce := body.get("nonce"):
            self.nonces[nonce] = message["id"]
        self.messages[message["id"]] = message
        return said(message)

    async def _edit(self, request: web.Request) -> web.Response:
        return await self._change(request, request.match_info["message"])

    async def _change(self, request: web.Request, id_: str) -> web.Response:
        body = await request.json()
        if id_ not in self.messages:
            return refusal(404, 10008, "Unknown Message")
        if not 1 <= len(body["content"]) <= 2000:
            return refusal(400, 50035, "Invalid Form Body")
        self.messages[id_]["content"] = body["content"]
        return said(self.messages[id_])

    async def _delete(self, request: web.Request) -> web.Response:
        self.messages.pop(request.match_info["message"], None)
        return web.Response(status=204)

    async def _typing(self, request: web.Request) -> web.Response:
        self.typing += 1
        return web.Response(status=204)

    def _message(self, channel: str, content: str, author: User) -> dict[str, Any]:
        return {
            "id": self.snowflake(),
            "channel_id": channel,
            "author": author,
            "content": content,
            "timestamp": "2026-11-22T12:00:00.000000+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
            "components": [],
        }


def _fixed(body: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that always says the same."""

    async def handle(_: web.Request) -> web.Response:
        return said(body)

    return handle


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """A small Discord that listens on this machine."""
    discord = Loopback()
    runner = web.AppRunner(discord.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    discord.url = f"http://{host}:{port}/api/v10"
    discord.gateway = f"ws://{host}:{port}/gateway"
    try:
        yield discord
    finally:
        await runner.cleanup()
