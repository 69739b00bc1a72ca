"""One turn's messages in a thread: posted in the order of asking, and looked for where in doubt."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from connectors.slack import api
from connectors.slack.errors import SlackError
from connectors.slack.pace import Slot
from connectors.slack.rendering import Post
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

ANSWER = "vocero_answer"
"""Type of the metadata on what a turn posts; it names the turn and the part."""
_READ = 100


class Thread:
    """Where a turn posts; without `at` it is a conversation rather than a thread."""

    def __init__(
        self, workspace: Workspace, channel: str, at: str | None, *, turn: str, asked: datetime
    ) -> None:
        """`asked`: what stood there before cannot be of this turn."""
        self.workspace = workspace
        self.channel = channel
        self.at = at
        self.turn = turn
        self.asked = asked
        self._slot: Slot | None = None

    async def enter(self) -> Slot:
        """One's turn to post in the channel; kept until it is used or left."""
        if self._slot is None:
            self._slot = await self.workspace.pace.line.enter(self.channel, self.asked, self.turn)
        return self._slot

    def leave(self) -> None:
        """Lets the next one in."""
        if self._slot is not None:
            self._slot.leave()
            self._slot = None

    @asynccontextmanager
    async def posting(self) -> AsyncIterator[None]:
        """One message is posted within, when it is one's turn and the channel takes it.

        After a refusal it still is one's turn; not while it is waited for what passes.
        """
        slot = await self.enter()
        try:
            await slot.ready()
            yield
            await slot.posted()
        except SlackError as error:
            if error.kind == "passing":
                self.leave()
            raise
        except BaseException:
            self.leave()
            raise
        self.leave()

    def metadata(self, part: int) -> dict[str, Any]:
        """What tells a message of this turn from every other."""
        return {"event_type": ANSWER, "event_payload": {"turn": self.turn, "part": part}}

    async def post(self, post: Post, part: int) -> str:
        """Posts a part; gives its timestamp. Whatever is not known to have failed is looked for first."""
        for pause in (*api.PAUSES, None):
            try:
                async with self.posting():
                    said = await self.workspace.api.call(
                        "chat.postMessage",
                        channel=self.channel,
                        thread_ts=self.at,
                        metadata=self.metadata(part),
                        unfurl_links=False,
                        unfurl_media=False,
                        **post,
                    )
                self.channel = str(said.get("channel") or self.channel)
                return str(said["ts"])
            except SlackError as error:
                if error.kind != "passing" or pause is None:
                    raise
                log.info("Slack: %s; again in %s s.", error, pause)
            await asyncio.sleep(pause)
            if (posted := (await self.posted()).get(part)) is not None:
                return posted
        raise AssertionError("the last try returns or raises")

    async def posted(self, *, streams: bool = False) -> dict[int, str]:
        """What the turn has already posted: timestamps by part.

        `streams`: a stream that was just begun counts, too; it has no mark of its turn before it is ended.
        """
        found: dict[int, str] = {}
        for message in await self._read():
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == ANSWER and payload.get("turn") == self.turn:
                found.setdefault(int(payload.get("part", 0)), str(message["ts"]))
            elif streams and not metadata and self._is_ours(message):
                found.setdefault(0, str(message["ts"]))
        return found

    async def files(self) -> set[str]:
        """Names of the files that the bot has posted since the turn began."""
        ours = [message for message in await self._read() if self._is_ours(message)]
        return {str(file.get("name")) for message in ours for file in message.get("files") or ()}

    async def _read(self) -> Sequence[Mapping[str, Any]]:
        """What was written since the turn began."""
        where = {"oldest": f"{self.asked.timestamp():.6f}"} | ({"ts": self.at} if self.at else {})
        method = "conversations.replies" if self.at else "conversations.history"
        try:
            read = await self.workspace.api.call(
                method, channel=self.channel, include_all_metadata=True, limit=_READ, **where
            )
        except SlackError as error:
            # A second post is better than none.
            log.warning("Slack: what was posted for %s cannot be looked up: %s", self.turn, error)
            return ()
        return read.get("messages") or ()

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """Whether the bot wrote it, other than as the message that the thread begins with."""
        myself = self.workspace.myself
        if message.get("ts") == self.at:
            return False
        return bool(
            (myself.user and message.get("user") == myself.user)
            or (myself.bot and message.get("bot_id") == myself.bot)
        )
