"""The slash commands as Discord takes them: `/ask`, and `/vocero` from the registry of admin commands."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord import AppCommandOptionType, AppCommandType, Locale, Permissions

from bot.admin import COMMANDS
from bot.phrases import Language, Phrases

ASK, ADMIN = "ask", "vocero"
QUESTION, PRIVATE = "question", "private"
LONGEST = 6_000
"""Characters that an option takes at most."""

_LOCALES: dict[Language, tuple[Locale, ...]] = {
    "en": (Locale.american_english, Locale.british_english),
    "es": (Locale.spain_spanish, Locale.latin_american_spanish),
    "pt": (Locale.brazil_portuguese,),
}
_KINDS = {str: AppCommandOptionType.string, bool: AppCommandOptionType.boolean}
_GUILD, _BOT_DIRECT = 0, 1
"""Contexts in which a command is offered."""
_DESCRIPTION = 100


@dataclass(frozen=True, slots=True)
class Given:
    """A command as someone gave it."""

    command: str
    subcommand: str | None
    options: Mapping[str, Any]


def tree(language: Language) -> list[dict[str, Any]]:
    """Every command, described in `language` and localised into the others."""
    ask = _described(language, ASK, "command_ask") | {
        "type": AppCommandType.chat_input.value,
        "integration_types": [0],
        "contexts": [_GUILD, _BOT_DIRECT],
        "options": [
            _option(language, QUESTION, "command_ask_option", str, required=True) | {"max_length": LONGEST},
            _option(language, PRIVATE, "command_private_option", bool),
        ],
    }
    admin = _described(language, ADMIN, "home_admin") | {
        "type": AppCommandType.chat_input.value,
        "integration_types": [0],
        "contexts": [_GUILD],
        "default_member_permissions": str(Permissions(manage_guild=True).value),
        "options": [
            _described(language, command.name, f"command_{command.name}")
            | {
                "type": AppCommandOptionType.subcommand.value,
                "options": [
                    _option(language, one.name, f"option_{one.name}", one.kind, required=one.required)
                    for one in command.parameters
                ],
            }
            for command in COMMANDS.values()
        ],
    }
    return [ask, admin]


def digest(commands: list[dict[str, Any]]) -> str:
    """What tells these commands from others."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def given(data: Mapping[str, Any]) -> Given:
    """The command in an interaction's data."""
    options, subcommand = data.get("options") or [], None
    if options and options[0].get("type") == AppCommandOptionType.subcommand.value:
        subcommand, options = options[0]["name"], options[0].get("options") or []
    return Given(data["name"], subcommand, {one["name"]: one.get("value") for one in options})


def _option(language: Language, name: str, key: str, kind: type, *, required: bool = False) -> dict[str, Any]:
    return _described(language, name, key) | {"type": _KINDS[kind].value, "required": required}


def _described(language: Language, name: str, key: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": Phrases(language).render(key)[:_DESCRIPTION],
        "description_localizations": {
            locale.value: Phrases(other).render(key)[:_DESCRIPTION]
            for other, locales in _LOCALES.items()
            for locale in locales
        },
    }
