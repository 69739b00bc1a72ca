"""Carries an order to read sources again out: one source after the other, each by one process at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from bot.admin.steps import Done, Steps, refused
from bot.dispatch import Dispatch
from bot.due import fingerprint
from bot.messages import Command, Confirmation, Status
from bot.reindexing import naming, telling
from bot.reindexing.naming import Target, Unclear
from bot.reindexing.notices import Notices
from bot.reindexing.records import Held, Records
from bot.reindexing.runs import Run, Runs, Underway
from bot.reindexing.telling import SCHEDULE
from bot.reindexing.threads import reported
from bot.settings import Settings
from bot.voice import Voice
from knowledge.errors import KnowledgeError, SupersededError
from knowledge.library import Library
from knowledge.syncing import Progress, SyncReport, Wanted

_LOOK = 0.5
"""Seconds between two looks at another's run that is waited for."""
_NAMES = 100
"""Missing documents that are named to machines."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What was ordered, by whom, and how it is told."""

    command: Command
    voice: Voice
    stop: asyncio.Event
    wanted: Wanted
    dry_run: bool = False

    @property
    def by(self) -> str:
        """As others are told it."""
        return self.command.author.name or self.command.author.id

    @property
    def scheduled(self) -> bool:
        """Nobody waits for it."""
        return self.command.author.id == SCHEDULE

    @property
    def waits(self) -> bool:
        """Another's run is waited for; people in a chat are told of it instead."""
        return self.command.channel.platform == "terminal"


@dataclass(slots=True)
class _Outcome:
    """What came of one target."""

    source: str
    report: SyncReport | None = None
    busy: Underway | None = None
    question: Confirmation | None = None


@dataclass(slots=True)
class _Turn:
    """One's turn at a source: a run that is held, or whose it is."""

    run: Run | None = None
    busy: Underway | None = None


