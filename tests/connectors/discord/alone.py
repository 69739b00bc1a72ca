"""A connector alone with nothing behind it: questions in hand, replies made up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.messages import Answer, Channel, Message, Person, RegisterScore, Reply, Text
from bot.phrases import Phrases
from connectors.discord.connector import DiscordConnector
from connectors.discord.pace import Pace
from connectors.discord.records import Records
from connectors.discord.tickets import Ticket
from tests.connectors.discord.loopback import Loopback, loopback
from tests.connectors.discord.loopback.payloads import APPLICATION, ASKER, CHANNEL, GUILD
from tests.connectors.discord.server import discord_settings


class Kept:
    """The shared state, as far as the connector uses it."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def set(self, key: str, value: str, ex: Any = None) -> None:
        self.values[key] = value

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    def register_script(self, script: str) -> Any:
        async def free(**_: Any) -> bytes:
            return b"0"

        return free


class FakeDesk:
    """The bot's word outside turns."""

    def __init__(self) -> None:
        self.counted: list[str] = []

    def phrases(self, persona: str = "", language: Any = None) -> Phrases:
        return Phrases("es")

    async def phrases_in(self, channel: Channel) -> Phrases:
        return Phrases("es")

    async def count(self, reason: str) -> None:
        self.counted.append(reason)


def question(*, reference: dict[str, str] | None = None, **more: Any) -> Message:
    """Written in a channel, unless the reference says otherwise."""
    return Message(
        id=f"discord:{GUILD}:{CHANNEL}:1",
        thread=f"discord:{GUILD}:{CHANNEL}:1",
        channel=Channel(platform="discord", id=CHANNEL, name="general"),
        author=Person(id=f"discord:{ASKER}"),
        at=datetime.now(UTC),
        text="¿qué?",
        reference={"channel": CHANNEL} | ({"message": "1"} if reference is None else reference),
        **more,
    )


def asked(discord: Loopback, *, private: bool = False, since: datetime | None = None) -> Message:
    """Asked by a command whose answer has been deferred."""
    token = "token-7"
    discord.places[token] = CHANNEL
    discord.callbacks[token] = {"type": 5}
    discord.originals[token] = discord.own_message(f"token:{token}", {"flags": 64 if private else 0})["id"]
    ticket = Ticket(APPLICATION, "7", token, since or datetime.now(UTC), hidden=private)
    return question(reference=ticket.reference, private=private)


async def reply(text: str, ended: list[bool] | None = None) -> Reply:
    """A reply that is there at once; `ended` tells that it was read to its end."""
    yield Text(text=text)
    yield Answer(
        id="1",
        outcome="answered",
        text=text,
        answer=text,
        confidence=1.0,
        persona="",
        register=RegisterScore(singular="", plural="", score=None),
        model=None,
    )
    if ended is not None:
        ended.append(True)


@asynccontextmanager
async def connected(
    folder: Path, extra: str = "", *, redis: Any = None
) -> AsyncIterator[tuple[Loopback, Any]]:
    """The small Discord and a connector; the desk is `connector.desk`. Without Redis there is always room."""
    async with loopback() as discord:
        desk: Any = FakeDesk()
        kept: Any = Kept()
        settings = discord_settings(folder, discord, extra)
        connector: Any = DiscordConnector(settings, Records(redis or kept), Pace(redis or kept), desk)
        connector.desk = desk
        yield discord, connector
