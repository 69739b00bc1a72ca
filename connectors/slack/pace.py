"""A message a second in a channel, as Slack takes them, kept by all processes together; and who is next."""

import asyncio
import heapq
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

log = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two messages in one channel."""
_GRACE = 0.05
"""Seconds in which of several questions the first one asked may still come."""
_AT_ONCE = 0.4
"""Seconds in which many that are asked at once all come in; who waited for an answer anyway loses nothing."""
_ANNOUNCED = 5.0
"""Seconds in which the turn of a question that has come in is waited for."""
_POSTING = 5.0
"""Seconds in which a message that another process is posting is waited for: it may arrive late."""
_ALIVE = 2.5
"""Seconds in which another process asks again, or is there no more."""

# Times are Redis's own: the processes' clocks may differ.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local amount = tonumber(ARGV[2])
-- Redis's clock may have been set back: what lies too far ahead is of before.
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free > now + amount + 0.01 then free = 0 end
if ARGV[1] == 'settle' then
  redis.call('SET', KEYS[1], string.format('%.6f', math.max(free, now + amount)), 'EX', 120)
  redis.call('DEL', KEYS[2])
  return '0'
end
local heads, alive, me, asked = KEYS[3], KEYS[4], ARGV[3], ARGV[4]
local ahead = now + tonumber(ARGV[7])
for _, range in ipairs({{'-inf', now}, {'(' .. string.format('%.6f', ahead), '+inf'}}) do
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', alive, range[1], range[2])) do
    redis.call('ZREM', heads, gone)
    redis.call('ZREM', alive, gone)
  end
end
redis.call('ZADD', heads, asked, me)
redis.call('ZADD', alive, string.format('%.6f', ahead), me)
redis.call('EXPIRE', heads, 60)
redis.call('EXPIRE', alive, 60)
if redis.call('PTTL', KEYS[2]) > tonumber(ARGV[6]) then redis.call('DEL', KEYS[2]) end
local posting = redis.call('GET', KEYS[2])
local first = redis.call('ZCOUNT', heads, '-inf', '(' .. asked) == 0
if free > now or (posting and posting ~= me) or not first then
  return string.format('%.6f', math.max(free - now, tonumber(ARGV[5])))
end
redis.call('ZREM', heads, me)
redis.call('ZREM', alive, me)
redis.call('SET', KEYS[1], string.format('%.6f', now + amount), 'EX', 120)
redis.call('SET', KEYS[2], me, 'PX', ARGV[6])
return '0'
"""

_COMING = """
local asked, known, seen = KEYS[1], KEYS[2], KEYS[3]
local operation, turn, at, seconds = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
if operation == 'announce' then
  if redis.call('SET', seen, '1', 'NX', 'EX', 600) then
    redis.call('ZADD', asked, string.format('%.6f', at), turn)
    redis.call('ZADD', known, string.format('%.6f', now + seconds), turn)
    redis.call('EXPIRE', asked, 60)
    redis.call('EXPIRE', known, 60)
  end
  return 0
end
if operation == 'arrive' then
  redis.call('ZREM', asked, turn)
  return redis.call('ZREM', known, turn)
end
local ahead = '(' .. string.format('%.6f', now + seconds)
for _, range in ipairs({{'-inf', now}, {ahead, '+inf'}}) do
  for _, late in ipairs(redis.call('ZRANGEBYSCORE', known, range[1], range[2])) do
    redis.call('ZREM', asked, late)
    redis.call('ZREM', known, late)
  end
end
return redis.call('ZCOUNT', asked, '-inf', '(' .. string.format('%.6f', at))
"""


