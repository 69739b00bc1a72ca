"""The connector: what the bot hears from Slack and says there."""

import logging

from bot.desk import Desk
from bot.errors import AttachmentError
from bot.messages import Attachment, Command, Delivery, Feedback, Message, Reply, Submit
from bot.settings import Settings
from connectors.slack.api import Api
from connectors.slack.commands import respond
from connectors.slack.delivery import ThreadReply
from connectors.slack.rendering import said

log = logging.getLogger(__name__)


class SlackConnector:
    """Slack, by Socket Mode."""

    name = "slack"

    def __init__(self, settings: Settings, desk: Desk) -> None:
        token = settings.env.slack_bot_token
        assert token is not None
        self._settings = settings
        self._desk = desk
        self._api = Api(token.get_secret_value(), settings.env.vocero_slack_api_url)

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled; an event is acknowledged once it is safely queued."""
        from connectors.slack.listening import Listener  # Bolt is loaded by who listens alone

        await Listener(self._settings, self._api, submit, self._desk.count).run()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out: a command's to who gave it alone, every other in the thread."""
        if isinstance(event, Command):
            await respond(self._api, event, reply, delivery)
        else:
            await ThreadReply(self._api, event, delivery, self._desk.phrases, self._desk.count).deliver(reply)

    async def post(self, channel: str, text: str, key: str = "") -> None:
        """Says something in `slack:#name` or `slack:C123`."""
        place = channel.partition(":")[2] or channel
        for post in said(text):
            await self._api.call(
                "chat.postMessage", channel=place, unfurl_links=False, unfurl_media=False, **post
            )

    async def link(self, event: Message | Command | Feedback) -> str | None:
        """Address of the message that was answered, for people elsewhere."""
        return None

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        """The content of a file that came with a question."""
        raise AttachmentError("gone", f"`{attachment.name}` cannot be fetched from Slack.")
