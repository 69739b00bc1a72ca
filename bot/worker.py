"""Runs turns: takes ready threads from the queue, keeps their leases, takes over from workers that died."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.dispatch import GROUP, PRIORITIES, Dispatch, Handler, OnDead
from bot.lease import Fence, Lease
from bot.turns import Turns

log = logging.getLogger(__name__)

_CANCEL_SECONDS = 5.0
_FORGET_SECONDS = 3600.0
"""Of silence, after which a consumer that holds nothing is forgotten."""
_RENEWED_AT_ONCE = 500


class Worker:
    """Works the queue off in this process, with `slots` turns at a time by priority."""

    def __init__(
        self, dispatch: Dispatch, handler: Handler, slots: Mapping[str, int], on_dead: OnDead | None
    ) -> None:
        self._dispatch = dispatch
        self._timing = dispatch.timing
        self._slots = slots
        self._consumer = uuid.uuid4().hex
        self._running = {priority: asyncio.Semaphore(slots[priority]) for priority in slots}
        self._turns = Turns(dispatch, handler, on_dead)
        self._tasks: dict[str, set[asyncio.Task[None]]] = {priority: set() for priority in slots}
        self._freed = {priority: asyncio.Event() for priority in slots}
        # By fence, not by entry: after a stall this worker may take over an entry that it still holds.
        self._leases: dict[Fence, Lease] = {}
        self._reading: dict[str, int] = {}
        """Redis's numbers of the readers' connections."""

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` or cancellation; then drains."""
        async with contextlib.AsyncExitStack() as connections:
            soon = 0.3 * self._timing.lease
            redis = await connections.enter_async_context(_connection(self._dispatch.redis, soon))
            readers = []
            for priority in PRIORITIES:
                patient = _connection(self._dispatch.redis, soon + self._timing.block)
                reading = self._read(priority, await connections.enter_async_context(patient))
                readers.append(asyncio.create_task(reading))
            listening = _connection(self._dispatch.redis, soon + self._timing.block)
            hearer = asyncio.create_task(self._hear(await connections.enter_async_context(listening)))
            keeper = asyncio.create_task(self._keep(redis))
            await self._until(stop, [keeper, hearer], readers)

    async def _until(
        self, stop: asyncio.Event, keepers: list[asyncio.Task[None]], readers: list[asyncio.Task[None]]
    ) -> None:
        stopped = asyncio.create_task(stop.wait())
        grace = 0.0
        try:
            # None but `stopped` ends by itself, unless by an error that is raised below.
            await asyncio.wait([stopped, *keepers, *readers], return_when=asyncio.FIRST_COMPLETED)
            grace = self._timing.grace
        finally:
            stopped.cancel()
            self._turns.stopping.set()
            await self._wake()
            # A read cut off may have taken something unheard; that is swept up once its lease has lapsed.
            _, hanging = await asyncio.wait(readers, timeout=2 * self._timing.block + _CANCEL_SECONDS)
            for reader in hanging:
                reader.cancel()
            await asyncio.wait(readers)
            await self._drain(grace)
            # Leases are kept until the last turn has ended.
            for keeper in keepers:
                keeper.cancel()
            await asyncio.wait(keepers)
            await self._leave()
        for task in (*keepers, *readers):
            if not task.cancelled():
                task.result()

    async def _wake(self) -> None:
        """Ends the readers' waiting: for a slot, or for something to read."""
        for freed in self._freed.values():
            freed.set()
        with contextlib.suppress(RedisError, OSError):
            async with asyncio.timeout(self._timing.block):
                # One that reads anew meanwhile, on another connection, ends by itself.
                for connection in list(self._reading.values()):
                    await self._dispatch.redis.client_unblock(connection)

    async def _read(self, priority: str, redis: Redis) -> None:
        """Takes ready threads as long as there are free slots."""
        while not self._turns.stopping.is_set():
            if (free := self._free(priority)) <= 0:
                self._freed[priority].clear()
                await self._freed[priority].wait()
                continue
            started = time.monotonic()
            try:
                self._reading[priority] = await redis.client_id()
                streams: Any = await redis.xreadgroup(
                    GROUP,
                    self._consumer,
                    {self._dispatch.stream(priority): ">"},
                    count=free,
                    block=max(1, int(self._timing.block * 1000)),
                )
            except (RedisError, OSError) as error:
                await self._dispatch.recover(error)
                continue
            for _, entries in streams or ():
                for entry, fields in entries:
                    self._take(Fence(priority, entry.decode(), self._consumer, 1), fields[b"thread"], started)

    async def _hear(self, redis: Redis) -> None:
        """Learns at once of turns that are to be ended; what is missed here is asked for by `_renew`."""
        while True:
            try:
                async with redis.pubsub(ignore_subscribe_messages=True) as told:
                    await told.subscribe(self._dispatch.stops)
                    while True:
                        message = await told.get_message(timeout=self._timing.block)
                        if message is not None:
                            why, _, event_id = message["data"].decode().partition(" ")
                            self._halt(event_id, why)
            except (RedisError, OSError) as error:
                await self._dispatch.recover(error)

    def _halt(self, event_id: str, why: str) -> None:
        for lease in self._leases.values():
            if lease.event_id == event_id:
                lease.halt(why)

    async def _keep(self, redis: Redis) -> None:
        """Renews the leases, and takes over those that others have let lapse."""
        swept = 0.0
        while True:
            started = time.monotonic()
            try:
                async with asyncio.timeout(0.3 * self._timing.lease):
                    # In this order: after a stall, what nobody has taken is still ours.
                    await self._renew(redis)
                    if started - swept >= self._timing.sweep and not self._turns.stopping.is_set():
                        await self._sweep(redis)
                        swept = started
            except (RedisError, OSError) as error:
                await self._dispatch.recover(error)
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
            marks = await self._dispatch.call("stopped", *(lease.event_id for lease in batch), client=redis)
            for lease, why in zip(batch, marks, strict=True):
                if why and not lease.stop.is_set():
                    lease.halt(why.decode())

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
        turn = asyncio.create_task(self._run(lease))
        self._tasks[fence.priority].add(turn)
        turn.add_done_callback(lambda done: self._ended(fence, done))

    def _ended(self, fence: Fence, turn: asyncio.Task[None]) -> None:
        del self._leases[fence]
        self._tasks[fence.priority].discard(turn)
        self._freed[fence.priority].set()

    def _free(self, priority: str) -> int:
        return self._slots[priority] - len(self._tasks[priority])

    async def _run(self, lease: Lease) -> None:
        # What was swept while a read was under way may exceed the slots: it waits here.
        async with self._running[lease.fence.priority]:
            await self._turns.run(lease)

    async def _drain(self, grace: float) -> None:
        """Lets running turns end, then cancels them and hands them back."""
        await self._wait_for_turns(grace)
        self._turns.handing_back = True
        for lease in self._leases.values():
            lease.interrupt()
        await self._wait_for_turns(_CANCEL_SECONDS)
        with contextlib.suppress(RedisError, OSError):
            async with asyncio.timeout(_CANCEL_SECONDS):
                for lease in list(self._leases.values()):
                    log.error("The turn %s did not end when it was cancelled.", lease.event_id)
                    await self._turns.release(lease, uncounted=True)

    async def _wait_for_turns(self, seconds: float) -> None:
        if tasks := set().union(*self._tasks.values()):
            await asyncio.wait(tasks, timeout=seconds)

    async def _leave(self) -> None:
        """Forgets this consumer, and those that have long been silent."""
        try:
            async with asyncio.timeout(_CANCEL_SECONDS):
                for priority in PRIORITIES:
                    await self._dispatch.call("leave", priority, self._consumer)
                    stream = self._dispatch.stream(priority)
                    for other in await self._dispatch.redis.xinfo_consumers(stream, GROUP):
                        if other["idle"] > _FORGET_SECONDS * 1000:
                            await self._dispatch.call("leave", priority, other["name"])
        except (RedisError, OSError) as error:
            log.warning("Redis does not serve: %s", error)


def _connection(redis: Redis, seconds: float) -> Redis:
    """A connection of one's own: no other command keeps it waiting, and after `seconds` it fails."""
    pool = redis.connection_pool
    options = pool.connection_kwargs | {
        "retry": Retry(NoBackoff(), 1),
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
    }
    return Redis.from_pool(
        BlockingConnectionPool(1, timeout=None, connection_class=pool.connection_class, **options)
    )
