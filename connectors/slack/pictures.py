"""Pictures that tools drew: posted as files, each once, with words for who does not see them."""

import asyncio
import logging
from collections.abc import Sequence

from bot.messages import Picture
from connectors.slack import api
from connectors.slack.errors import SlackError
from connectors.slack.thread import Thread

log = logging.getLogger(__name__)


async def show(thread: Thread, pictures: Sequence[Picture], *, again: bool = False) -> None:
    """Posts them as one message; raises `SlackError`.

    `again`: an earlier try may have posted them. A file is known by its name, which tells its content.
    """
    for pause in (*api.PAUSES, None):
        shown = await thread.files() if again and pictures else set()
        missing = [one for one in pictures if one.name not in shown]
        if not missing:
            return
        try:
            async with thread.posting():
                await thread.workspace.api.upload(missing, channel=thread.channel, thread_ts=thread.at)
            return
        except SlackError as error:
            if error.kind != "passing" or pause is None:
                raise
            log.info("Slack: %s; again in %s s.", error, pause)
        again = True
        await asyncio.sleep(pause)
