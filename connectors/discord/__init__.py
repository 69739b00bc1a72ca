"""Discord: `/ask`, mentions and direct messages in, edited replies out; `/vocero` for admins."""

from typing import TYPE_CHECKING

from bot.settings import Settings
from bot.state import State

if TYPE_CHECKING:
    from connectors.discord.connector import DiscordConnector

NAME = "discord"


def connect(settings: Settings, state: State) -> "DiscordConnector":
    """The connector; nothing is opened before it listens or delivers."""
    from bot.dispatch import Dispatch
    from connectors.discord.connector import DiscordConnector
    from connectors.discord.records import Records

    return DiscordConnector(settings, Records(state.redis), Dispatch(state.redis).count)
