"""A process killed in the middle of a turn: nothing is lost, and nothing is answered twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import open_runtime, open_terminal
from bot.messages import Answer
from bot.state import owner
from connectors.terminal import Terminal
from tests.bot.company import company
from tests.model_server import STALL, model_server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`vocero serve` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "--config", str(folder / "vocero.toml"), "serve"],
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("VOCERO")},
    )
    try:
        await until(lambda: (one := owner(folder / ".vocero")) is not None and one.url is not None)
        yield process
    finally:
        process.kill()
        process.wait()


async def until(condition, seconds: float = 30.0) -> None:
    """Waits for something that another process does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def asked(terminal: Terminal) -> Answer | None:
    """The answer to the question, as far as it comes."""
    async for chunk in terminal.ask(QUESTION):
        if isinstance(chunk, Answer):
            return chunk
    return None


async def test_a_turn_whose_process_is_killed_is_answered_by_the_next_one(tmp_path: Path):
    """Killed while the model was speaking, the question waits in the queue and is answered once."""
    async with model_server() as server:
        settings = company(
            tmp_path,
            f'[models.openai-like]\nbase_url = "{server.url}"\n',
            llm='llm = "openai-like:scripted"',
        )
        server.says("Te corresponden 17 ", STALL)
        async with serving(tmp_path) as process, open_terminal(settings) as terminal:
            waiting = asyncio.create_task(asked(terminal))
            await until(lambda: bool(server.requests))
            process.send_signal(signal.SIGKILL)
            await asyncio.gather(waiting, return_exceptions=True)
        server.says("Te corresponden 17 días [1].")
        async with open_runtime(settings) as runtime:
            async with asyncio.timeout(30):
                while not await runtime.journal.outcomes():
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
            assert await runtime.journal.outcomes() == {"answered": 1}
            assert (await runtime.dispatch.status())["dead"] == 0


async def test_other_commands_attach_to_the_process_that_serves(tmp_path: Path):
    """While a process serves on the data, a question from another one is answered through it."""
    settings = company(tmp_path)
    async with serving(tmp_path), open_terminal(settings, first=False) as terminal:
        await until_indexed(terminal)
        answer = await asked(terminal)
    assert answer is not None
    assert "17 días corridos" in answer.answer


async def until_indexed(terminal: Terminal) -> None:
    """Waits until the process that serves has read its sources."""
    async with asyncio.timeout(30):
        while not await indexed(terminal):
            await asyncio.sleep(0.1)


async def indexed(terminal: Terminal) -> bool:
    """Whether both sources have been read to their end."""
    async for chunk in terminal.command("status"):
        if isinstance(chunk, Answer) and chunk.data:
            return [bool(source["finished"]) for source in chunk.data["sources"]] == [True, True]
    return False
