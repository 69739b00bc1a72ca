"""How a message of a reply is posted and edited: through an interaction's token, or in a channel."""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from discord import AllowedMentions, MessageFlags

from bot.messages import Command, Feedback, Message
from connectors.discord.errors import DiscordError
from connectors.discord.rest import Rest

log = logging.getLogger(__name__)

Event = Message | Command | Feedback
Place = tuple[str, str]
"""Channel, empty for the interaction's token; and message."""

_PLAIN: dict[str, Any] = {
    "allowed_mentions": AllowedMentions.none().to_dict(),
    "flags": MessageFlags(suppress_embeds=True).value,
}
_HIDDEN = MessageFlags(suppress_embeds=True, ephemeral=True).value
_DEFERRED_SECONDS = 10.0
_DEFER_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""While an interaction's answer is not there yet: it was queued before Discord took the deferral."""
_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


class Poster:
    """Posts and edits; mentions nobody, and shows no previews of links."""

    def __init__(self, rest: Rest, deferring: Mapping[str, asyncio.Task[Any]]) -> None:
        """`deferring`: deferrals under way in this process, by interaction."""
        self._rest = rest
        self._deferring = deferring

    async def post(self, event: Event, channel: str, text: str, part: int, replaced: str) -> str:
        """Posts part of a reply, in place of a message that is gone if any; gives the message's id."""
        if not channel:
            return await (self._answer(event, text) if part == 0 else self._follow_up(event, text))
        reply = (
            event.reference.get("message") if part == 0 and channel == event.reference["channel"] else None
        )
        body: dict[str, Any] = _PLAIN | {
            "content": text,
            "nonce": _nonce(event.id, channel, part, replaced),
            "enforce_nonce": True,
        }
        if reply:
            body["message_reference"] = {"message_id": reply, "fail_if_not_exists": False}
        try:
            posted = await self._rest.insist("POST", _MESSAGES, channel_id=channel, json=body)
        except DiscordError as error:
            if not reply or error.reason not in ("cannot_reply", "invalid_form_body"):
                raise
            del body["message_reference"]
            posted = await self._rest.insist("POST", _MESSAGES, channel_id=channel, json=body)
        id_ = str(posted["id"])
        if str(posted.get("content", text)).strip() != text.strip():  # an earlier try had posted it
            await self.edit(event, (channel, id_), text)
        return id_

    async def say(self, place: str, text: str) -> None:
        """Posts something outside a reply, in a channel by its id or `#name`."""
        channel = await self._find(place[1:]) if place.startswith("#") else place
        body = _PLAIN | {"content": text, "nonce": uuid.uuid4().hex[:25], "enforce_nonce": True}
        await self._rest.insist("POST", _MESSAGES, channel_id=channel, json=body)

    async def _find(self, name: str) -> str:
        for guild in await self._rest.insist("GET", "/users/@me/guilds"):
            for channel in await self._rest.insist(
                "GET", "/guilds/{guild_id}/channels", guild_id=guild["id"]
            ):
                if channel.get("name") == name:
                    return str(channel["id"])
        raise DiscordError(f"post in #{name}", "unknown_channel", "no_place")

    async def edit(self, event: Event, post: Place, text: str) -> None:
        """Makes a message this text."""
        method, path, slots = _message(event, post)
        await self._rest.insist(method, path, json=_PLAIN | {"content": text}, **slots)

    async def attempt_edit(self, event: Event, post: Place, text: str) -> bool:
        """The same, where it does not matter much."""
        method, path, slots = _message(event, post)
        return await self._rest.attempt(method, path, json=_PLAIN | {"content": text}, **slots)

    async def delete(self, event: Event, post: Place) -> None:
        """Takes a message away that is one too many."""
        _, path, slots = _message(event, post)
        await self._rest.attempt("DELETE", path, **slots)

    async def type(self, channel: str) -> None:
        """Has Discord show that the bot is writing."""
        await self._rest.attempt("POST", "/channels/{channel_id}/typing", channel_id=channel)

    async def open_direct(self, person: str) -> str:
        """The id of the direct conversation with someone."""
        opened = await self._rest.insist("POST", "/users/@me/channels", json={"recipient_id": person})
        return str(opened["id"])

    async def _answer(self, event: Event, text: str) -> str:
        """Puts a text in the place of the deferred answer; doing it twice does no harm."""
        if deferral := self._deferring.get(event.reference["interaction"]):
            await asyncio.wait([deferral])
        path = _WEBHOOK + "/messages/@original"
        body = _PLAIN | {"content": text}
        for pause in _DEFER_PAUSES:
            try:
                answered = await self._rest.insist("PATCH", path, json=body, **_webhook(event))
                return str(answered["id"])
            except DiscordError as error:
                age = (datetime.now(UTC) - event.at).total_seconds()
                if error.kind not in ("no_place", "gone") or age > _DEFERRED_SECONDS:
                    raise
            await asyncio.sleep(pause)
        answered = await self._rest.insist("PATCH", path, json=body, **_webhook(event))
        return str(answered["id"])

    async def _follow_up(self, event: Event, text: str) -> str:
        """One more message through the token, seen by whom the first one is seen."""
        body = _PLAIN | {"content": text} | ({"flags": _HIDDEN} if "ephemeral" in event.reference else {})
        posted = await self._rest.call("POST", _WEBHOOK, json=body, **_webhook(event))
        return str(posted["id"])


def _message(event: Event, post: Place) -> tuple[str, str, dict[str, str]]:
    channel, message = post
    if channel:
        return "PATCH", _MESSAGE, {"channel_id": channel, "message_id": message}
    return "PATCH", _WEBHOOK + "/messages/{message_id}", {"message_id": message} | _webhook(event)


def _webhook(event: Event) -> dict[str, str]:
    return {"webhook_id": event.reference["application"], "webhook_token": event.reference["token"]}


def _nonce(*parts: object) -> str:
    """At most 25 characters, the same for the same message: Discord does not post it again."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
