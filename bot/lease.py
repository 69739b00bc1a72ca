"""A worker's hold on one turn, and how it learns that the hold is lost."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import RedisError

from bot.errors import LeaseLostError

if TYPE_CHECKING:
    from bot.dispatch import Dispatch

log = logging.getLogger(__name__)

_TRUST = 0.8
"""Part of a lease's time after its last good renewal in which nobody can have taken it over."""


class Fence(NamedTuple):
    """What tells one hold on a thread from every other, without clocks."""

    priority: str
    entry: str
    consumer: str
    deliveries: int
    """Of the entry: a takeover raises it, a renewal does not."""


class Lease:
    """A worker's hold on one turn; what a connector gets as `Delivery`."""

    def __init__(self, dispatch: "Dispatch", fence: Fence, thread: str, taken: float) -> None:
        self.fence = fence
        self.thread = thread
        self.event_id = ""
        self.attempt = ""
        """Names the try under way."""
        self.ended = False
        """Whether the turn has been finished or handed back."""
        self.lost = asyncio.Event()
        """Set once another worker has, or may have, taken the turn over; its handler is cancelled then."""
        self.stopped: str | None = None
        """Why no more of the answer is wanted."""
        self.stop = asyncio.Event()
        """Set when no more of the answer is wanted; what there is by then is to be delivered."""
        self.renewed = taken
        """Monotonic time just before the last renewal that succeeded."""
        self.handler: asyncio.Future[None] | None = None
        self._dispatch = dispatch

    async def placeholder(self) -> str | None:
        """The platform's id of what an earlier try already posted for this event."""
        kept = await self._dispatch.redis.hget(self._dispatch.job(self.event_id), "placeholder")
        return kept.decode() if isinstance(kept, bytes) else kept

    async def remember(self, placeholder: str) -> None:
        """Keeps the platform's id of the post, so that a takeover edits it instead of posting again."""
        if not await self._dispatch.call("remember", *self.fence, self.event_id, placeholder):
            raise self.lose("another worker has taken it over")

    async def check(self) -> None:
        """Raises `LeaseLostError` when another worker has taken the event over: stop without posting."""
        if self.lost.is_set():
            raise self._error()
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._trusted() - (started - self.renewed)):
                lost = await self._dispatch.call("renew", self.fence.consumer, *self.claim)
        except (RedisError, OSError):
            # Until its time is up nobody can have taken it over, whether Redis answers or not.
            self.expire()
            if self.lost.is_set():
                raise self._error() from None
            return
        if lost:
            raise self.lose("another worker has taken it over")
        self.renewed = max(self.renewed, started)

    @property
    def claim(self) -> tuple[str, str, int]:
        """What names it in a renewal."""
        return self.fence.priority, self.fence.entry, self.fence.deliveries

    def expire(self) -> None:
        """Loses a lease that has not been renewed for so long that another worker may take it any moment."""
        if time.monotonic() - self.renewed >= self._trusted():
            self.lose("it could not be renewed in time")

    def lose(self, reason: str) -> LeaseLostError:
        """The turn is no longer ours: tells its handler, and gives the error to raise."""
        if not self.lost.is_set():
            log.warning("The turn %s in %s is lost: %s.", self.event_id, self.thread, reason)
            self.lost.set()
            self.interrupt()
        return self._error()

    def halt(self, why: str) -> None:
        """No more of the answer is wanted."""
        self.stopped = why
        self.stop.set()

    def interrupt(self) -> None:
        """Cancels the handler, unless it is the one that asks."""
        if self.handler is not None and self.handler is not asyncio.current_task():
            self.handler.cancel()

    def _trusted(self) -> float:
        return _TRUST * self._dispatch.timing.lease

    def _error(self) -> LeaseLostError:
        return LeaseLostError(f"The turn `{self.event_id}` belongs to another worker by now.")
