"""One reply in a thread: posted once, edited while it grows, whole in the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.messages import Answer, Delivery, Feedback, Message, Reply, Status
from bot.phrases import Phrases
from connectors.delivering import follow
from connectors.pacing import Paced
from connectors.slack.api import Api, Post
from connectors.slack.errors import SlackError
from connectors.slack.rendering import draft, messages, plainer

log = logging.getLogger(__name__)

_LEAD = 0.15
"""Seconds in which a short answer becomes whole, and is then posted as such."""
_EDIT = 1.0
"""Seconds between two edits."""


class ThreadReply:
    """The messages that one turn's reply consists of.

    What the queue remembers is `C1:ts,ts`: the channel and the messages in it. A comma or colon at the end
    tells of a post that was under way: whether it arrived, only Slack knows.
    """

    def __init__(
        self,
        api: Api,
        event: Message | Feedback,
        delivery: Delivery,
        phrases: Callable[[str], Phrases],
        count: Callable[[str], Awaitable[None]],
    ) -> None:
        self._api = api
        self._event = event
        self._delivery = delivery
        self._phrases = phrases
        self._count = count
        self._channel = event.reference["channel"]
        self._thread: str | None = event.reference["thread"]
        self._posts: list[str] = []
        self._status: asyncio.Task[bool] | None = None
        self._obstacle: SlackError | None = None
        """Why nothing is shown while it grows."""

    async def deliver(self, reply: Reply) -> None:
        """The reply, to its end."""
        await self._resume()
        try:
            async with Paced(self._show, lead=_LEAD, interval=_EDIT) as paced:
                answer = await follow(reply, paced, self._tell)
            if answer is not None:
                await paced.due()
                await self._conclude(answer)
        finally:
            if self._status is not None:
                self._status.cancel()

    async def _resume(self) -> None:
        """Takes up what an earlier try has posted."""
        kept = await self._delivery.placeholder()
        if not kept:
            return
        channel, _, posts = kept.partition(":")
        if channel != self._channel:
            self._channel, self._thread = channel, None
        self._posts = [post for post in posts.split(",") if post]
        if kept.endswith((":", ",")):
            found = await self._api.posted(self._channel, self._thread, self._event.id)
            self._posts.extend(found[part] for part in sorted(found) if found[part] not in self._posts)

    def _tell(self, status: Status) -> None:
        """The status under the thread, at its best; it goes with the first post."""
        if self._posts or self._thread is None or (self._status and not self._status.done()):
            return
        self._status = asyncio.create_task(
            self._api.attempt(
                "assistant.threads.setStatus",
                channel_id=self._channel,
                thread_ts=self._thread,
                status=status.text,
            )
        )

    async def _settled(self) -> None:
        """Waits for the status: one that came after the post would stay."""
        if self._status is not None:
            await self._status

    async def _show(self, text: str) -> None:
        """The text as it stands; that it cannot be shown matters only in the end."""
        if self._obstacle is not None or (not text.strip() and not self._posts):
            return
        post = draft(text) or {"text": "…"}
        if self._posts:
            await self._api.attempt("chat.update", channel=self._channel, ts=self._posts[0], **post)
            return
        try:
            await self._post(post)
        except SlackError as error:
            self._obstacle = error

    async def _post(self, post: Post) -> None:
        """One more message; before and after it the queue is told."""
        await self._settled()
        await self._delivery.check()
        known = f"{self._channel}:{''.join(f'{at},' for at in self._posts)}"
        await self._delivery.remember(known)
        channel, at = await self._api.post(
            self._channel, self._thread, post, self._event.id, len(self._posts)
        )
        self._channel = channel
        self._posts.append(at)
        await self._delivery.remember(f"{channel}:{','.join(self._posts)}")

    async def _conclude(self, answer: Answer) -> None:
        """The whole answer, by whatever way there is; a way that is closed for good is told."""
        phrases = self._phrases(answer.persona)
        await self._delivery.check()
        try:
            await self._place(answer, phrases)
        except SlackError as error:
            if error.kind == "passing":
                raise
            if error.kind != "no_place":
                await self._lost(error)
                return
            await self._directly(answer, phrases, error)

    async def _place(self, answer: Answer, phrases: Phrases) -> None:
        """The answer; where Slack does not take it, plainer; at the very least, that there was one."""
        forms = (
            messages(answer.text, answer.citations, phrases),
            plainer(answer.text, answer.citations, phrases),
            plainer(phrases.render("apology", turn=self._event.id), (), phrases),
        )
        for form in forms:
            try:
                return await self._put(form)
            except SlackError as error:
                if error.kind != "unfit" or form is forms[-1]:
                    raise
                log.warning("Slack does not take the answer to %s as it is: %s", self._event.id, error)
                await self._count(error.code)
        return None

    async def _put(self, posts: Sequence[Post]) -> None:
        """Makes the messages of this reply these: edits, then posts what is missing, deletes what is over."""
        for part, post in enumerate(posts):
            if part < len(self._posts):
                await self._edit(part, post)
            else:
                await self._post(post)
        while len(self._posts) > len(posts):
            await self._api.attempt("chat.delete", channel=self._channel, ts=self._posts.pop())

    async def _edit(self, part: int, post: Post) -> None:
        edited = {"blocks": []} | dict(post)
        try:
            await self._api.insist("chat.update", channel=self._channel, ts=self._posts[part], **edited)
        except SlackError as error:
            if error.kind != "gone":
                raise
            log.info("Slack: what was posted for %s is gone (%s): posted again.", self._event.id, error)
            for following in self._posts[part + 1 :]:
                await self._api.attempt("chat.delete", channel=self._channel, ts=following)
            del self._posts[part:]
            await self._post(post)

    async def _directly(self, answer: Answer, phrases: Phrases, obstacle: SlackError) -> None:
        """To the asker alone, where the channel cannot be written to."""
        log.warning("Slack: the answer to %s goes to its author alone: %s", self._event.id, obstacle)
        await self._count(obstacle.code)
        place = self._event.channel.name or self._event.channel.id
        notice = phrases.render("cannot_post", channel=f"#{place}")
        self._channel, self._thread, self._posts = self._event.author.id.partition(":")[2], None, []
        told = answer.model_copy(update={"text": f"{notice}\n\n{answer.text}"})
        try:
            await self._place(told, phrases)
        except SlackError as error:
            if error.kind == "passing":
                raise
            await self._lost(error)

    async def _lost(self, error: SlackError) -> None:
        """Nobody in Slack can be told: the log and `status` are what is left."""
        log.error("Slack: the answer to %s was not delivered: %s", self._event.id, error)
        await self._count(error.code)
