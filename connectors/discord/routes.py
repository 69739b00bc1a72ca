"""The ways on which the messages of a reply reach the asker, one after the other."""

import contextlib
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from bot.desk import Desk
from bot.messages import Command, Feedback, Message
from bot.phrases import Phrases
from connectors.discord.errors import DiscordError
from connectors.discord.posting import ByTicket, InChannel, Piece, Poster, Target
from connectors.discord.rendering import defused
from connectors.discord.tickets import is_hidden, ticket_of

log = logging.getLogger(__name__)

_BY_TICKET = ""


class Post(NamedTuple):
    """A message of the reply. `channel` is empty for one that was made through the interaction's token."""

    channel: str
    id: str

    @classmethod
    def several(cls, written: str | None) -> "list[Post]":
        """What `written` wrote: `channel/id,channel/id`."""
        return [cls(*one.split("/")) for one in (written or "").split(",") if one]

    @staticmethod
    def written(posts: Iterable["Post"]) -> str:
        """The posts, as the queue remembers them."""
        return ",".join("/".join(post) for post in posts)


class Routes:
    """The ways to the asker of one event.

    What only its author may see is never posted in a channel.
    """

    def __init__(self, poster: Poster, event: Message | Command | Feedback, desk: Desk) -> None:
        self._poster = poster
        self._event = event
        self._desk = desk
        self._ticket = ticket_of(event)
        self._hidden = is_hidden(event)
        self._direct: str | None = None
        """The direct conversation with the asker, once the reply had to go there."""
        self.channel = event.reference["channel"]
        """Where it is posted, if it is posted."""
        self.replies_to: str | None = event.reference.get("message")
        """The message that the first one stands under."""

    @property
    def first(self) -> list[Target]:
        """The interaction's own message, while nothing has been put there."""
        return [ByTicket(self._ticket)] if self._ticket and not self._ticket.pressed else []

    def to(self, post: Post) -> list[Target]:
        """The ways to a message: what an interaction posted for all is an ordinary message, too."""
        if post.channel:
            return [InChannel(post.channel, post.id)]
        anyone = [] if self._hidden else [InChannel(self.channel, post.id)]
        if self._ticket is None or not self._ticket.alive:
            return list(anyone)
        if self._ticket.pressed == post.id:
            return [ByTicket(self._ticket), *anyone]
        ours = ByTicket(self._ticket, post.id)
        # Under a pressed button stands what an earlier interaction posted; this one only adds to it.
        return [*anyone, ours] if self._ticket.pressed else [ours, *anyone]

    def reserved(self, part: int, post: Post, *, replaced: str) -> bool:
        """Whether a message just posted still waits for its text."""
        return post.channel == _BY_TICKET and not self._is_first(part, replaced)

    def hide(self) -> None:
        """What is to be said from here on is for one person alone, though the question was not."""
        self._hidden = True
        if self._ticket is not None:
            self._ticket = replace(self._ticket, hidden=True)

    async def take_buttons(self) -> None:
        """Takes the buttons away from what was pressed; that is only for the looks of it."""
        if self._ticket is not None and self._ticket.alive:
            await self._poster.take_buttons(ByTicket(self._ticket))

    async def withdraw(self) -> None:
        """Takes away what said that there would be a reply."""
        for target in self.first:
            await self._poster.delete(target)

    async def post(self, part: int, piece: Piece, *, replaced: str, phrases: Phrases | None) -> Post:
        """Posts a message: through the token, else in the channel, else to the asker alone.

        `replaced`: the one in whose place it comes. Without `phrases` it is not sent elsewhere. One that is
        `reserved` has no text yet: it is to be remembered first, then edited.
        """
        obstacle: DiscordError | None = None
        for way in self._ways(part, replaced):
            try:
                return Post(way, await self._send(way, part, piece, replaced))
            except DiscordError as error:
                if error.kind not in ("no_place", "gone"):
                    raise
                obstacle = error
                log.warning("Discord: %s cannot be answered there: %s", self._event.id, error)
        if phrases is None:
            raise obstacle or DiscordError("answer", "token_expired", "no_place")
        if obstacle is not None:
            await self._desk.count(obstacle.reason)
        if self._direct is None:
            self._direct = await self._open_direct(phrases)
        return Post(self._direct, await self._send(self._direct, part, piece, replaced))

    def _ways(self, part: int, replaced: str) -> list[str]:
        if self._direct is not None:
            return []
        ticket = self._ticket if self._ticket is not None and self._ticket.alive else None
        if self._hidden:
            return [_BY_TICKET] if ticket else []
        # A post in the channel has a nonce; through the ticket only the first message can be tried again.
        if ticket is None or (ticket.pressed and ticket.hidden):
            return [self.channel]
        if part or ticket.pressed:
            return [self.channel, _BY_TICKET]
        return [self.channel] if replaced else [_BY_TICKET, self.channel]

    async def _send(self, way: str, part: int, piece: Piece, replaced: str) -> str:
        if way == _BY_TICKET:
            assert self._ticket is not None
            if self._is_first(part, replaced):
                return await self._poster.answer(self._ticket, piece)
            return await self._poster.reserve(self._ticket)
        reply_to = self.replies_to if part == 0 and way == self.channel else None
        key = (self._event.id, part, replaced)
        return await self._poster.say(way, piece, key=key, reply_to=reply_to)

    def _is_first(self, part: int, replaced: str) -> bool:
        """Whether the interaction's own message is the one."""
        return self._ticket is not None and part == 0 and not replaced and not self._ticket.pressed

    async def _open_direct(self, phrases: Phrases) -> str:
        """The direct conversation with the asker, told why the answer comes here."""
        log.warning("Discord: the answer to %s goes to its author alone.", self._event.id)
        channel = await self._poster.open_direct(self._event.author.id.partition(":")[2])
        place = self._event.channel.name or self._event.channel.id
        key = "answered_directly" if self._hidden else "cannot_post"
        notice = phrases.render(key, channel=f"#{place}")
        with contextlib.suppress(DiscordError):
            await self._poster.say(channel, Piece(defused(notice)), key=(self._event.id, "notice"))
        return channel
