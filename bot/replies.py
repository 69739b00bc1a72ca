"""Replies over Redis: what a worker says in one process, read by whoever asked in another.

A reply is a stream of chunks under the event's id. A worker that takes a turn over begins it anew.
"""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from bot.errors import VoceroError
from bot.messages import Answer, AnyChunk, Replace, Reply, dump_chunk, load_chunk

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
        key, attempt = self._key(id_), uuid.uuid4().bytes
        await self._redis.delete(key)
        async for chunk in reply:
            await self._redis.xadd(key, {"attempt": attempt, "chunk": dump_chunk(chunk)})
            await self._redis.expire(key, _KEPT)

    async def read(self, id_: str, *, alive: Callable[[], bool]) -> AsyncIterator[AnyChunk]:
        """The chunks of a reply until its answer; raises when `alive` says that no worker is left."""
        key, last, attempt = self._key(id_), "0", None
        while True:
            read: Any = await self._redis.xread({key: last}, block=_WAIT)
            if not read and not alive():
                raise VoceroError("The process that answers went away; start it again and ask again.")
            for entry, fields in read[0][1] if read else ():
                last = entry
                if attempt not in (None, fields[b"attempt"]):
                    yield Replace(text="")  # another worker took the turn over
                attempt = fields[b"attempt"]
                chunk = load_chunk(fields[b"chunk"])
                yield chunk
                if isinstance(chunk, Answer):
                    return

    def _key(self, id_: str) -> str:
        return f"{self._prefix}:reply:{id_}"
