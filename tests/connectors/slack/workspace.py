"""People who write in the loopback workspace, and the whole bot that listens to them."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from redis.asyncio import Redis

from bot.app import open_runtime
from bot.channels import Channels
from bot.config import load_settings
from bot.desk import Desk
from bot.dispatch import Dispatch
from bot.errors import StateError
from bot.journal import Journal
from bot.memory import Memory
from bot.messages import Command, Feedback, Message
from bot.runtime import Runtime
from bot.settings import Settings
from bot.suggesting import Suggestions
from bot.voice import Voices
from connectors.slack.connector import SlackConnector
from knowledge.database import open_database
from knowledge.manifest import IndexStatus
from tests.bot.company import company
from tests.connectors.slack.server import ANA, APP_TOKEN, BOT, SECRET, TEAM, TOKEN, SlackServer, slack_server


def slack_settings(folder: Path, server: SlackServer, extra: str = "", **environ: str) -> Settings:
    """The company with an app in the loopback workspace."""
    company(folder, extra)
    path = folder / "vocero.toml"
    path.write_text('admins = ["slack:UADMIN"]\n' + path.read_text("utf-8"), "utf-8")
    return load_settings(path, environ=tokens(server) | environ)


def tokens(server: SlackServer) -> dict[str, str]:
    """What the environment of a bot in the workspace holds."""
    return {
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "VOCERO_SLACK_API_URL": server.url,
    }


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


async def until(condition: Callable[[], Any]) -> Any:
    """Waits until something is so."""
    async with asyncio.timeout(30):
        while not (found := condition()):
            await asyncio.sleep(0.02)
    return found


def signed(body: str, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers by which Slack is known."""
    stamp = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


async def request(url: str, payload: dict[str, Any], **headers: str) -> int:
    """Delivers something by HTTP as Slack does, each kind in its own form; gives the status of the answer."""
    if payload.get("type") in ("event_callback", "url_verification"):
        body, kind = json.dumps(payload), "application/json"
    else:
        fields = payload if "command" in payload else {"payload": json.dumps(payload)}
        body, kind = urlencode(fields), "application/x-www-form-urlencoded"
    async with aiohttp.ClientSession() as session:
        said = signed(body) | {"Content-Type": kind} | headers
        async with session.post(url, data=body, headers=said) as answer:
            return answer.status


