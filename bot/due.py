"""When a source is to be read again: the same in every process, and after any restart."""

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta

from bot.cron import Cron
from bot.reindexing.records import Standing
from bot.source_settings import SourceSettings

EVERY = timedelta(minutes=15)
_SPREAD = 0.1
"""The share of the time between two runs over which they are spread, so that sources do not come at once."""
_LATEST = timedelta(minutes=5)
"""That a run may come later than its `cron` says."""


def due(source: SourceSettings, standing: Standing) -> datetime:
    """When it is to be read next; a time that has passed means now.

    An interval ends early by up to a tenth and never late; a time of `cron` may come up to five minutes late,
    and never early. What was never read, or is set differently since, is due.
    """
    began = standing.began
    if began is None or standing.settings != fingerprint(source):
        return datetime.min.replace(tzinfo=UTC)
    if source.cron is None:
        every = source.every or EVERY
        return began + every * (1 - _SPREAD * _share(source.name, began))
    cron = Cron(source.cron)
    following = cron.after(began.astimezone())
    if following is None:
        return datetime.max.replace(tzinfo=UTC)
    then = cron.after(following)
    spread = min((then - following) * _SPREAD, _LATEST) if then else _LATEST
    return (following + spread * _share(source.name, following)).astimezone(UTC)


def fingerprint(source: SourceSettings) -> str:
    """What tells how a source is set; secrets stand in it by name only, and it is a digest."""
    told = json.dumps([source.kind, source.options], sort_keys=True, default=str)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _share(name: str, moment: datetime) -> float:
    """Between 0 and 1, as good as random, and the same for the same run in every process."""
    return zlib.crc32(f"{name} {moment.astimezone(UTC).isoformat()}".encode()) / 2**32
