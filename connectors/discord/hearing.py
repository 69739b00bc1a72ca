"""Messages from the gateway: new ones, changed ones, deleted ones, the first ones of posts in forums."""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable

import aiohttp
import discord

from bot.desk import Desk
from bot.errors import StateError
from bot.globs import matches
from bot.messages import Command, Feedback, Message
from bot.settings import Settings
from connectors.discord.inbound import (
    Ignored,
    addressed,
    begins_post,
    event_id,
    not_a_question,
    read_message,
)
from connectors.discord.ordering import InOrder
from connectors.discord.places import is_direct
from connectors.discord.records import Records
from connectors.discord.roles import Roles

log = logging.getLogger(__name__)

_EARLY = 100
"""Messages kept at most until it is told where they stand."""
_SECONDS = 3.0
"""For asking Discord where a message stands."""

Queue = Callable[[Message | Command | Feedback], Awaitable[None]]


class Hearer:
    """Finds the questions among what is written."""

    def __init__(
        self, settings: Settings, desk: Desk, roles: Roles, *, records: Records, queue: Queue
    ) -> None:
        self._forums = settings.discord.forums
        self._desk = desk
        self._roles = roles
        self._records = records
        self._queue = queue
        self._order = InOrder()
        self._early: dict[int, discord.Message] = {}
        """First messages of threads that are not known yet, by id."""
        self.client: discord.Client
        """Who hears; another one after a connection that could not be kept."""
        self.myself = 0

    async def on_message(self, message: discord.Message) -> None:
        """A message in a channel that the bot sees, or to it."""
        self._keep_early(message)
        async with self._order.through(message.channel.id):
            event = await self._read(message)
            if isinstance(event, Ignored):
                await self._ignore(message.id, event.reason)
            else:
                await self._queue(event)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A question that was changed while it waits is answered as it is now."""
        if payload.message.edited_at is None or not payload.message.content:
            return  # Discord has added a preview, or shows nothing of it
        async with self._order.through(payload.channel_id):
            event = await self._read(payload.message)
            if isinstance(event, Message):
                await self._change(lambda: self._desk.amend(event))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A question that was taken back is not answered."""
        id_ = event_id(payload.guild_id, payload.channel_id, payload.message_id)
        async with self._order.through(payload.channel_id):
            await self._change(lambda: self._desk.withdraw(id_))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        """A new thread: what came before anyone knew where it stands may begin a post in a forum."""
        if (early := self._early.pop(thread.id, None)) is not None:
            message = copy.copy(early)
            message.channel = thread
            await self.on_message(message)

    on_thread_join = on_thread_create

    def _keep_early(self, message: discord.Message) -> None:
        """Discord does not say which it tells first, of the thread or of its first message."""
        if isinstance(message.channel, discord.PartialMessageable) and message.id == message.channel.id:
            self._early[message.id] = message
            while len(self._early) > _EARLY:
                del self._early[next(iter(self._early))]

    async def _read(self, message: discord.Message) -> Message | Ignored:
        """The question in a message, or why it is none for the bot."""
        if reason := not_a_question(message, self.myself):
            return Ignored(reason)
        message = await self._placed(message)
        if message.guild is None and not is_direct(message):
            # Never taken for a direct one, which is answered from what its author may read.
            return Ignored("unknown_channel" if addressed(message, self.myself) else "not_addressed")
        guild = message.guild.id if message.guild else None
        if not self._roles.serves(guild):
            return Ignored("server_not_served")
        kept = await self._kept(message)
        groups = await self._groups(message)
        event = read_message(message, self.myself, groups, kept=kept)
        if addressed(message, self.myself) or self._is_post(message):
            return event
        replied_to_us = message.reference is not None and kept is not None
        # Without a mention Discord shows nothing of a message, as a rule: then it is other people's talk.
        if message.content and (
            replied_to_us or await self._desk.follows_up(event.thread, event.channel, event.author)
        ):
            return event
        return Ignored("not_addressed")

    async def _placed(self, message: discord.Message) -> discord.Message:
        """The message in its channel, where the gateway has not told of that one."""
        unknown = isinstance(message.channel, discord.PartialMessageable)
        if not unknown or not addressed(message, self.myself):
            return message
        try:
            async with asyncio.timeout(_SECONDS):
                channel = await self.client.fetch_channel(message.channel.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError, LookupError) as error:
            log.warning("Discord: where %s stands is not known: %s", message.id, error or "no answer in time")
            return message
        placed = copy.copy(message)
        placed.channel = channel  # type: ignore[assignment] # what can be written in is one of these
        placed.guild = getattr(channel, "guild", None)
        return placed

    async def _kept(self, message: discord.Message) -> str | None:
        """The bot's thread that a reply, or what stands in a thread of its own making, goes on in."""
        replied = message.reference.message_id if message.reference else None
        kept = await self._records.thread_of(str(replied)) if replied else None
        if kept is None and isinstance(message.channel, discord.Thread):
            kept = await self._records.thread_of(str(message.channel.id))
        return kept

    def _is_post(self, message: discord.Message) -> bool:
        """Whether it begins a post in a forum where the bot answers unasked."""
        post = begins_post(message)
        if post is None or post.parent is None:
            return False
        labels = (f"discord:{post.parent.id}", f"discord:#{post.parent.name}")
        return any(matches(glob, label) for glob in self._forums for label in labels)

    async def _groups(self, message: discord.Message) -> tuple[str, ...]:
        if message.guild is None:
            return await self._roles.elsewhere(message.author.id, self.client.guilds)
        return self._roles.of(message.author, self.client.guilds)

    async def _ignore(self, id_: int, reason: str) -> None:
        log.debug("Discord: %s is not answered: %s", id_, reason)
        await self._desk.count(reason)

    async def _change(self, change: Callable[[], Awaitable[bool]]) -> None:
        try:
            await change()
        except StateError as error:
            log.error("Discord: a question that was changed or deleted stays as it was: %s", error)
