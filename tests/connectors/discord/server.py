"""The whole bot in the small Discord, and a connector alone with nothing behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import open_runtime
from bot.config import load_settings
from bot.messages import Message
from bot.runtime import Runtime
from bot.settings import Settings
from tests.bot.company import company
from tests.connectors.discord.loopback import TOKEN, Loopback, loopback
from tests.connectors.discord.loopback.payloads import ASKER, CHANNEL, GUILD, THREAD


def discord_settings(folder: Path, discord: Loopback, extra: str = "") -> Settings:
    """The company with a bot in the small Discord."""
    company(folder, extra)
    path = folder / "vocero.toml"
    path.write_text(f'admins = ["discord:{ASKER}"]\n' + path.read_text("utf-8"), "utf-8")
    environ = {
        "DISCORD_TOKEN": TOKEN,
        "VOCERO_DISCORD_API_URL": discord.url,
        "VOCERO_DISCORD_GATEWAY_URL": discord.gateway,
    }
    return load_settings(path, environ=environ)


async def until(condition: Callable[[], Any]) -> Any:
    """Waits until something is so."""
    async with asyncio.timeout(8):
        while not (found := condition()):
            await asyncio.sleep(0.02)
    return found


@dataclass
class Server:
    """The server with the bot in it."""

    discord: Loopback
    runtime: Runtime
    listening: asyncio.Task[None]

    async def idle(self) -> None:
        """Waits until no question is open."""

        async def open_() -> int:
            status = await self.runtime.dispatch.status()
            return int(status["ready"] + status["running"])

        async with asyncio.timeout(8):
            while await open_():
                await asyncio.sleep(0.02)

    async def queued(self, count: int) -> None:
        """Waits until so many questions are open."""
        async with asyncio.timeout(8):
            while True:
                status = await self.runtime.dispatch.status()
                if status["ready"] + status["running"] == count:
                    return
                await asyncio.sleep(0.02)

    async def amended(self, message: str, word: str) -> None:
        """Waits until a waiting question has a word in it."""
        id_ = f"discord:{GUILD}:{THREAD}:{message}"
        async with asyncio.timeout(8):
            while True:
                event = await self.runtime.dispatch.pending(id_)
                if isinstance(event, Message) and word in event.text:
                    return
                await asyncio.sleep(0.02)

    async def said(self, channel: str = CHANNEL, *, count: int = 1) -> list[str]:
        """The bot's messages in a channel, once there are so many and no question is open."""
        await until(lambda: len(self.discord.said(channel)) >= count)
        await self.idle()
        return self.discord.said(channel)

    async def answer(self, token: str) -> str:
        """The answer to an interaction, once no question is open."""
        await until(lambda: self.discord.answer(token))
        await self.idle()
        return self.discord.answer(token) or ""

    async def choices(self, token: str) -> list[str]:
        """What was offered to someone who types."""
        response = await until(lambda: self.discord.callbacks.get(token))
        assert response["type"] == 8
        return [choice["value"] for choice in response["data"]["choices"]]

    async def counted(self, reason: str, times: int) -> None:
        """Waits until a reason has been counted so often."""
        async with asyncio.timeout(8):
            while (await self.runtime.dispatch.reasons()).get(reason, 0) < times:
                await asyncio.sleep(0.02)

    async def reasons(self, *expected: str) -> dict[str, int]:
        """Counted reasons, once these are among them."""
        async with asyncio.timeout(8):
            while not set(expected) <= set(counted := await self.runtime.dispatch.reasons()):
                await asyncio.sleep(0.02)
        return counted


@asynccontextmanager
async def server(folder: Path, extra: str = "", *, guilds: Sequence[str] = (GUILD,)) -> AsyncIterator[Server]:
    """The whole bot, connected."""
    async with loopback() as discord, open_runtime(discord_settings(folder, discord, extra)) as runtime:
        discord.guilds = list(guilds)
        for source in runtime.library.names:
            await asyncio.to_thread(runtime.library.sync, source)
        listening = asyncio.create_task(runtime.connectors["discord"].listen(runtime.submit))
        try:
            connected = asyncio.create_task(discord.ready.wait())
            await asyncio.wait({connected, listening}, return_when=asyncio.FIRST_COMPLETED, timeout=8)
            connected.cancel()
            if listening.done():
                listening.result()
            yield Server(discord, runtime, listening)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@dataclass
class FakeDelivery:
    """What the queue keeps of one turn."""

    kept: str | None = None
    checks: int = 0
    failing: Callable[[int], BaseException | None] = lambda _: None
    """Gives an error to raise at a check, by its number."""

    async def placeholder(self) -> str | None:
        return self.kept

    async def remember(self, placeholder: str) -> None:
        self.kept = placeholder

    async def check(self) -> None:
        self.checks += 1
        if error := self.failing(self.checks):
            raise error
