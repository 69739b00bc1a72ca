"""Everything joined up in the process that owns the data, and what happens to one event there."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bot.admin import COMMANDS
from bot.bot import Bot
from bot.desk import Desk
from bot.dispatch import Dispatch
from bot.errors import VoceroError
from bot.journal import Journal
from bot.lease import Lease
from bot.messages import Answer, Command, Connector, Delivery, Feedback, Message, Reply
from bot.reindexing.records import Records, is_about_deletions
from bot.reindexing.runs import Runs
from bot.settings import Settings
from bot.state import State
from bot.stopping import until
from knowledge.library import Library

log = logging.getLogger(__name__)

_TURNS = 64
"""Turns that one process has under way at once."""
_BACKGROUND = 8
"""Of commands that take minutes; one of them reads, the others say at once whom they wait for."""

Event = Message | Command | Feedback


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything joined up in the process that owns the data."""

    settings: Settings
    state: State
    library: Library
    journal: Journal
    dispatch: Dispatch
    bot: Bot
    desk: Desk
    connectors: Mapping[str, Connector]
    records: Records
    runs: Runs
    workers: set[asyncio.Task[None]] = field(default_factory=set)
    """What works the queue off; one that ends before it is told to has failed."""

    def alive(self) -> bool:
        """Whether questions are still answered here."""
        return not any(task.done() for task in self.workers)

    async def submit(self, event: Event) -> bool:
        """Puts an event into the queue; one that is known already is counted and dropped."""
        return await submit(self.dispatch, event)

    async def turn(self, event: Event, lease: Lease) -> None:
        """One event: its reply delivered, journalled and remembered. Returning acknowledges it."""
        if await self.journal.answered(event.id):
            return  # only the acknowledgement was lost

        if isinstance(event, Message) and event.replaces:
            await self._take_place(event.replaces, lease)

        def broken_off(written: str) -> Reply:
            return self.bot.break_off(event, written, lease.stopped or "stopped")

        if is_slow(event):  # it comes to an end by itself
            reply = self.bot.handle(event, lease.stop)
        else:
            reply = until(self.bot.handle(event), lease.stop, broken_off)
        answer = await self._deliver(event, reply, lease)
        await lease.check()
        await self._conclude(event, answer, lease)

    async def _take_place(self, replaced: str, delivery: Delivery) -> None:
        """Has a reply begin where the answer stands that it is to replace."""
        past = await self.journal.past(replaced)
        if past is not None and past.posts and await delivery.placeholder() is None:
            await delivery.remember(past.posts)

    async def give_up(self, event: Event, error: str, lease: Lease) -> None:
        """Tells the person when an event failed for good."""
        log.error("%s failed for good: %s", event.id, error)
        answer = await self._deliver(event, self.bot.apologise(event), lease)
        await self._conclude(event, answer, lease)

    async def _conclude(self, event: Event, answer: Answer, delivery: Delivery) -> None:
        if isinstance(event, Message):
            # The journal last: what stands there counts as done, and remembering twice is remembering once.
            await self.bot.remember(event, answer)
            await self.journal.record(event, answer, posts=await delivery.placeholder())
        if answer.reason and answer.outcome != "answered":
            await self.dispatch.count(answer.reason)

    async def _deliver(self, event: Event, reply: Reply, delivery: Delivery) -> Answer:
        """Delivers a reply through its connector, and gives the answer it ended in."""
        answers: list[Answer] = []

        async def watched() -> Reply:
            async for chunk in reply:
                if isinstance(chunk, Answer):
                    answers.append(chunk)
                yield chunk

        platform = event.id.partition(":")[0]
        await self.connectors[platform].deliver(event, watched(), delivery)
        if not answers:
            raise VoceroError(f"The connector {platform} did not deliver the reply to its end.")
        return answers[0]


def is_slow(event: Event) -> bool:
    """Whether it may take minutes: it waits behind questions, and ends by itself when it is told to."""
    if not isinstance(event, Command):
        return False
    known = COMMANDS.get(event.name)
    ordered = known is not None and known.slow and not event.arguments.get("cancel")
    return ordered or is_about_deletions(event)


async def submit(dispatch: Dispatch, event: Event) -> bool:
    """Puts an event into the queue, questions before what takes long; a known one is counted and dropped."""
    fresh = await dispatch.submit(event, priority="background" if is_slow(event) else "question")
    if not fresh:
        await dispatch.count("duplicate")
    return fresh


@contextlib.asynccontextmanager
async def working(runtime: Runtime, *, vectors: bool) -> AsyncIterator[None]:
    """Turns run and vectors are filled in, until left; then running turns get to end."""
    stop, halt = asyncio.Event(), threading.Event()
    filling = asyncio.create_task(asyncio.to_thread(runtime.library.fill_vectors, halt)) if vectors else None
    work = asyncio.create_task(
        runtime.dispatch.work(
            runtime.turn,
            concurrency=_TURNS,
            background=_BACKGROUND,
            stop=stop,
            on_dead=runtime.give_up,
        )
    )
    runtime.workers.add(work)
    try:
        yield
    finally:
        stop.set()
        halt.set()
        await asyncio.gather(work, *([filling] if filling else ()))
