"""Answers to commands and to presses of buttons: seen by who gave them alone."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.actions import PRESSED, stoppable
from bot.desk import Desk
from bot.messages import Answer, Command, Delivery, Feedback, Reply, Status
from bot.tools.names import PRESSES
from connectors.pacing import Paced
from connectors.slack import buttons, outcomes
from connectors.slack.errors import SlackError
from connectors.slack.rendering import Block, Post, draft, messages, plainer, said
from connectors.slack.thread import Thread
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_LEAD = 1.0
"""Seconds after which a command is told to be under way."""
_PROGRESS = 5.0
"""Seconds between two looks at whether it is time to tell."""
_TOLD_AFTER = (0.0, 20.0, 120.0, 600.0)
"""Seconds after which it is told how a command goes: no oftener may its answer be changed."""
_SECONDS = 10


class _Response:
    """Slack's address for answers to one command: five in half an hour."""

    def __init__(self, workspace: Workspace, event: Command | Feedback, stop: Sequence[Block]) -> None:
        self._workspace = workspace
        self._where = event.reference
        # The address that comes with a button stands for the message below which it is.
        pressed = isinstance(event, Feedback) or event.name in PRESSED
        self._left = 0 if pressed or not event.reference.get("response_url") else 5
        self._stop = stop
        self._began = time.monotonic()

    async def progress(self, text: str) -> None:
        """How it goes, where it can be stopped; the last answer is kept for how it ended."""
        due = _TOLD_AFTER[5 - self._left] if self._left > 1 else math.inf
        if time.monotonic() - self._began >= due:
            await self._send(draft(text, self._stop) or {"text": "…"}, replace=True)

    async def end(self, posts: list[Post]) -> None:
        """How it ended: in the place of the progress, or where that is not possible any more, beside it."""
        for part, post in enumerate(posts):
            if self._left == 0 or not await self._send(post, replace=part == 0):
                await self._beside(post)

    async def _beside(self, post: Mapping[str, Any]) -> None:
        person = {"channel": self._where["channel"], "user": self._where["user"]}
        thread = {"thread_ts": self._where["thread"]} if self._where.get("thread") else {}
        api = self._workspace.api
        try:
            await api.call("chat.postEphemeral", **person, **thread, **post)
        except SlackError as error:
            log.info("Slack: %s; it goes to a direct message.", error)
            await api.call(
                "chat.postMessage",
                channel=person["user"],
                unfurl_links=False,
                unfurl_media=False,
                **post,
            )

    async def _send(self, post: Mapping[str, Any], *, replace: bool) -> bool:
        client = AsyncWebhookClient(self._where["response_url"], timeout=_SECONDS)
        self._left -= 1
        try:
            answered = await client.send(
                response_type="ephemeral",
                replace_original=replace,
                unfurl_links=False,
                unfurl_media=False,
                **post,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("Slack: an answer to a command did not arrive: %s", error or type(error).__name__)
            return False
        if answered.status_code != 200:
            log.info("Slack: an answer to a command was refused: %s", answered.body[:200])
        return answered.status_code == 200


async def respond(
    workspace: Workspace, event: Command | Feedback, reply: Reply, delivery: Delivery, desk: Desk
) -> None:
    """The reply to a command or a press: its progress where it takes long, then how it ended."""
    phrases = await desk.phrases_in(event.channel)
    response = _Response(workspace, event, buttons.stop(event.id, phrases) if stoppable(event) else ())
    answer: Answer | None = None
    async with Paced(response.progress, lead=_LEAD, interval=_PROGRESS) as paced:
        async for chunk in reply:
            if isinstance(chunk, Status):
                paced.update(chunk.text)
            elif isinstance(chunk, Answer):
                answer = chunk
    if answer is None or not answer.text or event.reference.get("quiet"):
        return
    await delivery.check()
    forms = (messages(answer, phrases, buttons.below(answer, event.id, phrases)), plainer(answer, phrases))
    thread = _for_all(workspace, event, answer)

    async def tell(posts: list[Post]) -> None:
        if thread is not None:
            await outcomes.post_once(thread, posts, answer, delivery, phrases)
        else:
            await response.end(posts)

    try:
        if isinstance(event, Command) and event.name in PRESSES:
            await outcomes.take_buttons(workspace, event, answer)
        try:
            await tell(forms[0])
        except SlackError as error:
            if error.kind != "unfit":
                raise
            log.warning("Slack does not take what %s asked for as it is: %s", event.author.id, error)
            await desk.count(error.code)
            await tell(forms[1])
        if answer.pictures and thread is None:
            # What only one person sees can have no files.
            person = event.author.id.partition(":")[2]
            directly = Thread(workspace, person, None, turn=event.id, asked=event.at)
            await outcomes.post_once(directly, said(answer.text), answer, delivery, phrases)
    except SlackError as error:
        if error.kind == "passing":
            raise
        log.error("Slack: what %s asked for was not told: %s", event.author.id, error)
        await desk.count(error.code)


def _for_all(workspace: Workspace, event: Command | Feedback, answer: Answer) -> Thread | None:
    """The thread in which all may see what came of the asker's word; None where it is for one alone."""
    where = event.reference
    is_word = isinstance(event, Command) and event.name in PRESSES
    if not is_word or answer.outcome == "refused" or not where.get("thread"):
        return None
    return Thread(workspace, where["channel"], where["thread"], turn=event.id, asked=event.at)
