"""What arrives from Discord, as the bot's events; or why it is none."""

import re
from dataclasses import dataclass
from typing import Any

import discord

from bot.messages import Channel, ChannelKind, Command, Message, Person
from connectors.discord.commands import ADMIN, ASK, PRIVATE, QUESTION, given

_WRITTEN = (discord.MessageType.default, discord.MessageType.reply)
_DIRECT = "@me"
"""Stands for the guild in direct messages, as in Discord's own links."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is not for the bot."""

    reason: str


def read_message(message: discord.Message, myself: int, replied: str | None) -> Message | Ignored:
    """The question in a message, or the reason why there is none.

    `replied`: the bot's thread that the message it replies to belongs to.
    """
    if reason := _not_a_question(message, myself):
        return Ignored(reason)
    guild = str(message.guild.id) if message.guild else _DIRECT
    where = f"discord:{guild}:{message.channel.id}"
    return Message(
        id=f"{where}:{message.id}",
        thread=_thread(message.channel, where, replied or f"{where}:{message.id}"),
        channel=_channel(message.channel, message.channel.id, message.guild),
        author=_person(message.author, admin=False),
        at=message.created_at,
        private=message.guild is None,
        reference={"channel": str(message.channel.id), "message": str(message.id)},
        text=_plain(message, myself),
        about=None if replied else _about(message),
    )


def _not_a_question(message: discord.Message, myself: int) -> str | None:
    if message.author.id == myself:
        return "own_message"
    if message.author.bot or message.webhook_id:
        return "bot_message"
    if message.type not in _WRITTEN:
        return "not_a_message"
    mentioned = any(user.id == myself for user in message.mentions)
    return None if mentioned or message.guild is None else "not_addressed"


def read_command(interaction: discord.Interaction) -> Message | Command | Ignored:
    """What a slash command asks for."""
    if interaction.type is not discord.InteractionType.application_command:
        return Ignored("unknown_interaction")
    data: Any = interaction.data
    asked = given(data)
    guild = str(interaction.guild_id) if interaction.guild_id else _DIRECT
    where = f"discord:{guild}:{interaction.channel_id}"
    rights = interaction.permissions
    private = interaction.guild_id is None or asked.command == ADMIN or bool(asked.options.get(PRIVATE))
    event: dict[str, Any] = {
        "id": f"{where}:{interaction.id}",
        "thread": _thread(interaction.channel, where, f"{where}:{interaction.id}"),
        "channel": _channel(interaction.channel, interaction.channel_id or 0, interaction.guild),
        "author": _person(interaction.user, admin=rights.manage_guild or rights.administrator),
        # Its arrival: from here its token lives a quarter of an hour, whatever Discord's clock says.
        "at": discord.utils.utcnow(),
        "language": interaction.locale.value,
        "private": private,
        "reference": {
            "channel": str(interaction.channel_id),
            "application": str(interaction.application_id),
            "interaction": str(interaction.id),
            "token": interaction.token,
        }
        | ({"ephemeral": "yes"} if private and interaction.guild_id else {}),
    }
    if asked.command == ASK:
        return Message(**event, text=str(asked.options.get(QUESTION) or ""))
    if asked.command == ADMIN and asked.subcommand:
        return Command(**event, name=asked.subcommand, arguments=dict(asked.options))
    return Ignored("unknown_command")


def _thread(channel: Any, where: str, otherwise: str) -> str:
    """A thread, like a direct conversation, is one of the bot's; in a channel each question begins one."""
    whole = isinstance(channel, discord.Thread | discord.DMChannel) or where.startswith(f"discord:{_DIRECT}:")
    return where if whole else otherwise


def _channel(channel: Any, id_: int, guild: discord.Guild | None) -> Channel:
    """The channel whose settings hold: of a thread, the one that it stands in."""
    closed = False
    if isinstance(channel, discord.Thread):
        closed = channel.is_private()
        id_, channel = channel.parent_id, channel.parent
    kind: ChannelKind = (
        "direct" if guild is None else "private" if closed or _closed(channel, guild) else "public"
    )
    return Channel(platform="discord", id=str(id_), name=getattr(channel, "name", None), kind=kind)


def _closed(channel: Any, guild: discord.Guild) -> bool:
    """Whether not everyone in the guild sees the channel."""
    if not isinstance(channel, discord.abc.GuildChannel) or guild.get_role(guild.id) is None:
        return False
    return not channel.permissions_for(guild.default_role).view_channel


def _person(user: discord.User | discord.Member, *, admin: bool) -> Person:
    """Who wrote; their roles by name and by id, which alone no other server can also have."""
    roles = [role for role in getattr(user, "roles", ()) if not role.is_default()]
    groups = tuple(f"discord:role:{one}" for role in roles for one in (role.name, role.id))
    return Person(id=f"discord:{user.id}", name=user.display_name, groups=groups, admin=admin)


def _plain(message: discord.Message, myself: int) -> str:
    """The text as a person reads it, without the mention of the bot."""
    names = {f"<@{user.id}>": f"@{user.display_name}" for user in message.mentions}
    names |= {f"<@&{role.id}>": f"@{role.name}" for role in message.role_mentions}
    names |= {f"<#{place.id}>": f"#{getattr(place, 'name', place.id)}" for place in message.channel_mentions}
    names[f"<@{myself}>"] = " "
    text = re.sub(
        r"<(?:@[!&]?|#)\d+>", lambda found: names.get(found[0].replace("!", ""), found[0]), message.content
    )
    return re.sub(r"[^\S\n]{2,}", " ", text).strip()


def _about(message: discord.Message) -> str | None:
    """Text of the message that this one replies to, where Discord shows it to the bot."""
    replied = message.reference.resolved if message.reference else None
    return (replied.content or None) if isinstance(replied, discord.Message) else None
