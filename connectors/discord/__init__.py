"""Discord: `/ask`, mentions, replies, forum posts and direct messages in, edited replies out; `/vocero`."""

import warnings
from typing import TYPE_CHECKING

from bot.desk import Desk
from bot.settings import Settings
from bot.state import State

with warnings.catch_warnings():
    # Up to Python 3.12 the SDK imports a module for sound that Python means to drop. Here it is imported
    # for the first time, whichever module of this package is asked for.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # noqa: F401

if TYPE_CHECKING:
    from connectors.discord.connector import DiscordConnector

NAME = "discord"


def connect(settings: Settings, state: State, desk: Desk) -> "DiscordConnector":
    """The connector; nothing is opened before it listens or delivers."""
    from connectors.discord.connector import DiscordConnector
    from connectors.discord.pace import Pace
    from connectors.discord.records import Records

    return DiscordConnector(settings, Records(state.redis), Pace(state.redis), desk)
