"""One reply in a thread: begun when its turn to post comes, shown while it grows, whole in the end."""

import asyncio
import logging
from collections.abc import Sequence

from bot.actions import stoppable
from bot.desk import Desk
from bot.messages import Answer, Delivery, Message, Reply, Status
from bot.phrases import Phrases
from connectors.delivering import follow
from connectors.pacing import Paced
from connectors.slack import buttons, pictures
from connectors.slack.errors import SlackError
from connectors.slack.presence import Presence
from connectors.slack.rendering import MARKDOWN, Block, Post, defused, draft, messages, plainer, said
from connectors.slack.streaming import Stream, settled
from connectors.slack.thread import Thread
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_LEAD = 0.05
"""Seconds in which a short answer becomes whole, and is then posted as such."""
_EDIT = 1.0
"""Seconds between two edits."""
_LIVE = "~"
"""After a timestamp that the queue remembers: that message is still being streamed."""


class ThreadReply:
    """The messages that one turn's reply consists of.

    What the queue remembers is `C1:ts,ts`: the channel and the messages in it. A comma or colon at the end
    tells of a post that was under way, `~` after it of a stream: whether it arrived, only Slack knows.
    """

    def __init__(self, workspace: Workspace, event: Message, delivery: Delivery, desk: Desk) -> None:
        self._workspace = workspace
        self._event = event
        self._delivery = delivery
        self._desk = desk
        where = event.reference
        self._thread = Thread(
            workspace, where["channel"], where.get("thread") or None, turn=event.id, asked=event.at
        )
        self._presence = Presence(workspace, event, self._thread)
        self._posts: list[str] = []
        self._resumed = False
        self._stream: Stream | None = None
        self._text = ""
        """What is to be shown by now, and `_shown` what is."""
        self._shown: str | None = None
        self._waiting = ""
        """What is said while there is nothing to show."""
        self._ready = asyncio.Event()
        """There is something to show."""
        self._whole = False
        self._beginning: asyncio.Task[None] | None = None
        self._obstacle: SlackError | None = None
        """Why nothing is shown while it grows."""

    async def deliver(self, reply: Reply) -> None:
        """The reply, to its end."""
        phrases = await self._desk.phrases_in(self._event.channel)
        self._waiting = phrases.render("thinking", seed=self._event.id)
        self._stop = buttons.stop(self._event.id, phrases) if stoppable(self._event) else []
        await self._resume()
        self._presence.arrive(await self._desk.loading(self._event.channel))
        if not self._posts:
            self._beginning = asyncio.create_task(self._begin())
        elif self._event.replaces is not None:
            await self._update(f"_{self._waiting}_")
        try:
            async with Paced(self._show, lead=_LEAD, interval=_EDIT) as paced:
                answer = await follow(reply, paced, self._tell)
            if answer is not None:
                self._whole = True
                self._ready.set()
                await self._begun()
                if self._stream is None and self._posts:
                    await paced.due()
                await self._conclude(answer)
        finally:
            if self._beginning is not None:
                self._beginning.cancel()
                await asyncio.gather(self._beginning, return_exceptions=True)
            self._thread.leave()
            await self._presence.go()

    async def _resume(self) -> None:
        """Takes up what an earlier try, or the answer that is asked for again, has posted."""
        kept = await self._delivery.placeholder()
        self._resumed = bool(kept)
        if not kept:
            return
        channel, _, posts = kept.partition(":")
        if channel != self._thread.channel:
            self._thread.channel, self._thread.at = channel, None
        for post in posts.split(","):
            if post.strip(_LIVE):
                self._posts.append(post.strip(_LIVE))
                if post.endswith(_LIVE):
                    await self._workspace.api.attempt("chat.stopStream", channel=channel, ts=self._posts[-1])
        if kept.rstrip(_LIVE).endswith((":", ",")):
            found = await self._thread.posted(streams=kept.endswith(_LIVE))
            self._posts.extend(found[part] for part in sorted(found) if found[part] not in self._posts)
            if kept.endswith(_LIVE) and self._posts:
                await self._workspace.api.attempt("chat.stopStream", channel=channel, ts=self._posts[0])
        if self._posts:
            await self._remember()

    def _tell(self, status: Status) -> None:
        self._waiting = status.text
        if not self._posts:
            self._presence.tell(status.text)

    async def _begin(self) -> None:
        """The first message: when it is its turn, with what there is by then.

        It waits for something to show for as long as it holds up nobody else.
        """
        try:
            slot = await self._thread.enter()
            await _first(self._ready, slot.crowded)
            await slot.ready()
            await self._presence.settled()
            if self._whole:
                return
            if self._text.strip():
                await self._open(self._text)
            else:
                await self._post(self._draft(f"_{self._waiting}_"))
                self._shown = ""
        except SlackError as error:
            self._obstacle = error
            self._thread.leave()

    async def _begun(self) -> None:
        """Returns once the first message is there, or does not come before the end."""
        if self._beginning is not None:
            await asyncio.shield(self._beginning)

    def _has_begun(self) -> bool:
        return self._beginning is None or self._beginning.done()

    async def _open(self, text: str) -> None:
        """The first words: streamed where Slack does that, else posted and edited."""
        if await self._streamed(text):
            return
        await self._post(self._draft(text))
        self._shown = text

    async def _streamed(self, text: str) -> bool:
        beginning = settled(defused(text))
        spare = self._workspace.pace.spare
        if (
            self._thread.at is None
            or not beginning.strip()
            or len(beginning) > MARKDOWN
            or not self._workspace.api.knows("chat.startStream")
            or not await spare("chat.startStream", "chat.stopStream")
        ):
            return False
        await self._delivery.check()
        await self._delivery.remember(f"{self._thread.channel}:{_LIVE}")
        stream = Stream(self._thread, self._recipient())
        try:
            async with self._thread.posting():
                at = await stream.begin(beginning)
        except SlackError as error:
            log.info("Slack: %s; the answer to %s is posted.", error, self._event.id)
            if error.kind != "passing" or error.retry_after is not None:
                return False
            if (found := (await self._thread.posted(streams=True)).get(0)) is None:
                return False
            self._posts = [found]  # it was begun all the same
            await self._workspace.api.attempt("chat.stopStream", channel=self._thread.channel, ts=found)
            await self._remember()
            return True
        self._stream, self._posts, self._shown = stream, [at], text
        await self._remember()
        return True

    def _recipient(self) -> dict[str, str]:
        """Who sees a stream in a channel; in a direct message there is but one."""
        if self._event.channel.kind == "direct":
            return {}
        team = self._event.reference.get("user_team") or self._event.id.split(":")[1]
        return {"recipient_user_id": self._event.author.id.partition(":")[2], "recipient_team_id": team}

    async def _show(self, text: str) -> None:
        """The text as it stands; that it cannot be shown matters only in the end."""
        self._text = text
        if text.strip():
            self._ready.set()
        if self._obstacle is not None or not self._posts or text == self._shown or not self._has_begun():
            return
        if self._stream is not None:
            shown = settled(defused(text))
            if len(shown) > MARKDOWN or await self._stream.add(shown):
                return
            await self._end_stream()
        first, self._shown = not self._shown, text
        await self._update(text or "…", owed=first)

    async def _update(self, text: str, *, owed: bool = False) -> None:
        """`owed`: the first words are shown even where few edits are left for this minute."""
        channel, at = self._thread.channel, self._posts[0]
        await self._workspace.api.attempt(
            "chat.update", owed=owed, channel=channel, ts=at, **self._draft(text)
        )

    def _draft(self, text: str) -> Post:
        return draft(text, self._stop) or {"text": "…"}

    async def _end_stream(self, text: str | None = None, blocks: Sequence[Block] = ()) -> bool:
        """Whether the stream has become the message wanted."""
        assert self._stream is not None
        stream, self._stream = self._stream, None
        done = await stream.end(text, blocks, self._thread.metadata(0))
        await self._remember()
        return done

    async def _post(self, post: Post) -> None:
        """One more message; before and after it the queue is told."""
        await self._presence.settled()
        await self._delivery.check()
        known = "".join(f"{at}," for at in self._posts)
        await self._delivery.remember(f"{self._thread.channel}:{known}")
        self._posts.append(await self._thread.post(post, len(self._posts)))
        await self._remember()

    async def _remember(self) -> None:
        live = _LIVE if self._stream is not None else ""
        await self._delivery.remember(f"{self._thread.channel}:{','.join(self._posts)}{live}")

    async def _conclude(self, answer: Answer) -> None:
        """The whole answer, by whatever way there is; a way that is closed for good is told."""
        phrases = self._desk.phrases(answer.persona, answer.language)
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
        await self._show_pictures(answer, phrases)

    async def _show_pictures(self, answer: Answer, phrases: Phrases) -> None:
        """Below the answer; where Slack does not take them, that is said."""
        try:
            await pictures.show(self._thread, answer.pictures, again=self._resumed)
        except SlackError as error:
            log.warning("Slack: the pictures of %s are not shown: %s", self._event.id, error)
            await self._desk.count(error.code)
            await self._post(said(phrases.render("picture_failed"))[0])

    async def _place(self, answer: Answer, phrases: Phrases) -> None:
        """The answer; where Slack does not take it, plainer; at the very least, that there was one."""
        below = buttons.below(answer, self._event.id, phrases)
        apology = answer.model_copy(
            update={"text": phrases.render("apology", turn=self._event.id), "citations": ()}
        )
        forms = (
            messages(answer, phrases, below),
            plainer(answer, phrases),
            plainer(apology, phrases),
        )
        for form in forms:
            try:
                return await self._put(form)
            except SlackError as error:
                if error.kind != "unfit" or form is forms[-1]:
                    raise
                log.warning("Slack does not take the answer to %s as it is: %s", self._event.id, error)
                await self._desk.count(error.code)
        return None

    async def _put(self, posts: Sequence[Post]) -> None:
        """Makes the messages of this reply these: edits, then posts what is missing, deletes what is over."""
        for part, post in enumerate(posts):
            if part == 0 and self._stream is not None:
                blocks = post.get("blocks") or [{}]
                if await self._end_stream(blocks[0].get("text"), blocks[1:]):
                    continue
            if part < len(self._posts):
                await self._edit(part, post)
            else:
                await self._post(post)
        while len(self._posts) > len(posts):
            await self._workspace.api.attempt(
                "chat.delete", channel=self._thread.channel, ts=self._posts.pop()
            )

    async def _edit(self, part: int, post: Post) -> None:
        edited = {"blocks": [], "metadata": self._thread.metadata(part)} | dict(post)
        api, channel = self._workspace.api, self._thread.channel
        try:
            await api.insist("chat.update", channel=channel, ts=self._posts[part], **edited)
        except SlackError as error:
            if error.kind != "gone":
                raise
            log.info("Slack: what was posted for %s is gone (%s): posted again.", self._event.id, error)
            for following in self._posts[part + 1 :]:
                await api.attempt("chat.delete", channel=channel, ts=following)
            del self._posts[part:]
            await self._post(post)

    async def _directly(self, answer: Answer, phrases: Phrases, obstacle: SlackError) -> None:
        """To the asker alone, where the channel cannot be written to."""
        log.warning("Slack: the answer to %s goes to its author alone: %s", self._event.id, obstacle)
        await self._desk.count(obstacle.code)
        place = self._event.channel.name or self._event.channel.id
        notice = phrases.render("cannot_post", channel=f"#{place}")
        self._thread.leave()
        self._thread.channel, self._thread.at = self._event.author.id.partition(":")[2], None
        self._posts, self._stream = [], None
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
        await self._desk.count(error.code)


async def _first(*events: asyncio.Event) -> None:
    """Returns once one of them is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
