"""A thread for each answer, where that is wanted: to go on in, without filling the channel."""

import asyncio
import logging

from bot.messages import Command, Feedback, Message
from connectors.discord.errors import DiscordError
from connectors.discord.posting import Poster
from connectors.discord.records import Records
from connectors.discord.rendering import defused
from connectors.discord.routes import Post, Routes

log = logging.getLogger(__name__)

_NAME = 100
_SECONDS = 5


class Threads:
    """Opens threads; one that cannot be opened costs no answer."""

    def __init__(self, poster: Poster, records: Records, *, wanted: bool) -> None:
        self._poster = poster
        self._records = records
        self._wanted = wanted

    async def open_for(self, event: Message | Command | Feedback, routes: Routes) -> None:
        """A thread under the question, for the answer to stand in."""
        question = event.reference.get("message")
        if question and self._wants(event) and await self._open(event, question):
            routes.channel, routes.replies_to = question, None

    async def continue_in(self, event: Message | Command | Feedback, posts: list[Post]) -> None:
        """A thread under the answer to a command, which stands in the channel."""
        if "message" not in event.reference and posts and self._wants(event):
            await self._open(event, posts[0].id)

    def _wants(self, event: Message | Command | Feedback) -> bool:
        reference = event.reference
        asked = isinstance(event, Message) and bool(event.text.strip() or event.attachments)
        among_others = not event.private and "thread" not in reference and event.channel.kind != "shared"
        return self._wanted and asked and among_others

    async def _open(self, event: Message | Command | Feedback, message: str) -> bool:
        try:
            async with asyncio.timeout(_SECONDS):  # the answer waits for it
                thread = await self._poster.open_thread(event.reference["channel"], message, _name(event))
        except (DiscordError, TimeoutError) as error:
            log.warning("Discord: %s gets no thread: %s", event.id, str(error) or "no answer in time")
            return False
        await self._records.keep_thread(thread, event.thread)
        return True


def _name(event: Message | Command | Feedback) -> str:
    """The question, or the file that is all of it."""
    assert isinstance(event, Message)
    text = " ".join(defused(event.text).split()) or event.attachments[0].name
    return text if len(text) <= _NAME else f"{text[: _NAME - 1].rstrip()}…"
