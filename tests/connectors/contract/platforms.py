"""Each platform behind the same few gestures: people write and press, and see what the bot shows.

What stands behind is the whole bot, its real connector, and a loopback of the platform.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.actions import LABELS, read_button
from bot.dispatch import Dispatch
from bot.messages import ActionName, Command, Feedback, Message
from bot.phrases import Phrases
from bot.runtime import Runtime
from tests.connectors.discord import server as discord
from tests.connectors.discord.loopback import payloads as ids
from tests.connectors.slack import workspace as slack
from tests.connectors.slack.server import ANA, BOT

Event = Message | Command | Feedback


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot's as people see it."""

    id: str
    text: str
    sources: str
    buttons: tuple[ActionName, ...]
    raw: dict[str, Any] = field(default_factory=dict)


class Platform(Protocol):
    """What people do there, and what they see.

    A gesture that a platform does not know skips the test, with the reason why nobody can make it there.
    """

    events: list[Event]
    """What the connector has submitted."""
    offers: tuple[ActionName, ...]
    """The buttons below an answer of a channel without settings, sorted."""
    heading: str
    """What the sources begin with."""

    async def mention(self, text: str, *, after: Shown | None = None) -> None:
        """The asker mentions the bot, perhaps going on after a message of its."""
        ...

    async def overheard(self, text: str) -> None:
        """Someone writes without mentioning the bot."""
        ...

    async def directly(self, text: str) -> None:
        """The asker writes to the bot alone."""
        ...

    async def repeated(self) -> None:
        """The platform delivers the last mention once more."""
        ...

    async def shown(self, count: int = 1) -> list[Shown]:
        """The bot's messages for all, once there are so many and nothing is under way."""
        ...

    async def press(self, action: ActionName, below: Shown, person: str = "") -> str:
        """Someone presses a button; what they alone are told, once nothing is under way."""
        ...

    async def command(self, name: str, person: str = "") -> str:
        """An administrator gives an admin command, or a `person` who is none; what they are told."""
        ...

    async def reasons(self) -> dict[str, int]:
        """What was not answered, by reason."""
        ...


async def heard(platform: Platform, count: int) -> list[Event]:
    """What was submitted, once it is so much."""
    async with asyncio.timeout(20):
        while len(platform.events) < count:
            await asyncio.sleep(0.02)
    return platform.events


async def ignored(platform: Platform, reason: str) -> int:
    """How often something was ignored for a reason, once it was."""
    async with asyncio.timeout(20):
        while not (count := (await platform.reasons()).get(reason, 0)):
            await asyncio.sleep(0.02)
    return count


Open = Callable[..., AbstractAsyncContextManager[Platform]]
"""Opens a platform on a folder, with more configuration."""


_OFFERS: tuple[ActionName, ...] = ("helpful", "not_helpful", "regenerate", "show_sources")
_HEADING = Phrases("es").render("sources_header")


def recorded(dispatch: Dispatch) -> list[Event]:
    """Notes what is submitted from now on, repetitions once."""
    events: list[Event] = []
    submit = dispatch.submit

    async def noted(event: Event, **options: Any) -> bool:
        fresh = await submit(event, **options)
        if fresh:
            events.append(event)
        return fresh

    dispatch.submit = noted  # type: ignore[method-assign]
    return events


async def idle(runtime: Runtime) -> None:
    """Waits until nothing is under way."""
    async with asyncio.timeout(20):
        while True:
            status = await runtime.dispatch.status()
            if status["ready"] + status["running"] == 0:
                return
            await asyncio.sleep(0.02)


def _buttons(values: list[str]) -> tuple[ActionName, ...]:
    read = (read_button(value) for value in values)
    return tuple(dict.fromkeys(one[0] for one in read if one))


