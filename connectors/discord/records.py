"""What the connector keeps in the shared state: threads by message, the commands in force."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

_LIFETIME = timedelta(days=30)
"""As long as the memory of a thread."""


class Records:
    """The connector's records in Redis."""

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._redis = redis
        self._prefix = f"{prefix}:discord"

    async def thread_of(self, message: str) -> str | None:
        """The thread that a message of ours belongs to: a reply to it goes on there."""
        kept = await self._redis.get(f"{self._prefix}:thread:{message}")
        return kept.decode() if isinstance(kept, bytes) else kept

    async def keep_thread(self, message: str, thread: str) -> None:
        """Keeps which thread a message of ours belongs to."""
        await self._redis.set(f"{self._prefix}:thread:{message}", thread, ex=_LIFETIME)

    async def commands(self, application: int) -> str | None:
        """What tells the commands that Discord has been given from others."""
        kept = await self._redis.get(f"{self._prefix}:commands:{application}")
        return kept.decode() if isinstance(kept, bytes) else kept

    async def keep_commands(self, application: int, digest: str) -> None:
        """Keeps it, for good."""
        await self._redis.set(f"{self._prefix}:commands:{application}", digest)
