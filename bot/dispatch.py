"""The queue: every event put into it is handled at least once, those of one thread one at a time, in order.

The engine is Redis Streams. What changes state is in `dispatch.lua`, what runs turns in `worker.py`.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from bot.errors import StateError
from bot.lease import Lease
from bot.messages import Command, Feedback, Message, dump_event, load_event

log = logging.getLogger(__name__)

Priority = Literal["question", "background"]
PRIORITIES: tuple[Priority, ...] = ("question", "background")
GROUP = "workers"

Handler = Callable[[Message | Command | Feedback, Lease], Awaitable[None]]
"""Runs one turn. Returning acknowledges the event, raising has it tried again."""
OnDead = Callable[[Message | Command | Feedback, str, Lease], Awaitable[None]]
"""Told, with the error, of an event that is about to be given up."""

_PATIENCE = 10.0
"""Seconds that a submit waits for Redis; platforms deliver again what was not acknowledged."""
_PAUSE_SECONDS = 0.2
_REASONS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Timing:
    """How leases are kept, in seconds."""

    lease: float
    """Without a renewal for so long, a turn may be taken over; that happens within one sweep more."""
    renew: float
    sweep: float
    block: float
    """Of a blocking read; a stop waits as long for it."""
    backoff: float
    """Before the second try; twice as long before each further one."""
    grace: float
    """What running turns get to end after a stop."""
    limit: float
    """Of one try of a question: what hangs must end in an apology, too. Background jobs have none."""


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that was given up."""

    id: str
    thread: str
    error: str
    tries: int
    at: datetime
    payload: bytes
    """As `load_event` reads it."""