class Pace:
    """The pace of one workspace."""

    def __init__(self, redis: Any, workspace: str) -> None:
        """`redis`: the shared state's client. `workspace`: a name that all processes give it."""
        self._script = redis.register_script(_SCRIPT)
        self._coming = redis.register_script(_COMING)
        self._root = f"vocero:slack:{workspace}"
        self._name = secrets.token_hex(8)
        """Of this process, in which one message at a time is posted in a channel anyway."""
        self.line = Line(self)

    async def reserve(self, channel: str, asked: datetime) -> float:
        """None, and the channel's next message is ours; or seconds after which to ask again.

        Of those who ask in several processes, whoever was `asked` first is next.
        """
        return await self._call(channel, "reserve", asked)

    async def settle(self, channel: str) -> None:
        """A message has arrived in the channel just now."""
        await self._call(channel, "settle")

    async def announce(self, channel: str, turn: str, asked: datetime) -> None:
        """A question has come in: for a moment, those who asked later wait for its turn."""
        await self._told(channel, "announce", turn, asked)

    async def arrive(self, channel: str, turn: str) -> None:
        """The turn of a question stands in line."""
        await self._told(channel, "arrive", turn)

    async def awaits(self, channel: str, asked: datetime) -> bool:
        """Whether a question that was asked before this has come in, and its turn has not."""
        return bool(await self._told(channel, "await", asked=asked))

    async def _call(self, channel: str, operation: str, asked: datetime | None = None) -> float:
        keys = [f"{self._root}:{part}:{channel}" for part in ("post", "posting", "heads", "alive")]
        patience = (_GRACE, int(1_000 * _POSTING), _ALIVE)
        arguments = [operation, _INTERVAL, self._name, _score(asked), *patience]
        return float(await _said(self._script(keys=keys, args=arguments)))

    async def _told(
        self, channel: str, operation: str, turn: str = "", asked: datetime | None = None
    ) -> float:
        keys = [f"{self._root}:{part}:{channel}" for part in ("asked", "known")]
        arguments = [operation, turn, _score(asked), _ANNOUNCED]
        return float(await _said(self._coming(keys=[*keys, f"{self._root}:seen:{turn}"], args=arguments)))


def _score(asked: datetime | None) -> str:
    return f"{asked.timestamp():.6f}" if asked else "0"


async def _said(script: Awaitable[Any]) -> Any:
    """What Redis says; nothing where it cannot: better a refusal by Slack than no answer."""
    try:
        return await script
    except Exception as error:  # whatever the client of Redis raises
        log.warning("Slack: the pace is not known: %s", error)
        return 0


class Line:
    """Who posts next in each channel: whoever asked first, of those who wait in this process."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._numbers = itertools.count()
        self._places: dict[str, _Place] = {}

    async def enter(self, channel: str, asked: datetime, turn: str = "") -> "Slot":
        """Returns when it is one's turn; the one before may not have left long before."""
        place = self._places.setdefault(channel, _Place())
        slot = Slot(self, self._pace, channel, asked)
        let_in = None
        if place.at is None:
            place.at = slot
        else:
            place.at.crowded.set()
            let_in = self._stand(place, slot)
        try:
            if turn:
                await self._pace.arrive(channel, turn)
            if let_in is not None:
                await let_in
        except asyncio.CancelledError:
            self._go(place, slot, let_in)
            raise
        return slot

    async def give_way(self, slot: "Slot") -> None:
        """Lets those in before who asked before; returns when it is one's turn again."""
        place = self._places[slot.channel]
        if any(asked < slot.asked for asked, _, waiting, _ in place.waiting if not waiting.done()):
            let_in = self._stand(place, slot)
            self.next(slot)
            try:
                await let_in
            except asyncio.CancelledError:
                self._go(place, slot, let_in)
                raise

    def _stand(self, place: "_Place", slot: "Slot") -> "asyncio.Future[None]":
        """A place in line."""
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(place.waiting, (slot.asked, next(self._numbers), let_in, slot))
        return let_in

    @staticmethod
    def _go(place: "_Place", slot: "Slot", let_in: "asyncio.Future[None] | None") -> None:
        """Leaves the line, wherever one stands."""
        if let_in is not None:
            let_in.cancel()
        if place.at is slot:
            slot.leave()

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
        self._entered = time.monotonic()
        self._reserved = False
        self._left = False

    async def ready(self) -> None:
        """Returns when the channel takes another message."""
        if not self._reserved:
            if self.crowded.is_set():
                # Of many that come at once, who asked first may be a moment late.
                await asyncio.sleep(max(_GRACE, self._entered + _AT_ONCE - time.monotonic()))
                await self._line.give_way(self)
            while await self._pace.awaits(self.channel, self.asked):
                await asyncio.sleep(_GRACE)
                await self._line.give_way(self)
            self._reserved = True
            # Other processes can set no event here.
            while seconds := await self._pace.reserve(self.channel, self.asked):  # noqa: ASYNC110
                await asyncio.sleep(seconds)

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
