"""Events of Discord's gateway into the queue. No privileged intent is asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from bot.errors import ConfigurationError, StateError
from bot.messages import Command, Message, Submit
from bot.phrases import Phrases
from bot.settings import Settings
from connectors.discord.commands import digest, tree
from connectors.discord.errors import told
from connectors.discord.inbound import Ignored, read_command, read_message
from connectors.discord.records import Records
from connectors.discord.rest import REJECTED

log = logging.getLogger(__name__)

_INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
_BAD_TOKEN = 4004
_LONGEST_PAUSE = 60.0
_TRIES = 5
"""Of queueing one event: the gateway does not deliver it again."""


class Listener:
    """Listens on the gateway, and queues what is for the bot."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        *,
        records: Records,
        submit: Submit,
        count: Callable[[str], Awaitable[None]],
        apologise: Callable[[Message | Command], Awaitable[None]],
        deferring: dict[str, asyncio.Task[Any]],
    ) -> None:
        self._settings = settings
        self._token = token
        self._records = records
        self._submit = submit
        self._count = count
        self._apologise = apologise
        self._deferring = deferring
        self._myself = 0

    async def run(self) -> None:
        """Listens until cancelled; raises `ConfigurationError` for what only a person can put right."""
        pause = 1.0
        while True:
            client = self._client()
            try:
                await client.login(self._token)
                assert client.user is not None
                self._myself = client.user.id
                await self._sync(client)
                pause = 1.0
                await client.connect()
            except discord.LoginFailure:
                raise ConfigurationError(REJECTED) from None
            except discord.ConnectionClosed as error:
                if error.code == _BAD_TOKEN:
                    raise ConfigurationError(REJECTED) from None
                raise ConfigurationError(
                    f"Discord refuses the connection (close code {error.code}): check the bot's settings in"
                    " the developer portal and `[discord] shards`."
                ) from None
            # AttributeError: the SDK takes up a session that never was when its first connection fails.
            except (
                discord.HTTPException,
                aiohttp.ClientError,
                OSError,
                TimeoutError,
                AttributeError,
            ) as error:
                log.warning("Discord cannot be reached (%s); again in %g s.", error, pause)
            finally:
                await client.close()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _client(self) -> discord.Client:
        options: dict[str, Any] = {"intents": _INTENTS, "allowed_mentions": discord.AllowedMentions.none()}
        shards = self._settings.discord.shards
        client = (
            discord.Client(**options)
            if shards == 1
            else discord.AutoShardedClient(shard_count=shards, **options)
        )
        client.event(self.on_ready)
        client.event(self.on_message)
        client.event(self.on_interaction)
        return client

    async def _sync(self, client: discord.Client) -> None:
        """Gives Discord the commands when they are others than last time: it allows few changes a day."""
        assert client.application_id is not None
        commands = tree(self._settings.language)
        if await self._records.commands(client.application_id) == digest(commands):
            return
        try:
            payload: Any = commands
            await client.http.bulk_upsert_global_commands(client.application_id, payload=payload)
        except discord.HTTPException as error:
            # Mentions and direct messages work without.
            log.error("Discord did not take the slash commands: %s", error)
            return
        await self._records.keep_commands(client.application_id, digest(commands))

    async def on_ready(self) -> None:
        """The gateway has said who we are."""
        log.info("Discord: connected as %s.", self._myself)

    async def on_message(self, message: discord.Message) -> None:
        """A message in a channel that the bot sees, or to it."""
        replied = message.reference.message_id if message.reference else None
        thread = await self._records.thread_of(str(replied)) if replied else None
        event = read_message(message, self._myself, thread)
        if isinstance(event, Ignored):
            await self._ignore(str(message.id), event)
        else:
            await self._queue(event)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A slash command: deferred and queued at once, for either may take its time."""
        event = read_command(interaction)
        if isinstance(event, Ignored):
            await self._ignore(str(interaction.id), event)
            if event.reason == "unknown_command":
                name = str(dict(interaction.data or {}).get("name"))
                said = Phrases(self._settings.language).render("unknown_command", command=name)
                await interaction.response.send_message(said, ephemeral=True)
            return
        hidden = "ephemeral" in event.reference
        key = event.reference["interaction"]
        self._deferring[key] = asyncio.create_task(self._defer(interaction, hidden))
        try:
            await asyncio.gather(self._deferring[key], self._queue(event))
        finally:
            del self._deferring[key]

    async def _defer(self, interaction: discord.Interaction, hidden: bool) -> None:
        try:
            await interaction.response.defer(ephemeral=hidden, thinking=True)
        except discord.HTTPException as error:
            # The answer then goes the way that is left.
            problem = told("defer", error)
            log.warning("Discord: the command %s cannot be deferred: %s", interaction.id, problem)
            await self._count(problem.reason)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Discord: the command %s cannot be deferred: %s", interaction.id, error)
            await self._count("unreachable")

    async def _queue(self, event: Message | Command) -> None:
        """Into the queue, for as long as that makes sense; else the asker is told."""
        for attempt in range(1, _TRIES + 1):
            try:
                await self._submit(event)
                return
            except StateError as error:
                log.error("%s cannot be queued (try %s of %s): %s", event.id, attempt, _TRIES, error)
            await asyncio.sleep(attempt)
        await self._apologise(event)

    async def _ignore(self, id_: str, ignored: Ignored) -> None:
        log.debug("Discord: %s is not answered: %s", id_, ignored.reason)
        await self._count(ignored.reason)
