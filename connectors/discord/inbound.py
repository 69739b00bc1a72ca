"""What is written in Discord, as the bot's events; or why it is none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.messages import Attachment, Message, Person
from connectors.discord.places import channel_of, is_direct, is_forum, is_thread, thread_of, where

_WRITTEN = (discord.MessageType.default, discord.MessageType.reply)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is not for the bot."""

    reason: str


def event_id(guild: int | None, channel: int, message: int) -> str:
    """Of what was written, however often it arrives."""
    return f"{where(guild, channel)}:{message}"


def addressed(message: discord.Message, myself: int) -> bool:
    """Whether it mentions the bot, replies to it, or is said to it alone."""
    replied = message.reference.resolved if message.reference else None
    ours = isinstance(replied, discord.Message) and replied.author.id == myself and bool(message.content)
    named = any(user.id == myself for user in message.mentions) or myself in message.raw_mentions
    return is_direct(message) or ours or named


def not_a_question(message: discord.Message, myself: int) -> str | None:
    """Why a message is never one, whoever it is for."""
    if message.author.id == myself:
        return "own_message"
    if message.author.bot or message.webhook_id:
        return "bot_message"
    return None if message.type in _WRITTEN else "not_a_message"


def begins_post(message: discord.Message) -> discord.Thread | None:
    """The post in a forum that the message is the first of."""
    thread = message.channel
    if isinstance(thread, discord.Thread) and is_forum(thread.parent) and message.id == thread.id:
        return thread
    return None


def read_message(
    message: discord.Message, myself: int, groups: tuple[str, ...], *, kept: str | None = None
) -> Message:
    """The question in a message. `kept`: the bot's thread that it goes on in, where that is on record."""
    place = where(message.guild.id if message.guild else None, message.channel.id)
    id_ = f"{place}:{message.id}"
    text = plain(message, myself)
    if (post := begins_post(message)) is not None:
        # A post's title is often all of the question; its text is shown only to those it mentions.
        text = "\n\n".join(part for part in (post.name, text) if part)
    reference = {"channel": str(message.channel.id), "message": str(message.id)}
    return Message(
        id=id_,
        thread=kept or thread_of(message.channel, place, id_),
        channel=channel_of(message.channel, message.channel.id, message.guild),
        author=person(message.author, groups),
        at=message.created_at,
        private=is_direct(message),
        reference=reference | ({"thread": "yes"} if is_thread(message.channel) else {}),
        text=text,
        about=None if kept else _about(message),
        attachments=tuple(attached(message.attachments)),
    )


def person(user: discord.User | discord.Member, groups: tuple[str, ...], *, admin: bool = False) -> Person:
    """Who wrote or pressed something."""
    guest = isinstance(user, discord.Member) and user.flags.guest
    return Person(id=f"discord:{user.id}", name=user.display_name, groups=groups, admin=admin, guest=guest)


def attached(files: Iterable[discord.Attachment]) -> Iterable[Attachment]:
    """Files, to be fetched where they are read."""
    for file in files:
        yield Attachment(
            name=file.filename, media_type=file.content_type, size=file.size, reference={"url": file.url}
        )


def plain(message: discord.Message, myself: int) -> str:
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
