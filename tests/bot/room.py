"""A chat platform that is a list of posts: what connectors do, without any platform."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.actions import button, pressed, read_button
from bot.app import open_runtime
from bot.errors import AttachmentError, PostError
from bot.messages import (
    ActionName,
    Answer,
    Attachment,
    Channel,
    Command,
    Confirmation,
    Delivery,
    Feedback,
    Message,
    Person,
    Replace,
    Reply,
    Submit,
    Text,
)
from bot.runtime import Runtime
from bot.settings import Settings

ANA, BETO, JEFA = (
    Person(id="slack:ANA", name="Ana"),
    Person(id="slack:BETO"),
    Person(id="slack:U1", admin=True),
)
HELP = Channel(platform="slack", id="C1", name="ayuda")


@dataclass
class Post:
    """A message of the bot's."""

    text: str = ""
    answer: Answer | None = None


@dataclass
class Room:
    """One platform: its posts by id, what was said outside turns, and its files."""

    name: str = "slack"
    posts: dict[str, Post] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)
    asked: list[Confirmation] = field(default_factory=list)
    """What was asked for outside turns."""
    files: dict[str, bytes] = field(default_factory=dict)
    broken: str = ""
    """Why nothing can be said outside turns."""
    lost: int = 0
    """So many times something is said, and the process fails before it hears of it."""
    keys: set[str] = field(default_factory=set)
    ended: dict[str, asyncio.Event] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    """The post of each turn."""

    async def listen(self, submit: Submit) -> None:
        """Nothing arrives by itself."""
        await asyncio.Event().wait()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """Shows a reply, in the place of what an earlier try or turn had posted."""
        id_ = await delivery.placeholder() or f"p{len(self.posts)}"
        await delivery.remember(id_)
        self.place[event.id] = id_
        post = self.posts.setdefault(id_, Post())
        post.text = ""
        async for chunk in reply:
            match chunk:
                case Text():
                    post.text += chunk.text
                case Replace():
                    post.text = chunk.text
                case Answer():
                    post.answer = chunk
        self.ended.setdefault(event.id, asyncio.Event()).set()

    async def post(
        self, channel: str, text: str, key: str = "", confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """Says something once for a key."""
        if self.broken:
            raise PostError(self.broken)
        if key not in self.keys:
            self.said.append((channel, text))
            self.asked += confirmations
        self.keys.add(key)
        if self.lost:
            self.lost -= 1
            raise RuntimeError("the connection was cut")

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """The address of what a press is about."""
        return f"https://slack.test/{event.reference.get('message')}"

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """A file that was sent along."""
        if attachment.name not in self.files:
            raise AttachmentError("gone", "it is gone.")
        return self.files[attachment.name]


class People:
    """Those who talk in a room."""

    def __init__(self, runtime: Runtime, room: Room) -> None:
        self.runtime = runtime
        self.room = room
        # Others after a restart than before it.
        self._numbers = (f"{uuid.uuid4().hex[:8]}{number}" for number in itertools.count(1))

    def message(
        self,
        text: str,
        author: Person = ANA,
        channel: Channel = HELP,
        *,
        thread: str | None = None,
        id_: str | None = None,
        **more: Any,
    ) -> Message:
        """Something written to the bot."""
        id_ = id_ or f"slack:T1:{channel.id}:{next(self._numbers)}.0"
        return Message(
            id=id_,
            thread=thread or id_,
            channel=channel,
            author=author,
            at=datetime.now(UTC),
            reference={"channel": channel.id, "message": id_},
            text=text,
            **more,
        )

    async def write(self, text: str, author: Person = ANA, channel: Channel = HELP, **more: Any) -> str:
        """Writes to the bot, and gives the message's id."""
        message = self.message(text, author, channel, **more)
        await self.runtime.submit(message)
        return message.id

    async def answer(self, id_: str) -> Answer:
        """What an event was answered, once it is written in the journal, too."""
        async with asyncio.timeout(20):
            await self.room.ended.setdefault(id_, asyncio.Event()).wait()
            while await self.runtime.dispatch.pending(id_) is not None:
                await asyncio.sleep(0.01)
        answer = self.room.posts[self.room.place[id_]].answer
        assert answer is not None
        return answer

    async def ask(self, text: str, author: Person = ANA, channel: Channel = HELP, **more: Any) -> Answer:
        """Writes, and waits for the answer."""
        return await self.answer(await self.write(text, author, channel, **more))

    async def press(
        self, action: ActionName, answer: str, author: Person = ANA, channel: Channel = HELP, **more: Any
    ) -> Answer:
        """Presses a button below an answer; what the one who pressed is told."""
        read = read_button(button(action, answer))
        assert read is not None
        event = pressed(
            *read,
            id=f"slack:T1:{channel.id}:press{next(self._numbers)}",
            channel=channel,
            author=author,
            at=datetime.now(UTC),
            reference={"channel": channel.id, "message": "the answer", "response_url": "once"},
            **more,
        )
        await self.runtime.submit(event)
        return await self.answer(event.id)

    async def command(
        self, name: str, author: Person = JEFA, channel: Channel = HELP, **arguments: Any
    ) -> Answer:
        """Gives an admin command."""
        id_ = f"slack:T1:{channel.id}:command{next(self._numbers)}"
        command = Command(
            id=id_,
            thread=id_,
            channel=channel,
            author=author,
            at=datetime.now(UTC),
            private=True,
            name=name,
            arguments=arguments,
        )
        await self.runtime.submit(command)
        return await self.answer(id_)

    async def until(self, condition: Any) -> None:
        """Waits for something that happens by itself."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def room(settings: Settings) -> AsyncIterator[People]:
    """People in a room with the whole bot; its documents have been read."""
    async with open_runtime(settings, vectors=False) as runtime:
        chat = Room()
        runtime.connectors["slack"] = chat  # type: ignore[index]
        await asyncio.to_thread(lambda: [runtime.library.sync(name) for name in runtime.library.names])
        yield People(runtime, chat)
