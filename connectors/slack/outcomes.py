"""What a command leaves for all to see, or for later: posted once, however often it is tried."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.messages import Answer, Command, Confirmation, Delivery
from bot.phrases import Phrases
from connectors.slack import pictures
from connectors.slack.buttons import without_word
from connectors.slack.errors import SlackError
from connectors.slack.rendering import Post, said
from connectors.slack.thread import Thread
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_STILL_WAITS = frozenset({"not_yours", "under_way"})
"""Reasons after which the buttons stay."""
_LATE_SECONDS = 2.0
"""After the time is up, for a press that is under way."""


async def post_once(
    thread: Thread, posts: Sequence[Post], answer: Answer, delivery: Delivery, phrases: Phrases
) -> None:
    """Posts an answer's messages and pictures; what an earlier try has posted stays. Raises `SlackError`."""
    kept = await delivery.placeholder()
    if kept is not None:
        thread.channel = kept.partition(":")[0]
    posted = await thread.posted() if kept is not None else {}
    for part, post in enumerate(posts):
        await delivery.remember(f"{thread.channel}:")
        if part not in posted:
            await thread.post(post, part)
    await delivery.remember(f"{thread.channel}:")
    try:
        await pictures.show(thread, answer.pictures, again=kept is not None)
    except SlackError as error:
        log.warning("Slack: the pictures of %s are not shown: %s", thread.turn, error)
        if len(posts) not in posted:
            await thread.post(said(phrases.render("picture_failed"))[0], len(posts))


async def take_buttons(workspace: Workspace, event: Command, answer: Answer) -> None:
    """Takes the two buttons away where there is nothing to say any more; that is only looks."""
    where = event.reference
    if answer.reason in _STILL_WAITS or not where.get("thread"):
        return
    tokens = {str(event.arguments.get("token")): ""}
    await _without(workspace, where["channel"], where["thread"], where["message"], tokens)


async def fade(
    workspace: Workspace, waiting: Sequence[Confirmation], told: str, *, channel: str, thread: str, at: str
) -> None:
    """Once it is too late, says so in the place of the buttons that are still there. `at`: their message."""
    late = max(one.until for one in waiting) - datetime.now(UTC)
    await asyncio.sleep(late.total_seconds() + _LATE_SECONDS)
    await _without(workspace, channel, thread, at, {one.token: told for one in waiting})


async def _without(
    workspace: Workspace, channel: str, thread: str, at: str, tokens: Mapping[str, str]
) -> None:
    """Puts these words in the place of buttons, by the calls they are for; edits nothing that has none."""
    try:
        read: Any = await workspace.api.call(
            "conversations.replies",
            channel=channel,
            ts=thread,
            oldest=at,
            latest=at,
            inclusive=True,
            include_all_metadata=True,
            limit=2,  # the thread's first message may come along
        )
    except SlackError as error:
        log.info("Slack: the buttons below %s in %s stay: %s", at, channel, error)
        return
    found = next((one for one in read.get("messages") or () if one.get("ts") == at), None)
    before = list((found or {}).get("blocks") or ())
    blocks = before
    for token, told in tokens.items():
        blocks = without_word(blocks, token, told)
    if found is None or blocks == before:
        return
    kept = {"metadata": found["metadata"]} if found.get("metadata") else {}
    text = str(found.get("text") or "…")
    await workspace.api.attempt(
        "chat.update", owed=True, channel=channel, ts=at, text=text, blocks=blocks, **kept
    )
