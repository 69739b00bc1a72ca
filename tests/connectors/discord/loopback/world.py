"""What stands in the small Discord, and what was done to it."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.connectors.discord.loopback.faults import Fault, refusal
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, User, user

TOKEN = "loopback.token"
_EPOCH = 1420070400000
_BODY = web.RequestKey("body", object)


@dataclass
class Sent:
    """A request that changed or posted something."""

    method: str
    path: str
    body: dict[str, Any]
    at: float


@dataclass
class World:
    """The state that the gateway, REST and the people share."""

    url: str = ""
    gateway: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, in order; `channel_id` is where each stands."""
    nonces: dict[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    synced: list[list[dict[str, Any]]] = field(default_factory=list)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """First responses to interactions, by token."""
    originals: dict[str, str] = field(default_factory=dict)
    """The message that answers an interaction, by token."""
    places: dict[str, str] = field(default_factory=dict)
    """The channel that an interaction was made in, by token."""
    pressed: dict[str, str] = field(default_factory=dict)
    """The message that a pressed button stands under, by token."""
    dead_tokens: set[str] = field(default_factory=set)
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """What was attached, by path."""
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the roles of people, where they are other than the usual ones."""
    typing: int = 0
    faults: list[Fault] = field(default_factory=list)
    """Asked in turn before a request is carried out; the first response given is the answer."""
    after: list[Fault] = field(default_factory=list)
    """Asked once it has been carried out: the answer is lost."""
    _last: int = 0

    def snowflake(self) -> str:
        """A new id, as old as now."""
        self._last = max(self._last + 1, (int(time.time() * 1000) - _EPOCH) << 22)
        return str(self._last)

    # What is to be seen

    def said(self, channel: str = CHANNEL) -> list[str]:
        """What the bot has written in a channel."""
        return [message["content"] for message in self.posts(channel)]

    def posts(self, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """The bot's messages in a channel."""
        return [
            message
            for message in self.messages.values()
            if message["channel_id"] == channel and message["author"]["id"] == BOT
        ]

    def answer(self, token: str) -> str | None:
        """What stands as the answer to an interaction."""
        original = self.originals.get(token)
        return self.messages[original]["content"] if original in self.messages else None

    def hidden(self, token: str) -> list[str]:
        """Everything that was said through an interaction's token to one person alone."""
        return self.said(f"token:{token}")

    # What changes it

    def new_message(self, channel: str, content: str, author: User, **more: Any) -> dict[str, Any]:
        """A message as Discord shows it; it is not kept yet."""
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
        } | more

    def own_message(self, channel: str, body: dict[str, Any]) -> dict[str, Any]:
        """Keeps a message that the bot posts."""
        kept: dict[str, Any] = {"flags": body.get("flags", 0), "components": body.get("components", [])}
        kept["attachments"] = stored(body)
        message = self.new_message(channel, body.get("content", ""), user(BOT, bot=True), **kept)
        if reference := body.get("message_reference"):
            message["message_reference"] = {"channel_id": channel} | reference
        self.messages[message["id"]] = message
        return message

    @web.middleware
    async def faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Checks who asks, has the faults their way, and notes what was sent."""
        if request.path.startswith("/api/"):
            anyone = "/webhooks/" in request.path or "/interactions/" in request.path
            if not anyone and request.headers.get("Authorization") != f"Bot {TOKEN}":
                return refusal(401, 0, "401: Unauthorized")
            for fault in self.faults:
                if (answer := fault(request)) is not None:
                    return answer
        if request.method in ("POST", "PATCH", "DELETE") and request.can_read_body:
            body = await sent_by(request)
            self.sent.append(Sent(request.method, request.path, body, asyncio.get_running_loop().time()))
        response: web.StreamResponse = await handler(request)
        for fault in self.after:
            if (answer := fault(request)) is not None:
                return answer
        return response


def stored(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Files of a message, as Discord shows them."""
    return [
        {key: value for key, value in one.items() if key != "content"}
        | {"id": str(one["id"]), "size": len(one["content"]), "url": "", "proxy_url": ""}
        for one in body.get("attachments") or ()
    ]


async def sent_by(request: web.Request) -> Any:
    """What a request says, the same however often it is read; of files, what is in them."""
    if _BODY not in request:
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            body = json.loads(str(form["payload_json"]))
            for described in body["attachments"]:
                file = form[f"files[{described['id']}]"]
                assert isinstance(file, web.FileField)
                described["content"] = file.file.read()
            request[_BODY] = body
        else:
            request[_BODY] = json.loads(await request.read())
    return request[_BODY]


def malformed(body: dict[str, Any], *, edit: bool = False) -> str | None:
    """What Discord has against a message, in its limits."""
    content, rows = body.get("content"), body.get("components") or []
    buttons = [button for row in rows for button in row["components"]]
    ids = [button["custom_id"] for button in buttons if "custom_id" in button]
    broken = {
        "content": not (edit and content is None) and not 1 <= len(content or "") <= 2000,
        "nonce": len(str(body.get("nonce", ""))) > 25,
        "rows": len(rows) > 5 or any(row["type"] != 1 for row in rows),
        "buttons": any(not 1 <= len(row["components"]) <= 5 for row in rows),
        "custom_id": len(set(ids)) < len(ids) or any(not 1 <= len(id_) <= 100 for id_ in ids),
        "label": any(len(button.get("label") or "") > 80 for button in buttons),
    }
    return next((name for name, is_so in broken.items() if is_so), None)
