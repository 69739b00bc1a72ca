"""The admin commands, once for every platform: what they are called, what they take, what they do.

A connector renders the registry (`COMMANDS`) its own way and hands over a `Command`; the terminal does too.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.errors import VoceroError
from bot.journal import Journal
from bot.messages import Answer, Command, Outcome, RegisterScore, Replace, Reply, Status, Text
from bot.phrases import Phrases
from bot.settings import Settings
from knowledge.errors import KnowledgeError
from knowledge.indexing import Progress, SyncReport
from knowledge.library import Library

Counts = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a command."""

    name: str
    kind: type = str
    required: bool = False


@dataclass(frozen=True, slots=True)
class AdminCommand:
    """One command: its name and what it takes. Its summary is the phrase `help_<name>`."""

    name: str
    parameters: tuple[Parameter, ...] = ()


COMMANDS = {
    command.name: command
    for command in (
        AdminCommand("status"),
        AdminCommand("sources"),
        AdminCommand(
            "reindex",
            (
                Parameter("source"),
                Parameter("dry_run", bool),
                Parameter("full", bool),
                Parameter("wait", bool),
            ),
        ),
        AdminCommand("help"),
    )
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a command ended: what is said, and its result for machines."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "answered"
    reason: str | None = None


_Steps = AsyncIterator[Status | _Outcome]


class Operations(Protocol):
    """Running state that `status` tells."""

    async def counts(self) -> dict[str, Any]:
        """The queue, the reason codes and the turns."""
        ...


class Admin:
    """Carries the commands out, for those who may."""

    def __init__(self, settings: Settings, library: Library, journal: Journal, operations: Operations) -> None:
        self._settings = settings
        self._library = library
        self._journal = journal
        self._operations = operations

    async def run(self, command: Command, phrases: Phrases) -> Reply:
        """Carries out a command, telling how it goes; every one is audited, refused ones too."""
        ended: _Outcome | None = None
        try:
            async for step in self._steps(command, phrases):
                if isinstance(step, Status):
                    yield step
                else:
                    ended = step
        except (VoceroError, KnowledgeError) as error:
            ended = _Outcome(str(error), outcome="failed", reason="command_failed")
        assert ended is not None, "every command ends in an outcome"
        await self._journal.audit(command.author.id, command.name, command.arguments, ended.outcome)
        yield Text(text=ended.text)
        yield Answer(
            id=command.id,
            outcome=ended.outcome,
            text=ended.text,
            answer=ended.text,
            reason=ended.reason,
            confidence=1.0,
            persona="",
            register=RegisterScore(singular="", plural="", score=None),
            model=None,
            data=ended.data,
        )

    def _steps(self, command: Command, phrases: Phrases) -> _Steps:
        if command.name not in COMMANDS:
            known = ", ".join(COMMANDS)
            text = phrases.render("unknown_command", command=command.name, known=known)
            return _just(_Outcome(text, outcome="refused", reason="unknown_command"))
        if not self._allowed(command):
            return _just(_Outcome(phrases.render("not_admin"), outcome="refused", reason="not_admin"))
        match command.name:
            case "status":
                return self._status(phrases)
            case "sources":
                return self._sources(phrases)
            case "reindex":
                return self._reindex(command, phrases)
            case _:
                return _just(_Outcome(phrases.render("help")))

    def _allowed(self, command: Command) -> bool:
        """The platform's permission and the bot's own list, both; who runs the machine needs no list."""
        own = command.channel.platform == "terminal" or command.author.id in self._settings.admins
        return command.author.admin and own

    async def _status(self, phrases: Phrases) -> _Steps:
        sources = await asyncio.to_thread(self._library.status)
        counts = await self._operations.counts()
        data = {**counts, "sources": [asdict(one) for one in sources]}
        lines = [f"- {name}: {value}" for name, value in counts.items()]
        yield _Outcome("\n".join([*lines, *(_source_line(one) for one in sources)]), data)

    async def _sources(self, phrases: Phrases) -> _Steps:
        sources = await asyncio.to_thread(self._library.status)
        yield _Outcome("\n".join(_source_line(one) for one in sources), {"sources": [asdict(s) for s in sources]})

    async def _reindex(self, command: Command, phrases: Phrases) -> _Steps:
        arguments = command.arguments
        names = [arguments["source"]] if arguments.get("source") else self._library.names
        reports = []
        for name in names:
            sync = self._library.sync
            flags = {flag: bool(arguments.get(flag)) for flag in ("dry_run", "full")}
            async for step in _reported(lambda tell, name=name, sync=sync: sync(name, progress=tell, **flags)):
                if isinstance(step, SyncReport):
                    reports.append(step)
                else:
                    text = phrases.render("index_progress", source=name, done=step.done, total=step.total)
                    yield Status(text=text, done=step.done, total=step.total)
        if arguments.get("wait") and not arguments.get("dry_run"):
            async for step in _reported(lambda tell: self._library.finish_vectors(progress=tell)):
                if isinstance(step, Progress):
                    text = phrases.render("index_vectors", done=step.done, total=step.total)
                    yield Status(text=text, done=step.done, total=step.total)
        failed = any(report.problem for report in reports)
        lines = [_report_line(report, phrases) for report in reports]
        yield _Outcome(
            "\n".join(lines),
            {"sources": [report.as_dict() for report in reports]},
            outcome="failed" if failed else "answered",
            reason="index_failed" if failed else None,
        )


async def _just(outcome: _Outcome) -> _Steps:
    yield outcome


async def _reported(work: Callable[[Callable[[Progress], None]], SyncReport | None]) -> AsyncIterator[Any]:
    """Runs work in a thread; gives its progress as it comes, then what it returned."""
    loop, steps = asyncio.get_running_loop(), asyncio.Queue[Progress | None]()

    def tell(progress: Progress) -> None:
        loop.call_soon_threadsafe(steps.put_nowait, progress)

    def run() -> SyncReport | None:
        try:
            return work(tell)
        finally:
            loop.call_soon_threadsafe(steps.put_nowait, None)

    running = asyncio.ensure_future(asyncio.to_thread(run))
    while (step := await steps.get()) is not None:
        yield step
    yield await running
