"""The composition root: opens what a command needs, joins it up, and closes it in order.

The one place that loads connectors, lazily and by name.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bot.admin.joining import open_admin
from bot.answering import Answering
from bot.attachments import Attachments
from bot.bot import Bot
from bot.budget import Budget
from bot.channels import Channels
from bot.correcting import Corrections
from bot.desk import Desk
from bot.dispatch import Dispatch
from bot.errors import StateError
from bot.journal import Journal
from bot.kept_answers import KeptAnswers
from bot.memory import Memory
from bot.messages import Answer, Connector, Status
from bot.opening import model_prices, open_library, secret
from bot.personas import load_persona
from bot.pressing import Presses
from bot.reindexing.notices import Notices
from bot.reindexing.records import Records
from bot.reindexing.reindexing import Reindexing
from bot.reindexing.runs import Runs
from bot.replies import Replies
from bot.runtime import Runtime, submit, working
from bot.schedule import Schedule
from bot.settings import Settings
from bot.state import Owner, State, open_state, own, owner
from bot.suggesting import Suggestions
from bot.tools.joining import Tools
from bot.voice import Voices
from knowledge.library import Library
from knowledge.official import OfficialAnswers
from knowledge.priority import take_turns
from knowledge.worker import WorkerProcess

if TYPE_CHECKING:
    from connectors.terminal import Terminal

log = logging.getLogger(__name__)

_STARTING = 300
"""Tenths of a second that a process which is starting is waited for."""
_READING = 60.0
"""Seconds that a file which came with a question may take to be read."""
_PLATFORMS = ("terminal", "slack", "discord")

Tell = Callable[[str, int, int | None], None]


@contextlib.asynccontextmanager
async def open_runtime(
    settings: Settings, *, vectors: bool = True, answering: bool = True
) -> AsyncIterator[Runtime]:
    """Owns the data folder, opens everything on it and works the queue off until left.

    `vectors`: missing ones are made meanwhile; what ends in a moment has no use for that. `answering`:
    questions come while documents are read.
    """
    take_turns()
    with own(settings.data) as ownership:
        async with open_state(secret(settings.env.redis_url), settings.data) as state:
            library = await asyncio.to_thread(open_library, settings, writing=True, answering=answering)
            try:
                tools = Tools(settings, state, library)
                budget = Budget(state.redis, settings.budget, model_prices(settings))
                reader = WorkerProcess(_READING)
                runtime = await _join(settings, state, library, tools=tools, budget=budget, reader=reader)
                async with (
                    _closing(reader),
                    contextlib.aclosing(tools),
                    contextlib.aclosing(budget),
                    working(runtime, vectors=vectors),
                ):
                    ownership.announce(state.url)
                    yield runtime
            finally:
                await library.aclose()


async def _join(
    settings: Settings,
    state: State,
    library: Library,
    *,
    tools: Tools,
    budget: Budget,
    reader: WorkerProcess,
) -> Runtime:
    journal = Journal(library.database)
    official = OfficialAnswers(library.database)
    dispatch = Dispatch(state.redis)
    memory = Memory(state.redis)
    channels = Channels(settings, library.database)
    voices = Voices(settings, memory)
    connectors: dict[str, Connector] = {}
    attachments = Attachments(connectors, reader.run)
    records, runs = Records(library.database), Runs(state.redis)
    notices = Notices(settings, channels, voices, connectors)
    answering = Answering(
        settings,
        library,
        memory,
        journal,
        attachments=attachments,
        budget=budget,
        tools=tools,
        kept=KeptAnswers(state.redis, library, settings.cache.lifetime),
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
            records=records,
            runs=runs,
            reindexing=Reindexing(settings, library, dispatch, records=records, runs=runs, notices=notices),
            official=official,
            notices=notices,
        ),
        presses=Presses(settings, channels, journal, dispatch, connectors, shelf=library),
        lookups=tools.commands,
        opinions=Corrections(settings, journal, official, notices),
    )
    desk = Desk(
        settings,
        channels,
        library,
        memory,
        voices=voices,
        journal=journal,
        dispatch=dispatch,
        suggestions=Suggestions(settings, channels, voices, journal, catalogue=library),
        lookups=tools.commands,
    )
    for platform in _PLATFORMS:
        if _configured(settings, platform):
            connect = import_module(f"connectors.{platform}").connect
            connectors[platform] = connect(settings, state, desk)
    return Runtime(
        settings, state, library, journal, dispatch, bot, desk, connectors, records=records, runs=runs
    )


@contextlib.asynccontextmanager
async def _closing(reader: WorkerProcess) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.to_thread(reader.close)


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

    `first` indexes what never was, `sync` whatever has changed, with questions meanwhile; `vectors` makes
    those that are missing.
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
        if sync:
            await command(terminal, "reindex", tell)
        for name in await asyncio.to_thread(runtime.library.never_synced) if first and not sync else ():
            await command(terminal, "reindex", tell, source=name)
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


async def command(terminal: "Terminal", name: str, tell: Tell | None = None, **arguments: Any) -> Answer:
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
        queue = partial(runtime.dispatch.submit, priority="background")
        schedule = Schedule(settings, queue, runtime.records, runtime.runs)
        schedule.start()
        listening = {
            asyncio.create_task(connector.listen(runtime.submit), name=platform)
            for platform, connector in runtime.connectors.items()
        }
        warming = asyncio.create_task(runtime.library.open_models())
        log.info("Serving: %s.", ", ".join(runtime.connectors))
        try:
            await _until(stop, listening | runtime.workers)
        finally:
            schedule.stop()
            for task in (*listening, warming):
                task.cancel()
            await asyncio.gather(*listening, warming, return_exceptions=True)


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
        await chat.run((await command(terminal, "sources")).text)
