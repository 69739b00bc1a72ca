"""One reply: posted once, edited while it grows, whole in the end."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.messages import Answer, Command, Delivery, Feedback, Message, Reply
from bot.phrases import Phrases
from connectors.delivering import follow
from connectors.discord.errors import DiscordError
from connectors.discord.posting import Poster
from connectors.discord.records import Records
from connectors.discord.rendering import LIMIT, SHORTER, defused, draft, messages
from connectors.pacing import Paced

log = logging.getLogger(__name__)

_LEAD = 0.25
"""Seconds in which a short answer becomes whole, and is then posted as such."""
_EDIT = 1.3
"""Seconds between two edits: five in five seconds are allowed to all edits of a channel together."""
_TYPING = 8.0
"""Seconds after which Discord is told again that the bot is writing; it believes it for ten."""
_TOKEN = timedelta(minutes=14, seconds=30)
"""How long an interaction can be answered through its token, with a margin."""


class Post(NamedTuple):
    """A message of the reply. `channel` is empty for one that is reached by the interaction's token."""

    channel: str
    id: str


class ReplyMessages:
    """The messages that one turn's reply consists of.

    What the queue remembers is `channel/id,channel/id`.
    """

    def __init__(
        self,
        poster: Poster,
        event: Message | Command | Feedback,
        delivery: Delivery,
        *,
        phrases: Callable[[str], Phrases],
        records: Records,
        count: Callable[[str], Awaitable[None]],
    ) -> None:
        self._poster = poster
        self._event = event
        self._delivery = delivery
        self._phrases = phrases
        self._records = records
        self._count = count
        self._posts: list[Post] = []
        self._direct: str | None = None
        """The direct conversation with the asker, once the reply had to go there."""
        self._shown = ""
        self._edited = -_EDIT
        self._obstacle: DiscordError | None = None
        """Why nothing is shown while it grows."""

    async def deliver(self, reply: Reply) -> None:
        """The reply, to its end."""
        kept = await self._delivery.placeholder()
        self._posts = [Post(*one.split("/")) for one in (kept or "").split(",") if one]
        typing = asyncio.create_task(self._type())
        try:
            async with Paced(self._show, lead=_LEAD, interval=_EDIT) as paced:
                # Progress is told of commands alone; while a question is answered, Discord shows it itself.
                command = isinstance(self._event, Command)
                answer = await follow(reply, paced, lambda told: paced.update(told.text) if command else None)
            if answer is not None:
                await self._conclude(answer)
        finally:
            typing.cancel()
            await asyncio.wait([typing])

    async def _type(self) -> None:
        """Shows that the bot is writing until there is a message; an interaction does so by itself."""
        while not self._posts and "token" not in self._event.reference:
            await self._poster.type(self._event.reference["channel"])
            await asyncio.sleep(_TYPING)

    async def _show(self, text: str) -> None:
        """The text as it stands; that it cannot be shown matters only in the end."""
        shown = draft(text)
        if self._obstacle is not None or not shown or shown == self._shown:
            return
        try:
            if not self._posts:
                await self._put(0, shown)
            elif not await self._poster.attempt_edit(self._event, self._posts[0], shown):
                return
        except DiscordError as error:
            self._obstacle = error
            return
        self._shown, self._edited = shown, time.monotonic()

    async def _conclude(self, answer: Answer) -> None:
        """The whole answer, by whatever way there is; a way that is closed for good is told."""
        phrases = self._phrases(answer.persona)
        await asyncio.sleep(max(0.0, self._edited + _EDIT - time.monotonic()))
        await self._delivery.check()
        try:
            try:
                await self._put_all(messages(answer.text, answer.citations, phrases, LIMIT), phrases)
            except DiscordError as error:
                if error.kind != "too_long":
                    raise
                log.warning(
                    "Discord does not take the answer to %s as it is (%s): shorter.", self._event.id, error
                )
                await self._put_all(messages(answer.text, answer.citations, phrases, SHORTER), phrases)
        except DiscordError as error:
            if error.kind == "passing":
                raise
            # Nobody in Discord can be told: the log and `status` are what is left.
            log.error("Discord: the answer to %s was not delivered: %s", self._event.id, error)
            await self._count(error.reason)

    async def _put_all(self, pieces: list[str], phrases: Phrases) -> None:
        """Makes the messages of this reply these: edits, posts what is missing, deletes what is over."""
        for part, piece in enumerate(pieces):
            await self._put(part, piece, phrases)
        while len(self._posts) > len(pieces):
            await self._poster.delete(self._event, self._posts.pop())

    async def _put(self, part: int, text: str, phrases: Phrases | None = None) -> None:
        """Makes one message of the reply this text: by an edit where it is there, else by a post."""
        known = self._posts[part] if part < len(self._posts) else None
        if known is not None and await self._edit(known, text):
            return
        await self._delivery.check()
        channel, id_ = await self._post(part, text, known.id if known else "", phrases)
        self._posts[part : part + 1] = [Post(channel, id_)]
        await self._delivery.remember(",".join("/".join(post) for post in self._posts))
        await self._records.keep_thread(id_, self._event.thread)

    async def _edit(self, post: Post, text: str) -> bool:
        """Edits a message; False when it cannot be reached or is there no more."""
        for channel in self._channels_of(post):
            try:
                await self._poster.edit(self._event, Post(channel, post.id), text)
                return True
            except DiscordError as error:
                if error.kind not in ("gone", "no_place"):
                    raise
                log.info("Discord: %s of %s cannot be edited: %s", post.id, self._event.id, error)
        return False

    def _channels_of(self, post: Post) -> list[str]:
        """The ways to a message: what an interaction posted for all is an ordinary message, too."""
        if post.channel:
            return [post.channel]
        ways = [""] if self._token_lives() else []
        return ways if self._event.private else [*ways, self._event.reference["channel"]]

    async def _post(self, part: int, text: str, replaced: str, phrases: Phrases | None) -> tuple[str, str]:
        """Posts a message: through the token, else in the channel, else to the asker alone.

        What only its author may see is never posted in the channel; a draft is not sent elsewhere.
        """
        obstacle: DiscordError | None = None
        for way in self._ways(part, replaced):
            try:
                return way, await self._poster.post(self._event, way, text, part, replaced)
            except DiscordError as error:
                if error.kind not in ("no_place", "gone"):
                    raise
                obstacle = error
                log.warning("Discord: %s cannot be answered there: %s", self._event.id, error)
        if phrases is None and obstacle is not None:
            raise obstacle
        if obstacle is not None:
            await self._count(obstacle.reason)
        if self._direct is None:
            self._direct = await self._open_direct(phrases)
        return self._direct, await self._poster.post(self._event, self._direct, text, part, replaced)

    def _ways(self, part: int, replaced: str) -> list[str]:
        if self._direct is not None:
            return []
        reference = self._event.reference
        token = [""] if self._token_lives() and (part > 0 or not replaced) else []
        if self._event.private and "token" in reference:
            return token
        # A post in the channel has a nonce, a further one through the token has none.
        return [reference["channel"], *token] if part else [*token, reference["channel"]]

    def _token_lives(self) -> bool:
        return "token" in self._event.reference and datetime.now(UTC) - self._event.at < _TOKEN

    async def _open_direct(self, phrases: Phrases | None) -> str:
        """The direct conversation with the asker, told why the answer comes here."""
        log.warning("Discord: the answer to %s goes to its author alone.", self._event.id)
        channel = await self._poster.open_direct(self._event.author.id.partition(":")[2])
        if phrases is not None and not self._event.private:
            place = self._event.channel.name or self._event.channel.id
            notice = defused(phrases.render("cannot_post", channel=f"#{place}"))
            with contextlib.suppress(DiscordError):
                await self._poster.post(self._event, channel, notice, -1, "")
        return channel
