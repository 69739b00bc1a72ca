"""Answers to `/vocero`: seen by who gave the command alone."""

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.messages import Answer, Command, Delivery, Reply, Status
from connectors.pacing import Paced
from connectors.slack.api import Api
from connectors.slack.errors import SlackError
from connectors.slack.rendering import said

log = logging.getLogger(__name__)

_LEAD = 1.0
"""Seconds after which a command is told to be under way."""
_PROGRESS = 30.0
"""Seconds between two tellings."""
_SECONDS = 10


class _Response:
    """Slack's address for answers to one command: five in half an hour."""

    def __init__(self, api: Api, event: Command) -> None:
        self._api = api
        self._where = event.reference
        self._left = 5

    async def progress(self, text: str) -> None:
        """How it goes; the last answer is kept for how it ended."""
        if self._left > 1:
            await self._send(said(text)[0], replace=True)

    async def end(self, text: str) -> None:
        """How it ended: in the place of the progress, or where that is not possible any more, beside it."""
        for part, post in enumerate(said(text)):
            if self._left == 0 or not await self._send(post, replace=part == 0):
                await self._beside(post)

    async def _beside(self, post: Mapping[str, Any]) -> None:
        person = {"channel": self._where["channel"], "user": self._where["user"]}
        try:
            await self._api.call("chat.postEphemeral", **person, **post)
        except SlackError as error:
            log.info("Slack: %s; the result goes to a direct message.", error)
            await self._api.call("chat.postMessage", channel=person["user"], **post)

    async def _send(self, post: Mapping[str, Any], *, replace: bool) -> bool:
        client = AsyncWebhookClient(self._where["response_url"], timeout=_SECONDS)
        self._left -= 1
        try:
            answered = await client.send(response_type="ephemeral", replace_original=replace, **post)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("Slack: an answer to a command did not arrive: %s", error or type(error).__name__)
            return False
        if answered.status_code != 200:
            log.info("Slack: an answer to a command was refused: %s", answered.body[:200])
        return answered.status_code == 200


async def respond(api: Api, event: Command, reply: Reply, delivery: Delivery) -> None:
    """The reply to a command: its progress where it takes long, then how it ended."""
    response = _Response(api, event)
    answer: Answer | None = None
    async with Paced(response.progress, lead=_LEAD, interval=_PROGRESS) as paced:
        async for chunk in reply:
            if isinstance(chunk, Status):
                paced.update(chunk.text)
            elif isinstance(chunk, Answer):
                answer = chunk
    if answer is not None:
        await delivery.check()
        await response.end(answer.text)
