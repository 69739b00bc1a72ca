"""Which source is being read now, and by whose order: one run of a source at a time, over all processes.

A run is held by a key in Redis that its process renews and that lapses with it. Its number, which the
database compares with every write (`knowledge/fencing.py`), keeps out a run that was overtaken without
noticing.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

_LEASE, _RENEW = 15.0, 1.0
"""Seconds that a run is held without a sign of life, and between two signs."""

# A run that the same order has begun before was left by a process that died: it is begun anew.
_BEGIN = """
local held = redis.call('HMGET', KEYS[1], 'order', 'at')
if held[1] and held[1] ~= ARGV[1] then return 0 end
local number = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[2])) + 1
redis.call('SET', KEYS[2], string.format('%d', number))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'order', ARGV[1], 'number', string.format('%d', number),
  'by', ARGV[3], 'at', held[2] or ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return number
"""
# What lapsed while Redis was away and nobody has begun since is still ours.
_RENEWAL = """
local number = redis.call('HGET', KEYS[1], 'number')
if number and number ~= ARGV[1] then return 0 end
if not number and redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'number', ARGV[1], 'order', ARGV[2], 'by', ARGV[3], 'at', ARGV[4],
  'done', ARGV[5], 'total', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return 1
"""
_END = """
if redis.call('HGET', KEYS[1], 'number') == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


@dataclass(frozen=True, slots=True)
class Underway:
    """A run as others see it."""

    order: str
    """Id of the command."""
    by: str
    at: datetime
    done: int | None = None
    total: int | None = None


@dataclass(slots=True)
class Run:
    """A run that this process holds."""

    source: str
    order: str
    by: str
    at: datetime
    number: int
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once another process has, or may have, begun a run of the source."""
    done: int | None = None
    """How far it is, for others to see."""
    total: int | None = None


class Runs:
    """The runs under way."""

    def __init__(
        self, redis: "Redis", prefix: str = "vocero", *, lease: float = _LEASE, renew: float = _RENEW
    ) -> None:
        self._redis = redis
        self._root = f"{{{prefix}}}:reading"
        self._lease = int(lease * 1000)
        self._renew = renew
        self._begin = redis.register_script(_BEGIN)
        self._renewal = redis.register_script(_RENEWAL)
        self._end = redis.register_script(_END)

    @asynccontextmanager
    async def begin(self, source: str, *, order: str, by: str, above: int) -> AsyncIterator[Run | None]:
        """Holds a source while within; None where another order's run holds it.

        The run's number is greater than `above` and than that of every run before.
        """
        at = datetime.now(UTC)
        keys = self._keys(source)
        number = int(await self._begin(keys=keys, args=[order, above, by, at.isoformat(), self._lease]))
        if not number:
            yield None
            return
        run = Run(source, order, by, at, number)
        ended = asyncio.Event()
        keeper = asyncio.create_task(self._keep(run, ended))
        try:
            yield run
        finally:
            ended.set()
            _, hanging = await asyncio.wait([keeper], timeout=_RENEW)
            for one in hanging:
                one.cancel()
            with contextlib.suppress(Exception):  # it lapses by itself
                await self._end(keys=keys, args=[run.number])

    async def underway(self, source: str) -> Underway | None:
        """The run of a source, if there is one."""
        told: Any = await self._redis.hgetall(self._keys(source)[0])
        if not told:
            return None
        fields = {key.decode(): value.decode() for key, value in told.items()}
        done, total = (int(fields[key]) if fields.get(key) else None for key in ("done", "total"))
        return Underway(fields["order"], fields["by"], datetime.fromisoformat(fields["at"]), done, total)

    async def number(self, source: str) -> int:
        """The number of the last run of a source."""
        return int(await self._redis.get(self._keys(source)[1]) or 0)

    async def _keep(self, run: Run, ended: asyncio.Event) -> None:
        while not (run.lost.is_set() or ended.is_set()):
            try:
                if not await self._renewed(run):
                    log.warning("The run of %s is lost: another process has begun one.", run.source)
                    run.lost.set()
            except Exception as error:  # without Redis the turn is lost before the run is
                log.warning("The run of %s could not be renewed: %s", run.source, error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._renew):
                    await ended.wait()

    async def _renewed(self, run: Run) -> bool:
        shown = ["" if one is None else one for one in (run.done, run.total)]
        args = [run.number, run.order, run.by, run.at.isoformat(), *shown, self._lease]
        return bool(await self._renewal(keys=self._keys(run.source), args=args))

    def _keys(self, source: str) -> list[str]:
        return [f"{self._root}:{source}", f"{self._root}:{source}:number"]
