"""Commands, buttons and forms, as the bot's events; or why they are none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import AppCommandOptionType, AppCommandType, InteractionType

from bot.actions import pressed, read_button
from bot.admin import COMMANDS
from bot.messages import ActionName, Attachment, Channel, ChannelKind, Command, Feedback, Message, Person
from connectors.discord.commands import ADMIN, ASK, FILE, PRIVATE, QUESTION
from connectors.discord.forms import CORRECTION, REASON
from connectors.discord.inbound import Ignored, attached, person
from connectors.discord.places import channel_of, is_thread, thread_of, where
from connectors.discord.tickets import Ticket
from connectors.words import read_word

_GROUPED = (AppCommandOptionType.subcommand.value, AppCommandOptionType.subcommand_group.value)
UPDATING: frozenset[ActionName] = frozenset({"regenerate", "stop"})
"""What shows by itself, in the message whose button was pressed."""


@dataclass(frozen=True, slots=True)
class Given:
    """A command as someone gave it, or is about to."""

    name: str
    path: tuple[str, ...]
    """Below the command: group and subcommand."""
    options: Mapping[str, Any]
    focused: str | None
    """The option that is being typed."""


def given(data: Mapping[str, Any]) -> Given:
    """The command in an interaction's data."""
    options, path = data.get("options") or [], []
    while options and options[0].get("type") in _GROUPED:
        path.append(str(options[0]["name"]))
        options = options[0].get("options") or []
    focused = next((one["name"] for one in options if one.get("focused")), None)
    return Given(
        str(data.get("name")), tuple(path), {one["name"]: one.get("value") for one in options}, focused
    )


def command_name(asked: Given) -> str:
    """The name in the registry of commands; empty for what is in another's."""
    if asked.name == ADMIN:
        return " ".join(asked.path)
    return asked.name if asked.name in COMMANDS and COMMANDS[asked.name].everybody else ""


def author_of(interaction: discord.Interaction, groups: tuple[str, ...]) -> Person:
    """Who made it; whether Discord lets them manage the server is told with it."""
    rights = interaction.permissions
    return person(interaction.user, groups, admin=rights.manage_guild or rights.administrator)


def place_of(interaction: discord.Interaction) -> Channel:
    """The channel whose settings hold."""
    return channel_of(
        interaction.channel, interaction.channel_id or 0, interaction.guild, kind=_kind(interaction)
    )


def _kind(interaction: discord.Interaction) -> ChannelKind | None:
    """Where the bot itself is not, outsiders may be."""
    outside = interaction.is_user_integration() and not interaction.is_guild_integration()
    if _among_people(interaction) or (interaction.guild_id is not None and outside):
        return "shared"
    return None if interaction.guild_id is not None else "direct"


def _among_people(interaction: discord.Interaction) -> bool:
    """Whether it is a direct conversation or a group that the bot is not part of."""
    return interaction.context.private_channel or isinstance(interaction.channel, discord.GroupChannel)


def _alone(interaction: discord.Interaction) -> bool:
    """Whether nobody but its author is there to see the answer."""
    return interaction.guild_id is None and not _among_people(interaction)


def hidden(interaction: discord.Interaction) -> bool:
    """Whether its answer is for its author alone, where others are."""
    asked = given(interaction.data or {})
    private = asked.name == ADMIN or bool(asked.options.get(PRIVATE))
    return not _alone(interaction) and (
        interaction.type is not InteractionType.application_command or private
    )


def ticket(interaction: discord.Interaction, *, is_hidden: bool, pressed: str | None = None) -> Ticket:
    """What the interaction is answered through."""
    return Ticket(
        application=str(interaction.application_id),
        interaction=str(interaction.id),
        token=interaction.token,
        since=discord.utils.utcnow(),
        hidden=is_hidden,
        pressed=pressed,
    )


