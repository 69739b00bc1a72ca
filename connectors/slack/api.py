"""Calls to Slack's Web API: the ones that must arrive, and the ones that are only worth a try."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import Picture
from connectors.slack.errors import SlackError, retry_after, told
from connectors.slack.tiers import Tiers

log = logging.getLogger(__name__)

_SECONDS = 30
_HASTY_SECONDS = 3
_RATE_LIMITED = 100
"""Times that a Retry-After is obeyed: a turn's own time limit ends it before."""
_UNKNOWN = frozenset(
    "unknown_method http_404 feature_not_enabled not_allowed_token_type missing_scope access_denied"
    " method_not_supported_for_channel_type not_agent_app".split()
)
"""What Slack says where it does not have a method, or not for this app."""
_UNKNOWN_SECONDS = 600.0
_NOT_SO = frozenset({"http_404", "http_405"})
"""There is nothing that answers to the verb."""
_ALT = 1_000
"""Characters of a file's alternative text, as Slack takes them."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of a call that failed in passing."""


class _Patient(AsyncRateLimitErrorRetryHandler):
    """Waits for as long as Slack says, and tells the other calls of that method."""

    def __init__(self, tiers: Tiers | None) -> None:
        super().__init__(max_retry_count=_RATE_LIMITED)
        self._tiers = tiers

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        method = request.url.partition("?")[0].rpartition("/")[2]
        seconds = retry_after(response.headers if response else {})
        log.info("Slack: %s wants a pause of %s s.", method, seconds)
        if self._tiers is not None:
            await self._tiers.exhausted(method, seconds)
        state.next_attempt_requested = True
        await asyncio.sleep(seconds + random.random() / 10)  # noqa: S311 - that they do not all come at once
        state.increment_current_attempt()


class Api:
    """Slack's Web API with one token."""

    def __init__(self, token: str, base_url: str, tiers: Tiers | None = None) -> None:
        """`tiers`: those of the token's workspace."""
        self._tiers = tiers
        self._unknown: dict[str, float] = {}
        """Monotonic times until which methods are not tried."""
        # Only a 429 is retried by the SDK: after anything else a message may have been posted.
        self.client = AsyncWebClient(token, base_url, timeout=_SECONDS, retry_handlers=[_Patient(tiers)])
        self._hasty = AsyncWebClient(token, base_url, timeout=_HASTY_SECONDS, retry_handlers=[])

    def use(self, session: aiohttp.ClientSession | None) -> None:
        """Keeps connections open for as long as the session is; without one each call has its own."""
        self.client.session = self._hasty.session = session

    async def call(self, method: str, *, promised: str = "", **arguments: Any) -> Mapping[str, Any]:
        """A call that must arrive, once; raises `SlackError`. `promised`: the key by which room is kept."""
        await self._room(method, promised)
        # The SDK's own method knows the verb and the form that each takes.
        try:
            return await _carried_out(method, getattr(self.client, method.replace(".", "_"))(**arguments))
        except SlackError as error:
            if error.code not in _NOT_SO:
                raise
        # What the SDK reads by GET, every server that speaks Slack's protocol answers by POST, too.
        return await _carried_out(method, self.client.api_call(method, data=arguments))

    async def insist(self, method: str, *, promised: str = "", **arguments: Any) -> Mapping[str, Any]:
        """A call that does no harm twice, through what passes."""
        for pause in PAUSES:
            try:
                return await self.call(method, promised=promised, **arguments)
            except SlackError as error:
                if error.kind != "passing":
                    raise
                log.info("Slack: %s; again in %s s.", error, pause)
            await asyncio.sleep(pause)
        return await self.call(method, **arguments)

    async def upload(self, pictures: Sequence[Picture], **where: Any) -> None:
        """Posts files in one message, by the SDK's way of three steps; raises `SlackError`."""
        files = [
            {"filename": one.name, "content": one.content, "alt_txt": one.alt[:_ALT]} for one in pictures
        ]
        await _carried_out("files.upload", self.client.files_upload_v2(file_uploads=files, **where))

    async def attempt(
        self, method: str, *, owed: bool = False, promised: str = "", then: str = "", **arguments: Any
    ) -> bool:
        """A call that may fail or come to nothing: what is only shown while waiting.

        `owed`: it is made even where no room is left; it waits for none that was `promised` by this key.
        `then`: room is kept by this key for one more.
        """
        if not self.knows(method):
            return False
        if self._tiers is not None and (owed or promised):
            await self._tiers.spend(method, promised)
        elif self._tiers is not None and not await self._tiers.spare(method, then=then):
            return False
        try:
            await self.hasten(method, getattr(self._hasty, method.replace(".", "_"))(**arguments))
        except SlackError as error:
            log.info("Slack: %s", error)
            return False
        return True

    async def hasten(self, method: str, call: Awaitable[Any]) -> Mapping[str, Any]:
        """A call by the hasty client; raises `SlackError` after three seconds at the most."""
        try:
            async with asyncio.timeout(_HASTY_SECONDS):
                return await _carried_out(method, call)
        except TimeoutError:
            raise SlackError(method, "no answer in time", "passing") from None
        except SlackError as error:
            if self._tiers is not None and error.retry_after is not None:
                await self._tiers.exhausted(method, error.retry_after)
            if error.code in _UNKNOWN:
                self._unknown[method] = time.monotonic() + _UNKNOWN_SECONDS
            raise

    async def _room(self, method: str, promised: str) -> None:
        """Returns once there is room for a call that must be made."""
        if self._tiers is not None:
            await asyncio.sleep(await self._tiers.spend(method, promised))

    def knows(self, method: str) -> bool:
        """Whether Slack has this method for the app, as far as was seen lately."""
        return time.monotonic() >= self._unknown.get(method, 0.0)

    def stream(self, **arguments: Any) -> AsyncChatStream:
        """The SDK's own way to write a message bit by bit; each bit goes at once."""
        return AsyncChatStream(self._hasty, logger=log, buffer_size=1, **arguments)


async def _carried_out(method: str, call: Awaitable[Any]) -> Mapping[str, Any]:
    try:
        answer = await call
    except SlackApiError as error:
        raise told(method, error) from None
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackError(method, f"{type(error).__name__} {error}".strip(), "passing") from None
    data = getattr(answer, "data", None)
    return data if isinstance(data, dict) else {}
