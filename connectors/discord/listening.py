"""The gateway: connects, stays connected, and hands on what arrives. No privileged intent is asked for."""

import asyncio
import logging
from typing import Any

import aiohttp
import discord

from bot.desk import Desk
from bot.errors import ConfigurationError
from bot.settings import Settings
from connectors.discord.commands import digest, tree
from connectors.discord.errors import DiscordError
from connectors.discord.hearing import Hearer
from connectors.discord.records import Records
from connectors.discord.responding import Responder
from connectors.discord.rest import REJECTED, Rest

log = logging.getLogger(__name__)

_INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
_BAD_TOKEN = 4004
_LONGEST_PAUSE = 60.0


class Listener:
    """Keeps a connection to the gateway, or several."""

    def __init__(
        self,
        settings: Settings,
        rest: Rest,
        *,
        token: str,
        desk: Desk,
        records: Records,
        hearer: Hearer,
        responder: Responder,
    ) -> None:
        self._settings = settings
        self._rest = rest
        self._token = token
        self._desk = desk
        self._records = records
        self._hearer = hearer
        self._responder = responder

    async def run(self) -> None:
        """Listens until cancelled; raises `ConfigurationError` for what only a person can put right."""
        pause = 1.0
        while True:
            client = self._client()
            try:
                # Open all the while, so that an answer need not begin with a login.
                async with self._rest.opened():
                    await client.login(self._token)
                    assert client.user is not None
                    self._hearer.myself = client.user.id
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
                DiscordError,
                discord.HTTPException,
                discord.GatewayNotFound,
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
        ids = self._settings.discord.shard_ids or range(shards)
        client = (
            discord.Client(**options)
            if shards == 1
            else discord.AutoShardedClient(
                shard_count=shards, shard_ids=list(ids or range(shards)), **options
            )
        )
        for handler in (
            self.on_ready,
            self.on_interaction,
            self.on_error,
            self._hearer.on_message,
            self._hearer.on_raw_message_edit,
            self._hearer.on_raw_message_delete,
            self._hearer.on_thread_create,
            self._hearer.on_thread_join,
        ):
            client.event(handler)
        self._hearer.client = client
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
        log.info("Discord: connected as %s.", self._hearer.myself)

    async def on_error(self, event: str, *_: Any) -> None:
        """Something that arrived could not be handled: the log and `status` tell."""
        log.exception("Discord: %s could not be handled.", event)
        await self._desk.count("event_failed")

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A command, a button, a form, or something half typed."""
        await self._responder.respond(interaction)
