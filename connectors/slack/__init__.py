"""Slack: mentions and direct messages in, answers in the thread out; `/vocero` for administrators."""

from typing import TYPE_CHECKING

from bot.desk import Desk
from bot.settings import Settings
from bot.state import State

if TYPE_CHECKING:
    from connectors.slack.connector import SlackConnector

NAME = "slack"


def connect(settings: Settings, state: State, desk: Desk) -> "SlackConnector":
    """The connector; nothing is opened before it listens or delivers."""
    from connectors.slack.connector import SlackConnector

    return SlackConnector(settings, state.redis, desk)
