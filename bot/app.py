"""The composition root: opens what a command needs, joins it up, and closes it in order.

The one place that loads connectors, lazily and by name.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.admin import COMMANDS
from bot.admin.joining import open_admin
from bot.answering import Answering
from bot.attachments import Attachments
from bot.bot import Bot
from bot.budget import Budget
from bot.channels import Channels
from bot.desk import Desk
from bot.dispatch import Dispatch
from bot.editing import searchable
from bot.errors import StateError, VoceroError
from bot.journal import Journal
from bot.lease import Lease
from bot.memory import Memory
from bot.messages import Answer, Command, Confirmation, Connector, Delivery, Feedback, Message, Reply, Status
from bot.opening import open_library, secret
from bot.personas import load_persona
from bot.pressing import Presses
from bot.replies import Replies
from bot.schedule import Schedule, reindex_command
from bot.settings import Settings
from bot.state import Owner, State, open_state, own, owner
from bot.stopping import until
from bot.suggesting import Suggestions
from bot.tools.joining import Tools
from bot.voice import Voices
from knowledge.library import Library
from knowledge.priority import take_turns
from knowledge.worker import WorkerProcess

if TYPE_CHECKING:
    from connectors.terminal import Terminal

log = logging.getLogger(__name__)

_TURNS = 64
"""Turns that one process has under way at once."""
_AT_ONCE = 8
"""Questions of one file that are under way at once."""
_STARTING = 300
"""Tenths of a second that a process which is starting is waited for."""
_READING = 60.0
"""Seconds that a file which came with a question may take to be read."""
_PLATFORMS = ("terminal", "slack", "discord")

Tell = Callable[[str, int, int | None], None]
Event = Message | Command | Feedback


@dataclass(frozen=True, slots=True)
class AskRequest:
    """One question for `ask_many`."""

    question: str
    channel: str
    thread: str | None = None


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
        if answer.reason:
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


async def submit(dispatch: Dispatch, event: Event) -> bool:
    """Puts an event into the queue, questions before what takes long; a known one is counted and dropped."""
    slow = isinstance(event, Command) and event.name in COMMANDS and COMMANDS[event.name].slow
    fresh = await dispatch.submit(event, priority="background" if slow else "question")
    if not fresh:
        await dispatch.count("duplicate")
    return fresh


@contextlib.asynccontextmanager
async def open_runtime(
    settings: Settings, *, vectors: bool = True, answering: bool = True
) -> AsyncIterator[Runtime]:
    """Owns the data folder, opens everything on it and works the queue off until left.

    `vectors`: missing ones are made meanwhile; what ends in a moment has no use for that. `answering`: questions
    come while documents are read.
    """
    take_turns()
    with own(settings.data) as ownership:
        async with open_state(secret(settings.env.redis_url), settings.data) as state:
            library = await asyncio.to_thread(open_library, settings, writing=True, answering=answering)
            try:
                tools = Tools(settings, state, library)
                budget = Budget(state.redis, settings.budget)
                reader = WorkerProcess(_READING)
                runtime = await _join(settings, state, library, tools, budget, reader)
                async with (
                    _closing(reader),
                    contextlib.aclosing(tools),
                    contextlib.aclosing(budget),
                    _working(runtime, vectors=vectors),
                ):
                    ownership.announce(state.url)
                    yield runtime
            finally:
                await library.aclose()


async def _join(
    settings: Settings,
    state: State,
    library: Library,
    tools: Tools,
    budget: Budget,
    reader: WorkerProcess,
) -> Runtime:
    journal = Journal(library.database)
    dispatch = Dispatch(state.redis)
    memory = Memory(state.redis)
    channels = Channels(settings, library.database)
    voices = Voices(settings, memory)
    connectors: dict[str, Connector] = {}
    attachments = Attachments(connectors, reader.run)
    answering = Answering(
        settings, library, memory, journal, attachments=attachments, budget=budget, tools=tools
    )
    bot = Bot(
        channels,
        memory,
        voices=voices,
        answering=answering,
        commands=open_admin(
            settings,
            channels,
            library=library,
            journal=journal,
            dispatch=dispatch,
            voices=voices,
            answering=answering,
            budget=budget,
        ),
        presses=Presses(settings, channels, journal, dispatch, connectors),
        lookups=tools.commands,
        opinions=journal,
    )
    desk = Desk(
        settings,
        channels,
        library,
        memory,
        voices=voices,
        journal=journal,
        dispatch=dispatch,
        suggestions=Suggestions(settings, channels, voices, journal, library.manifest.titles),
    )
    for platform in _PLATFORMS:
        if _configured(settings, platform):
            connect = import_module(f"connectors.{platform}").connect
            connectors[platform] = connect(settings, state, desk)
    return Runtime(settings, state, library, journal, dispatch, bot, desk, connectors)


@contextlib.asynccontextmanager
async def _closing(reader: WorkerProcess) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.to_thread(reader.close)


@contextlib.asynccontextmanager
async def _working(runtime: Runtime, *, vectors: bool) -> AsyncIterator[None]:
    """Turns run and vectors are filled in, until left; then running turns get to end."""
    stop, halt = asyncio.Event(), threading.Event()
    filling = asyncio.create_task(asyncio.to_thread(runtime.library.fill_vectors, halt)) if vectors else None
    work = asyncio.create_task(
        runtime.dispatch.work(runtime.turn, concurrency=_TURNS, stop=stop, on_dead=runtime.give_up)
    )
    runtime.workers.add(work)
    try:
        yield
    finally:
        stop.set()
        halt.set()
        await asyncio.gather(work, *([filling] if filling else ()))


def _configured(settings: Settings, platform: str) -> bool:
    """Whether there is what it takes to connect there."""
    env = settings.env
    needed = {"slack": env.slack_bot_token or env.slack_client_id, "discord": env.discord_token}
    return platform == "terminal" or needed[platform] is not None


@contextlib.asynccontextmanager
async def open_terminal(
    settings: Settings,
    tell: Tell | None = None,
    *,
    first: bool = True,
    sync: bool = False,
    vectors: bool = False,
) -> AsyncIterator["Terminal"]:
    """A terminal to the process that owns the data, or to this one, which then owns it meanwhile.

    `first` indexes what never was, `sync` whatever has changed, with questions meanwhile; `vectors` makes those
    that are missing.
    """
    from connectors.terminal import Terminal

    if (other := owner(settings.data)) is not None:
        async with _attached(settings, other) as state:
            dispatch = Dispatch(state.redis)
            replies = Replies(state.redis)
            yield Terminal(partial(submit, dispatch), replies, lambda: owner(settings.data) is not None)
        return
    async with open_runtime(settings, vectors=vectors, answering=sync) as runtime:
        terminal = Terminal(runtime.submit, Replies(runtime.state.redis), runtime.alive)
        unread = runtime.library.names if sync else await asyncio.to_thread(runtime.library.never_synced)
        for name in unread if first or sync else ():
            await _command(terminal, "reindex", tell, source=name)
        yield terminal


@contextlib.asynccontextmanager
async def _attached(settings: Settings, other: Owner) -> AsyncIterator[State]:
    for _ in range(_STARTING):
        if other.url is not None:
            break
        await asyncio.sleep(0.1)
        other = owner(settings.data) or other
    else:
        raise StateError(
            f"The process {other.pid} is still starting on `{settings.data}`: try again in a moment."
        )
    async with open_state(other.url, settings.data) as state:
        yield state


async def _command(terminal: "Terminal", name: str, tell: Tell | None = None, **arguments: Any) -> Answer:
    """Gives a command, telling its progress, and returns its answer."""
    async with contextlib.aclosing(terminal.command(name, **arguments)) as reply:
        async for chunk in reply:
            if isinstance(chunk, Status) and tell and chunk.done is not None:
                tell(chunk.subject, chunk.done, chunk.total)
            if isinstance(chunk, Answer):
                return chunk
    raise AssertionError("every reply ends in an answer")


async def run_serve(settings: Settings) -> None:
    """Connects to what there are tokens for, and answers until told to stop."""
    for channel in settings.channels:
        if channel.persona is not None:  # what is wrong with it is said now, not to whoever asks there
            load_persona(channel.persona, settings.path.parent / "personas")
    async with open_runtime(settings) as runtime:
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        for removed in await asyncio.to_thread(runtime.library.forget_removed):
            log.info("The source %s is configured no more: it was taken out of the index.", removed)
        for source in settings.sources:
            await runtime.submit(reindex_command(source.name))
        schedule = Schedule(settings, runtime.submit)
        schedule.start()
        listening = {
            asyncio.create_task(connector.listen(runtime.submit), name=platform)
            for platform, connector in runtime.connectors.items()
        }
        log.info("Serving: %s.", ", ".join(runtime.connectors))
        try:
            await _until(stop, listening | runtime.workers)
        finally:
            schedule.stop()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def _until(stop: asyncio.Event, running: set[asyncio.Task[None]]) -> None:
    """Waits for the stop; a connector or worker that ends before ends the process with its error."""
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *running}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in done & running:
        task.result()


async def run_chat(settings: Settings, channel: str, tell: Tell | None = None) -> None:
    """Talks at this terminal until the person leaves."""
    from connectors.terminal.chat import Chat, terminal_console

    async with open_terminal(settings, tell, sync=True, vectors=True) as terminal:
        chat = Chat(terminal, terminal_console(), channel=channel, history=settings.data / "chat-history")
        await chat.run((await _command(terminal, "sources")).text)


async def look_up(
    settings: Settings,
    name: str,
    arguments: Mapping[str, str],
    channel: str,
    agree: Callable[[Confirmation], bool] | None = None,
    *,
    tell: Tell | None = None,
) -> list[Answer]:
    """Makes a lookup; what waits for a yes gets the answer of `agree` (None: yes), and a reply of its own."""
    async with open_terminal(settings, tell, first=False) as terminal:
        given = {"tool": name, "arguments": dict(arguments), "channel": channel}
        answers = [await _command(terminal, "lookup", tell, **given)]
        for waiting in answers[0].confirmations:
            accept = agree is None or await asyncio.to_thread(agree, waiting)
            press = "confirm" if accept else "decline"
            answers.append(await _command(terminal, press, tell, channel=channel, token=waiting.token))
    return answers


async def ask_many(
    settings: Settings, requests: Sequence[AskRequest], tell: Tell | None = None
) -> AsyncGenerator[Answer]:
    """Answers in the order of the requests; several are worked on at a time."""
    async with open_terminal(settings, tell) as terminal:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(request: AskRequest) -> Answer:
            async with (
                slots,
                contextlib.aclosing(terminal.ask(request.question, request.channel, request.thread)) as reply,
            ):
                async for chunk in reply:
                    if isinstance(chunk, Answer):
                        return chunk
            raise AssertionError("every reply ends in an answer")

        tasks = [asyncio.create_task(ask(request)) for request in requests]
        try:
            for task in tasks:
                yield await task
        finally:  # whoever reads may have had enough
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def search(
    settings: Settings, query: str, limit: int, documents: bool, channel: str | None
) -> list[dict[str, Any]]:
    """Passages found, best first; of every source, or of those that a channel may read."""
    from connectors.terminal import parse_channel

    sources = frozenset(source.name for source in settings.sources)
    query = searchable(query, settings.language)
    if channel is not None:
        place = parse_channel(channel)
        sources = settings.channel_for(place.platform, place.id, place.name).sources
    with contextlib.closing(open_library(settings, writing=False)) as library:
        found = await asyncio.to_thread(
            library.search, query, limit=limit, sources=sources, per_document=documents
        )
    return [
        {
            "source": hit.passage.source,
            "document": hit.passage.document,
            "title": hit.passage.title,
            "heading": " › ".join(hit.passage.headings),
            "location": hit.passage.location,
            "score": round(hit.score, 4),
            "text": hit.passage.text,
        }
        for hit in found.hits
    ]


async def index(
    settings: Settings,
    source: str | None,
    tell: Tell | None = None,
    *,
    wait: bool = False,
    dry_run: bool = False,
    full: bool = False,
    allow_deletions: bool = False,
) -> list[dict[str, Any]]:
    """Takes in what changed; a report for each source."""
    async with open_terminal(settings, tell, first=False, vectors=wait) as terminal:
        answer = await _command(
            terminal,
            "reindex",
            tell,
            source=source,
            wait=wait,
            dry_run=dry_run,
            full=full,
            allow_deletions=allow_deletions,
        )
    if answer.data is None or "sources" not in answer.data:
        raise VoceroError(answer.text)
    reports: list[dict[str, Any]] = answer.data["sources"]
    return reports


async def status(settings: Settings) -> dict[str, Any]:
    """What is indexed, what was asked, what waits."""
    async with open_terminal(settings, first=False) as terminal:
        answer = await _command(terminal, "status")
    return answer.data or {}


async def evaluate_retrieval(settings: Settings, queries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Recall, MRR and nDCG of search over documents, with latencies inside the process."""
    from knowledge.evaluation import evaluate

    sources = frozenset(source.name for source in settings.sources)
    with contextlib.closing(open_library(settings, writing=False)) as library:

        def ranked(query: str) -> list[str]:
            asked = searchable(query, settings.language)
            found = library.search(asked, limit=10, sources=sources, per_document=True)
            return [hit.passage.document for hit in found.hits]

        return await asyncio.to_thread(evaluate, ranked, queries)
