"""One reply in a thread: begun when its turn to post comes, shown while it grows, whole in the end."""

import asyncio
import logging

from bot.actions import stoppable
from bot.desk import Desk
from bot.messages import Answer, Delivery, Message, Reply, Status
from bot.phrases import Phrases
from connectors.delivering import follow
from connectors.pacing import Paced
from connectors.slack import buttons, outcomes, pictures
from connectors.slack.errors import SlackError
from connectors.slack.pace import Slot
from connectors.slack.posts import Posts
from connectors.slack.presence import Presence
from connectors.slack.rendering import MARKDOWN, Post, defused, draft, linked, messages, plainer, said
from connectors.slack.streaming import settled
from connectors.slack.thread import Thread
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_LEAD = 0.05
"""Seconds in which a short answer becomes whole, and is then posted as such."""
_EDIT = 1.0
"""Seconds between two edits."""


class ThreadReply:
    """One turn's reply as it grows, and as it ends."""

    def __init__(self, workspace: Workspace, event: Message, delivery: Delivery, desk: Desk) -> None:
        self._event = event
        self._delivery = delivery
        self._desk = desk
        where = event.reference
        self._thread = Thread(
            workspace, where["channel"], where.get("thread") or None, turn=event.id, asked=event.at
        )
        self._presence = Presence(workspace, event, self._thread)
        self._posts = Posts(self._thread, delivery)
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
        # Who comes first is known now, and not by how long anybody's preparations take.
        entering = asyncio.create_task(self._thread.enter())
        try:
            await self._deliver(reply, entering)
        finally:
            tasks = [task for task in (self._beginning, entering) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._thread.leave()
            await self._presence.go()

    async def _deliver(self, reply: Reply, entering: asyncio.Task[Slot]) -> None:
        phrases = await self._desk.phrases_in(self._event.channel)
        self._waiting = phrases.render("thinking", seed=self._event.id)
        self._stop = buttons.stop(self._event.id, phrases) if stoppable(self._event) else []
        await self._posts.resume()
        self._presence.arrive(await self._desk.loading(self._event.channel))
        if not self._posts:
            self._beginning = asyncio.create_task(self._begin(entering))
        else:
            entering.cancel()
            await asyncio.wait([entering])
            self._thread.leave()
            if self._event.replaces is not None:
                await self._posts.attempt(self._draft(f"_{self._waiting}_"))
        async with Paced(self._show, lead=_LEAD, interval=_EDIT) as paced:
            answer = await follow(reply, paced, self._tell)
        if answer is not None:
            self._whole = True
            self._ready.set()
            await self._begun()
            if self._posts.stream is None and self._posts:
                await paced.due()
            await self._conclude(answer)

    def _tell(self, status: Status) -> None:
        self._waiting = status.text
        if not self._posts:
            self._presence.tell(status.text)

    async def _begin(self, entering: asyncio.Task[Slot]) -> None:
        """The first message: when it is its turn, with what there is by then.

        It waits for something to show for as long as it holds up nobody else.
        """
        try:
            slot = await entering
            await _first(self._ready, slot.crowded)
            await slot.ready()
            await self._presence.settled()
            if self._whole:
                return
            if self._text.strip():
                await self._open(self._text)
            else:
                await self._posts.post(self._draft(f"_{self._waiting}_"), grows=True)
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
        if not await self._posts.begin_stream(text, self._recipient()):
            await self._posts.post(self._draft(text), grows=True)
        self._shown = text

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
        if (stream := self._posts.stream) is not None:
            shown = settled(defused(text))
            if len(shown) > MARKDOWN or (not linked(shown) and await stream.add(shown)):
                return
            await self._posts.end_stream()
        first, self._shown = not self._shown, text
        await self._posts.attempt(self._draft(text or "…"), owed=first)

    def _draft(self, text: str) -> Post:
        return draft(text, self._stop) or {"text": "…"}

    async def _conclude(self, answer: Answer) -> None:
        """The whole answer, by whatever way there is; a way that is closed for good is told."""
        if answer.reason == "deleted_question" and not self._posts:
            return  # nobody waits, and there may be no thread to say so in
        phrases = self._desk.phrases(answer.persona, answer.language)
        await self._presence.settled()
        await self._delivery.check()
        try:
            await self._place(answer, phrases)
        except SlackError as error:
            if error.kind == "passing":
                raise
            if error.kind == "refused":
                await self._lost(error)
                return
            await self._directly(answer, phrases, error)
        self._let_fade(answer, phrases)
        await self._show_pictures(answer, phrases)

    def _let_fade(self, answer: Answer, phrases: Phrases) -> None:
        """The buttons of what waits for the asker's word are gone when it is too late."""
        at, where = self._posts.last, self._thread
        if answer.confirmations and at is not None:
            told = phrases.render("confirmation_expired")
            place = {"channel": where.channel, "thread": where.at or at, "at": at}
            fading = outcomes.fade(where.workspace, answer.confirmations, told, **place)
            where.workspace.beside.begin(fading)

    async def _show_pictures(self, answer: Answer, phrases: Phrases) -> None:
        """Below the answer; where Slack does not take them, that is said."""
        try:
            await pictures.show(self._thread, answer.pictures, again=self._posts.resumed)
        except SlackError as error:
            log.warning("Slack: the pictures of %s are not shown: %s", self._event.id, error)
            await self._desk.count(error.code)
            await self._posts.post(said(phrases.render("picture_failed"))[0])

    async def _place(self, answer: Answer, phrases: Phrases) -> None:
        """The answer; where Slack does not take it, plainer; at the very least, that there was one."""
        below = buttons.below(answer, self._event.id, phrases)
        bare = answer
        if answer.confirmations:
            told = f"{answer.text}\n\n{phrases.render('confirmation_not_shown')}"
            bare = answer.model_copy(update={"text": told})
        apology = answer.model_copy(
            update={"text": phrases.render("apology", turn=self._event.id), "citations": ()}
        )
        forms = (
            messages(answer, phrases, below),
            *([plainer(answer, phrases, below)] if below else []),
            plainer(bare, phrases),
            plainer(apology, phrases),
        )
        for form in forms:
            try:
                return await self._posts.put(form)
            except SlackError as error:
                if error.kind != "unfit" or form is forms[-1]:
                    raise
                log.warning("Slack does not take the answer to %s as it is: %s", self._event.id, error)
                await self._desk.count(error.code)
        return None

    async def _directly(self, answer: Answer, phrases: Phrases, obstacle: SlackError) -> None:
        """To the asker alone, where the channel cannot be written to."""
        log.warning("Slack: the answer to %s goes to its author alone: %s", self._event.id, obstacle)
        await self._desk.count(obstacle.code)
        place = self._event.channel.name or self._event.channel.id
        notice = phrases.render("cannot_post", channel=f"#{place}")
        self._posts.move(self._event.author.id.partition(":")[2])
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
