"""Pacing of the edits that show what grows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType

Show = Callable[[str], Awaitable[None]]


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
        self._words = ""
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

    def meanwhile(self, words: str) -> None:
        """Shown until there is text, which is not held up by it."""
        self._words = words
        self._changed.set()

    async def due(self) -> None:
        """Returns once a further showing keeps the pace."""
        await asyncio.sleep(self._next - time.monotonic())

    async def _run(self) -> None:
        lead = self._lead
        while True:
            await self._changed.wait()
            if self._text is None:
                self._changed.clear()
                async with self._showing:
                    await self._show(self._words)
                continue
            await asyncio.sleep(lead)
            lead = 0.0
            self._changed.clear()
            async with self._showing:
                await self._show(self._text)
                self._next = time.monotonic() + self._interval
            await asyncio.sleep(self._interval)
