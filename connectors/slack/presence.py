"""That the bot is at work: Slack's status under the thread, and the session that has a stop button."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.messages import Message
from connectors.slack.thread import Thread
from connectors.slack.workspaces import Workspace

_LOADING = 10
"""Messages that Slack shows by turns."""
_TITLE = 200


class Presence:
    """Best effort: whether it succeeds or fails, the answer comes."""

    def __init__(self, workspace: Workspace, event: Message, thread: Thread) -> None:
        self._workspace = workspace
        self._event = event
        # The answer itself may end elsewhere.
        self._where: dict[str, Any] | None = (
            {"channel_id": thread.channel, "thread_ts": thread.at} if thread.at else None
        )
        self._status: asyncio.Task[bool] | None = None
        self._session: asyncio.Task[bool] | None = None
        self._loading: list[str] = []

    def arrive(self, loading: Sequence[str]) -> None:
        """The work begins. `loading`: what is said by turns meanwhile."""
        self._loading = list(loading)[:_LOADING]
        if self._where is not None:
            self._session = self._attempt(
                "agents.sessions.setStatus",
                then=self._event.id,
                status="processing",
                title=" ".join(self._event.text.split())[:_TITLE] or None,
                initiator_user_id=self._event.author.id.partition(":")[2],
            )

    def tell(self, text: str) -> None:
        """What the bot does now; it goes with the first message."""
        if self._where is None or (self._status is not None and not self._status.done()):
            return
        loading = [text, *(one for one in self._loading if one != text)][:_LOADING]
        self._status = self._attempt("assistant.threads.setStatus", status=text, loading_messages=loading)

    async def settled(self) -> None:
        """Waits for the status: one that came after the message would stay."""
        if self._status is not None:
            await asyncio.wait([self._status])

    async def go(self) -> None:
        """The work is over."""
        if self._status is not None:
            self._status.cancel()
        if self._session is not None and await self._session:
            await self._attempt("agents.sessions.setStatus", promised=self._event.id, status="active")

    def _attempt(self, method: str, **arguments: Any) -> asyncio.Task[bool]:
        assert self._where is not None
        return asyncio.create_task(self._workspace.api.attempt(method, **self._where, **arguments))
