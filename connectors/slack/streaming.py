"""Slack's own streaming: a message that is shown while it is written. Text can only be added to it."""

import contextlib
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.web.async_chat_stream import AsyncChatStream

from connectors.slack.errors import SlackError
from connectors.slack.thread import Thread

log = logging.getLogger(__name__)

_MENTION_BEGUN = re.compile(r"[^\s<@]*[<@]\S*\Z")


def settled(text: str) -> str:
    """The text without a last word that may become a mention: half of one is not known for what it is."""
    return _MENTION_BEGUN.sub("", text)


def following(sent: str, text: str) -> str | None:
    """What is missing of a text of which a beginning was sent, blanks aside; None if it was another's."""
    at = 0
    for sign in sent:
        if sign.isspace():
            continue
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text) or text[at] != sign:
            return None
        at += 1
    return text[at:].lstrip() if sent[-1:].isspace() else text[at:]


class Stream:
    """A message under construction. Any failure ends it: what was said so far is then edited as usual."""

    def __init__(self, thread: Thread, recipient: Mapping[str, str]) -> None:
        """`recipient`: in channels, who sees it grow: `recipient_team_id` and `recipient_user_id`."""
        self._thread = thread
        self._stream: AsyncChatStream = thread.workspace.api.stream(
            channel=thread.channel, thread_ts=thread.at, **recipient
        )
        self.text = ""
        """What has been sent."""

    async def begin(self, text: str) -> str:
        """Posts the beginning; gives the message's timestamp. Raises `SlackError`."""
        api = self._thread.workspace.api
        said = await api.hasten("chat.startStream", self._stream.append(markdown_text=text))
        at = said.get("ts")
        if not at:
            raise SlackError("chat.startStream", "no_timestamp", "passing")
        self.text = text
        return str(at)

    async def add(self, text: str) -> bool:
        """Shows the whole text so far, if it goes on from what was sent and Slack takes it now."""
        rest = following(self.text, text)
        if not rest:
            return rest is not None
        if not await self._thread.workspace.tiers.spare("chat.appendStream"):
            return True
        api = self._thread.workspace.api
        try:
            await api.hasten("chat.appendStream", self._stream.append(markdown_text=rest))
        except SlackError as error:
            log.info("Slack: %s; the answer goes on by edits.", error)
            return False
        self.text = text
        return True

    async def end(
        self, text: str | None = None, blocks: Sequence[Mapping[str, Any]] = (), metadata: Any = None
    ) -> bool:
        """Ends it with the whole text and what stands below; whether that is what is shown now."""
        rest = None if text is None else following(self.text, text)
        more: dict[str, Any] = {"metadata": metadata} if metadata else {}
        if rest is not None:
            more |= {"markdown_text": rest} if rest else {}
            more |= {"blocks": list(blocks)} if blocks else {}
        api = self._thread.workspace.api
        await self._thread.workspace.tiers.spend("chat.stopStream", self._thread.turn)
        try:
            await api.hasten("chat.stopStream", self._stream.stop(**more))
        except SlackError as error:
            log.info("Slack: %s; the answer is edited instead.", error)
            if self._stream.ts is not None:
                await self._insist_on_end(self._stream.ts)
            return False
        return rest is not None

    async def _insist_on_end(self, at: str) -> None:
        """What is still being streamed may not be edited."""
        with contextlib.suppress(SlackError):
            api = self._thread.workspace.api
            await api.insist("chat.stopStream", channel=self._thread.channel, ts=at)
