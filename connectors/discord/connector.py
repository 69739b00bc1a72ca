"""The connector: what the bot hears from Discord and says there."""

import asyncio
import logging
from typing import Any

import yarl
from discord import VoiceClient
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.desk import Desk
from bot.errors import AttachmentError
from bot.messages import Attachment, Command, Delivery, Feedback, Message, Reply, Submit
from bot.settings import Settings
from connectors.discord.delivery import ReplyMessages
from connectors.discord.errors import DiscordError
from connectors.discord.posting import Poster
from connectors.discord.records import Records
from connectors.discord.rendering import messages
from connectors.discord.rest import Rest

log = logging.getLogger(__name__)


class DiscordConnector:
    """Discord: events by the gateway, replies by REST."""

    name = "discord"

    def __init__(self, settings: Settings, records: Records, desk: Desk) -> None:
        token = settings.env.discord_token
        assert token is not None
        Route.BASE = settings.env.vocero_discord_api_url.rstrip("/")
        if settings.env.vocero_discord_gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.env.vocero_discord_gateway_url)
        VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # nothing is said aloud
        self._settings = settings
        self._token = token.get_secret_value()
        self._records = records
        self._desk = desk
        self._rest = Rest(self._token)
        self._deferring: dict[str, asyncio.Task[Any]] = {}
        self._poster = Poster(self._rest, self._deferring)

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled."""
        from connectors.discord.listening import Listener

        listener = Listener(
            self._settings,
            self._token,
            records=self._records,
            submit=submit,
            count=self._desk.count,
            apologise=self._apologise,
            deferring=self._deferring,
        )
        await listener.run()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out: in the answer to a slash command, or as a reply to a message."""
        async with self._rest.opened():
            await ReplyMessages(
                self._poster,
                event,
                delivery,
                phrases=self._desk.phrases,
                records=self._records,
                count=self._desk.count,
            ).deliver(reply)

    async def post(self, channel: str, text: str, key: str = "") -> None:
        """Says something in `discord:#name` or `discord:123`."""
        async with self._rest.opened():
            for piece in messages(text, (), self._desk.phrases()):
                await self._poster.say(channel.partition(":")[2] or channel, piece)

    async def _apologise(self, event: Message | Command) -> None:
        """Tells the asker that an event could not even be queued."""
        text = self._desk.phrases().render("apology", turn=event.id)
        channel = "" if "token" in event.reference else event.reference["channel"]
        try:
            async with self._rest.opened():
                await self._poster.post(event, channel, text, 0, "")
        except DiscordError as error:
            log.error("Discord: the author of %s could not be told that it failed: %s", event.id, error)

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """Address of the message that was answered, for people elsewhere."""
        return None

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """The content of a file that came with a question."""
        raise AttachmentError("gone", f"`{attachment.name}` cannot be fetched from Discord.")
