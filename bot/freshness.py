"""Which sources have not been read for longer than they were promised to be."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from bot.cron import Cron
from bot.due import EVERY
from bot.settings import Settings
from bot.source_settings import SourceSettings
from bot.voice import Voice

_GRACE = timedelta(hours=1)
"""That a reading may take, or come late."""


def stale(
    settings: Settings, read: Mapping[str, datetime], names: Collection[str], now: datetime
) -> dict[str, datetime]:
    """Those of the sources that are not as fresh as promised, with when they were last read whole."""
    return {
        source.name: read[source.name]
        for source in settings.sources
        if source.name in names and source.name in read and fresh_until(source, read[source.name]) < now
    }


def staleness(old: Mapping[str, datetime], voice: Voice) -> tuple[str, ...]:
    """What is to be said of each of them."""
    moments = {source: read.astimezone() for source, read in sorted(old.items())}
    return tuple(
        voice.say("stale_source", source=source, date=moment, time=f"{moment:%H:%M}")
        for source, moment in moments.items()
    )


def fresh_until(source: SourceSettings, read: datetime) -> datetime:
    """How long what was read then counts as fresh: `stale_after`, or until two readings are missed."""
    if source.stale_after is not None:
        return read + source.stale_after
    if source.cron is None:
        every = source.every or EVERY
        return read + every + max(every, _GRACE)
    cron = Cron(source.cron)
    due = cron.after(read.astimezone())
    missed = cron.after(due) if due else None
    return (missed + _GRACE).astimezone(UTC) if missed else datetime.max.replace(tzinfo=UTC)
