"""Tools that a server has to tell of: asked for when first wanted, and again from time to time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.errors import VoceroError
from bot.tools.tool import Tool

log = logging.getLogger(__name__)

_FRESH = 600.0
"""Seconds after which a server is asked anew what it has; what it had stands meanwhile."""
_AGAIN = 30.0
"""Seconds after which a server that could not be asked is asked again."""


class Elsewhere:
    """The tools of one server. Only the very first time somebody waits for them."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[list[Tool]]]) -> None:
        self._name = name
        self._ask = ask
        self._asking: asyncio.Task[None] | None = None
        self._due = 0.0
        self._asked = False
        self._tools: list[Tool] = []
        self.problem: str | None = None
        """Why it could not be asked, in a sentence."""

    async def tools(self) -> list[Tool]:
        """What it had when it was last asked; nothing while it never could be."""
        if self._asking is None and time.monotonic() >= self._due:
            self._asking = asyncio.create_task(self._ask_once())
        if self._asking is not None and not self._asked:
            await asyncio.shield(self._asking)
        return self._tools

    async def _ask_once(self) -> None:
        try:
            self._tools, self.problem = await self._ask(), None
        except VoceroError as error:
            self.problem = str(error)
        except Exception as error:
            # What a server says may be anything; the other tools still serve.
            log.warning("The tools of %s cannot be opened.", self._name, exc_info=error)
            self.problem = (
                f'[[tools]] "{self._name}": what the server says cannot be used ({type(error).__name__}).'
            )
        if self.problem is not None:
            log.warning("%s %s", self.problem, "Its tools stay as they were." if self._tools else "")
        self._asked, self._asking = True, None
        self._due = time.monotonic() + (_FRESH if self.problem is None else _AGAIN)

    async def aclose(self) -> None:
        """Stops asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
