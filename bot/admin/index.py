"""Commands about what is indexed: `status`, `sources`."""

import asyncio
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bot.admin.steps import Done, Steps, refused
from bot.dispatch import Dispatch
from bot.due import due
from bot.freshness import stale, staleness
from bot.journal import Journal
from bot.messages import Command
from bot.phrases import OUTCOMES, Phrases
from bot.reindexing import telling
from bot.reindexing.orders import reindex_command
from bot.reindexing.records import Held, Records, Standing
from bot.reindexing.runs import Runs, Underway
from bot.settings import Settings
from bot.voice import Voice
from knowledge.library import Library
from knowledge.manifest import IndexStatus


@dataclass(frozen=True, slots=True)
class SourceState:
    """A configured source: what is indexed of it, and what happens to it."""

    name: str
    index: IndexStatus | None
    """None: it was never read."""
    standing: Standing
    due: datetime
    """When it is read next, unless it is paused."""
    run: Underway | None
    held: Held | None

    def for_machines(self) -> dict[str, Any]:
        """As `status --json` shows it."""
        index = asdict(self.index) if self.index else {"source": self.name, "documents": 0, "finished": None}
        paused, held, run = self.standing.paused_by, self.held, self.run
        return index | {
            "paused": {"by": paused, "at": self.standing.paused_at} if paused else None,
            "next": None if paused else max(self.due, datetime.now(UTC)),
            "running": asdict(run) if run else None,
            "waiting": {"missing": len(held.missing), "total": held.total, "since": held.at,
                        "decided_by": held.decided_by} if held else None,
        }  # fmt: skip


class IndexCommands:
    """What is indexed, what waits, and which sources are read by themselves."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        journal: Journal,
        dispatch: Dispatch,
        *,
        records: Records,
        runs: Runs,
    ) -> None:
        self._settings = settings
        self._library = library
        self._journal = journal
        self._dispatch = dispatch
        self._records = records
        self._runs = runs

    async def status(self, command: Command, voice: Voice) -> Steps:
        """What is indexed, what was asked, what waits."""
        phrases = voice.phrases
        sources = await self._states()
        data: dict[str, Any] = {
            "turns": await self._journal.outcomes(),
            "reasons": await self._dispatch.reasons(),
            "queue": await self._dispatch.status(),
            "model": next(iter(self._settings.llm), None),
            "sources": [source.for_machines() for source in sources],
            "problem": self._library.problem,
        }
        readers = await asyncio.to_thread(self._library.readers)
        groups = {reader for reader in readers if reader.startswith("group:")}
        data["unknown_groups"] = sorted(groups - self._settings.known.named())
        parts = [f"**{phrases.render('status_title')}**", *(_lines(one, phrases) for one in sources)]
        if self._library.problem:
            parts.append(phrases.render("status_degraded", problems=self._library.problem))
        read = await asyncio.to_thread(self._library.read)
        old = stale(self._settings, read, self._library.names, datetime.now(UTC))
        parts += staleness(old, voice)
        turns = {phrases.render(OUTCOMES[name]): count for name, count in data["turns"].items()}
        reasons = {f"`{name}`": count for name, count in data["reasons"].items()}
        for key, counts in (("status_questions", turns), ("status_ignored", reasons)):
            told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            parts.append(f"{phrases.render(key)}: {told or phrases.render('status_none')}")
        if data["unknown_groups"]:
            named = ", ".join(f"`{group}`" for group in data["unknown_groups"])
            parts.append(f"{phrases.render('status_unknown_groups')}: {named}")
        # This command is under way itself.
        waiting = max(0, data["queue"]["ready"] + data["queue"]["running"] - 1)
        parts.append(f"{phrases.render('status_queue')}: {waiting}")
        yield Done("\n\n".join(parts), data)

    async def sources(self, command: Command, voice: Voice) -> Steps:
        """Each source, with how fresh it is; or one of them paused, or resumed."""
        action, source = (command.arguments.get(name) for name in ("action", "source"))
        if action and not source:
            yield refused(
                voice.say("missing_argument", command=f"sources {action} <source>"), "missing_argument"
            )
        elif action == "pause":
            yield await self._pause(str(source), command, voice)
        elif action == "resume":
            yield await self._resume(str(source), voice)
        else:
            states = [one for one in await self._states() if source in (None, "", one.name)]
            text = "\n".join(_lines(state, voice.phrases) for state in states)
            yield Done(text, {"sources": [state.for_machines() for state in states]})

    async def _pause(self, source: str, command: Command, voice: Voice) -> Done:
        standing = await self._records.standing(source)
        if standing.paused_by is None:
            await self._records.pause(source, command.author.name or command.author.id)
        return Done(voice.say("sources_paused", source=source), {"source": source, "paused": True})

    async def _resume(self, source: str, voice: Voice) -> Done:
        standing = await self._records.standing(source)
        if standing.paused_by is None:
            return Done(voice.say("sources_not_paused", source=source), {"source": source, "paused": False})
        await self._records.pause(source, None)
        # What happened meanwhile was not noticed.
        order = reindex_command(source, f"resumed:{uuid.uuid4()}")
        await self._dispatch.submit(order, priority="background")
        return Done(voice.say("sources_resumed", source=source), {"source": source, "paused": False})

    async def _states(self) -> list[SourceState]:
        """Every configured source, in the order of the configuration."""
        indexed = {one.source: one for one in await asyncio.to_thread(self._library.status)}
        standings, held = await self._records.standings(), await self._records.held()
        states = []
        for source in self._settings.sources:
            standing = standings.get(source.name, Standing())
            states.append(
                SourceState(
                    source.name,
                    indexed.get(source.name),
                    standing,
                    due(source, standing),
                    await self._runs.underway(source.name),
                    held.get(source.name),
                )
            )
        return states


def _lines(state: SourceState, phrases: Phrases) -> str:
    """`- **handbook**: 31 documents …`, and below it what is to be known."""
    lines = [source_line(state.name, state.index, phrases)]
    if state.run is not None:
        lines.append(telling.underway(state.name, state.run, phrases))
    if state.standing.paused_by is not None and state.standing.paused_at is not None:
        by = telling.ordered_by(state.standing.paused_by, phrases)
        lines.append(phrases.render("status_paused", at=telling.moment(state.standing.paused_at), by=by))
    elif state.run is None:
        soon = max(state.due, datetime.now(UTC))
        lines.append(f"{phrases.render('status_next')}: {telling.moment(soon)}")
    if state.held is not None:
        lines.append(telling.waiting(state.held, phrases))
    elif state.index is not None and state.index.problem:
        lines.append(state.index.problem)
    return "\n  ".join(lines)


def source_line(name: str, source: IndexStatus | None, phrases: Phrases) -> str:
    """`- **handbook**: 31 documents, 240 passages (240 vectors), read 2026-11-22 17:08`."""
    counts = {
        "status_documents": source.documents if source else 0,
        **({"status_restricted": source.restricted} if source and source.restricted else {}),
        "status_passages": source.passages if source else 0,
        "status_vectors": source.vectors if source else 0,
        "status_failed": len(source.failed) if source else 0,
    }
    told = " · ".join(f"{phrases.render(key)} {count}" for key, count in counts.items())
    when = datetime.fromtimestamp(source.finished, UTC).astimezone() if source and source.finished else None
    updated = f"{when:%Y-%m-%d %H:%M}" if when else phrases.render("never")
    return f"- **{name}**: {told} · {phrases.render('status_updated')} {updated}"
