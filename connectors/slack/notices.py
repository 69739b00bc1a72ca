"""What the bot says outside a turn: once, as far as Slack lets one tell."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.slack.errors import SlackError
from connectors.slack.rendering import Block, said
from connectors.slack.workspaces import Workspace

log = logging.getLogger(__name__)

_NOTICE = "vocero_notice"
_BACK = timedelta(hours=1)
"""How far back it is looked for what was said with the same key."""
_READ = 100


async def say(workspace: Workspace, place: str, text: str, key: str, below: Sequence[Block] = ()) -> None:
    """Says it in `#name` or `C123`, the last message with what goes `below`; raises `SlackError`."""
    channel = await workspace.directory.id_of(place) if place.startswith("#") else place
    *posts, last = said(text)
    posts.append({**last, "blocks": [*last.get("blocks", ()), *below]} if below else last)
    begun = await _said(workspace, channel, key) if key else 0
    for part, post in enumerate(posts[begun:], begun):
        slot = await workspace.pace.line.enter(channel, datetime.now(UTC))
        try:
            await slot.ready()
            await workspace.api.call(
                "chat.postMessage",
                channel=channel,
                metadata={"event_type": _NOTICE, "event_payload": {"key": key, "part": part}},
                unfurl_links=False,
                unfurl_media=False,
                **post,
            )
            await slot.posted()
        finally:
            slot.leave()


async def _said(workspace: Workspace, channel: str, key: str) -> int:
    """How many parts were said with this key."""
    oldest = (datetime.now(UTC) - _BACK).timestamp()
    try:
        read: Any = await workspace.api.call(
            "conversations.history",
            channel=channel,
            oldest=f"{oldest:.6f}",
            limit=_READ,
            include_all_metadata=True,
        )
    except SlackError as error:
        log.info("Slack: what was said in %s cannot be looked up: %s", channel, error)
        return 0
    payloads = [(one.get("metadata") or {}).get("event_payload") or {} for one in read.get("messages") or ()]
    return sum(payload.get("key") == key for payload in payloads)
