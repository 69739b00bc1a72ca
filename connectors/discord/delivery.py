"""One reply: posted once, edited while it grows, whole in the end."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta

from bot.actions import stoppable
from bot.desk import Desk
from bot.messages import Answer, Command, Delivery, Feedback, Message, Reply, Status
from bot.phrases import Phrases
from bot.tools.names import PRESSES
from connectors.delivering import follow
from connectors.discord.errors import DiscordError
from connectors.discord.forms import rows, word_rows
from connectors.discord.pace import Pace
from connectors.discord.posting import InChannel, Piece, Poster, Rows, Target
from connectors.discord.records import Records
from connectors.discord.rendering import LIMIT, SHORTER, draft, messages
from connectors.discord.routes import Post, Routes
from connectors.discord.threads import Threads
from connectors.discord.tickets import is_hidden, ticket_of
from connectors.pacing import Paced

log = logging.getLogger(__name__)

_LEAD = 0.05
"""Seconds in which a short answer becomes whole, and is then posted as such."""
_EDIT = 1.3
"""Seconds between two edits of one answer: an interaction takes five in five, the last one included."""
_PATIENCE = 4.0
"""Seconds without a word of the answer, after which it is said what the bot is doing."""
_LAST_WORDS = timedelta(seconds=5)
"""Before a ticket expires, in which can still be said that it does."""
_TYPING = 8.0
"""Seconds after which Discord is told again that the bot is writing; it believes it for ten."""


class ReplyMessages:
    """The messages that one turn's reply consists of."""

    def __init__(
        self,
        poster: Poster,
        event: Message | Command | Feedback,
        delivery: Delivery,
        *,
        desk: Desk,
        records: Records,
        threads: Threads,
        pace: Pace,
    ) -> None:
        self._poster = poster
        self._event = event
        self._delivery = delivery
        self._desk = desk
        self._records = records
        self._threads = threads
        self._pace = pace
        self._ticket = ticket_of(event)
        self._routes = Routes(poster, event, desk)
        self._is_word = isinstance(event, Command) and event.name in PRESSES
        """Who sees what comes of the asker's word, and what of another's, is known only at the end."""
        self._posts: list[Post] = []
        self._words = ""
        """What the bot is doing, as long as there is nothing of the answer."""
        self._stop: Rows = ()
        self._shown = ""
        self._edited = -_EDIT
        self._obstacle: DiscordError | None = None
        """Why nothing is shown while it grows."""

    async def deliver(self, reply: Reply) -> None:
        """The reply, to its end."""
        self._posts = Post.several(await self._delivery.placeholder())
        phrases = await self._desk.phrases_in(self._event.channel)
        self._stop = rows(["stop"], self._event.id, phrases) if stoppable(self._event) else ()
        await self._threads.open_for(self._event, self._routes)
        async with Paced(self._show, lead=_LEAD, interval=_EDIT) as paced, self._meanwhile(paced, phrases):
            answer = await follow(reply, paced, lambda status: self._tell(status, paced))
        if answer is not None:
            await self._conclude(answer)

    def _tell(self, status: Status, paced: Paced) -> None:
        """Progress is told of commands; a question's only where its answer lets itself be waited for."""
        self._words = status.text
        if isinstance(self._event, Command):
            paced.update(status.text)

    @contextlib.asynccontextmanager
    async def _meanwhile(self, paced: Paced, phrases: Phrases) -> AsyncIterator[None]:
        """Shows, while the reply is awaited, that it is."""
        tasks = [
            asyncio.create_task(work) for work in (self._type(), self._wait(paced), self._hand_over(phrases))
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _type(self) -> None:
        """Shows that the bot is writing until there is a message; an interaction does so by itself."""
        while not self._posts and self._ticket is None:
            await self._poster.type(self._routes.channel)
            await asyncio.sleep(_TYPING)

    async def _wait(self, paced: Paced) -> None:
        """Says what the bot is doing when that takes long: there, it can be stopped, too."""
        await asyncio.sleep(_PATIENCE)
        if self._words and isinstance(self._event, Message):
            paced.meanwhile(self._words)

    async def _hand_over(self, phrases: Phrases) -> None:
        """Before the ticket of a reply that nobody else sees expires: the rest comes as a direct message."""
        if self._ticket is None or not is_hidden(self._event) or not self._ticket.alive:
            return
        await asyncio.sleep((self._ticket.left - _LAST_WORDS).total_seconds())
        self._obstacle = DiscordError("answer", "token_expired", "no_place")
        text = phrases.render("answer_elsewhere")
        for target in self._routes.to(self._posts[0]) if self._posts else self._routes.first:
            await self._poster.attempt_edit(target, Piece(text))

    async def _show(self, text: str) -> None:
        """The text as it stands; that it cannot be shown matters only in the end."""
        shown = draft(text)
        if self._is_word or self._obstacle is not None or not shown or shown == self._shown:
            return
        try:
            if not self._posts:
                await self._put(0, Piece(shown, self._stop))
            else:
                target = next(iter(self._routes.to(self._posts[0])), None)
                if target is None or not await self._has_room(target):
                    return
                if (problem := await self._poster.attempt_edit(target, Piece(shown, self._stop))) is not None:
                    # What Discord refuses for good is not asked again and again: it counts such requests.
                    self._obstacle = problem if problem.kind != "passing" else None
                    return
        except DiscordError as error:
            self._obstacle = error
            return
        self._shown, self._edited = shown, time.monotonic()

    async def _has_room(self, target: Target) -> bool:
        """Whether the text may be shown as it stands: an interaction has edits of its own."""
        begins = self._shown == draft(self._words)
        return not isinstance(target, InChannel) or await self._pace.spare(
            "edit", target.channel, begins=begins
        )

    async def _conclude(self, answer: Answer) -> None:
        """The whole answer, by whatever way there is; a way that is closed for good is told."""
        await asyncio.sleep(max(0.0, self._edited + _EDIT - time.monotonic()))
        await self._delivery.check()
        if self._is_word:
            if answer.outcome == "refused":
                self._routes.hide()
            else:
                await self._routes.take_buttons()
        try:
            if answer.text or isinstance(self._event, Message):
                await self._put_whole(answer)
            else:
                await self._routes.withdraw()
        except DiscordError as error:
            if error.kind == "passing":
                raise
            # Nobody in Discord can be told: the log and `status` are what is left.
            log.error("Discord: the answer to %s was not delivered: %s", self._event.id, error)
            await self._desk.count(error.reason)

    async def _put_whole(self, answer: Answer) -> None:
        phrases = self._desk.phrases(answer.persona, answer.language)
        buttons = [
            *rows(answer.actions, self._event.id, phrases),
            *word_rows(answer.confirmations, phrases),
        ]
        last = Piece("", buttons, answer.pictures)
        try:
            await self._put_all(messages(answer.text, answer.citations, phrases, LIMIT), last, phrases)
        except DiscordError as error:
            if error.kind != "too_long":
                raise
            log.warning("Discord does not take the answer to %s as it is: %s", self._event.id, error)
            await self._put_all(messages(answer.text, answer.citations, phrases, SHORTER), last, phrases)
        await self._threads.continue_in(self._event, self._posts)

    async def _put_all(self, texts: list[str], last: Piece, phrases: Phrases) -> None:
        """Makes the messages of this reply these, the last one with its buttons and files.

        Edits, posts what is missing, deletes what is over.
        """
        for part, text in enumerate(texts[:-1]):
            await self._put(part, Piece(text), phrases)
        await self._put(len(texts) - 1, last._replace(text=texts[-1]), phrases)
        while len(self._posts) > len(texts):
            for target in self._routes.to(self._posts.pop())[:1]:
                await self._poster.delete(target)

    async def _put(self, part: int, piece: Piece, phrases: Phrases | None = None) -> None:
        """Makes one message of the reply this: by an edit where it is there, else by a post.

        Without `phrases` it is a draft, which is not sent elsewhere.
        """
        known = self._posts[part] if part < len(self._posts) else None
        if known is not None and await self._edit(known, piece):
            return
        await self._delivery.check()
        replaced = known.id if known else ""
        post = await self._routes.post(part, piece, replaced=replaced, phrases=phrases)
        self._posts[part : part + 1] = [post]
        await self._delivery.remember(Post.written(self._posts))
        if self._routes.reserved(part, post, replaced=replaced):
            await self._poster.edit(self._routes.to(post)[0], piece)
        await self._records.keep_thread(post.id, self._event.thread)

    async def _edit(self, post: Post, piece: Piece) -> bool:
        """Edits a message; False when it cannot be reached or is there no more."""
        for target in self._routes.to(post):
            try:
                await self._poster.edit(target, piece)
                return True
            except DiscordError as error:
                if error.kind not in ("gone", "no_place"):
                    raise
                log.info("Discord: %s of %s cannot be edited: %s", post.id, self._event.id, error)
        return False