def free_port() -> int:
    """A port that nobody listens on; none of those that the system gives to who asks for any."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Workspace:
    """The workspace with the bot in it."""

    slack: SlackServer
    runtime: Runtime
    http: str = ""
    """Where it listens by HTTP; else it is connected by Socket Mode."""

    async def send(self, payload: dict[str, Any], kind: str = "events_api") -> str:
        """Delivers something; gives the envelope's id, by HTTP none."""
        if not self.http:
            return await self.slack.send(payload, kind)
        assert await request(self.http, payload) == 200
        return ""

    async def mention(self, text: str, channel: str = "CGEN", **more: Any) -> str:
        return await self.send(event("app_mention", f"<@{BOT}> {text}", channel, **more))

    async def write(self, text: str, channel: str, **more: Any) -> str:
        return await self.send(event("message", text, channel, **more))

    async def press(
        self,
        action: str,
        post: dict[str, Any],
        user: str = ANA,
        channel: str = "CGEN",
        *,
        ephemeral: bool = False,
    ) -> None:
        """Presses the button that does this below a message, perhaps one that nobody else sees."""
        elements = [one for block in post["blocks"] for one in block.get("elements", ())]
        thumbs = [
            one[side] for one in elements for side in ("positive_button", "negative_button") if side in one
        ]
        (value,) = {one["value"] for one in (*elements, *thumbs) if f":{action}:" in one.get("value", "")}
        number = self.slack.number()
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "channel": {"id": channel},
            "container": {"type": "message", "message_ts": post.get("ts", "1.1"), "is_ephemeral": ephemeral},
            "response_url": self.slack.url.replace("/api/", "/response"),
            "trigger_id": f"{number}.trigger",
            "actions": [
                {"action_id": "vocero", "value": value, "type": "button", "action_ts": f"{number}.1"}
            ],
        }
        if not ephemeral:
            payload["message"] = {key: post[key] for key in ("ts", "thread_ts") if key in post}
        await self.send(payload, "interactive")

    async def submit(self, modal: dict[str, Any], user: str = ANA, **fields: str) -> None:
        """Sends a modal that was opened; a field of choice is chosen."""
        values = {
            block["block_id"]: {
                block["element"]["action_id"]: {"selected_option": {"value": fields[block["block_id"]]}}
                if block["element"]["type"] == "radio_buttons"
                else {"value": fields[block["block_id"]]}
            }
            for block in modal["blocks"]
            if block["block_id"] in fields
        }
        payload = {
            "type": "view_submission",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "view": modal | {"state": {"values": values}},
        }
        await self.send(payload, "interactive")

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
        return await self.send(payload, "slash_commands")

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits until something is so."""
        return await until(condition)

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
async def workspace(
    folder: Path, extra: str = "", *, http: bool = False, **environ: str
) -> AsyncIterator[Workspace]:
    """The whole bot, connected to the loopback workspace."""
    port = free_port()
    if http:
        extra += f'\n[slack]\nmode = "http"\nport = {port}\n'
    async with (
        slack_server() as server,
        open_runtime(slack_settings(folder, server, extra, **environ)) as runtime,
    ):
        for source in ("docs", "people"):
            await asyncio.to_thread(runtime.library.sync, source)
        async with _listening(server, runtime, port if http else None) as place:
            yield place


@asynccontextmanager
async def _listening(server: SlackServer, runtime: Runtime, port: int | None) -> AsyncIterator[Workspace]:
    listening = asyncio.create_task(runtime.connectors["slack"].listen(runtime.submit))
    try:
        if port is None:
            yield Workspace(server, runtime)
        else:
            await listens(port)
            yield Workspace(server, runtime, f"http://127.0.0.1:{port}/slack/events")
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

    def titles(self) -> list[Any]:
        return []

    def generation_names(self) -> list[str]:
        return []

    def readable(self, documents: Any, readers: Any) -> set[tuple[str, str]]:
        return set(documents)


class NoLookups:
    """No tools to complete."""

    async def complete(self, *_: Any) -> list[str]:
        return []


class Noted(Desk):
    """The bot's own desk, which also tells what it counted."""

    def __init__(self, settings: Settings, redis: Redis, counted: list[str]) -> None:
        engine = open_database(f"sqlite:///{settings.path.parent / 'desk.db'}")
        memory = Memory(redis)
        channels, voices, journal = Channels(settings, engine), Voices(settings, memory), Journal(engine)
        super().__init__(
            settings,
            channels,
            Shelf(),
            memory,
            voices=voices,
            journal=journal,
            dispatch=Dispatch(redis),
            suggestions=Suggestions(settings, channels, voices, journal, catalogue=Shelf()),
            lookups=NoLookups(),
        )
        self.memory = memory
        self.dispatch = self._dispatch
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
    http: str = ""
    """Where it listens by HTTP."""
    refuse: int = 0
    """So many submits fail."""

    async def submit(self, event: Message | Command | Feedback) -> bool:
        if self.refuse:
            self.refuse -= 1
            raise StateError("The queue does not answer.")
        self.submitted.append(event)
        return True

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits until something is so."""
        return await until(condition)

    async def request(self, payload: dict[str, Any], **headers: str) -> int:
        """Delivers something by HTTP as Slack does; gives the status of the answer."""
        return await request(self.http, payload, **headers)

    async def acknowledged(self, envelope: str) -> None:
        async with asyncio.timeout(30):
            while envelope not in self.slack.acknowledged:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(folder: Path, redis: Redis, extra: str = "", **environ: str) -> AsyncIterator[Heard]:
    """A connector for the workspace that is not listening yet."""
    async with slack_server() as server:
        heard = Heard(server, None, None, [], [])  # type: ignore[arg-type]
        settings = slack_settings(folder, server, extra, **environ)
        heard.desk = Noted(settings, redis, heard.counted)
        heard.connector = SlackConnector(settings, redis, heard.desk)
        try:
            yield heard
        finally:
            await heard.connector._workspaces.close()


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


@asynccontextmanager
async def heard_by_http(folder: Path, redis: Redis, **environ: str) -> AsyncIterator[Heard]:
    """A connector that listens by HTTP."""
    port = free_port()
    async with connected(folder, redis, f'[slack]\nmode = "http"\nport = {port}\n', **environ) as heard:
        heard.http = f"http://127.0.0.1:{port}/slack/events"
        task = asyncio.create_task(heard.connector.listen(heard.submit))
        try:
            await listens(port)
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def listens(port: int) -> None:
    """Waits until someone listens there."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
