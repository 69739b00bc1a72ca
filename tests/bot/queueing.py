"""What the tests of the queue share: events, a dispatch with short leases, worker processes."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.dispatch import Dispatch, Handler, OnDead
from bot.messages import Channel, Message, Person

SHORT: dict[str, float] = {
    "lease": 1.0,
    "renew": 0.2,
    "sweep": 0.2,
    "block": 0.05,
    "backoff": 0.01,
    "grace": 5.0,
}
_WORKER = Path(__file__).with_name("queue_worker.py")


def message(id_: str, thread: str = "t:1", text: str = "¿Cuántos días?") -> Message:
    return Message(
        id=id_,
        thread=thread,
        channel=Channel(platform="t", id="c"),
        author=Person(id="t:u"),
        at=datetime(2026, 1, 2, tzinfo=UTC),
        text=text,
    )


def short(redis: Redis, **changes: Any) -> Dispatch:
    return Dispatch(redis, **(SHORT | changes))


@contextlib.asynccontextmanager
async def working(
    dispatch: Dispatch,
    handler: Handler,
    *,
    concurrency: int = 8,
    background: int = 1,
    on_dead: OnDead | None = None,
) -> AsyncIterator[asyncio.Event]:
    """Works in the background; leaving it stops and drains."""
    stop = asyncio.Event()
    work = asyncio.create_task(
        dispatch.work(handler, concurrency=concurrency, background=background, stop=stop, on_dead=on_dead)
    )
    try:
        yield stop
    finally:
        stop.set()
        await work


async def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Waits for a condition, plain or async; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            met = condition()
            if asyncio.iscoroutine(met):
                met = await met
            if met:
                return met
            await asyncio.sleep(0.01)


async def idle(dispatch: Dispatch) -> bool:
    """Whether nothing waits and nothing runs."""
    status = await dispatch.status()
    return bool(status["ready"] == status["running"] == 0)


@contextlib.asynccontextmanager
async def worker_process(url: str, **settings: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that works the queue off (`queue_worker.py`); it is killed at the end, if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_WORKER),
        url,
        *(f"{name}={value}" for name, value in settings.items()),
        cwd=_WORKER.parents[2],
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
