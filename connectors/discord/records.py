"""What the connector keeps in the shared state: threads by message, the commands in force."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

_LIFETIME = timedelta(days=30)
"""As long as the memory of a thread."""


class Records:
    """The connector's records in Redis.

    None of them is worth a question: what cannot be read counts as not there, what cannot be kept is lost.
    """

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._redis = redis
        self._prefix = f"{prefix}:discord"

    async def thread_of(self, message: str) -> str | None:
        """The thread that a message of ours belongs to: a reply to it goes on there."""
        return await self._read(f"thread:{message}")

    async def keep_thread(self, message: str, thread: str) -> None:
        """Keeps which thread a message of ours belongs to."""
        await self._keep(f"thread:{message}", thread, _LIFETIME)

    async def commands(self, application: int) -> str | None:
        """What tells the commands that Discord has been given from others."""
        return await self._read(f"commands:{application}")

    async def keep_commands(self, application: int, digest: str) -> None:
        """Keeps it, for good."""
        await self._keep(f"commands:{application}", digest, None)

    async def _read(self, name: str) -> str | None:
        try:
            kept = await self._redis.get(f"{self._prefix}:{name}")
        except Exception as error:
            log.warning("Discord: the record %s cannot be read: %s", name, error)
            return None
        return kept.decode() if isinstance(kept, bytes) else kept

    async def _keep(self, name: str, value: str, lifetime: timedelta | None) -> None:
        try:
            await self._redis.set(f"{self._prefix}:{name}", value, ex=lifetime)
        except Exception as error:
            log.warning("Discord: the record %s cannot be kept: %s", name, error)
