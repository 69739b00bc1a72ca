"""A message a second in a channel, as Slack takes them, kept by all processes together; and who is next."""

import asyncio
import heapq
import itertools
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

log = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two messages in one channel."""
_GRACE = 0.05
"""Seconds in which of several questions the first one asked may still come."""

# Times are Redis's own: the processes' clocks may differ.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local amount = tonumber(ARGV[2])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if ARGV[1] == 'settle' then
  redis.call('SET', KEYS[1], string.format('%.6f', math.max(free, now + amount)), 'EX', 120)
  return '0'
end
local at = math.max(now, free)
redis.call('SET', KEYS[1], string.format('%.6f', at + amount), 'PX', math.ceil((at - now + 120) * 1000))
return string.format('%.6f', at - now)
"""


class Pace:
    """The pace of one workspace."""

    def __init__(self, redis: Any, workspace: str) -> None:
        """`redis`: the shared state's client. `workspace`: a name that all processes give it."""
        self._script = redis.register_script(_SCRIPT)
        self._root = f"vocero:slack:{workspace}"
        self.line = Line(self)

    async def reserve(self, channel: str) -> float:
        """Seconds until the channel takes another message, which is ours then."""
        return await self._call(channel, "reserve")

    async def settle(self, channel: str) -> None:
        """A message has arrived in the channel just now."""
        await self._call(channel, "settle")

    async def _call(self, channel: str, operation: str) -> float:
        try:
            return float(
                await self._script(keys=[f"{self._root}:post:{channel}"], args=[operation, _INTERVAL])
            )
        except Exception as error:
            # Whatever the client of Redis raises: better a refusal by Slack than no answer.
            log.warning("Slack: the pace is not known: %s", error)
            return 0.0


class Line:
    """Who posts next in each channel: whoever asked first, of those who wait in this process."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._numbers = itertools.count()
        self._places: dict[str, _Place] = {}

    async def enter(self, channel: str, asked: datetime) -> "Slot":
        """Returns when it is one's turn; the one before may not have left long before."""
        place = self._places.setdefault(channel, _Place())
        slot = Slot(self, self._pace, channel, asked)
        if place.at is None:
            place.at = slot
            return slot
        place.at.crowded.set()
        await self._wait(place, slot, self._stand(place, slot))
        return slot

    async def give_way(self, slot: "Slot") -> None:
        """Lets those in before who asked before; returns when it is one's turn again."""
        place = self._places[slot.channel]
        if any(asked < slot.asked for asked, _, waiting, _ in place.waiting if not waiting.done()):
            let_in = self._stand(place, slot)
            self.next(slot)
            await self._wait(place, slot, let_in)

    def _stand(self, place: "_Place", slot: "Slot") -> "asyncio.Future[None]":
        """A place in line."""
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(place.waiting, (slot.asked, next(self._numbers), let_in, slot))
        return let_in

    async def _wait(self, place: "_Place", slot: "Slot", waiting: "asyncio.Future[None]") -> None:
        try:
            await waiting
        except asyncio.CancelledError:
            if place.at is slot:
                slot.leave()
            raise

    def next(self, slot: "Slot") -> None:
        """Lets the next one in, if it is this one's turn that ends."""
        place = self._places.get(slot.channel)
        if place is None or place.at is not slot:
            return
        place.at = None
        while place.waiting:
            _, _, waiting, following = heapq.heappop(place.waiting)
            if not waiting.done():
                place.at = following
                if any(not other.done() for _, _, other, _ in place.waiting):
                    following.crowded.set()
                waiting.set_result(None)
                return
        del self._places[slot.channel]


class Slot:
    """One's turn to post in a channel."""

    def __init__(self, line: Line, pace: Pace, channel: str, asked: datetime) -> None:
        self.channel = channel
        self.asked = asked
        self.crowded = asyncio.Event()
        """Set while others wait behind."""
        self._line = line
        self._pace = pace
        self._reserved = False
        self._left = False

    async def ready(self) -> None:
        """Returns when the channel takes another message."""
        if not self._reserved:
            if self.crowded.is_set():
                # Of many that come at once, who asked first may be a moment late.
                await asyncio.sleep(_GRACE)
                await self._line.give_way(self)
            self._reserved = True
            await asyncio.sleep(await self._pace.reserve(self.channel))

    async def posted(self) -> None:
        """The message is there."""
        await self._pace.settle(self.channel)
        self.leave()

    def leave(self) -> None:
        """Lets the next one in."""
        if not self._left:
            self._left = True
            self._line.next(self)


@dataclass(slots=True)
class _Place:
    at: Slot | None = None
    waiting: list[tuple[datetime, int, "asyncio.Future[None]", Slot]] = field(default_factory=list)