class Dispatch:
    """Puts events into the queue, and has them worked off."""

    def __init__(
        self,
        redis: Redis,
        prefix: str = "vocero",
        *,
        lease: float = 10.0,
        renew: float = 2.0,
        sweep: float = 2.0,
        block: float = 1.0,
        tries: int = 3,
        backoff: float = 1.0,
        grace: float = 20.0,
        limit: float = 600.0,
        known: timedelta = timedelta(hours=24),
    ) -> None:
        """`known`: how long the id of an event that is done is remembered, to tell its repetitions."""
        self.redis = redis
        self.timing = Timing(lease, renew, sweep, block, backoff, grace, limit)
        self.tries = tries
        self.known = int(known.total_seconds())
        # The braces keep all of it on one node of a cluster.
        self._root = f"{{{prefix}}}:queue"
        self._script = redis.register_script((files("bot") / "dispatch.lua").read_text("utf-8"))

    async def submit(self, event: Message | Command | Feedback, *, priority: Priority = "question") -> bool:
        """Returns once the event is safely queued; False when its id is known already."""
        now, nonce = time.time(), uuid.uuid4().hex
        with _in_words():
            async with asyncio.timeout(_PATIENCE):
                fresh = await self.call(
                    "submit",
                    event.id,
                    event.thread,
                    priority,
                    dump_event(event),
                    nonce,
                    now,
                )
        return bool(fresh)

    async def amend(self, event: Message | Command | Feedback) -> bool:
        """Puts the event in the place of the one with its id; False when that has begun or is unknown."""
        with _in_words():
            return bool(await self.call("amend", event.id, dump_event(event)))

    async def known_event(self, event_id: str) -> bool:
        """Whether an event has been submitted, of late."""
        with _in_words():
            return bool(await self.redis.exists(self.job(event_id)))

    async def pending(self, event_id: str) -> Message | Command | Feedback | None:
        """An event that is not done yet."""
        with _in_words():
            payload: Any = await self.redis.hget(self.job(event_id), "payload")
        return load_event(payload) if payload else None

    async def cancel(self, event_id: str) -> bool:
        """Takes back an event that has not begun; False when it has, or is unknown."""
        with _in_words():
            return bool(await self.call("cancel", event_id, self.known))

    async def stop(self, event_id: str, why: str = "stopped") -> bool:
        """Has the answering of an event ended, in whatever process; False when it is not under way."""
        with _in_words():
            return bool(await self.call("stop", event_id, why))

    async def work(
        self,
        handler: Handler,
        *,
        concurrency: int,
        stop: asyncio.Event,
        background: int = 1,
        on_dead: OnDead | None = None,
    ) -> None:
        """Runs turns until `stop`, `concurrency` questions and `background` jobs at a time, then drains.

        A turn still running after the grace period is cancelled and handed back without burning a try.
        """
        from bot.worker import Worker

        slots = {"question": concurrency, "background": background}
        await Worker(self, handler, slots, on_dead).run(stop)

    async def status(self) -> dict[str, Any]:
        """What waits, what runs and what was given up; `oldest` in seconds since it arrived."""
        with _in_words():
            open_, oldest, dead, *streams = await self._figures()
        running = [summary["pending"] for summary in streams[1::3]]
        return {
            "ready": open_ - sum(running),
            "running": sum(running),
            "dead": dead,
            "oldest": time.time() - oldest[0][1] if oldest else None,
            "threads": dict(zip(PRIORITIES, streams[0::3], strict=True)),
            "workers": sum(one["idle"] < 2000 * self.timing.lease for one in streams[2]),
        }

    async def _figures(self) -> list[Any]:
        await self.prepare()
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.zcard(f"{self._root}:open")
            pipe.zrange(f"{self._root}:open", 0, 0, withscores=True)
            pipe.xlen(f"{self._root}:dead")
            for priority in PRIORITIES:
                pipe.xlen(self.stream(priority))
                pipe.xpending(self.stream(priority), GROUP)
                pipe.xinfo_consumers(self.stream(priority), GROUP)
            return list(await pipe.execute())

    async def dead(self, limit: int = 100) -> list[Dead]:
        """The events given up last, newest first."""
        with _in_words():
            entries: Any = await self.redis.xrevrange(f"{self._root}:dead", count=limit)
        return [_dead(entry.decode(), fields) for entry, fields in entries]

    async def count(self, reason: str) -> None:
        """Counts an event that is not answered; a count that fails never stops a turn."""
        key = self._reasons(datetime.now(UTC))
        try:
            async with self.redis.pipeline(transaction=True) as pipe:
                pipe.hincrby(key, reason, 1)
                pipe.expire(key, _REASONS_KEPT)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("The reason %s was not counted: %s", reason, error)

    async def reasons(self, days: int = 30) -> dict[str, int]:
        """How often each reason was counted in the last days, today included."""
        now = datetime.now(UTC)
        with _in_words():
            async with self.redis.pipeline(transaction=False) as pipe:
                for back in range(days):
                    pipe.hgetall(self._reasons(now - timedelta(days=back)))
                counted = await pipe.execute()
        total: dict[str, int] = {}
        for day in counted:
            for reason, times in day.items():
                total[reason.decode()] = total.get(reason.decode(), 0) + int(times)
        return total

    async def call(self, operation: str, *arguments: Any, client: Redis | None = None) -> Any:
        """Carries out one operation of `dispatch.lua`."""
        return await self._script(keys=[self._root], args=[operation, *arguments], client=client)

    async def insist(self, operation: str, *arguments: Any, patience: Callable[[], float]) -> Any:
        """The same through an outage of Redis, for as many seconds as `patience` says each time."""
        started = time.monotonic()
        while True:
            try:
                return await self.call(operation, *arguments)
            except (RedisError, OSError) as error:
                if time.monotonic() - started > patience():
                    raise
                await self.recover(error)

    async def prepare(self) -> None:
        """Makes the consumer groups, from the start of their streams: what was queued before them counts."""
        for priority in PRIORITIES:
            try:
                await self.redis.xgroup_create(self.stream(priority), GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def recover(self, error: Exception) -> None:
        """After a failed command: makes the groups if they are missing, else gives Redis a moment."""
        if isinstance(error, ResponseError) and str(error).startswith("NOGROUP"):
            with contextlib.suppress(RedisError, OSError):
                return await self.prepare()
        log.warning("Redis does not serve: %s", error)
        return await asyncio.sleep(_PAUSE_SECONDS)

    def stream(self, priority: str) -> str:
        """Name of the stream of ready threads."""
        return f"{self._root}:ready:{priority}"

    async def current(self, thread: str) -> str | None:
        """Id of the event of a thread that is being answered, or is the next one to be."""
        with _in_words():
            first: Any = await self.redis.lindex(f"{self._root}:t:{thread}", 0)
        return first.decode() if first else None

    @property
    def stops(self) -> str:
        """Name of the channel on which stops are told: why, a blank, the event's id."""
        return f"{self._root}:stop"

    def job(self, event_id: str) -> str:
        """Name of the hash of an event."""
        return f"{self._root}:j:{event_id}"

    def _reasons(self, day: datetime) -> str:
        return f"{self._root}:reasons:{day:%Y-%m-%d}"


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """No error of the Redis client goes further than here."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateError(
            f"The queue does not answer ({str(error) or 'in time'}): is Redis running?"
        ) from error


def _dead(entry: str, fields: dict[bytes, bytes]) -> Dead:
    milliseconds = int(entry.partition("-")[0])
    return Dead(
        id=fields[b"id"].decode(),
        thread=fields[b"thread"].decode(),
        error=fields[b"error"].decode(),
        tries=int(fields[b"tries"]),
        at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        payload=fields[b"payload"],
    )
