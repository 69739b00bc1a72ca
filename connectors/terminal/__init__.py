"""The terminal as a platform: the same way through queue, turn and delivery as every other.

Whoever asks (`vocero ask`, `vocero chat`) may sit in another process than the worker that answers; the
reply travels through Redis.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.desk import Desk
from bot.errors import AttachmentError, PostError
from bot.messages import (
    AnyChunk,
    Attachment,
    Command,
    Confirmation,
    Delivery,
    Feedback,
    Message,
    Person,
    Reply,
    Submit,
    parse_channel,
)
from bot.replies import Replies
from bot.settings import Settings
from bot.state import State

NAME = "terminal"
LOCAL = f"{NAME}:local"


class TerminalConnector:
    """Delivers replies to the processes that asked."""

    name = NAME

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    async def listen(self, submit: Submit) -> None:
        """Nothing arrives by itself: those who ask put their events into the queue."""
        await asyncio.Event().wait()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """Passes the reply on to the one who asked."""
        await delivery.check()
        await self._replies.publish(event.id, reply)

    async def post(
        self, channel: str, text: str, key: str = "", confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """There is no one to post to: a terminal shows replies alone."""
        raise PostError("a terminal shows replies alone.")

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """What is said at a terminal has no address."""
        return None

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """No files come with what is typed."""
        raise AttachmentError("gone", "a terminal takes no files.")


def connect(settings: Settings, state: State, desk: Desk) -> TerminalConnector:
    """The connector, over the shared state."""
    return TerminalConnector(Replies(state.redis))


class Terminal:
    """Someone at a terminal: asks and commands, and reads the replies."""

    def __init__(self, submit: Submit, replies: Replies, alive: Callable[[], bool]) -> None:
        self._submit = submit
        self._replies = replies
        self._alive = alive

    async def ask(
        self, question: str, channel: str = LOCAL, thread: str | None = None
    ) -> AsyncGenerator[AnyChunk]:
        """Asks, and gives the reply in chunks."""
        id_ = f"{NAME}:{uuid.uuid4()}"
        message = Message(
            id=id_,
            thread=f"{NAME}:{channel}:{thread}" if thread else id_,
            channel=parse_channel(channel),
            author=person(),
            at=datetime.now(UTC),
            text=question,
        )
        await self._submit(message)
        async for chunk in self._replies.read(id_, alive=self._alive):
            yield chunk

    async def command(
        self, name: str, channel: str = LOCAL, *, id_: str | None = None, **arguments: Any
    ) -> AsyncGenerator[AnyChunk]:
        """Gives a command, and tells how it goes; `id_` is what it can be stopped by."""
        id_ = id_ or f"{NAME}:{uuid.uuid4()}"
        command = Command(
            id=id_,
            thread=id_,
            channel=parse_channel(channel),
            author=person(),
            at=datetime.now(UTC),
            private=True,
            name=name,
            arguments=arguments,
        )
        await self._submit(command)
        async for chunk in self._replies.read(id_, alive=self._alive):
            yield chunk

    def press(
        self, confirmation: Confirmation, accept: bool, channel: str = LOCAL
    ) -> AsyncGenerator[AnyChunk]:
        """Says yes or no to what waits for it."""
        return self.command("confirm" if accept else "decline", channel, token=confirmation.token)


def person() -> Person:
    """The user of this machine, who may administer what runs on it."""
    return Person(id=f"{NAME}:{os.getuid()}", admin=True)
