"""Work in a thread that tells how far it is and ends when it is told to."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

from knowledge.syncing import Progress

_TELL = 0.25
"""Seconds between two tellings."""


async def reported(work: Callable[..., Any], *stops: asyncio.Event) -> AsyncGenerator[Any, None]:
    """Runs work in a thread; gives its progress as it comes, then what it returned.

    The work gets `progress` and `stop`. It is told to stop by each of `stops`, and when nobody waits for it
    any more; it has ended when this has.
    """
    loop, steps, halt = asyncio.get_running_loop(), asyncio.Queue[Progress | None](), threading.Event()
    told = 0.0

    def tell(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL or progress.done == progress.total:
            told = time.monotonic()
            loop.call_soon_threadsafe(steps.put_nowait, progress)

    async def stopped(event: asyncio.Event) -> None:
        await event.wait()
        halt.set()

    running = asyncio.ensure_future(asyncio.to_thread(work, progress=tell, stop=halt))
    running.add_done_callback(lambda _: steps.put_nowait(None))
    watches = [asyncio.create_task(stopped(event)) for event in stops]
    try:
        while (step := await steps.get()) is not None:
            yield step
        yield running.result()
    finally:
        for watch in watches:
            watch.cancel()
        halt.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
