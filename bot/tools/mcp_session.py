"""A session with an MCP server that runs as a process: kept open for many calls, begun anew once it died."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anyio import CancelScope
    from mcp.client.session import ClientSession

log = logging.getLogger(__name__)

Open = Callable[[], AbstractAsyncContextManager["ClientSession"]]
"""Begins a session, and ends it with its process."""

_ANSWERS = 2.0
"""Seconds in which a server that has nothing to do must answer that it is there."""


@dataclass(eq=False, slots=True)
class _Held:
    """A process and who uses it."""

    session: "ClientSession"
    over: asyncio.Event
    calls: int = 0
    given_up: bool = False

    def give_up(self) -> None:
        """Nobody begins anything with it any more; it is over with the last call."""
        self.given_up = True
        if not self.calls:
            self.over.set()


@dataclass(eq=False, slots=True)
class KeptSession:
    """One process of a server, which all calls share."""

    begin: Open
    seconds: float
    """In which a server must have started."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _held: _Held | None = field(default=None, init=False)
    _owners: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator["ClientSession"]:
        """A session with a server that is there; raises what kept it from starting.

        What fails or is broken off within gives the server up: perhaps it hangs, and nobody knows what it
        does. The next one gets another.
        """
        async with self._lock:
            held = await self._usable() or await self._started()
            self._held = held
            held.calls += 1
        try:
            yield held.session
        except BaseException:
            held.given_up = True
            raise
        finally:
            held.calls -= 1
            if held.given_up:
                held.give_up()

    async def aclose(self) -> None:
        """Ends the process, and waits until it is gone."""
        if self._held is not None:
            self._held.over.set()
        await asyncio.gather(*self._owners, return_exceptions=True)

    async def _usable(self) -> _Held | None:
        held = self._held
        if held is None or held.given_up:
            return None
        # One that is at work may be too busy to answer.
        if held.calls or await self._answers(held.session):
            return held
        log.warning("An MCP server does not answer any more; it is started again.")
        held.give_up()
        return None

    async def _answers(self, session: "ClientSession") -> bool:
        try:
            async with asyncio.timeout(min(_ANSWERS, self.seconds / 2)):
                await session.send_ping()
        except Exception:
            return False
        return True

    async def _started(self) -> _Held:
        from anyio import CancelScope

        begun: asyncio.Future[_Held] = asyncio.get_running_loop().create_future()
        # Cancelled by its scope: `Task.cancel` would also break off the end of a process that is being ended.
        scope = CancelScope()
        owner = asyncio.create_task(self._own(begun, scope))
        self._owners.add(owner)
        owner.add_done_callback(self._owners.discard)
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.shield(begun)
        except BaseException:
            scope.cancel()
            raise

    async def _own(self, begun: asyncio.Future[_Held], scope: "CancelScope") -> None:
        """Holds the session: it has to end in the task it began in."""
        try:
            with scope:
                async with self.begin() as session:
                    held = _Held(session, asyncio.Event())
                    begun.set_result(held)
                    await held.over.wait()
        except Exception as error:
            if begun.done():
                log.info("An MCP server ended with %s.", type(error).__name__)
            else:
                begun.set_exception(error)
                begun.exception()  # whoever waited for it may be gone
