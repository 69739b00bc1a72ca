"""Pacing: of the edits that show what grows, and of the messages that go to one place."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType

Show = Callable[[str], Awaitable[None]]

_PLACES = 1_000
"""Places remembered before those of no interest are dropped."""


class Paced:
    """Shows the newest text, with what came in between left out.

    Left without an error, it waits for the showing under way and shows nothing more: what is last is shown
    by whoever knows it whole, once that is `due`. An error of `show` is raised on leaving.
    """

    def __init__(self, show: Show, *, lead: float, interval: float) -> None:
        """`lead`: seconds before the first showing, in which a short text may become whole."""
        self._show = show
        self._lead = lead
        self._interval = interval
        self._text: str | None = None
        self._changed = asyncio.Event()
        self._showing = asyncio.Lock()
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Paced":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        if error is None:
            async with self._showing:  # half an edit would cross the last one
                self._task.cancel()
        self._task.cancel()
        await asyncio.wait([self._task])
        if error is None and not self._task.cancelled():
            self._task.result()

    def update(self, text: str) -> None:
        """The text as it stands now."""
        self._text = text
        self._changed.set()

    async def due(self) -> None:
        """Returns once a further showing keeps the pace."""
        await asyncio.sleep(self._next - time.monotonic())

    async def _run(self) -> None:
        await self._changed.wait()
        await asyncio.sleep(self._lead)
        while True:
            await self._changed.wait()
            self._changed.clear()
            assert self._text is not None
            async with self._showing:
                await self._show(self._text)
                self._next = time.monotonic() + self._interval
            await asyncio.sleep(self._interval)


class Turnstile:
    """Lets those who want to the same place through one after the other, in the order they came.

    `burst` may follow each other at once; after that one goes every `interval` seconds.
    """

    def __init__(self, *, interval: float, burst: int) -> None:
        self._interval = interval
        self._burst = burst
        self._places: dict[str, _Place] = {}

    @asynccontextmanager
    async def through(self, place: str) -> AsyncIterator[None]:
        """Waits for its turn, and keeps the next one waiting until it is left."""
        self._forget()
        at = self._places.setdefault(place, _Place())
        at.wanted += 1
        try:
            async with at.lock:
                earliest = at.paid - (self._burst - 1) * self._interval
                await asyncio.sleep(earliest - time.monotonic())
                yield
                at.paid = max(at.paid, time.monotonic()) + self._interval
        finally:
            at.wanted -= 1

    def _forget(self) -> None:
        """Drops the places that nobody wants to and that owe nothing."""
        if len(self._places) > _PLACES:
            now = time.monotonic()
            self._places = {name: at for name, at in self._places.items() if at.wanted or at.paid > now}


@dataclass(slots=True)
class _Place:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    paid: float = 0.0
    """Monotonic time until which those who went have used up the place."""
