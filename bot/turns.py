"""Runs one turn to its end: begin, handle, finish; again after an error; or give up, or hand back."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

from bot.dispatch import Dispatch, Handler, OnDead
from bot.lease import Lease
from bot.messages import Command, Feedback, Message, load_event

log = logging.getLogger(__name__)

_PATIENCE_LEASES = 6
"""Leases' time that the end of a turn is insisted on while Redis does not answer."""
_WORKER_DIED = "the process ended while it was at work on this"


class _Job(NamedTuple):
    event: Message | Command | Feedback
    tries: int
    """With the one under way."""


class Turns:
    """Runs turns with one handler."""

    def __init__(self, dispatch: Dispatch, handler: Handler, on_dead: OnDead | None) -> None:
        self.stopping = asyncio.Event()
        """Nothing new begins."""
        self.handing_back = False
        """What was cancelled is not a failure but for another worker to take."""
        self._dispatch = dispatch
        self._timing = dispatch.timing
        self._handler = handler
        self._on_dead = on_dead

    async def run(self, lease: Lease) -> None:
        """One thread's first job, to its end; after an error here it is taken over once its lease lapses."""
        try:
            error = ""
            while job := await self._begin(lease, error):
                failed = await self._run(lease, partial(self._handler, job.event, lease))
                if failed is None:
                    await self._finish(lease, "done")
                elif self.handing_back:
                    await self.release(lease, uncounted=True)
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
        if self.stopping.is_set():
            await self.release(lease)
            return None
        lease.attempt = uuid.uuid4().hex
        begun = await self._insist("begin", *lease.fence, lease.thread, lease.attempt, error)
        if begun is None:
            return None
        lease.event_id = begun[0].decode()
        if begun[4]:
            lease.halt(begun[4].decode())
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
            if self.handing_back:
                await self.release(lease)
                return
        if not lease.lost.is_set():
            await self._finish(lease, "dead", error)

    async def _run(self, lease: Lease, handling: Callable[[], Awaitable[None]]) -> str | None:
        """Runs a handler in a task of its own, so that it alone is cancelled; returns its error."""
        if lease.lost.is_set() or self.handing_back:
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

    async def release(self, lease: Lease, *, uncounted: bool = False) -> None:
        """Hands the thread back; `uncounted`: the try under way does not count."""
        lease.ended = True
        await self._insist("release", *lease.fence, lease.thread, lease.attempt if uncounted else "")

    async def _insist(self, operation: str, *arguments: Any) -> Any:
        """Carries out an operation through an outage of Redis; each is fenced, so late is never wrong.

        Not while the process has to end: then the lease lapses, and another worker takes over.
        """
        patience = _PATIENCE_LEASES * self._timing.lease
        return await self._dispatch.insist(
            operation, *arguments, patience=lambda: 0.0 if self.handing_back else patience
        )

    async def _pause(self, seconds: float) -> None:
        """Waits between two tries, though not through a stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
