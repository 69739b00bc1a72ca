"""REST: who the bot is, channels, messages, threads, people."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.connectors.discord.loopback import payloads
from tests.connectors.discord.loopback.faults import refusal, said
from tests.connectors.discord.loopback.payloads import (
    APPLICATION,
    ASKER,
    BOT,
    CHANNEL,
    CLOSED,
    DIRECT,
    FORUM,
    GUILD,
    user,
)
from tests.connectors.discord.loopback.world import World, malformed, sent_by, stored

_API = "/api/v10"
_CHANNEL = f"{_API}/channels/{{channel}}"
_MESSAGE = f"{_CHANNEL}/messages/{{message}}"
_ABOUT = {
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


def _fixed(body: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that always says the same."""

    async def handle(_: web.Request) -> web.Response:
        return said(body)

    return handle


class Rest(World):
    """What the bot does with its token."""

    def rest_routes(self) -> list[web.RouteDef]:
        """Everything but what goes through an interaction's token."""
        channels = [payloads.channel(id_) for id_ in (CHANNEL, CLOSED, FORUM)]
        return [
            web.get(f"{_API}/users/@me", _fixed(user(BOT, bot=True))),
            web.get(f"{_API}/oauth2/applications/@me", _fixed(_ABOUT)),
            web.get(f"{_API}/gateway/bot", self._shards),
            web.get(f"{_API}/users/@me/guilds", _fixed([{"id": GUILD, "name": "g"}])),
            web.get(f"{_API}/guilds/{{guild}}/channels", _fixed(channels)),
            web.get(f"{_API}/guilds/{{guild}}/members/{{person}}", self._member),
            web.get(f"{_API}/applications/{{application}}/commands", self._commands),
            web.put(f"{_API}/applications/{{application}}/commands", self._sync),
            web.get(_CHANNEL, self._channel),
            web.post(f"{_API}/users/@me/channels", _fixed(payloads.channel(DIRECT))),
            web.post(f"{_CHANNEL}/messages", self._post),
            web.post(f"{_CHANNEL}/typing", self._type),
            web.get(_MESSAGE, self._read),
            web.patch(_MESSAGE, self._edit),
            web.delete(_MESSAGE, self._delete),
            web.post(f"{_MESSAGE}/threads", self._open_thread),
            web.get("/attachments/{name:.*}", self._file),
        ]

    async def _shards(self, request: web.Request) -> web.Response:
        limits = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return said({"url": self.gateway, "shards": 1, "session_start_limit": limits})

    async def _sync(self, request: web.Request) -> web.Response:
        self.synced.append(await sent_by(request))
        return said([])

    async def _commands(self, request: web.Request) -> web.Response:
        return said(self.synced[-1] if self.synced else [])

    async def _channel(self, request: web.Request) -> web.Response:
        id_ = request.match_info["channel"]
        return said(self.threads.get(id_) or payloads.channel(id_))

    async def _member(self, request: web.Request) -> web.Response:
        person = request.match_info["person"]
        return said(payloads.member(self.roles.get(person)) | {"user": user(person)})

    async def _post(self, request: web.Request) -> web.Response:
        body, channel = await sent_by(request), request.match_info["channel"]
        if problem := malformed(body):
            return refusal(400, 50035, f"Invalid Form Body: {problem}")
        if body.get("enforce_nonce") and (known := self.nonces.get(body["nonce"])):
            return said(self.messages.get(known) or {"id": known, "content": ""})
        message = self.own_message(channel, body)
        if nonce := body.get("nonce"):
            self.nonces[nonce] = message["id"]
        return said(message)

    async def _read(self, request: web.Request) -> web.Response:
        found = self.messages.get(request.match_info["message"])
        return said(found) if found else refusal(404, 10008, "Unknown Message")

    async def _edit(self, request: web.Request) -> web.Response:
        return self.change(request.match_info["message"], await sent_by(request))

    def change(self, id_: str, body: dict[str, Any]) -> web.Response:
        """Edits one of the bot's messages."""
        if id_ not in self.messages:
            return refusal(404, 10008, "Unknown Message")
        if self.messages[id_]["author"]["id"] != BOT:
            return refusal(403, 50005, "Cannot edit a message authored by another user")
        if problem := malformed(body, edit=True):
            return refusal(400, 50035, f"Invalid Form Body: {problem}")
        changed: dict[str, Any] = {key: body[key] for key in ("content", "components") if key in body}
        if "attachments" in body:
            changed["attachments"] = stored(body)
        self.messages[id_] |= changed
        return said(self.messages[id_])

    async def _delete(self, request: web.Request) -> web.Response:
        self.messages.pop(request.match_info["message"], None)
        return web.Response(status=204)

    async def _type(self, request: web.Request) -> web.Response:
        self.typing += 1
        return web.Response(status=204)

    async def _open_thread(self, request: web.Request) -> web.Response:
        """A thread on a message has that message's id, and there is one at most."""
        body, channel, id_ = (
            await sent_by(request),
            request.match_info["channel"],
            request.match_info["message"],
        )
        if not 1 <= len(body["name"]) <= 100:
            return refusal(400, 50035, "Invalid Form Body: name")
        if id_ in self.threads:
            return refusal(400, 160004, "A thread has already been created for this message")
        self.threads[id_] = payloads.thread(id_, parent=channel, name=body["name"])
        return said(self.threads[id_], status=201)

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(body=content) if content is not None else web.Response(status=404)
