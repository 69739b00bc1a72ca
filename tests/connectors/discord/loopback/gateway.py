"""The gateway: sessions that begin, are cut, and are resumed."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.connectors.discord.loopback import payloads
from tests.connectors.discord.loopback.payloads import APPLICATION, BOT, GUILD, user
from tests.connectors.discord.loopback.world import World


@dataclass
class Gateway(World):
    """Events to the bot."""

    identified: list[dict[str, Any]] = field(default_factory=list)
    resumed: list[dict[str, Any]] = field(default_factory=list)
    refuse_session: bool = False
    mute: bool = False
    """Says hello, and nothing more."""
    greeted: int = 0
    guilds: list[str] = field(default_factory=lambda: [GUILD])
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)

    def gateway_routes(self) -> list[web.RouteDef]:
        """Where sessions begin."""
        return [web.get("/gateway", self._session), web.get("/gateway/", self._session)]

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

    async def _session(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41_250}})
        self.greeted += 1
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
            case _ if self.mute:
                pass
            case 1:
                await socket.send_json({"op": 11, "d": None})
            case 2:
                await self._begin(socket, frame["d"])
            case 6:
                await self._resume(socket, frame["d"])

    async def _begin(self, socket: web.WebSocketResponse, identity: dict[str, Any]) -> None:
        self.identified.append(identity)
        await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": self._welcome(identity)})
        for id_ in self.guilds:
            await socket.send_json({"op": 0, "t": "GUILD_CREATE", "s": 1, "d": payloads.guild(id_)})
        self._sockets.append(socket)
        self.ready.set()

    async def _resume(self, socket: web.WebSocketResponse, session: dict[str, Any]) -> None:
        self.resumed.append(session)
        if self.refuse_session:
            self.refuse_session = False
            await socket.send_json({"op": 9, "d": False})
            return
        for event in self._events:
            if event["s"] > session["seq"]:
                await socket.send_json(event)
        await socket.send_json({"op": 0, "t": "RESUMED", "s": len(self._events) + 1, "d": {}})
        self._sockets.append(socket)
        self.ready.set()

    def _welcome(self, identity: dict[str, Any]) -> dict[str, Any]:
        return {
            "v": 10,
            "user": user(BOT, bot=True),
            "guilds": [{"id": id_, "unavailable": True} for id_ in self.guilds],
            "session_id": "session",
            "resume_gateway_url": self.gateway,
            "shard": identity.get("shard", [0, 1]),
            "application": {"id": APPLICATION, "flags": 0},
        }
