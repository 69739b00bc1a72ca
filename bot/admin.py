"""The admin commands, once for every platform: what they are called, what they take, what they do.

A connector renders the registry (`COMMANDS`) its own way and hands over a `Command`; the terminal does too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.dispatch import Dispatch
from bot.errors import VoceroError
from bot.journal import Journal
from bot.messages import Answer, Command, Outcome, RegisterScore, Reply, Status, Text
from bot.phrases import Phrases
from bot.settings import Settings
from knowledge.errors import KnowledgeError
from knowledge.library import Library
from knowledge.manifest import IndexStatus
from knowledge.syncing import Progress, SyncReport


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
                Parameter("allow_deletions", bool),
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
_Tell = Callable[[Progress], None]


class Admin:
    """Carries the commands out, for those who may."""

    def __init__(self, settings: Settings, library: Library, journal: Journal, dispatch: Dispatch) -> None:
        self._settings = settings
        self._library = library
        self._journal = journal
        self._dispatch = dispatch

    async def run(self, command: Command, phrases: Phrases) -> Reply:
        """Carries out a command, telling how it goes; every one is audited, refused ones too."""
        ended = _Outcome("", outcome="failed", reason="command_failed")
        try:
            async for step in self._steps(command, phrases):
                if isinstance(step, Status):
                    yield step
                else:
                    ended = step
        except (VoceroError, KnowledgeError) as error:
            ended = _Outcome(str(error), outcome="failed", reason="command_failed")
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
            text = phrases.render("unknown_command", command=command.name)
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
                names = ", ".join(f"`{name}`" for name in COMMANDS)
                return _just(_Outcome(phrases.render("help_commands", commands=names)))

    def _allowed(self, command: Command) -> bool:
        """The platform's permission and the bot's own list, both; who runs the machine needs no list."""
        own = command.channel.platform == "terminal" or command.author.id in self._settings.admins
        return command.author.admin and own

    async def _status(self, phrases: Phrases) -> _Steps:
        sources = await asyncio.to_thread(self._library.status)
        data: dict[str, Any] = {
            "turns": await self._journal.outcomes(),
            "reasons": await self._dispatch.reasons(),
            "queue": await self._dispatch.status(),
            "model": self._settings.llm,
            "sources": [asdict(source) for source in sources],
        }
        parts = [f"**{phrases.render('status_title')}**", *(_line(source, phrases) for source in sources)]
        for key, counts in (("status_questions", data["turns"]), ("status_ignored", data["reasons"])):
            told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            parts.append(f"{phrases.render(key)}: {told or phrases.render('status_none')}")
        parts.append(f"{phrases.render('status_queue')}: {data['queue']['ready'] + data['queue']['running']}")
        yield _Outcome("\n\n".join(parts), data)

    async def _sources(self, phrases: Phrases) -> _Steps:
        sources = await asyncio.to_thread(self._library.status)
        text = "\n".join(_line(source, phrases) for source in sources)
        yield _Outcome(text, {"sources": [asdict(source) for source in sources]})

    async def _reindex(self, command: Command, phrases: Phrases) -> _Steps:
        asked = command.arguments
        reports: list[SyncReport] = []
        flags: dict[str, Any] = {
            flag: bool(asked.get(flag)) for flag in ("dry_run", "full", "allow_deletions")
        }
        for name in [asked["source"]] if asked.get("source") else self._library.names:
            async for step in _reported(partial(self._library.sync, name, **flags)):
                if isinstance(step, Progress):
                    yield _progress(step, "index_progress", phrases)
                else:
                    reports.append(step)
        if asked.get("wait") and not asked.get("dry_run"):
            async for step in _reported(self._library.finish_vectors):
                if isinstance(step, Progress):
                    yield _progress(step, "index_vectors", phrases)
        failed = any(report.problem for report in reports)
        yield _Outcome(
            "\n".join(_told(report, phrases) for report in reports),
            {"sources": [asdict(report) for report in reports]},
            outcome="failed" if failed else "answered",
            reason="index_failed" if failed else None,
        )


async def _just(outcome: _Outcome) -> _Steps:
    yield outcome


async def _reported(work: Callable[..., Any]) -> AsyncIterator[Any]:
    """Runs work in a thread; gives its progress as it comes, then what it returned."""
    loop, steps = asyncio.get_running_loop(), asyncio.Queue[Progress | None]()

    def tell(progress: Progress | None) -> None:
        loop.call_soon_threadsafe(steps.put_nowait, progress)

    def run() -> Any:
        try:
            return work(progress=tell)
        finally:
            tell(None)

    running = asyncio.ensure_future(asyncio.to_thread(run))
    while (step := await steps.get()) is not None:
        yield step
    yield await running


def _progress(step: Progress, key: str, phrases: Phrases) -> Status:
    text = phrases.render(key, source=step.source, done=step.done, total=step.total)
    return Status(text=text, subject=step.source, done=step.done, total=step.total)


def _told(report: SyncReport, phrases: Phrases) -> str:
    if report.problem:
        return phrases.render("index_failed", source=report.source, reason=report.problem)
    if not (report.added or report.changed or report.deleted or report.failed):
        return phrases.render("index_unchanged", source=report.source)
    changed = report.added + report.changed
    counts: dict[str, Any] = {"changed": changed, "deleted": report.deleted, "failed": len(report.failed)}
    done = phrases.render("index_done", source=report.source, **counts)
    return "\n".join([done, *(f"- `{one.document}`: {one.message}" for one in report.failed)])


def _line(source: IndexStatus, phrases: Phrases) -> str:
    """`- **handbook**: 31 documents, 240 passages (240 vectors), read 2026-11-22 17:08`."""
    counts = {
        "status_documents": source.documents,
        "status_passages": source.passages,
        "status_vectors": source.vectors,
        "status_failed": len(source.failed),
    }
    told = " · ".join(f"{phrases.render(key)} {count}" for key, count in counts.items())
    when = datetime.fromtimestamp(source.finished, UTC).astimezone() if source.finished else None
    updated = f"{when:%Y-%m-%d %H:%M}" if when else phrases.render("status_none")
    return f"- **{source.source}**: {told} · {phrases.render('status_updated')} {updated}"
