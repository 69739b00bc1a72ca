"""Where something was written, and by whom, in the bot's terms."""

from typing import Any

import discord

from bot.messages import Channel, ChannelKind

DIRECT = "@me"
"""Stands for the server in direct conversations, as in Discord's own links."""


def where(guild: int | None, channel: int | None) -> str:
    """The beginning of every id in a channel: `discord:100:200`."""
    return f"discord:{guild or DIRECT}:{channel or 0}"


def is_thread(channel: Any) -> bool:
    """Whether what is written there belongs to one conversation."""
    return isinstance(channel, discord.Thread | discord.DMChannel)


def is_direct(message: discord.Message) -> bool:
    """Whether it is said to the bot alone; of a server's, the server may not be known yet."""
    return message.guild is None and not isinstance(message.channel, discord.PartialMessageable)


def thread_of(channel: Any, place: str, otherwise: str) -> str:
    """A thread, like a direct conversation, is one of the bot's; in a channel each question begins one."""
    return place if is_thread(channel) or place.startswith(f"discord:{DIRECT}:") else otherwise


def is_forum(channel: Any) -> bool:
    """Whether it holds posts, each a thread."""
    return isinstance(channel, discord.ForumChannel)


def channel_of(
    channel: Any, id_: int, guild: discord.Guild | None, *, kind: ChannelKind | None = None
) -> Channel:
    """The channel whose settings hold: of a thread, the one that it stands in."""
    if isinstance(channel, discord.Thread):
        # Of whom a private thread is, its channel's settings know nothing: it counts as what that is.
        id_, channel = channel.parent_id, channel.parent
    if kind is None:
        kind = "direct" if guild is None else "private" if _closed(channel, guild) else "public"
    return Channel(platform="discord", id=str(id_), name=getattr(channel, "name", None), kind=kind)


def _closed(channel: Any, guild: discord.Guild) -> bool:
    """Whether not everyone in the server sees the channel."""
    if not isinstance(channel, discord.abc.GuildChannel) or guild.get_role(guild.id) is None:
        return False
    return not channel.permissions_for(guild.default_role).view_channel


def link(place: str, message: str) -> str:
    """Address of a message; `place` as `where` gives it."""
    _, guild, channel = place.split(":")[:3]
    return f"https://discord.com/channels/{guild}/{channel}/{message}"
