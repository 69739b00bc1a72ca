"""What a command leaves for all to see, or for later: posted once, however often it is tried."""

import logging
from collections.abc import Sequence
from typing import Any

from bot.messages import Answer, Command, Delivery
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
    at = where["message"]
    try:
        read: Any = await workspace.api.call(
            "conversations.replies",
            channel=where["channel"],
            ts=where["thread"],
            oldest=at,
            latest=at,
            inclusive=True,
            include_all_metadata=True,
            limit=2,  # the thread's first message may come along
        )
    except SlackError as error:
        log.info("Slack: the buttons of %s stay: %s", event.id, error)
        return
    found = next((one for one in read.get("messages") or () if one.get("ts") == at), None)
    if found is None:
        return
    blocks = without_word(found.get("blocks") or (), str(event.arguments.get("token")))
    kept = {"metadata": found["metadata"]} if found.get("metadata") else {}
    await workspace.api.attempt(
        "chat.update",
        owed=True,
        channel=where["channel"],
        ts=at,
        text=str(found.get("text") or "…"),
        blocks=blocks,
        **kept,
    )
