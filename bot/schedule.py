"""When sources are read again: APScheduler puts re-index commands into the queue, at low priority.

When a source is due follows from when it was last read, which is in the database: a restart forgets nothing,
what was missed is caught up by one run, and all processes come to the same time and the same order. A source
that notices changes by itself is read again when it does, too.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from bot.cron import Cron
from bot.due import due
from bot.messages import Command
from bot.opening import source_spec
from bot.reindexing.orders import digest_command, reindex_command
from bot.reindexing.records import Records
from bot.reindexing.runs import Runs
from bot.settings import Settings
from bot.source_settings import SourceSettings
from knowledge.documents import Watched
from knowledge.errors import KnowledgeError
from knowledge.library import SourceSpec
from knowledge.sources import open_source

log = logging.getLogger(__name__)

_PAUSE = 2.0
"""Seconds between two runs for noticed changes: what is written all the time is not read all the time."""
_SOON, _SELDOM = timedelta(seconds=20), timedelta(minutes=5)
"""Between two looks at a source that is due or paused, and at one that is not: its clock may be set."""
_CATCH_UP = timedelta(hours=12)
"""How late a digest may come."""
_DIGEST = "digest of the documents"  # no name of a source has blanks

Queue = Callable[[Command], Awaitable[object]]


class Schedule:
    """Re-indexes each source as often as it is set to, and has the digest posted when it is due."""

    def __init__(self, settings: Settings, queue: Queue, records: Records, runs: Runs) -> None:
        """`queue`: takes an order, once for one id."""
        self._queue = queue
        self._records = records
        self._runs = runs
        self._sources = settings.sources
        wanted = settings.admin_channel is not None and settings.digest != "off"
        self._digest = Cron(settings.digest) if wanted else None
        self._specs = [source_spec(settings, source) for source in settings.sources]
        self._watches: list[asyncio.Task[None]] = []
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begins; what is due by now is read at once."""
        self._scheduler.start()
        for source in self._sources:
            self._look_at(source, datetime.now(UTC))
        if self._digest is not None:
            self._digest_after(datetime.now().astimezone() - _CATCH_UP)
        self._watches = [asyncio.create_task(self._watch(spec)) for spec in self._specs]

    def stop(self) -> None:
        """Ends; what is queued stays queued."""
        self._scheduler.shutdown(wait=False)
        for watch in self._watches:
            watch.cancel()

    def _look_at(self, source: SourceSettings, when: datetime) -> None:
        # However late it comes, after a pause of the machine for instance, it comes.
        self._scheduler.add_job(
            self._look,
            DateTrigger(when),
            args=(source,),
            id=source.name,
            replace_existing=True,
            misfire_grace_time=None,
        )

    async def _look(self, source: SourceSettings) -> None:
        """Orders a source to be read if it is due, and looks again when that may be the next time."""
        again = _SOON
        try:
            standing = await self._records.standing(source.name)
            now = datetime.now(UTC)
            when = due(source, standing)
            if standing.paused_by is None and when <= now:
                # Until the run has begun the order stays the same; should it be given up, another comes.
                hours = int((now - (standing.began or now)) / timedelta(hours=1))
                occasion = f"{standing.began.isoformat() if standing.began else 'first'}:{hours}"
                await self._queue(reindex_command(source.name, occasion))
            elif standing.paused_by is None:
                again = min(when - now, _SELDOM)
        except Exception as error:  # the database or Redis is away: the schedule goes on
            log.warning("It is not known whether %s is due: %s", source.name, error)
        self._look_at(source, datetime.now(UTC) + again)

    def _digest_after(self, moment: datetime) -> None:
        """The next digest; one that was missed a short while ago comes at once, in one of the processes."""
        assert self._digest is not None
        if (when := self._digest.after(moment)) is not None:
            self._scheduler.add_job(
                self._order_digest, DateTrigger(when), args=(when,), id=_DIGEST, misfire_grace_time=None
            )

    async def _order_digest(self, when: datetime) -> None:
        try:
            await self._queue(digest_command(when.astimezone(UTC).isoformat()))
        except Exception as error:  # the next one comes all the same
            log.warning("The digest of %s could not be ordered: %s", when, error)
        self._digest_after(max(when, datetime.now().astimezone() - _CATCH_UP))

    async def _watch(self, spec: SourceSpec) -> None:
        """Reads a source again whenever it notices a change; at first, what changed while nobody watched."""
        try:
            source = await asyncio.to_thread(
                open_source, spec.kind, spec.name, spec.options, spec.surroundings
            )
        except KnowledgeError:
            return  # its first sync says what is wrong
        with contextlib.closing(source):
            if not isinstance(source, Watched):
                return
            try:
                await self._noticed(spec.name)
                async for _ in source.changes():
                    await self._noticed(spec.name)
                    await asyncio.sleep(_PAUSE)
            except Exception:  # the interval goes on
                log.warning("The source %s is watched no more.", spec.name, exc_info=True)

    async def _noticed(self, source: str) -> None:
        """Orders a source to be read; what is noticed before the next run begins is one order."""
        if (await self._records.standing(source)).paused_by is None:
            await self._queue(reindex_command(source, f"changed:{await self._runs.number(source)}"))
