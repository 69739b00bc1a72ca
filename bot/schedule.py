"""When sources are read again: APScheduler puts re-index commands into the queue, at low priority.

A source that notices changes by itself is read again when it does, too.
"""

import asyncio
import contextlib
import logging
import uuid
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.messages import Channel, Command, Person, Submit
from bot.opening import source_spec
from bot.settings import Settings
from bot.source_settings import SourceSettings
from knowledge.documents import Watched
from knowledge.errors import KnowledgeError
from knowledge.library import SourceSpec
from knowledge.sources import open_source

log = logging.getLogger(__name__)

SYSTEM = "terminal:schedule"
_EVERY = timedelta(minutes=15)
_PAUSE = 2.0
"""Seconds between two runs for noticed changes: what is written all the time is not read all the time."""
_JITTER = 0.1
"""Share of the interval by which runs are spread."""


class Schedule:
    """Re-indexes each source as often as it is set to."""

    def __init__(self, settings: Settings, submit: Submit) -> None:
        self._submit = submit
        self._specs = [source_spec(settings, source) for source in settings.sources]
        self._watches: list[asyncio.Task[None]] = []
        self._scheduler = AsyncIOScheduler()
        for source in settings.sources:
            self._scheduler.add_job(
                self._reindex,
                _trigger(source),
                args=(source.name,),
                id=source.name,
                # After a pause of the machine one run catches up for all that were missed.
                coalesce=True,
                misfire_grace_time=None,
                max_instances=1,
            )

    def start(self) -> None:
        """Begins; the first runs come after one interval, what starts the process indexes at once."""
        self._scheduler.start()
        self._watches = [asyncio.create_task(self._watch(spec)) for spec in self._specs]

    def stop(self) -> None:
        """Ends; what is queued stays queued."""
        self._scheduler.shutdown(wait=False)
        for watch in self._watches:
            watch.cancel()

    async def _watch(self, spec: SourceSpec) -> None:
        """Reads a source again whenever it notices a change."""
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
                async for _ in source.changes():
                    await self._reindex(spec.name)
                    await asyncio.sleep(_PAUSE)
            except Exception:  # the interval goes on
                log.warning("The source %s is watched no more.", spec.name, exc_info=True)

    async def _reindex(self, source: str) -> None:
        await self._submit(reindex_command(source))


def reindex_command(source: str | None) -> Command:
    """The command that reads a source again, by nobody in particular."""
    id_ = f"{SYSTEM}:{uuid.uuid4()}"
    return Command(
        id=id_,
        thread=f"{SYSTEM}:{source or '*'}",
        channel=Channel(platform="terminal", id="schedule", kind="private"),
        author=Person(id=SYSTEM, admin=True),
        at=datetime.now(UTC),
        private=True,
        name="reindex",
        arguments={"source": source} if source else {},
    )


def _trigger(source: SourceSettings) -> CronTrigger | IntervalTrigger:
    if source.cron:
        return CronTrigger.from_crontab(source.cron)
    seconds = (source.every or _EVERY).total_seconds()
    return IntervalTrigger(seconds=int(seconds), jitter=int(seconds * _JITTER))
