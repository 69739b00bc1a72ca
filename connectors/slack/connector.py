"""The connector: what the bot hears from Slack and says there."""

import logging
from collections.abc import Awaitable, Callable

from bot.messages import Command, Delivery, Feedback, Message, Reply, Submit
from bot.personas import load_persona
from bot.phrases import Phrases
from bot.settings import Settings
from connectors.slack.api import Api
from connectors.slack.commands import respond
from connectors.slack.delivery import ThreadReply
from connectors.slack.rendering import said

log = logging.getLogger(__name__)

Count = Callable[[str], Awaitable[None]]
"""Counts an event that is not answered, by its reason."""


class SlackConnector:
    """Slack, by Socket Mode."""

    name = "slack"

    def __init__(self, settings: Settings, count: Count) -> None:
        token = settings.env.slack_bot_token
        assert token is not None
        self._settings = settings
        self._count = count
        self._api = Api(token.get_secret_value(), settings.env.vocero_slack_api_url)

    async def listen(self, submit: Submit) -> None:
        """Events in, until cancelled; an event is acknowledged once it is safely queued."""
        from connectors.slack.listening import Listener  # Bolt is loaded by who listens alone

        await Listener(self._settings, self._api, submit, self._count).run()

    async def deliver(self, event: Message | Command | Feedback, reply: Reply, delivery: Delivery) -> None:
        """One reply out: a command's to who gave it alone, every other in the thread."""
        if isinstance(event, Command):
            await respond(self._api, event, reply, delivery)
        else:
            await ThreadReply(self._api, event, delivery, self._phrases, self._count).deliver(reply)

    async def post(self, channel: str, text: str) -> None:
        """Says something in `slack:#name` or `slack:C123`."""
        place = channel.partition(":")[2] or channel
        for post in said(text):
            await self._api.call(
                "chat.postMessage", channel=place, unfurl_links=False, unfurl_media=False, **post
            )

    def _phrases(self, persona: str) -> Phrases:
        """The bot's own words in a persona's language; without one, in the configured one."""
        if not persona:
            return Phrases(self._settings.language)
        found = load_persona(persona, self._settings.path.parent / "personas")
        register = found.register_
        return Phrases(
            found.language, register.singular if register else None, register.plural if register else None
        )
