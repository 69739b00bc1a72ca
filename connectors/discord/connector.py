"""The connector: what the bot hears from Discord and says there."""

import asyncio
import logging
import uuid
from collections.abc import Sequence

import yarl
from discord import VoiceClient
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.desk import Desk
from bot.errors import PostError, StateError
from bot.messages import Attachment, Command, Confirmation, Delivery, Feedback, Message, Reply, Submit
from bot.settings import Settings
from connectors.discord.delivery import ReplyMessages
from connectors.discord.errors import DiscordError
from connectors.discord.files import fetch
from connectors.discord.forms import word_rows
from connectors.discord.pace import Pace
from connectors.discord.places import link
from connectors.discord.posting import Piece, Poster
from connectors.discord.records import Records
from connectors.discord.rendering import messages
from connectors.discord.rest import Rest
from connectors.discord.roles import Roles
from connectors.discord.routes import Routes
from connectors.discord.threads import Threads

log = logging.getLogger(__name__)

_TRIES = 5
"""Of queueing one event: the gateway does not deliver it again."""


class DiscordConnector:
    """Discord: events by the gateway, replies by REST."""

    name = "discord"

    def __init__(self, settings: Settings, records: Records, pace: Pace, desk: Desk) -> None:
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
        self._deferring: dict[str, asyncio.Task[bool]] = {}
        self._pace = pace
        self._poster = Poster(self._rest, pace, self._deferring)
        self._threads = Threads(self._poster, records, wanted=settings.discord.threads)

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled."""
        from connectors.discord.hearing import Hearer
        from connectors.discord.listening import Listener
        from connectors.discord.responding import Responder

        async def queue(event: Message | Command | Feedback) -> None:
            await self._queue(event, submit)

        roles = Roles(self._settings, self._rest)
        hearer = Hearer(self._settings, self._desk, roles, records=self._records, queue=queue)
        responder = Responder(self._desk, roles, self._records, queue=queue, deferring=self._deferring)
        await Listener(
            self._settings,
            self._rest,
            token=self._token,
            desk=self._desk,
            records=self._records,
            hearer=hearer,
            responder=responder,
        ).run()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out: in the answer to a slash command, as a reply to a message, beside a button."""
        async with self._rest.opened():
            await ReplyMessages(
                self._poster,
                event,
                delivery,
                desk=self._desk,
                records=self._records,
                threads=self._threads,
                pace=self._pace,
            ).deliver(reply)

    async def post(
        self, channel: str, text: str, key: str = "", confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """Says something in `discord:#name` or `discord:123`; once for one `key`, within minutes."""
        try:
            async with self._rest.opened():
                place = await self._poster.find(channel.partition(":")[2] or channel)
                phrases, key = self._desk.phrases(), key or uuid.uuid4().hex
                *texts, last = messages(text, (), phrases)
                pieces = [*map(Piece, texts), Piece(last, word_rows(confirmations, phrases))]
                for part, piece in enumerate(pieces):
                    await self._poster.say(place, piece, key=(key, part))
        except DiscordError as error:
            raise PostError(f"Discord does not take a message in `{channel}`: {error.reason}.") from None

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """Address of the message that was asked, or whose button was pressed, for people elsewhere."""
        message = event.reference.get("under") or event.reference.get("message")
        return link(event.id, message) if message else None

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """The content of a file that came with a question."""
        return await fetch(attachment, limit)

    async def _queue(self, event: Message | Command | Feedback, submit: Submit) -> None:
        """Into the queue, for as long as that makes sense; else the asker is told."""
        for attempt in range(1, _TRIES + 1):
            try:
                await submit(event)
                return
            except StateError as error:
                log.error("%s cannot be queued (try %s of %s): %s", event.id, attempt, _TRIES, error)
            await asyncio.sleep(attempt)
        await self._apologise(event)

    async def _apologise(self, event: Message | Command | Feedback) -> None:
        """Tells the asker that an event could not even be queued."""
        phrases = self._desk.phrases()
        text = phrases.render("apology", turn=event.id)
        try:
            async with self._rest.opened():
                routes = Routes(self._poster, event, self._desk)
                await routes.post(0, Piece(text), replaced="", phrases=phrases)
        except DiscordError as error:
            log.error("Discord: the author of %s could not be told that it failed: %s", event.id, error)
