"""Events of one place, one after the other: the SDK hands each on in a task of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class InOrder:
    """Lets what happened in one place through in the order in which it came."""

    def __init__(self) -> None:
        self._locks: dict[int, asyncio.Lock] = {}
        self._wanted: Counter[int] = Counter()

    @asynccontextmanager
    async def through(self, place: int) -> AsyncIterator[None]:
        """Waits until what came before it has been through. Locks are fair: the first to ask is the first."""
        self._wanted[place] += 1
        try:
            async with self._locks.setdefault(place, asyncio.Lock()):
                yield
        finally:
            self._wanted[place] -= 1
            if not self._wanted[place]:
                del self._wanted[place], self._locks[place]
