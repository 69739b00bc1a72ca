"""People who write in the loopback workspace, and the whole bot that listens to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.app import Runtime, open_runtime
from bot.channels import Channels
from bot.config import load_settings
from bot.desk import Desk
from bot.dispatch import Dispatch
from bot.errors import StateError
from bot.journal import Journal
from bot.memory import Memory
from bot.messages import Command, Feedback, Message
from bot.settings import Settings
from bot.voice import Voices
from connectors.slack.connector import SlackConnector
from knowledge.database import open_database
from knowledge.manifest import IndexStatus
from tests.bot.company import company
from tests.connectors.slack.server import ANA, APP_TOKEN, BOT, TEAM, TOKEN, SlackServer, slack_server


def slack_settings(folder: Path, server: SlackServer, extra: str = "", **environ: str) -> Settings:
    """The company with an app in the loopback workspace."""
    company(folder, extra)
    path = folder / "vocero.toml"
    path.write_text('admins = ["slack:UADMIN"]\n' + path.read_text("utf-8"), "utf-8")
    tokens = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "VOCERO_SLACK_API_URL": server.url}
    return load_settings(path, environ=tokens | environ)


def event(type_: str, text: str, channel: str = "CGEN", ts: str = "1700000000.000100", **more: Any) -> dict:
    """The payload of something written."""
    kind = "im" if channel.startswith("D") else "channel"
    written = {"type": type_, "user": ANA, "text": text, "channel": channel, "ts": ts}
    if type_ == "message":
        written["channel_type"] = kind
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event_id": f"Ev{type_}{ts}",
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        "event": written | more,
    }


@dataclass
class Workspace:
    """The workspace with the bot in it."""

    slack: SlackServer
    runtime: Runtime

    async def mention(self, text: str, channel: str = "CGEN", **more: Any) -> str:
        return await self.slack.send(event("app_mention", f"<@{BOT}> {text}", channel, **more))

    async def write(self, text: str, channel: str, **more: Any) -> str:
        return await self.slack.send(event("message", text, channel, **more))

    async def command(self, text: str, user: str = ANA, trigger: str = "1.2.abc") -> str:
        payload = {
            "command": "/vocero",
            "text": text,
            "team_id": TEAM,
            "channel_id": "CGEN",
            "user_id": user,
            "trigger_id": trigger,
            "response_url": self.slack.url.replace("/api/", "/response"),
        }
        return await self.slack.send(payload, "slash_commands")

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits until something is so."""
        async with asyncio.timeout(30):
            while not (found := condition()):
                await asyncio.sleep(0.02)
        return found

    async def answered(self, channel: str = "CGEN") -> list[dict[str, Any]]:
        """The app's messages in a channel, once no question is open."""

        async def open_() -> int:
            status = await self.runtime.dispatch.status()
            return status["ready"] + status["running"]

        await self.until(lambda: self.slack.said(channel))
        async with asyncio.timeout(30):
            while await open_():
                await asyncio.sleep(0.02)
        return self.slack.said(channel)


@asynccontextmanager
async def workspace(folder: Path, extra: str = "") -> AsyncIterator[Workspace]:
    """The whole bot, connected to the loopback workspace."""
    async with slack_server() as server, open_runtime(slack_settings(folder, server, extra)) as runtime:
        for source in ("docs", "people"):
            await asyncio.to_thread(runtime.library.sync, source)
        listening = asyncio.create_task(runtime.connectors["slack"].listen(runtime.submit))
        try:
            yield Workspace(server, runtime)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def markdown(post: dict[str, Any]) -> str:
    """The Markdown that a message shows."""
    return "".join(block["text"] for block in post.get("blocks", []) if block["type"] == "markdown")


def context(post: dict[str, Any]) -> str:
    """What stands under it."""
    return "\n".join(
        block["elements"][0]["text"] for block in post.get("blocks", []) if block["type"] == "context"
    )


class Shelf:
    """A library without documents."""

    def status(self) -> list[IndexStatus]:
        return []


class Noted(Desk):
    """The bot's own desk, which also tells what it counted."""

    def __init__(self, settings: Settings, redis: Redis, counted: list[str]) -> None:
        engine = open_database(f"sqlite:///{settings.path.parent / 'desk.db'}")
        memory = Memory(redis)
        super().__init__(
            settings,
            Channels(settings, engine),
            Shelf(),
            memory,
            voices=Voices(settings, memory),
            journal=Journal(engine),
            dispatch=Dispatch(redis),
        )
        self.memory = memory
        self.counted = counted

    async def count(self, reason: str) -> None:
        self.counted.append(reason)


@dataclass
class Heard:
    """A listening connector with nothing behind it: what was submitted, and what was counted."""

    slack: SlackServer
    connector: SlackConnector
    desk: Noted
    submitted: list[Message | Command | Feedback]
    counted: list[str]
    refuse: int = 0
    """So many submits fail."""

    async def submit(self, event: Message | Command | Feedback) -> bool:
        if self.refuse:
            self.refuse -= 1
            raise StateError("The queue does not answer.")
        self.submitted.append(event)
        return True

    async def acknowledged(self, envelope: str) -> None:
        async with asyncio.timeout(30):
            while envelope not in self.slack.acknowledged:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(folder: Path, redis: Redis, **environ: str) -> AsyncIterator[Heard]:
    """A connector for the workspace that is not listening yet."""
    async with slack_server() as server:
        heard = Heard(server, None, None, [], [])  # type: ignore[arg-type]
        settings = slack_settings(folder, server, **environ)
        heard.desk = Noted(settings, redis, heard.counted)
        heard.connector = SlackConnector(settings, redis, heard.desk)
        yield heard


@asynccontextmanager
async def listening(folder: Path, redis: Redis, **environ: str) -> AsyncIterator[Heard]:
    """A connector that listens to the workspace."""
    async with connected(folder, redis, **environ) as heard:
        task = asyncio.create_task(heard.connector.listen(heard.submit))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