class Reindexing:
    """Reads sources again."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        dispatch: Dispatch,
        *,
        records: Records,
        runs: Runs,
        notices: Notices,
    ) -> None:
        self._settings = settings
        self._library = library
        self._dispatch = dispatch
        self._records = records
        self._runs = runs
        self._notices = notices
        self._reading = asyncio.Lock()
        """One source at a time in a process: they would share its processor."""

    async def run(self, command: Command, voice: Voice, stop: asyncio.Event) -> Steps:
        """Reads a source, a document, or all there is; or has that ended."""
        asked = command.arguments
        if asked.get("cancel"):
            yield await self._cancel(command, voice)
            return
        targets = await self._targets(command, voice)
        if isinstance(targets, Done):
            yield targets
            return
        wanted = Wanted(full=bool(asked.get("full")), allow_deletions=bool(asked.get("allow_deletions")))
        order = _Order(command, voice, stop, wanted, bool(asked.get("dry_run")))
        async for step in self._carry_out(order, targets):
            yield step

    async def decide(self, press: Command, voice: Voice, stop: asyncio.Event) -> Steps:
        """An admin's word on deletions that were held back: carried out once, whoever presses how often."""
        held = await self._records.asked(str(press.arguments.get("token", "")))
        mine = f"{press.name} {press.id}"
        if held is None or not (held.is_open or held.decided):
            yield refused(voice.say("confirmation_expired"), "expired")
            return
        if not await self._records.decide(held.token, mine, press.author.name or press.author.id):
            decided = await self._records.asked(held.token)
            who = decided.decided_by if decided else ""
            yield refused(voice.say("index_decided", by=voice.say("index_by_person", person=who)), "before")
            return
        if press.name == "decline":
            told = voice.say("index_kept", source=held.source)
            yield Done(told, {"source": held.source}, result={"source": held.source, "deleted": 0})
            return
        order = _Order(press, voice, stop, Wanted(gone=frozenset(held.missing)))
        async for step in self._carry_out(order, [Target(held.source)]):
            if isinstance(step, Done):  # its progress would take the question's place
                yield step

    async def _targets(self, command: Command, voice: Voice) -> list[Target] | Done:
        """What is to be read."""
        name = str(command.arguments.get("source") or "").strip()
        if not name:
            standings = await self._records.standings()
            paused = {source for source, standing in standings.items() if standing.paused_by}
            return [Target(one) for one in self._library.names if one not in paused]
        if name in self._library.names:
            return [Target(name)]
        found = await asyncio.to_thread(
            lambda: naming.find(name, self._library.names, list(self._documents()))
        )
        if isinstance(found, Unclear):
            listed = ", ".join(f"`{one}`" for one in found.candidates) or voice.say("status_none")
            if found.ambiguous:
                told = voice.say("index_ambiguous", name=name, candidates=listed)
                return refused(told, "ambiguous_document")
            return refused(voice.say("index_unknown", name=name, near=listed), "unknown_source")
        return [found]

    def _documents(self) -> Iterable[tuple[str, str, str | None]]:
        for source in self._library.names:
            for document, record in self._library.manifest.records(source).items():
                yield source, document, record.url

    async def _carry_out(self, order: _Order, targets: list[Target]) -> Steps:
        outcomes: list[_Outcome] = []
        for target in targets:
            if order.stop.is_set():
                break
            async for step in self._read(order, target):
                if isinstance(step, Status):
                    yield step
                else:
                    outcomes.append(step)
        if order.command.arguments.get("wait") and not order.dry_run:
            async for step in reported(self._library.finish_vectors, order.stop):
                if isinstance(step, Progress):
                    told = order.voice.say("index_vectors", done=step.done, total=step.total)
                    yield Status(text=told, subject=step.source, done=step.done, total=step.total)
        yield await self._conclude(order, outcomes)

    async def _read(self, order: _Order, target: Target) -> AsyncIterator[Status | _Outcome]:
        """Reads one target, once it is its turn."""
        phrases = order.voice.phrases
        async with contextlib.AsyncExitStack() as held:
            turn: _Turn | None = None  # none: it was told to stop
            async for step in self._await(order, target.source, held):
                if isinstance(step, Status):
                    yield step
                else:
                    turn = step
            if turn is None:
                yield _Outcome(target.source, _stopped(target))
                return
            if turn.run is None:
                yield _Outcome(target.source, busy=turn.busy)
                return
            whole = target.document is None and not order.dry_run
            if whole:
                source = self._settings.source(target.source)
                assert source is not None
                await self._records.begun(target.source, fingerprint(source))
            outcome = _Outcome(target.source)
            async for told in self._sync(order, target, turn.run):
                if isinstance(told, Progress):
                    turn.run.done, turn.run.total = told.done, told.total
                    yield telling.progress(told, phrases)
                else:
                    outcome.report = told
            assert outcome.report is not None
            if whole:
                outcome.question = await self._follow_up(order, outcome.report)
        yield outcome

    async def _await(
        self, order: _Order, source: str, held: contextlib.AsyncExitStack
    ) -> AsyncIterator[Status | _Turn]:
        """Has `held` hold the source; ends without a turn when it is told to stop."""
        while not order.stop.is_set():
            other = await self._runs.underway(source)
            if other is not None and other.order != order.command.id:
                if not order.waits:
                    yield _Turn(busy=other)
                    return
                told = telling.underway(source, other, order.voice.phrases)
                yield Status(text=told, subject=source, done=other.done, total=other.total)
                await _first(order.stop, _LOOK)
                continue
            if self._reading.locked():
                yield Status(text=order.voice.say("index_waiting"))
            async with contextlib.AsyncExitStack() as tried:
                if not await _locked(self._reading, order.stop):
                    return
                tried.callback(self._reading.release)
                above = await asyncio.to_thread(self._library.manifest.fences.latest, source)
                begun = self._runs.begin(source, order=order.command.id, by=order.by, above=above)
                run = await tried.enter_async_context(begun)
                if run is not None:
                    await held.enter_async_context(tried.pop_all())
                    yield _Turn(run)
                    return

    async def _sync(self, order: _Order, target: Target, run: Run) -> AsyncIterator[Progress | SyncReport]:
        wanted = Wanted(
            document=target.document,
            full=order.wanted.full,
            allow_deletions=order.wanted.allow_deletions,
            gone=order.wanted.gone,
            run=run.number,
        )
        work = partial(self._library.sync, target.source, wanted, dry_run=order.dry_run)
        try:
            async with contextlib.aclosing(reported(work, order.stop, run.lost)) as steps:
                async for step in steps:
                    yield step
        except SupersededError:
            raise
        except KnowledgeError as error:  # the other sources can do nothing for it
            report = SyncReport(target.source, problem=str(error), hindrance="unreachable", cause=str(error))
            yield report
        if run.lost.is_set():
            raise SupersededError(f"Another process has taken over reading `{target.source}`.")

    async def _follow_up(self, order: _Order, report: SyncReport) -> Confirmation | None:
        """Keeps what is wrong with a source until it is put right, and has the admins told once."""
        source, hindrance = report.source, report.hindrance
        if hindrance == "stopped":
            return None
        if hindrance == "withheld":
            held, is_new = await self._records.hold(source, report.missing, report.known)
            if not held.is_open:
                return None
            question = telling.question(held, order.voice.phrases)
            if is_new and order.scheduled:
                await self._ask_admins(held, question)
            return question
        trouble = hindrance and report.cause
        if hindrance is None:
            await self._records.settled(source)
        if await self._records.troubled(source, trouble) and trouble and order.scheduled:
            reason = trouble.removesuffix(".")
            await self._notices.admins(
                f"trouble:{order.command.id}",
                lambda phrases: phrases.render("index_trouble", source=source, reason=reason),
            )
        return None

    async def _ask_admins(self, held: Held, question: Confirmation) -> None:
        await self._notices.admins(
            f"held:{held.token}",
            lambda phrases: telling.question(held, phrases).text,
            [question],
        )

    async def _conclude(self, order: _Order, outcomes: list[_Outcome]) -> Done:
        phrases, reports = order.voice.phrases, [one.report for one in outcomes if one.report is not None]
        lines = {report.source: telling.ended(report, phrases, dry_run=order.dry_run) for report in reports}
        if not (order.dry_run or order.scheduled):
            await self._notices.summary(order.command, lines)
        told = [
            "\n".join(filter(None, [lines[report.source], telling.details(report, phrases)]))
            for report in reports
        ]
        told += [telling.underway(one.source, one.busy, phrases) for one in outcomes if one.busy]
        failed = [report for report in reports if report.hindrance not in (None, "stopped")]
        stopped = order.stop.is_set()
        quiet = order.scheduled and not failed and not any(map(_has_changes, reports))
        reason = "index_failed" if failed else "stopped" if stopped else None
        if outcomes and not reports:
            reason = "index_running"
        return Done(
            "\n".join(told) or order.voice.say("index_nothing"),
            {"sources": [_for_machines(report) for report in reports], "stopped": stopped},
            outcome="failed" if failed else "refused" if reason else "answered",
            reason=reason,
            confirmations=tuple(one.question for one in outcomes if one.question),
            result={report.source: _counts(report) for report in reports},
            audited=not quiet,
        )

    async def _cancel(self, command: Command, voice: Voice) -> Done:
        """Has what reads a source, or anything, come to an end."""
        name = str(command.arguments.get("source") or "").strip()
        orders: dict[str, list[str]] = {}
        for source in self._library.names:
            run = await self._runs.underway(source)
            if run is not None and name in ("", source):
                orders.setdefault(run.order, []).append(source)
        ended = [source for order, sources in orders.items() if await self._stop(order) for source in sources]
        if not ended:
            return refused(voice.say("index_nothing_to_cancel"), "not_running")
        shown = ", ".join(f"`{source}`" for source in ended)
        return Done(voice.say("index_cancelling", sources=shown), {"sources": ended}, result={"ended": ended})

    async def _stop(self, order: str) -> bool:
        return await self._dispatch.stop(order)


def _stopped(target: Target) -> SyncReport:
    """Of what was told to stop before it was its turn."""
    problem = "It was stopped before it began."
    return SyncReport(target.source, problem=problem, hindrance="stopped")


def _has_changes(report: SyncReport) -> bool:
    return bool(report.added or report.changed or report.deleted)


def _counts(report: SyncReport) -> dict[str, Any]:
    counts: dict[str, Any] = report.counts() | {"failed": len(report.failed)}
    return counts | ({"hindrance": report.hindrance} if report.hindrance else {})


def _for_machines(report: SyncReport) -> dict[str, Any]:
    return asdict(report) | {"missing": list(report.missing[:_NAMES])}


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Waits for an event, but no longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _locked(lock: asyncio.Lock, stop: asyncio.Event) -> bool:
    """Takes a lock, unless it is told to stop first."""
    taking, stopping = asyncio.ensure_future(lock.acquire()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if taking.done():
            return True
        taking.cancel()
        await asyncio.wait({taking})
        if taking.cancelled():
            return False
        lock.release()
        return False
    except asyncio.CancelledError:
        taking.cancel()
        await asyncio.wait({taking})
        if not taking.cancelled():
            lock.release()
        raise
    finally:
        stopping.cancel()
