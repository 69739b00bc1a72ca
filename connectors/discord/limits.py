"""The SDK's rate limits, made to hold when a request is given up.

In the SDK, the one request that sleeps for a limit lets on those behind it. Given up in its sleep it never
does: they wait on for half a minute, and after a global limit for ever.
"""

import asyncio
from types import TracebackType

import discord
from discord.http import HTTPClient, Ratelimit


def withstand(client: discord.Client) -> None:
    """Has a client that is logged in keep its limits so, whoever of its callers gives up."""
    http = client.http
    http.get_ratelimit = _Limits(http).of  # type: ignore[method-assign]
    http._global_over = _GlobalOver()


class _Limits:
    """The limits of one client."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def of(self, key: str) -> Ratelimit:
        """The limit that requests with this key share."""
        limits = self._http._buckets
        if key not in limits:
            limits[key] = Limit(self._http.max_ratelimit_timeout)
            self._http._try_clear_expired_ratelimits()
        return limits[key]


class Limit(Ratelimit):
    """One limit. Its end is waited for in a task of its own, and not by those who have their answer."""

    def __init__(self, max_ratelimit_timeout: float | None) -> None:
        super().__init__(max_ratelimit_timeout)
        self._ending: asyncio.Task[None] | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.outgoing -= 1
        if self._ending is not None:
            return
        if (free := self.remaining - self.outgoing) > 0:
            self._wake(free)
        else:
            self._end()

    async def _refresh(self) -> None:
        await asyncio.shield(self._end())

    def _end(self) -> "asyncio.Task[None]":
        """Has those who wait go on once the limit has ended; one at a time sees to it."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._see_its_end())
        return self._ending

    async def _see_its_end(self) -> None:
        try:
            await asyncio.sleep((self.expires or 0.0) - self._loop.time())
        finally:
            self._ending = None
        self.reset()  # type: ignore[no-untyped-call]
        self._wake(self.remaining)


class _GlobalOver(asyncio.Event):
    """Set while no global limit holds: over, too, when nobody is left who would see it end."""

    def __init__(self) -> None:
        super().__init__()
        self._seeing: set[asyncio.Task[object]] = set()
        self.set()

    def clear(self) -> None:
        """Called by a request that has met the limit, and sleeps for it."""
        super().clear()
        request = asyncio.current_task()
        assert request is not None
        self._seeing.add(request)
        request.add_done_callback(self._gone)

    def _gone(self, request: "asyncio.Task[object]") -> None:
        self._seeing.discard(request)
        if not self._seeing:
            self.set()