def read_command(interaction: discord.Interaction, groups: tuple[str, ...]) -> Message | Command | Ignored:
    """What a command asks for."""
    data: Any = interaction.data
    asked = given(data)
    place = where(interaction.guild_id, interaction.channel_id)
    id_, is_hidden = f"{place}:{interaction.id}", hidden(interaction)
    common: dict[str, Any] = {
        "id": id_,
        "thread": thread_of(interaction.channel, place, id_),
        "channel": place_of(interaction),
        "author": author_of(interaction, groups),
        "at": discord.utils.utcnow(),
        "language": interaction.locale.value,
        "private": is_hidden or _alone(interaction),
        "reference": _here(interaction) | ticket(interaction, is_hidden=is_hidden).reference,
    }
    if data.get("type") == AppCommandType.message.value:
        return _about_message(interaction, common)
    if asked.name == ASK:
        text = str(asked.options.get(QUESTION) or "")
        return Message(**common, text=text, attachments=tuple(_attachments(interaction, asked)))
    if name := command_name(asked):
        return Command(**common, name=name, arguments=dict(asked.options))
    return Ignored("unknown_command")


def _about_message(interaction: discord.Interaction, common: dict[str, Any]) -> Message | Ignored:
    """The message that the menu was opened on is the question."""
    data: Any = interaction.data
    found = (data.get("resolved", {}).get("messages") or {}).get(str(data.get("target_id")))
    if found is None:
        return Ignored("unknown_message")
    files = found.get("attachments") or []
    return Message(
        **common,
        text=str(found.get("content") or ""),
        attachments=tuple(
            attached(discord.Attachment(data=file, state=interaction._state) for file in files)
        ),
    )


def _attachments(interaction: discord.Interaction, asked: Given) -> Iterator[Attachment]:
    data: Any = interaction.data
    file = (data.get("resolved", {}).get("attachments") or {}).get(str(asked.options.get(FILE)))
    if file is not None:
        yield from attached([discord.Attachment(data=file, state=interaction._state)])


def read_press(interaction: discord.Interaction, groups: tuple[str, ...]) -> Command | Feedback | Ignored:
    """What a button, or the form that one opened, asks for."""
    data: Any = interaction.data
    custom_id = str(data.get("custom_id") or "")
    if (word := read_word(custom_id)) is not None:
        return _given_word(interaction, groups, *word)
    button = read_button(custom_id)
    if button is None:
        return Ignored("unknown_button")
    action, answer = button
    filled = dict(_filled(data.get("components") or ()))
    place = where(interaction.guild_id, interaction.channel_id)
    under = str(interaction.message.id) if interaction.message else None
    right = ticket(interaction, is_hidden=True, pressed=under if action in UPDATING else None)
    return pressed(
        action,
        answer,
        id=f"{place}:{interaction.id}",
        channel=place_of(interaction),
        author=author_of(interaction, groups),
        at=discord.utils.utcnow(),
        reference=_here(interaction) | right.reference | ({"under": under} if under else {}),
        language=interaction.locale.value,
        reason=filled.get(REASON),
        correction=filled.get(CORRECTION),
    )


def _given_word(interaction: discord.Interaction, groups: tuple[str, ...], name: str, token: str) -> Command:
    """The asker's word on what waits for it; the outcome is for all who saw the question."""
    place = where(interaction.guild_id, interaction.channel_id)
    id_ = f"{place}:{interaction.id}"
    under = str(interaction.message.id) if interaction.message else None
    right = ticket(interaction, is_hidden=False, pressed=under or "@original")
    return Command(
        id=id_,
        thread=id_,
        channel=place_of(interaction),
        author=author_of(interaction, groups),
        at=discord.utils.utcnow(),
        language=interaction.locale.value,
        reference=_here(interaction) | right.reference | ({"message": under} if under else {}),
        name=name,
        arguments={"token": token},
    )


def _here(interaction: discord.Interaction) -> dict[str, str]:
    thread = {"thread": "yes"} if is_thread(interaction.channel) or interaction.guild_id is None else {}
    return {"channel": str(interaction.channel_id or 0)} | thread


def _filled(components: Any) -> Iterator[tuple[str, str]]:
    """Fields of a form with what was put in, however they are nested."""
    for one in components:
        if "component" in one:
            yield from _filled([one["component"]])
        yield from _filled(one.get("components") or ())
        value = one.get("value") or next(iter(one.get("values") or ()), None)
        if one.get("custom_id") and value:
            yield str(one["custom_id"]), str(value)
