"""Runs turns: takes ready threads from the queue, keeps their leases, takes over from workers that died."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from bot.dispatch import GROUP, PRIORITIES, Dispatch, Handler, OnDead
from bot.lease import Fence, Lease
from bot.messages import Command, Feedback, Message, load_event

log = logging.getLogger(__name__)

_CANCEL_SECONDS = 5.0
_FORGET_SECONDS = 3600.0
"""Of silence, after which a consumer that holds nothing is forgotten."""
_RENEWED_AT_ONCE = 500
_PAUSE_SECONDS = 0.2
_PATIENCE_LEASES = 6
"""Leases' time that the end of a turn is insisted on while Redis does not answer."""
_WORKER_DIED = "the process ended while it was at work on this"


class _Job(NamedTuple):
    event: Message | Command | Feedback
    tries: int
    """With the one under way."""


class Worker:
    """Works the queue off in this process, with `slots` turns at a time by priority."""

    def __init__(
        self, dispatch: Dispatch, handler: Handler, slots: Mapping[str, int], on_dead: OnDead | None
    ) -> None:
        self._dispatch = dispatch
        self._timing = dispatch.timing
        self._handler = handler
        self._on_dead = on_dead
        self._slots = slots
        self._consumer = uuid.uuid4().hex
        self._running = {priority: asyncio.Semaphore(slots[priority]) for priority in slots}
        self._turns: dict[str, set[asyncio.Task[None]]] = {priority: set() for priority in slots}
        self._freed = {priority: asyncio.Event() for priority in slots}
        # By fence, not by entry: after a stall this worker may take over an entry that it still holds.
        self._leases: dict[Fence, Lease] = {}
        self._stopping = asyncio.Event()
        self._handing_back = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` or cancellation; then drains."""
        redis = _own_connection(self._dispatch.redis, self._timing.lease)
        readers = [asyncio.create_task(self._read(priority)) for priority in PRIORITIES]
        keeper = asyncio.create_task(self._keep(redis))
        stopped = asyncio.create_task(stop.wait())
        grace = 0.0
        try:
            # None but `stopped` ends by itself, unless by an error that is raised below.
            await asyncio.wait([stopped, keeper, *readers], return_when=asyncio.FIRST_COMPLETED)
            grace = self._timing.grace
        finally:
            stopped.cancel()
            self._stopping.set()
            for freed in self._freed.values():
                freed.set()
            # A read cut off may have taken something unheard; that is swept up once its lease has lapsed.
            _, hanging = await asyncio.wait(readers, timeout=2 * self._timing.block + _CANCEL_SECONDS)
            for reader in hanging:
                reader.cancel()
            await asyncio.wait(readers)
            await self._drain(grace)
            # Leases are kept until the last turn has ended.
            keeper.cancel()
            await asyncio.wait([keeper])
            await redis.aclose()
            await self._leave()
        for task in (keeper, *readers):
            if not task.cancelled():
                task.result()

    async def _read(self, priority: str) -> None:
        """Takes ready threads as long as there are free slots."""
        while not self._stopping.is_set():
            if (free := self._free(priority)) <= 0:
                self._freed[priority].clear()
                await self._freed[priority].wait()
                continue
            started = time.monotonic()
            try:
                streams: Any = await self._dispatch.redis.xreadgroup(
                    GROUP,
                    self._consumer,
                    {self._dispatch.stream(priority): ">"},
                    count=free,
                    block=max(1, int(self._timing.block * 1000)),
                )
            except (RedisError, OSError) as error:
                await self._recover(error)
                continue
            for _, entries in streams or ():
                for entry, fields in entries:
                    self._take(Fence(priority, entry.decode(), self._consumer, 1), fields[b"thread"], started)

    async def _keep(self, redis: Redis) -> None:
        """Renews the leases, and takes over those that others have let lapse."""
        swept = 0.0
        while True:
            started = time.monotonic()
            try:
                async with asyncio.timeout(0.3 * self._timing.lease):
                    # In this order: after a stall, what nobody has taken is still ours.
                    await self._renew(redis)
                    if started - swept >= self._timing.sweep and not self._stopping.is_set():
                        await self._sweep(redis)
                        swept = started
            except (RedisError, OSError) as error:
                await self._recover(error)
            for lease in list(self._leases.values()):
                lease.expire()
            await asyncio.sleep(min(self._timing.renew, self._timing.sweep) - (time.monotonic() - started))

    async def _renew(self, redis: Redis) -> None:
        leases = [lease for lease in self._leases.values() if not lease.lost.is_set()]
        for first in range(0, len(leases), _RENEWED_AT_ONCE):
            batch = leases[first : first + _RENEWED_AT_ONCE]
            started = time.monotonic()
            claims = [word for lease in batch for word in lease.claim]
            lost = await self._dispatch.call("renew", self._consumer, *claims, client=redis)
            for at, lease in enumerate(batch, start=1):
                if at in lost and not lease.ended:
                    lease.lose("another worker has taken it over")
                else:
                    lease.renewed = max(lease.renewed, started)

    async def _sweep(self, redis: Redis) -> None:
        for priority in PRIORITIES:
            if (free := self._free(priority)) > 0:
                started = time.monotonic()
                idle = int(self._timing.lease * 1000)
                taken = await self._dispatch.call("claim", priority, self._consumer, idle, free, client=redis)
                for entry, count, thread in taken:
                    self._take(Fence(priority, entry.decode(), self._consumer, count), thread, started)

    def _take(self, fence: Fence, thread: bytes, taken: float) -> None:
        lease = Lease(self._dispatch, fence, thread.decode(), taken)
        self._leases[fence] = lease
        turn = asyncio.create_task(self._turn(lease))
        self._turns[fence.priority].add(turn)
        turn.add_done_callback(lambda done: self._ended(fence, done))

    def _ended(self, fence: Fence, turn: asyncio.Task[None]) -> None:
        del self._leases[fence]
        self._turns[fence.priority].discard(turn)
        self._freed[fence.priority].set()

    def _free(self, priority: str) -> int:
        return self._slots[priority] - len(self._turns[priority])

    async def _turn(self, lease: Lease) -> None:
        """One thread's first job, to its end; after an error here it is taken over once its lease lapses."""
        try:
            # What was swept while a read was under way may exceed the slots: it waits here.
            async with self._running[lease.fence.priority]:
                error = ""
                while job := await self._begin(lease, error):
                    failed = await self._run(lease, partial(self._handler, job.event, lease))
                    if failed is None:
                        await self._finish(lease, "done")
                    elif self._handing_back:
                        await self._release(lease, uncounted=True)
                    elif job.tries >= self._dispatch.tries:
                        await self._give_up(lease, job, failed)
                    else:
                        error = failed
                        await self._pause(self._timing.backoff * 2 ** (job.tries - 1))
        except Exception:
            log.exception("The turn %s in %s could not be carried through.", lease.event_id, lease.thread)

    async def _begin(self, lease: Lease, error: str) -> _Job | None:
        """Starts a try, after one that failed with `error` if any; None when there is nothing left to do."""
        if lease.lost.is_set() or lease.ended:
            return None
        if self._stopping.is_set():
            await self._release(lease)
            return None
        lease.attempt = uuid.uuid4().hex
        begun = await self._insist("begin", *lease.fence, lease.thread, lease.attempt, error)
        if begun is None:
            return None
        lease.event_id = begun[0].decode()
        try:
            job = _Job(load_event(begun[1]), int(begun[2]))
        except ValueError as unreadable:
            await self._finish(lease, "dead", f"it cannot be read: {unreadable}")
            return None
        if job.tries > self._dispatch.tries:
            await self._give_up(lease, job, begun[3].decode() or _WORKER_DIED)
            return None
        return job

    async def _give_up(self, lease: Lease, job: _Job, error: str) -> None:
        """To the dead letters, once the person has been told; not even that is tried for ever."""
        if self._on_dead is not None and job.tries <= 2 * self._dispatch.tries:
            await self._run(lease, partial(self._on_dead, job.event, error, lease))
            if self._handing_back:
                await self._release(lease)
                return
        if not lease.lost.is_set():
            await self._finish(lease, "dead", error)

    async def _run(self, lease: Lease, handling: Callable[[], Awaitable[None]]) -> str | None:
        """Runs a handler in a task of its own, so that it alone is cancelled; returns its error."""
        if lease.lost.is_set() or self._handing_back:
            return "it was not begun"
        handler = lease.handler = asyncio.ensure_future(handling())
        limit = self._timing.limit if lease.fence.priority == "question" else None
        _, hanging = await asyncio.wait([handler], timeout=limit)
        if hanging:
            handler.cancel()
            await asyncio.wait([handler])
        lease.handler = None
        if hanging:
            return f"it took longer than {limit:g} seconds"
        if handler.cancelled():
            return "it was cancelled"
        error = handler.exception()
        if error is None:
            return None
        if not lease.lost.is_set():
            log.error("The turn %s failed.", lease.event_id, exc_info=error)
        return f"{type(error).__name__}: {error}"

    async def _finish(self, lease: Lease, state: str, error: str = "") -> None:
        lease.ended = True
        known = self._dispatch.known
        if not await self._insist(
            "finish", *lease.fence, lease.thread, lease.attempt, lease.event_id, state, error, known
        ):
            lease.lose("another worker has taken it over")

    async def _release(self, lease: Lease, *, uncounted: bool = False) -> None:
        """Hands the thread back; `uncounted`: the try under way does not count."""
        lease.ended = True
        await self._insist("release", *lease.fence, lease.thread, lease.attempt if uncounted else "")

    async def _insist(self, operation: str, *arguments: Any) -> Any:
        """Carries out an operation through an outage of Redis; each is fenced, so late is never wrong.

        Not while the process has to end: then the lease lapses, and another worker takes over.
        """
        deadline = time.monotonic() + _PATIENCE_LEASES * self._timing.lease
        while True:
            try:
                return await self._dispatch.call(operation, *arguments)
            except (RedisError, OSError) as error:
                if time.monotonic() > deadline or self._handing_back:
                    raise
                await self._recover(error)

    async def _pause(self, seconds: float) -> None:
        """Waits between two tries, though not through a stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _recover(self, error: Exception) -> None:
        """After a failed command: makes the groups if they are missing, else gives Redis a moment."""
        if isinstance(error, ResponseError) and str(error).startswith("NOGROUP"):
            with contextlib.suppress(RedisError, OSError):
                return await self._dispatch.prepare()
        log.warning("Redis does not serve: %s", error)
        return await asyncio.sleep(_PAUSE_SECONDS)

    async def _drain(self, grace: float) -> None:
        """Lets running turns end, then cancels them and hands them back."""
        await self._wait_for_turns(grace)
        self._handing_back = True
        for lease in self._leases.values():
            lease.interrupt()
        await self._wait_for_turns(_CANCEL_SECONDS)
        for lease in list(self._leases.values()):
            log.error("The turn %s did not end when it was cancelled.", lease.event_id)
            with contextlib.suppress(RedisError, OSError):
                await self._release(lease, uncounted=True)

    async def _wait_for_turns(self, seconds: float) -> None:
        if turns := set().union(*self._turns.values()):
            await asyncio.wait(turns, timeout=seconds)

    async def _leave(self) -> None:
        """Forgets this consumer, and those that have long been silent."""
        try:
            for priority in PRIORITIES:
                await self._dispatch.call("leave", priority, self._consumer)
                for other in await self._dispatch.redis.xinfo_consumers(
                    self._dispatch.stream(priority), GROUP
                ):
                    if other["idle"] > _FORGET_SECONDS * 1000:
                        await self._dispatch.call("leave", priority, other["name"])
        except (RedisError, OSError) as error:
            log.warning("Redis does not serve: %s", error)


def _own_connection(redis: Redis, lease: float) -> Redis:
    """A connection that no other command can keep waiting, and that fails soon."""
    pool = redis.connection_pool
    options = pool.connection_kwargs | {
        "retry": Retry(NoBackoff(), 1),
        "socket_timeout": 0.3 * lease,
        "socket_connect_timeout": 0.3 * lease,
    }
    return Redis.from_pool(
        BlockingConnectionPool(1, timeout=None, connection_class=pool.connection_class, **options)
    )
