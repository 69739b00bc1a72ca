"""Replies over Redis: what a worker says in one process, read by whoever asked in another.

A reply is a stream of chunks under the event's id. A worker that takes a turn over begins it anew.
"""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from bot.errors import VoceroError
from bot.messages import Answer, Replace, Reply, Status, Text, dump_chunk, load_chunk

if TYPE_CHECKING:
    from redis.asyncio import Redis

_KEPT = 600
"""Seconds that a reply can still be read."""
_WAIT = 1_000
"""Milliseconds of one read before it is asked whether anybody still answers."""


class Replies:
    """Writes and reads replies."""

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._redis = redis
        self._prefix = prefix

    async def publish(self, id_: str, reply: Reply) -> None:
        """Passes a reply on as it comes."""
        key = self._key(id_)
        await self._redis.delete(key)
        async for chunk in reply:
            await self._redis.xadd(key, {"chunk": dump_chunk(chunk)})
            await self._redis.expire(key, _KEPT)

    async def read(
        self, id_: str, *, alive: Callable[[], bool]
    ) -> AsyncIterator[Status | Text | Replace | Answer]:
        """The chunks of a reply until its answer; raises when `alive` says that no worker is left."""
        key, last, begun = self._key(id_), "0", False
        while True:
            read: Any = await self._redis.xread({key: last}, block=_WAIT)
            if not read:
                if not alive():
                    raise VoceroError("The process that answers went away; start it again and ask again.")
                if begun and await self._begun_anew(key, last):
                    last, begun = "0", False
                    yield Replace(text="")
                continue
            begun = True
            for entry, fields in read[0][1]:
                last = entry
                chunk = load_chunk(fields[b"chunk"])
                yield chunk
                if isinstance(chunk, Answer):
                    return

    async def _begun_anew(self, key: str, last: str) -> bool:
        """Whether the stream no longer holds what was read last: another worker took the turn over."""
        return not await self._redis.xrange(key, last, last)

    def _key(self, id_: str) -> str:
        return f"{self._prefix}:reply:{id_}"
