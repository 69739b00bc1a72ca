"""Calls to Slack's Web API: the ones that must arrive, and the ones that are only worth a try."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from connectors.pacing import Turnstile
from connectors.slack.errors import SlackError, told

log = logging.getLogger(__name__)

Post = Mapping[str, Any]
"""`text` and, but for plain ones, `blocks`."""

_SECONDS = 30
_HASTY_SECONDS = 3
_RATE_LIMITED = 100
"""Times that a Retry-After is obeyed: a turn's own time limit ends it before."""
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of a call that failed in passing."""
_POST, _BURST = 1.0, 3
"""Slack takes about one message a second for a channel, and short bursts."""
_ANSWER = "vocero_answer"
_READ = 100


class Api:
    """Slack's Web API for one workspace."""

    def __init__(self, token: str, base_url: str) -> None:
        # Only a 429 is retried by the SDK: after anything else a message may have been posted.
        handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=_RATE_LIMITED)]
        self.client = AsyncWebClient(token, base_url, timeout=_SECONDS, retry_handlers=list(handlers))
        self._posting = Turnstile(interval=_POST, burst=_BURST)
        self._hasty = AsyncWebClient(token, base_url, timeout=_HASTY_SECONDS, retry_handlers=[])

    def use(self, session: aiohttp.ClientSession) -> None:
        """Keeps connections open for as long as the session is; after that each call has its own."""
        self.client.session = self._hasty.session = session

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """A call that must arrive, once; raises `SlackError`."""
        return await self._call(self.client, method, arguments)

    async def insist(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """A call that does no harm twice, through what passes."""
        for pause in _PAUSES:
            try:
                return await self.call(method, **arguments)
            except SlackError as error:
                if error.kind != "passing":
                    raise
                log.info("Slack: %s; again in %s s.", error, pause)
            await asyncio.sleep(pause)
        return await self.call(method, **arguments)

    async def attempt(self, method: str, **arguments: Any) -> bool:
        """A call that may fail or come to nothing: what is only shown while waiting."""
        try:
            async with asyncio.timeout(_HASTY_SECONDS):
                await self._call(self._hasty, method, arguments)
        except (SlackError, TimeoutError) as error:
            log.info("Slack: %s: %s", method, str(error) or "no answer in time")
            return False
        return True

    async def post(
        self, channel: str, thread: str | None, post: Post, turn: str, part: int
    ) -> tuple[str, str]:
        """Posts part of a turn's answer; channel and timestamp of the message.

        Where it is not known whether it was posted, it is looked for before it is posted again.
        """
        metadata = {"event_type": _ANSWER, "event_payload": {"turn": turn, "part": part}}
        for pause in (*_PAUSES, None):
            try:
                async with self._posting.through(channel):
                    said = await self.call(
                        "chat.postMessage",
                        channel=channel,
                        thread_ts=thread,
                        metadata=metadata,
                        unfurl_links=False,
                        unfurl_media=False,
                        **post,
                    )
                return str(said["channel"]), str(said["ts"])
            except SlackError as error:
                if error.kind != "passing" or pause is None:
                    raise
                log.info("Slack: %s; again in %s s.", error, pause)
            await asyncio.sleep(pause)
            if (posted := (await self.posted(channel, thread, turn)).get(part)) is not None:
                return channel, posted
        raise AssertionError("the last try returns or raises")

    async def posted(self, channel: str, thread: str | None, turn: str) -> dict[int, str]:
        """What a turn has already posted: timestamps by part."""
        # The question's own timestamp, in which a turn's id ends: what answers it came later.
        where = {"oldest": turn.rpartition(":")[2]} | ({"ts": thread} if thread else {})
        method = "conversations.replies" if thread else "conversations.history"
        try:
            read = await self.call(method, channel=channel, include_all_metadata=True, limit=_READ, **where)
        except SlackError as error:
            # A second post is better than none.
            log.warning("Slack: what was posted for %s cannot be looked up: %s", turn, error)
            return {}
        found: dict[int, str] = {}
        for message in read.get("messages", ()):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == _ANSWER and payload.get("turn") == turn:
                found.setdefault(int(payload.get("part", 0)), str(message["ts"]))
        return found

    async def _call(
        self, client: AsyncWebClient, method: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        try:
            # The SDK's own method knows the verb and the form that each takes.
            answer = await getattr(client, method.replace(".", "_"))(**arguments)
        except SlackApiError as error:
            raise told(method, error) from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackError(method, f"{type(error).__name__} {error}".strip(), "passing") from None
        data = answer.data
        return data if isinstance(data, dict) else {}
