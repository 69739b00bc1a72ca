"""The connector: what the bot hears from Slack and says there."""

import logging
from collections.abc import Sequence
from typing import Any

from bot.desk import Desk
from bot.errors import AttachmentError, PostError
from bot.messages import Attachment, Command, Confirmation, Delivery, Feedback, Message, Reply, Submit
from bot.settings import Settings
from connectors.slack.buttons import waiting
from connectors.slack.delivery import ThreadReply
from connectors.slack.errors import SlackError
from connectors.slack.files import fetch
from connectors.slack.notices import say
from connectors.slack.responding import respond
from connectors.slack.workspaces import Workspaces

log = logging.getLogger(__name__)


class SlackConnector:
    """Slack, by Socket Mode or by HTTP, in one workspace or several."""

    name = "slack"

    def __init__(self, settings: Settings, redis: Any, desk: Desk) -> None:
        """`redis`: the shared state's client."""
        self._settings = settings
        self._desk = desk
        self._workspaces = Workspaces(settings, redis)

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled; an event is acknowledged once it is safely queued."""
        from connectors.slack.listening import Listener  # Bolt is loaded by who listens alone

        await Listener(self._settings, self._workspaces, self._desk, submit).run()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out: an answer in the thread, everything else to whom it is for alone."""
        workspace = await self._workspaces.of(*_where(event))
        if workspace is None:
            await self._undeliverable(event, reply)
        elif isinstance(event, Message):
            await ThreadReply(workspace, event, delivery, self._desk).deliver(reply)
        else:
            await respond(workspace, event, reply, delivery, self._desk)

    async def post(
        self, channel: str, text: str, key: str = "", confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """Says something in `slack:#name` or `slack:C123`; with a `key` once for that key."""
        place = channel.partition(":")[2] or channel
        workspace = await self._workspaces.named_in(key)
        if workspace is None:
            raise PostError(f"`{channel}` cannot be written to: it is not known in which workspace it is.")
        try:
            await say(workspace, place, text, key, waiting(confirmations, self._desk.phrases()))
        except SlackError as error:
            raise PostError(f"`{channel}` cannot be written to: Slack says {error.code}.") from None

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """Address of the message that was answered, or whose button was pressed."""
        where = event.reference
        workspace = await self._workspaces.of(*_where(event))
        at = where.get("message") or where.get("at")
        if workspace is None or not at:
            return None
        try:
            found = await workspace.api.call("chat.getPermalink", channel=where["channel"], message_ts=at)
        except SlackError as error:
            log.info("Slack: a message has no address: %s", error)
            return None
        return str(found["permalink"]) if found.get("permalink") else None

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """The content of a file that came with a question, up to `limit` bytes."""
        where = attachment.reference
        workspace = await self._workspaces.of(where.get("team", ""), where.get("enterprise"))
        if workspace is None:
            raise AttachmentError("gone", f"`{attachment.name}` cannot be fetched: the app is not installed.")
        return await fetch(workspace, self._settings.env.vocero_slack_api_url, attachment, limit)

    async def _undeliverable(self, event: Message | Command | Feedback, reply: Reply) -> None:
        """The app was taken out of the workspace meanwhile."""
        log.error("Slack: %s is answered nowhere: the app is not installed there any more.", event.id)
        await self._desk.count("not_installed")
        async for _ in reply:
            pass


def _where(event: Message | Command | Feedback) -> tuple[str, str | None]:
    """Workspace and, where the app is installed for all of it, organisation."""
    return event.reference.get("team") or event.id.split(":")[1], event.reference.get("enterprise")
