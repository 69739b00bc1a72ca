"""Commands about what is indexed: `status`, `sources`, `reindex`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.admin.steps import Done, Steps
from bot.dispatch import Dispatch
from bot.journal import Journal
from bot.messages import Command, Status
from bot.phrases import OUTCOMES, Phrases
from bot.settings import Settings
from bot.voice import Voice
from knowledge.library import Library
from knowledge.manifest import IndexStatus
from knowledge.syncing import Progress, SyncReport, Wanted


class IndexCommands:
    """What is indexed, what waits, and reading it again."""

    def __init__(self, settings: Settings, library: Library, journal: Journal, dispatch: Dispatch) -> None:
        self._settings = settings
        self._library = library
        self._journal = journal
        self._dispatch = dispatch

    async def status(self, command: Command, voice: Voice) -> Steps:
        """What is indexed, what was asked, what waits."""
        phrases = voice.phrases
        sources = await asyncio.to_thread(self._library.status)
        data: dict[str, Any] = {
            "turns": await self._journal.outcomes(),
            "reasons": await self._dispatch.reasons(),
            "queue": await self._dispatch.status(),
            "model": next(iter(self._settings.llm), None),
            "sources": [asdict(source) for source in sources],
        }
        parts = [f"**{phrases.render('status_title')}**", *(source_line(one, phrases) for one in sources)]
        turns = {phrases.render(OUTCOMES[name]): count for name, count in data["turns"].items()}
        reasons = {f"`{name}`": count for name, count in data["reasons"].items()}
        for key, counts in (("status_questions", turns), ("status_ignored", reasons)):
            told = ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))
            parts.append(f"{phrases.render(key)}: {told or phrases.render('status_none')}")
        # This command is under way itself.
        waiting = max(0, data["queue"]["ready"] + data["queue"]["running"] - 1)
        parts.append(f"{phrases.render('status_queue')}: {waiting}")
        yield Done("\n\n".join(parts), data)

    async def sources(self, command: Command, voice: Voice) -> Steps:
        """Each source, with how fresh it is."""
        sources = await asyncio.to_thread(self._library.status)
        text = "\n".join(source_line(source, voice.phrases) for source in sources)
        yield Done(text, {"sources": [asdict(source) for source in sources]})

    async def reindex(self, command: Command, voice: Voice) -> Steps:
        """Reads a source again, or all of them."""
        asked, phrases = command.arguments, voice.phrases
        reports: list[SyncReport] = []
        wanted = Wanted(full=bool(asked.get("full")), allow_deletions=bool(asked.get("allow_deletions")))
        dry_run = bool(asked.get("dry_run"))
        for name in [asked["source"]] if asked.get("source") else self._library.names:
            async for step in _reported(partial(self._library.sync, name, wanted, dry_run=dry_run)):
                if isinstance(step, Progress):
                    yield _progress(step, "index_progress", phrases)
                else:
                    reports.append(step)
        if asked.get("wait") and not asked.get("dry_run"):
            async for step in _reported(self._library.finish_vectors):
                if isinstance(step, Progress):
                    yield _progress(step, "index_vectors", phrases)
        failed = any(report.problem for report in reports)
        yield Done(
            "\n".join(_told(report, phrases) for report in reports),
            {"sources": [asdict(report) for report in reports]},
            outcome="failed" if failed else "answered",
            reason="index_failed" if failed else None,
        )


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


def source_line(source: IndexStatus, phrases: Phrases) -> str:
    """`- **handbook**: 31 documents, 240 passages (240 vectors), read 2026-11-22 17:08`."""
    counts = {
        "status_documents": source.documents,
        **({"status_restricted": source.restricted} if source.restricted else {}),
        "status_passages": source.passages,
        "status_vectors": source.vectors,
        "status_failed": len(source.failed),
    }
    told = " · ".join(f"{phrases.render(key)} {count}" for key, count in counts.items())
    when = datetime.fromtimestamp(source.finished, UTC).astimezone() if source.finished else None
    updated = f"{when:%Y-%m-%d %H:%M}" if when else phrases.render("status_none")
    return f"- **{source.source}**: {told} · {phrases.render('status_updated')} {updated}"
