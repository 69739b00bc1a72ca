"""The messages of one reply in a thread: posted, edited, streamed, and remembered by the queue."""

import logging
from collections.abc import Mapping, Sequence

from bot.messages import Delivery
from connectors.slack.errors import SlackError
from connectors.slack.rendering import MARKDOWN, Block, Post, defused, linked
from connectors.slack.streaming import Stream, settled
from connectors.slack.thread import Thread

log = logging.getLogger(__name__)

_LIVE = "~"
"""After a timestamp that the queue remembers: that message is still being streamed."""


class Posts:
    """What stands in the thread, by parts.

    What the queue remembers is `C1:ts,ts`: the channel and the messages in it. A comma or colon at the end
    tells of a post that was under way, `~` after it of a stream: whether it arrived, only Slack knows.
    """

    def __init__(self, thread: Thread, delivery: Delivery) -> None:
        self.thread = thread
        self.stream: Stream | None = None
        """The first message, while it is streamed."""
        self.resumed = False
        """An earlier try, or the answer that is asked for again, may have posted something."""
        self._delivery = delivery
        self._api = thread.workspace.api
        self._at: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._at)

    @property
    def last(self) -> str | None:
        """The timestamp of the last message."""
        return self._at[-1] if self._at else None

    async def resume(self) -> None:
        """Takes up what an earlier try, or the answer that is asked for again, has posted."""
        kept = await self._delivery.placeholder()
        self.resumed = bool(kept)
        if not kept:
            return
        channel, _, posts = kept.partition(":")
        if channel != self.thread.channel:
            self.thread.channel, self.thread.at = channel, None
        for post in posts.split(","):
            if post.strip(_LIVE):
                self._at.append(post.strip(_LIVE))
                if post.endswith(_LIVE):
                    await self._api.attempt("chat.stopStream", channel=channel, ts=self._at[-1])
        if kept.rstrip(_LIVE).endswith((":", ",")):
            found = await self.thread.posted(streams=kept.endswith(_LIVE))
            self._at.extend(found[part] for part in sorted(found) if found[part] not in self._at)
            if kept.endswith(_LIVE) and self._at:
                await self._api.attempt("chat.stopStream", channel=channel, ts=self._at[0])
        if self._at:
            await self._remember()

    async def begin_stream(self, text: str, recipient: Mapping[str, str]) -> bool:
        """Whether the first words are there; not where Slack does not stream."""
        beginning = settled(defused(text))
        tiers = self.thread.workspace.tiers
        if (
            self.thread.at is None
            or not beginning.strip()
            or len(beginning) > MARKDOWN
            or linked(beginning)
            or not self._api.knows("chat.startStream")
            or not await tiers.promise("chat.stopStream", self.thread.turn)
            or not await tiers.spare("chat.startStream")
        ):
            return False
        await self._delivery.check()
        await self._delivery.remember(f"{self.thread.channel}:{_LIVE}")
        stream = Stream(self.thread, recipient)
        try:
            async with self.thread.posting():
                at = await stream.begin(beginning)
        except SlackError as error:
            log.info("Slack: %s; the answer to %s is posted.", error, self.thread.turn)
            if error.kind != "passing" or error.retry_after is not None:
                return False
            if (found := (await self.thread.posted(streams=True)).get(0)) is None:
                return False
            self._at = [found]  # it was begun all the same
            await self._api.attempt("chat.stopStream", channel=self.thread.channel, ts=found)
            await self._remember()
            return True
        self.stream, self._at = stream, [at]
        await self._remember()
        return True

    async def end_stream(self, text: str | None = None, blocks: Sequence[Block] = ()) -> bool:
        """Whether the stream has become the message wanted."""
        assert self.stream is not None
        stream, self.stream = self.stream, None
        done = await stream.end(text, blocks, self.thread.metadata(0))
        await self._remember()
        return done

    async def attempt(self, post: Post, *, owed: bool = False) -> None:
        """Shows this in the first message, if that can be.

        `owed`: it is made even where few edits are left for this minute.
        """
        await self._api.attempt("chat.update", owed=owed, channel=self.thread.channel, ts=self._at[0], **post)

    def move(self, channel: str) -> None:
        """Goes on elsewhere, with nothing there."""
        self.thread.leave()
        self.thread.channel, self.thread.at = channel, None
        self._at, self.stream = [], None

    async def post(self, post: Post, *, grows: bool = False) -> None:
        """One more message; before and after it the queue is told. `grows`: it is edited in the end."""
        await self._delivery.check()
        if grows:
            await self.thread.workspace.tiers.promise("chat.update", self.thread.turn, surely=True)
        known = "".join(f"{at}," for at in self._at)
        await self._delivery.remember(f"{self.thread.channel}:{known}")
        self._at.append(await self.thread.post(post, len(self._at)))
        await self._remember()

    async def put(self, posts: Sequence[Post]) -> None:
        """Makes the messages of this reply these: edits, then posts what is missing, deletes what is over."""
        for part, post in enumerate(posts):
            if part == 0 and self.stream is not None:
                text, *below = post.get("blocks") or [{}]
                if linked([text, below]):
                    await self.end_stream()  # of an edit Slack makes no previews
                elif await self.end_stream(text.get("text"), below):
                    continue
            if part < len(self._at):
                await self._edit(part, post)
            else:
                await self.post(post)
        while len(self._at) > len(posts):
            await self._api.attempt("chat.delete", channel=self.thread.channel, ts=self._at.pop())

    async def _edit(self, part: int, post: Post) -> None:
        edited = {"blocks": [], "metadata": self.thread.metadata(part)} | dict(post)
        api, channel = self._api, self.thread.channel
        try:
            await api.insist(
                "chat.update", promised=self.thread.turn, channel=channel, ts=self._at[part], **edited
            )
        except SlackError as error:
            if error.kind != "gone":
                raise
            log.info("Slack: what was posted for %s is gone (%s): posted again.", self.thread.turn, error)
            for following in self._at[part + 1 :]:
                await api.attempt("chat.delete", channel=channel, ts=following)
            del self._at[part:]
            await self.post(post)

    async def _remember(self) -> None:
        live = _LIVE if self.stream is not None else ""
        await self._delivery.remember(f"{self.thread.channel}:{','.join(self._at)}{live}")
