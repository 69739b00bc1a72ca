"""The commands as Discord takes them: `/ask`, the menu of a message, and `/vocero` from the registry."""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from discord import AppCommandOptionType, AppCommandType, Locale, Permissions

from bot.admin import COMMANDS, AdminCommand, Parameter
from bot.phrases import Language, Phrases, load

ASK, ADMIN = "ask", "vocero"
QUESTION, PRIVATE, FILE = "question", "private", "file"
LONGEST = 6_000
"""Characters that an option takes at most."""

_LOCALES: dict[Language, tuple[Locale, ...]] = {
    "en": (Locale.american_english, Locale.british_english),
    "es": (Locale.spain_spanish, Locale.latin_american_spanish),
    "pt": (Locale.brazil_portuguese,),
}
_KINDS = {str: AppCommandOptionType.string, bool: AppCommandOptionType.boolean}
_IN_SERVER, _TO_BOT, _AMONG_PEOPLE = 0, 1, 2
"""Contexts in which a command is offered."""
_BY_SERVER, _BY_USER = 0, 1
"""Whose installation offers it."""
_DESCRIPTION, _NAME = 100, 32


def tree(language: Language) -> list[dict[str, Any]]:
    """Every command, described in `language` and localised into the others."""
    everybody = [one for one in COMMANDS.values() if one.everybody]
    return [_ask(language), _about(language), *(_open(language, one) for one in everybody), _admin(language)]


def digest(commands: list[dict[str, Any]]) -> str:
    """What tells these commands from others."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def _ask(language: Language) -> dict[str, Any]:
    question = _option(language, QUESTION, "command_ask_option", str, required=True)
    private = _option(language, PRIVATE, "command_private_option", bool)
    file = _described(language, FILE, "command_file_option") | {"type": AppCommandOptionType.attachment.value}
    return _described(language, ASK, "command_ask") | {
        "type": AppCommandType.chat_input.value,
        "integration_types": [_BY_SERVER, _BY_USER],
        "contexts": [_IN_SERVER, _TO_BOT, _AMONG_PEOPLE],
        "options": [
            question | {"max_length": LONGEST, "autocomplete": True},
            private,
            file | {"required": False},
        ],
    }


def _about(language: Language) -> dict[str, Any]:
    return {
        "type": AppCommandType.message.value,
        "name": Phrases(language).render("message_action")[:_NAME],
        "name_localizations": _localised("message_action", _NAME),
        "integration_types": [_BY_SERVER, _BY_USER],
        "contexts": [_IN_SERVER, _TO_BOT, _AMONG_PEOPLE],
    }


def _open(language: Language, command: AdminCommand) -> dict[str, Any]:
    """What is in the registry, but for everybody: a command of its own."""
    return _subcommand(language, command, command.name) | {
        "type": AppCommandType.chat_input.value,
        "integration_types": [_BY_SERVER, _BY_USER],
        "contexts": [_IN_SERVER, _TO_BOT, _AMONG_PEOPLE],
    }


def _admin(language: Language) -> dict[str, Any]:
    return _described(language, ADMIN, "home_admin") | {
        "type": AppCommandType.chat_input.value,
        "integration_types": [_BY_SERVER],
        "contexts": [_IN_SERVER],
        "default_member_permissions": str(Permissions(manage_guild=True).value),
        "options": list(_subcommands(language)),
    }


def _subcommands(language: Language) -> Iterator[dict[str, Any]]:
    """What can be commanded; names of two words in a group under the first."""
    orders = [one for one in COMMANDS.values() if not one.everybody]
    for first, commands in groupby(orders, key=lambda one: one.name.partition(" ")[0]):
        several = list(commands)
        if [one.name for one in several] == [first]:
            yield _subcommand(language, several[0], first)
            continue
        yield _described(language, first, f"command_{first}") | {
            "type": AppCommandOptionType.subcommand_group.value,
            "options": [_subcommand(language, one, one.name.partition(" ")[2]) for one in several],
        }


def _subcommand(language: Language, command: AdminCommand, name: str) -> dict[str, Any]:
    return _described(language, name, command.description) | {
        "type": AppCommandOptionType.subcommand.value,
        "options": [_parameter(language, one) for one in command.parameters],
    }


def _parameter(language: Language, parameter: Parameter) -> dict[str, Any]:
    option = _option(
        language, parameter.name, parameter.description, parameter.kind, required=parameter.required
    )
    if parameter.choices:
        return option | {"choices": [{"name": one, "value": one} for one in parameter.choices]}
    return option | ({"autocomplete": True} if parameter.completes else {})


def _option(language: Language, name: str, key: str, kind: type, *, required: bool = False) -> dict[str, Any]:
    return _described(language, name, key) | {"type": _KINDS[kind].value, "required": required}


def _described(language: Language, name: str, key: str) -> dict[str, Any]:
    """Name and description; a name is localised where the phrases have a word for it."""
    described: dict[str, Any] = {
        "name": name,
        "description": Phrases(language).render(key)[:_DESCRIPTION],
        "description_localizations": _localised(key, _DESCRIPTION),
    }
    if f"name_{name}" in load(language):
        described["name_localizations"] = _localised(f"name_{name}", _NAME)
    return described


def _localised(key: str, longest: int) -> dict[str, str]:
    return {
        locale.value: Phrases(other).render(key)[:longest]
        for other, locales in _LOCALES.items()
        for locale in locales
    }
