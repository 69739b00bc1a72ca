"""How a message is posted and edited: through an interaction's token, or in a channel."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from discord import AllowedMentions, MessageFlags

from connectors.discord.errors import DiscordError
from connectors.discord.pace import Pace
from connectors.discord.rest import Files, Rest
from connectors.discord.tickets import Ticket

log = logging.getLogger(__name__)

Rows = Sequence[Mapping[str, Any]]
"""Rows of buttons."""


class Piece(NamedTuple):
    """What a message is to be."""

    text: str
    rows: Rows = ()
    files: Files = ()


_PLAIN: dict[str, Any] = {
    "allowed_mentions": AllowedMentions.none().to_dict(),
    "flags": MessageFlags(suppress_embeds=True).value,
}
_HIDDEN = MessageFlags(suppress_embeds=True, ephemeral=True).value
_DEFERRED = timedelta(seconds=10)
_DEFER_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""While an interaction's answer is not there yet: it was queued before Discord took the deferral."""
_ORIGINAL = "@original"
PENDING = "…"
"""Stands where a further message of an answer will be."""


@dataclass(frozen=True, slots=True)
class InChannel:
    """A message as anyone's: reached by the bot's own token."""

    channel: str
    message: str

    @property
    def path(self) -> str:
        """Where it is edited."""
        return "/channels/{channel_id}/messages/{message_id}"

    @property
    def slots(self) -> dict[str, str]:
        """What fills the path."""
        return {"channel_id": self.channel, "message_id": self.message}


@dataclass(frozen=True, slots=True)
class ByTicket:
    """A message reached through an interaction's token; without an id, its first one."""

    ticket: Ticket
    message: str = _ORIGINAL

    @property
    def path(self) -> str:
        """Where it is edited."""
        return "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"

    @property
    def slots(self) -> dict[str, str]:
        """What fills the path."""
        return {"message_id": self.message} | self.ticket.slots


Target = InChannel | ByTicket


class Poster:
    """Posts and edits; mentions nobody, and shows no previews of links."""

    def __init__(self, rest: Rest, pace: Pace, deferring: Mapping[str, asyncio.Task[bool]]) -> None:
        """`deferring`: first responses of this process, by interaction: whether Discord may have taken it."""
        self._rest = rest
        self._pace = pace
        self._deferring = deferring

    async def say(
        self,
        channel: str,
        piece: Piece,
        *,
        key: object,
        reply_to: str | None = None,
    ) -> str:
        """Posts in a channel and gives the message's id; once for one `key`, even if it is tried again."""
        body = _body(piece) | {"nonce": _nonce(key, channel), "enforce_nonce": True}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        path = "/channels/{channel_id}/messages"
        await self._pace.turn("post", channel)
        try:
            posted = await self._rest.insist("POST", path, channel_id=channel, json=body, files=piece.files)
        except DiscordError as error:
            if not reply_to or error.reason not in ("cannot_reply", "invalid_form_body"):
                raise
            del body["message_reference"]
            posted = await self._rest.insist("POST", path, channel_id=channel, json=body, files=piece.files)
        id_ = str(posted["id"])
        if str(posted.get("content", piece.text)).strip() != piece.text.strip():  # posted by an earlier try
            await self.edit(InChannel(channel, id_), piece)
        return id_

    async def answer(self, ticket: Ticket, piece: Piece) -> str:
        """Puts a text in the place of the deferred answer; doing it twice does no harm."""
        if deferral := self._deferring.get(ticket.interaction):
            await asyncio.wait([deferral])
            if deferral.done() and not deferral.cancelled() and deferral.result() is False:
                raise DiscordError("answer", "unknown_webhook", "no_place", "it was not deferred")
        for pause in _DEFER_PAUSES:
            try:
                return await self.edit(ByTicket(ticket), piece)
            except DiscordError as error:
                young = datetime.now(UTC) - ticket.since < _DEFERRED
                if error.kind not in ("no_place", "gone") or not young:
                    raise
            await asyncio.sleep(pause)
        return await self.edit(ByTicket(ticket), piece)

    async def reserve(self, ticket: Ticket) -> str:
        """One more message through the token, seen by whom the first one is seen; its text is still to come.

        Discord knows no nonce here: what is posted twice, when a process ends in between, says nothing twice.
        """
        body = _body(Piece(PENDING)) | ({"flags": _HIDDEN} if ticket.hidden else {})
        path = "/webhooks/{webhook_id}/{webhook_token}"
        slots: dict[str, Any] = ticket.slots
        posted = await self._rest.call("POST", path, json=body, **slots)
        return str(posted["id"])

    async def edit(self, target: Target, piece: Piece) -> str:
        """Makes a message this text, with these buttons and no others; gives its id."""
        body = _body(piece, edit=True)
        if isinstance(target, InChannel):
            await self._pace.turn("edit", target.channel)
        edited = await self._rest.insist("PATCH", target.path, json=body, files=piece.files, **target.slots)
        return str(edited["id"]) if "id" in (edited or {}) else target.message

    async def attempt_edit(self, target: Target, piece: Piece) -> DiscordError | None:
        """The same, where it does not matter much; what hindered it. Its caller keeps the pace."""
        return await self._rest.attempt("PATCH", target.path, json=_body(piece, edit=True), **target.slots)

    async def take_buttons(self, target: Target) -> None:
        """Leaves a message as it is, without its buttons."""
        await self._rest.attempt("PATCH", target.path, json={"components": []}, **target.slots)

    async def delete(self, target: Target) -> None:
        """Takes a message away that is one too many."""
        await self._rest.attempt("DELETE", target.path, **target.slots)

    async def type(self, channel: str) -> None:
        """Has Discord show that the bot is writing; where many answers are under way, it does already."""
        if await self._pace.spare("typing", channel):
            await self._rest.attempt("POST", "/channels/{channel_id}/typing", channel_id=channel)

    async def open_direct(self, person: str) -> str:
        """The id of the direct conversation with someone."""
        opened = await self._rest.insist("POST", "/users/@me/channels", json={"recipient_id": person})
        return str(opened["id"])

    async def open_thread(self, channel: str, message: str, name: str) -> str:
        """The id of the thread on a message, which is the message's; there is one at most."""
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        try:
            await self._rest.insist("POST", path, json={"name": name}, channel_id=channel, message_id=message)
        except DiscordError as error:
            if error.reason != "thread_exists":
                raise
        return message

    async def find(self, place: str) -> str:
        """The id of a channel, given as id or `#name`."""
        if not place.startswith("#"):
            return place
        for guild in await self._rest.insist("GET", "/users/@me/guilds"):
            path = "/guilds/{guild_id}/channels"
            for channel in await self._rest.insist("GET", path, guild_id=guild["id"]):
                if channel.get("name") == place[1:]:
                    return str(channel["id"])
        raise DiscordError(f"post in {place}", "unknown_channel", "no_place")


def _body(piece: Piece, *, edit: bool = False) -> dict[str, Any]:
    """A message; an edit says, too, that there are no buttons any more."""
    buttons = {"components": list(piece.rows)} if piece.rows or edit else {}
    return _PLAIN | {"content": piece.text} | buttons


def _nonce(*parts: object) -> str:
    """At most 25 characters, the same for the same message: Discord does not post it again."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
