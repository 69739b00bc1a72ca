"""Slack's limits, kept by all processes together: a message a second in a channel, so many calls a minute.

Calls that must arrive never wait for a minute's budget: Slack says when it is used up, and is obeyed. Calls
that are only worth a try are left out before it comes to that.
"""

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
_A_MINUTE = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "chat.update": 50,
    "assistant.threads.setStatus": 100,
    "agents.sessions.setStatus": 50,
}
_KEPT_BACK = 0.4
"""Of a minute's calls, for those that must arrive."""

# Times are Redis's own: the processes' clocks may differ.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local operation, amount = ARGV[1], tonumber(ARGV[2])
if operation == 'reserve' or operation == 'settle' then
  local free = tonumber(redis.call('GET', KEYS[1]) or '0')
  if operation == 'settle' then
    redis.call('SET', KEYS[1], string.format('%.6f', math.max(free, now + amount)), 'EX', 120)
    return '0'
  end
  local at = math.max(now, free)
  redis.call('SET', KEYS[1], string.format('%.6f', at + amount), 'PX', math.ceil((at - now + 120) * 1000))
  return string.format('%.6f', at - now)
end
local capacity, floor = tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1] or capacity)
left = math.min(capacity, left + (now - tonumber(kept[2] or now)) * capacity / 60)
local taken = 0
if operation == 'drain' then
  left = math.min(left, floor - amount * capacity / 60)
elseif left - amount >= floor then
  left, taken = left - amount, 1
end
redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], 600000)
return tostring(taken)
"""


class Pace:
    """The limits of one workspace."""

    def __init__(self, redis: Any, workspace: str) -> None:
        """`redis`: the shared state's client. `workspace`: a name that all processes give it."""
        self._script = redis.register_script(_SCRIPT)
        self._root = f"vocero:slack:{workspace}"
        self.line = Line(self)

    async def reserve(self, channel: str) -> float:
        """Seconds until the channel takes another message, which is ours then."""
        return await self._call(f"post:{channel}", "reserve", _INTERVAL)

    async def settle(self, channel: str) -> None:
        """A message has arrived in the channel just now."""
        await self._call(f"post:{channel}", "settle", _INTERVAL)

    async def spare(self, *methods: str) -> bool:
        """Whether there is room for a call of each of these that is only worth a try; it is taken."""
        return all([await self._take(method, _KEPT_BACK) for method in methods])

    async def spend(self, method: str) -> None:
        """Notes a call that must be made."""
        await self._take(method, -1.0)

    async def exhausted(self, method: str, seconds: float) -> None:
        """Slack wants no calls of this method for a while."""
        if capacity := _A_MINUTE.get(method):
            await self._call(f"calls:{method}", "drain", seconds, capacity, _KEPT_BACK * capacity)

    async def _take(self, method: str, floor: float) -> bool:
        capacity = _A_MINUTE.get(method)
        if not capacity:
            return True
        return bool(await self._call(f"calls:{method}", "take", 1, capacity, floor * capacity))

    async def _call(self, key: str, *arguments: Any) -> float:
        try:
            return float(await self._script(keys=[f"{self._root}:{key}"], args=arguments))
        except Exception as error:
            # Whatever the client of Redis raises: better a refusal by Slack than no answer.
            log.warning("Slack: the pace is not known: %s", error)
            return 1.0 if arguments[0] == "take" else 0.0


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
