"""The gateway: connects, stays connected, and hands on what arrives. No privileged intent is asked for."""

import asyncio
import logging
import threading
from typing import Any

import aiohttp
import discord
from discord.gateway import KeepAliveHandler

from bot.desk import Desk
from bot.errors import ConfigurationError
from bot.settings import Settings
from connectors.discord.commands import digest, tree
from connectors.discord.errors import DiscordError
from connectors.discord.hearing import Hearer
from connectors.discord.places import where
from connectors.discord.records import Records
from connectors.discord.responding import Responder
from connectors.discord.rest import REJECTED, Rest
from connectors.discord.tolerating import tolerate

log = logging.getLogger(__name__)

_INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
_BAD_TOKEN = 4004
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_HIDDEN = {"flags": discord.MessageFlags(ephemeral=True).value}


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
        self._pause = _FIRST_PAUSE
        """Seconds until the next attempt; a connection that stood begins anew."""
        self._telling: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listens until cancelled; raises `ConfigurationError` for what only a person can put right."""
        while True:
            client = self._client()
            try:
                # Open all the while, so that an answer need not begin with a login.
                async with self._rest.opened():
                    await self._connect(client)
            except discord.LoginFailure:
                raise ConfigurationError(REJECTED) from None
            except discord.ConnectionClosed as error:
                if error.code == _BAD_TOKEN:
                    raise ConfigurationError(REJECTED) from None
                raise ConfigurationError(
                    f"Discord refuses the connection (close code {error.code}): check the bot's settings in"
                    " the developer portal and `[discord] shards`."
                ) from None
            except ConfigurationError:
                raise
            except (DiscordError, discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("Discord cannot be reached (%s); again in %g s.", error, self._pause)
            except Exception as error:
                # Whatever the SDK makes of a gateway that is not as it should be, others still get answers.
                log.warning("Discord's gateway is not understood (%r); again in %g s.", error, self._pause)
            finally:
                await self._close(client)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _connect(self, client: discord.Client) -> None:
        await client.login(self._token)
        assert client.user is not None and client.application_id is not None
        self._hearer.myself = client.user.id
        syncing = asyncio.create_task(self._sync(client.application_id))
        try:
            await client.connect()
        finally:
            syncing.cancel()
            await asyncio.wait([syncing])

    async def _close(self, client: discord.Client) -> None:
        """Ends a connection, and what the SDK leaves running of one that had only begun."""
        state = client._connection
        for readying in (state._ready_task, *getattr(state, "_ready_tasks", {}).values()):
            if readying is not None:
                readying.cancel()
        await client.close()
        for thread in threading.enumerate():
            if isinstance(thread, KeepAliveHandler) and thread.ws._connection is state:
                thread.stop()

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
        tolerate(client, self._not_understood)
        return client

    async def _sync(self, application: int) -> None:
        """Gives Discord the commands when they are others than it has: it allows few changes a day."""
        commands = tree(self._settings.language)
        path, pause = "/applications/{application_id}/commands", _FIRST_PAUSE
        while True:
            try:
                if not await self._in_force(application, commands):
                    await self._rest.insist("PUT", path, json=commands, application_id=application)
                    await self._records.keep_commands(application, digest(commands))
                return
            except DiscordError as error:
                # Mentions and direct messages work without.
                if error.kind != "passing":
                    log.error("Discord did not take the slash commands: %s", error)
                    return
                log.warning("Discord does not take the slash commands yet: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _in_force(self, application: int, commands: list[dict[str, Any]]) -> bool:
        """Whether Discord was given these commands, and nobody has taken them away since."""
        if await self._records.commands(application) != digest(commands):
            return False
        path = "/applications/{application_id}/commands"
        try:
            there = await self._rest.insist("GET", path, application_id=application)
        except DiscordError as error:
            if error.kind == "passing":
                raise
            return True
        names = {str(one.get("name")) for one in there if isinstance(one, dict)}
        return names >= {str(one["name"]) for one in commands}

    async def on_ready(self) -> None:
        """The gateway has said who we are."""
        self._pause = _FIRST_PAUSE
        log.info("Discord: connected as %s.", self._hearer.myself)

    async def on_error(self, event: str, *_: Any) -> None:
        """Something that arrived could not be handled: the log and `status` tell."""
        log.exception("Discord: %s could not be handled.", event)
        await self._desk.count("event_failed")

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A command, a button, a form, or something half typed."""
        await self._responder.respond(interaction)

    def _not_understood(self, kind: str, data: Any, error: Exception) -> None:
        """An event that the SDK cannot read: the log and `status` tell, and whoever waits for an answer."""
        log.error("Discord: %s is not understood: %r", kind, error)
        telling = asyncio.create_task(self._apologise(kind, data))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _apologise(self, kind: str, data: Any) -> None:
        await self._desk.count("event_failed")
        if kind != "INTERACTION_CREATE" or data.get("type") == discord.InteractionType.autocomplete.value:
            return
        turn = f"{where(data.get('guild_id'), data.get('channel_id'))}:{data.get('id')}"
        said = {"content": self._desk.phrases().render("apology", turn=turn)} | _HIDDEN
        await self._rest.attempt(
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
            json={"type": discord.InteractionResponseType.channel_message.value, "data": said},
            interaction_id=str(data.get("id")),
            interaction_token=str(data.get("token")),
        )
