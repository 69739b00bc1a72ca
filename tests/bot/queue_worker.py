"""A worker process for the tests: does what the text of a message says, and leaves a trace in Redis.

`sleep 0.2` works for so long, `crash` kills this process, `fail` raises, `busy 3` blocks the event loop.
A path in the place of an address: an embedded server there.
The trace is one list of `begin|end|lost <event> <process>`; SIGTERM drains.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from bot.dispatch import Dispatch
from bot.errors import LeaseLostError
from bot.lease import Lease
from bot.messages import Command, Feedback, Message
from bot.state import open_state


async def main(url: str, settings: dict[str, float]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    address = url if "://" in url else None
    async with open_state(address, Path(url)) as state:

        async def trace(what: str, event_id: str) -> None:
            await state.redis.rpush("trace", f"{what} {event_id} {os.getpid()}")

        async def handle(event: Message | Command | Feedback, lease: Lease) -> None:
            assert isinstance(event, Message)
            order, _, argument = event.text.partition(" ")
            await trace("begin", event.id)
            try:
                match order:
                    case "crash":
                        os.kill(os.getpid(), signal.SIGKILL)
                    case "fail":
                        raise RuntimeError("as told")
                    case "sleep":
                        await asyncio.sleep(float(argument))
                    case "busy":
                        time.sleep(float(argument))  # noqa: ASYNC251 -- blocking is what it is for
                await lease.check()
            except (LeaseLostError, asyncio.CancelledError):
                if lease.lost.is_set():
                    await trace("lost", event.id)
                raise
            await trace("end", event.id)

        tries = int(settings.pop("tries", 3))
        concurrency = int(settings.pop("concurrency", 8))
        dispatch = Dispatch(state.redis, tries=tries, **settings)  # type: ignore[arg-type]
        await dispatch.work(handle, concurrency=concurrency, stop=stop)


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], {name: float(value) for name, value in (a.split("=") for a in sys.argv[2:])})
    )