class SlackPlatform:
    """Slack, by Socket Mode."""

    offers = _OFFERS
    heading = _HEADING

    def __init__(self, place: slack.Workspace) -> None:
        self.place = place
        self.events = recorded(place.runtime.dispatch)
        self._at = 100
        self._last: dict[str, Any] = {}

    async def mention(self, text: str, *, after: Shown | None = None) -> None:
        self._at += 1
        thread = {"thread_ts": after.raw["thread_ts"]} if after else {}
        self._last = slack.event("app_mention", f"<@{BOT}> {text}", ts=f"1700000000.{self._at:06}", **thread)
        await self.place.send(self._last)

    async def overheard(self, text: str) -> None:
        self._at += 1
        await self.place.write(text, "CGEN", ts=f"1700000000.{self._at:06}")

    async def directly(self, text: str) -> None:
        self._at += 1
        await self.place.write(text, "DANA", ts=f"1700000000.{self._at:06}")

    async def repeated(self) -> None:
        await self.place.send(self._last | {"event_id": "EvAgain"})
        twin = dict(self._last["event"], type="message", channel_type="channel")
        await self.place.send(self._last | {"event_id": "EvTwin", "event": twin})

    async def shown(self, count: int = 1) -> list[Shown]:
        await self.place.until(lambda: len(self.place.slack.said("CGEN")) >= count)
        await idle(self.place.runtime)
        return [self._shown(post) for post in self.place.slack.said("CGEN")]

    def _shown(self, post: dict[str, Any]) -> Shown:
        values: list[str] = []
        for block in post.get("blocks", ()):
            for one in block.get("elements", ()):
                sides = [one[side] for side in ("positive_button", "negative_button") if side in one]
                values += [part["value"] for part in (*sides, one) if "value" in part]
        return Shown(post["ts"], slack.markdown(post), slack.context(post), _buttons(values), post)

    async def press(self, action: ActionName, below: Shown, person: str = "") -> str:
        before = len(self._told())
        submitted = len(self.events)
        await self.place.press(action, below.raw, "USTRANGER" if person else ANA)
        await self.place.until(lambda: len(self.events) > submitted)
        await idle(self.place.runtime)
        return "\n".join(self._told()[before:])

    async def command(self, name: str, person: str = "") -> str:
        before, submitted = len(self._told()), len(self.events)
        self._at += 1
        await self.place.command(name, "USTRANGER" if person else "UADMIN", trigger=f"1.2.{self._at}")
        await self.place.until(lambda: len(self.events) > submitted)
        await idle(self.place.runtime)
        return "\n".join(self._told()[before:])

    def _told(self) -> list[str]:
        return [slack.markdown(post) or post.get("text", "") for post in self.place.slack.responses]

    async def reasons(self) -> dict[str, int]:
        return await self.place.runtime.dispatch.reasons()


class DiscordPlatform:
    """Discord, by its gateway."""

    offers = _OFFERS
    heading = _HEADING

    def __init__(self, place: discord.Server) -> None:
        self.place = place
        self.events = recorded(place.runtime.dispatch)
        self._last = ""

    async def mention(self, text: str, *, after: Shown | None = None) -> None:
        more: dict[str, Any] = {}
        if after:
            reference = {"message_id": after.id, "channel_id": ids.CHANNEL, "guild_id": ids.GUILD}
            more = {"type": 19, "message_reference": reference, "referenced_message": after.raw}
        self._last = await self.place.discord.write(f"<@{ids.BOT}> {text}", **more)

    async def overheard(self, text: str) -> None:
        await self.place.discord.write(text)

    async def directly(self, text: str) -> None:
        await self.place.discord.write(text, channel=ids.DIRECT)

    async def repeated(self) -> None:
        for _ in range(2):
            await self.place.discord.dispatch("MESSAGE_CREATE", self.place.discord.messages[self._last])

    async def shown(self, count: int = 1) -> list[Shown]:
        await self.place.said(count=count)
        return [self._shown(post) for post in self.place.discord.posts()]

    def _shown(self, post: dict[str, Any]) -> Shown:
        values = [one["custom_id"] for row in post["components"] for one in row["components"]]
        return Shown(post["id"], post["content"], post["content"], _buttons(values), post)

    async def press(self, action: ActionName, below: Shown, person: str = "") -> str:
        label = Phrases("es").render(LABELS[action])
        submitted = len(self.events)
        who = {"person": "499"} if person else {}
        token = await self.place.discord.press(below.raw, label, **who)
        await discord.until(lambda: len(self.events) > submitted)
        await self.place.idle()
        return "\n".join(self.place.discord.hidden(token)) or self._answer(token)

    async def command(self, name: str, person: str = "") -> str:
        """`person`: not an administrator."""
        options = [{"name": name, "type": 1, "options": []}]
        rights = {"person": "499", "permissions": 0} if person else {"permissions": 1 << 5}
        token = await self.place.discord.command("vocero", options, **rights)
        return await self.place.answer(token)

    def _answer(self, token: str) -> str:
        shown_before = self.place.discord.pressed.get(token)
        original = self.place.discord.originals.get(token)
        return "" if original in (None, shown_before) else self.place.discord.answer(token) or ""

    async def reasons(self) -> dict[str, int]:
        return await self.place.runtime.dispatch.reasons()


@asynccontextmanager
async def on_slack(folder: Path, extra: str = "") -> AsyncIterator[Platform]:
    """The bot in the loopback workspace."""
    async with slack.workspace(folder, extra) as place:
        yield SlackPlatform(place)


@asynccontextmanager
async def on_discord(folder: Path, extra: str = "") -> AsyncIterator[Platform]:
    """The bot in the small Discord."""
    async with discord.server(folder, extra) as place:
        yield DiscordPlatform(place)
