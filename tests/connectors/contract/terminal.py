"""The terminal behind the gestures of `platforms`: what is typed, and what stands on the console then."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import open_runtime
from bot.messages import ActionName, Message, Reply
from bot.replies import Replies
from bot.runtime import Runtime
from connectors.terminal import LOCAL, Terminal
from connectors.terminal.chat import show
from tests.bot.company import company
from tests.connectors.contract.platforms import Platform, Shown, idle, recorded

NO_ROOM = "Nobody else writes at a terminal: whatever is typed is meant for the bot."
NOT_DIRECT = "A terminal is one place: there is no writing to the bot apart from it."
NO_BUTTONS = "A terminal has no buttons: nothing can be pressed below an answer."
NO_OTHERS = "Whoever sits at a terminal owns what runs there: nobody else gives commands."


class TerminalPlatform:
    """The terminal, in the process that answers."""

    offers: tuple[ActionName, ...] = ()
    heading = "[1] "

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.events = recorded(runtime.dispatch)
        self._terminal = Terminal(runtime.submit, Replies(runtime.state.redis), runtime.alive)
        self._shown: list[Shown] = []

    async def mention(self, text: str, *, after: Shown | None = None) -> None:
        thread = after.raw["thread"] if after else f"chat-{len(self._shown)}"
        written = await _written(self._terminal.ask(text, LOCAL, thread))
        # The console draws a bar before what is quoted.
        said = "\n".join(line.strip().replace("▌ ", "> ") for line in written.splitlines())
        self._shown.append(Shown(str(len(self._shown)), said, said, (), {"thread": thread}))

    async def overheard(self, text: str) -> None:
        pytest.skip(NO_ROOM)

    async def directly(self, text: str) -> None:
        pytest.skip(NOT_DIRECT)

    async def repeated(self) -> None:
        """What reached the queue although its sender was told it had not."""
        asked = self.events[-1]
        assert isinstance(asked, Message)
        for _ in range(2):
            await self.runtime.submit(asked)

    async def shown(self, count: int = 1) -> list[Shown]:
        await idle(self.runtime)
        assert len(self._shown) >= count
        return self._shown

    async def press(self, action: ActionName, below: Shown, person: str = "") -> str:
        pytest.skip(NO_BUTTONS)

    async def command(self, name: str, person: str = "") -> str:
        if person:
            pytest.skip(NO_OTHERS)
        return await _written(self._terminal.command(name))

    async def reasons(self) -> dict[str, int]:
        return await self.runtime.dispatch.reasons()


async def _written(reply: Reply) -> str:
    """What stands on a wide console at the end."""
    console = Console(file=io.StringIO(), width=400, record=True)
    await show(console, reply)
    return console.export_text()


@asynccontextmanager
async def on_terminal(folder: Path, extra: str = "") -> AsyncIterator[Platform]:
    """The bot at a terminal."""
    async with open_runtime(company(folder, extra), vectors=False) as runtime:
        for source in runtime.library.names:
            await asyncio.to_thread(runtime.library.sync, source)
        yield TerminalPlatform(runtime)
