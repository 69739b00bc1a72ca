"""What a thread remembers: the persona it began with and its last turns."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis

_LONGEST = 4_000
"""Characters kept of a question or an answer: a pasted log must not fill every later prompt."""

# A turn that is tried again replaces what its first try left, at the same place.
_ADD = """
local kept = redis.call('LRANGE', KEYS[1], 0, -1)
local place = nil
for index, turn in ipairs(kept) do
  if cjson.decode(turn).id == ARGV[1] then place = index - 1 end
end
if place then
  redis.call('LSET', KEYS[1], place, ARGV[2])
else
  redis.call('RPUSH', KEYS[1], ARGV[2])
  redis.call('LTRIM', KEYS[1], -tonumber(ARGV[3]), -1)
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One earlier turn."""

    id: str
    """Of the event: the same turn is remembered once, however often it was tried."""
    question: str
    answer: str
    cited: tuple[tuple[str, str], ...] = ()
    """Source and document of what its answer rests on."""
    alone: str | None = None
    """Who alone has seen the answer; None: everyone there."""


class Memory:
    """The short memory of threads, in Redis; it fades after `lifetime` without a turn."""

    def __init__(
        self,
        redis: "Redis",
        prefix: str = "vocero",
        *,
        turns: int = 6,
        lifetime: timedelta = timedelta(days=30),
    ) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:memory"
        self._capacity = turns
        self._lifetime = lifetime
        self._add = redis.register_script(_ADD)

    async def persona(self, thread: str, default: str) -> str:
        """The persona that the thread began with: `default` if it begins now, and from then on."""
        key = f"{self._prefix}:persona:{thread}"
        kept = await self._redis.set(key, default, nx=True, get=True, ex=self._lifetime)
        if not isinstance(kept, bytes):
            return default
        await self._redis.expire(key, self._lifetime)
        return kept.decode()

    async def turns(self, thread: str) -> list[Remembered]:
        """The last turns, oldest first."""
        return [_load(turn) for turn in await self._redis.lrange(self._turns(thread), 0, -1)]

    async def askers(self, thread: str) -> frozenset[str]:
        """Who asked in the thread, all told; nobody in one that the bot is not in."""
        kept: Any = await self._redis.smembers(self._askers(thread))
        return frozenset(person.decode() for person in kept)

    async def join(self, thread: str, asker: str) -> None:
        """Notes that someone asks in the thread: from now on the bot is in it."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.sadd(self._askers(thread), asker)
            pipe.expire(self._askers(thread), self._lifetime)
            await pipe.execute()

    async def add(self, thread: str, turn: Remembered) -> None:
        """Remembers a turn; the oldest one over capacity is forgotten."""
        written = json.dumps(
            asdict(turn) | {"question": turn.question[:_LONGEST], "answer": turn.answer[:_LONGEST]}
        )
        seconds = int(self._lifetime.total_seconds())
        await self._add(keys=[self._turns(thread)], args=[turn.id, written, self._capacity, seconds])

    def _turns(self, thread: str) -> str:
        return f"{self._prefix}:turns:{thread}"

    def _askers(self, thread: str) -> str:
        return f"{self._prefix}:askers:{thread}"


def _load(written: bytes | str) -> Remembered:
    fields: dict[str, Any] = json.loads(written)
    cited = tuple((source, document) for source, document in fields["cited"])
    return Remembered(fields["id"], fields["question"], fields["answer"], cited, fields["alone"])
