"""A command typed as text: `channel set sources handbook, faq`, `reindex handbook --dry-run`."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from bot.admin.registry import COMMANDS, AdminCommand, Parameter
from bot.phrases import Language, Phrases, load

_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"') | {"—": "--", "–": "--"})
"""What phones make of quotes and of two hyphens."""


def read_command(text: str) -> tuple[str, dict[str, Any]]:
    """Name and arguments of what was typed; names may be in any of the bot's languages.

    What is no command is given back as the name, whole.
    """
    words = text.translate(_QUOTES).split() or ["help"]
    names = known_names()
    for length in (2, 1):
        if command := names.get(" ".join(words[:length]).casefold()):
            arguments = _arguments(command, words[length:])
            return (command.name, arguments) if arguments is not None else (text.strip(), {})
    return text.strip(), {}


def known_names() -> dict[str, AdminCommand]:
    """Every name that a command goes by."""
    names = {command.name: command for command in COMMANDS.values()}
    for command in COMMANDS.values():
        for language in get_args(Language):
            names.setdefault(_translated(command, language), command)
    for name, command in list(names.items()):
        if command.name.endswith(" show"):
            names.setdefault(name.partition(" ")[0], command)
    return names


def _translated(command: AdminCommand, language: Language) -> str:
    phrases = Phrases(language)
    return " ".join(phrases.render(f"name_{word}") for word in command.name.split())


def _arguments(command: AdminCommand, words: list[str]) -> dict[str, Any] | None:
    """The arguments; None when there are more words than the command takes."""
    given: dict[str, Any] = {}
    plain: list[str] = []
    for at, word in enumerate(words):
        flag = command.parameter(word[2:].replace("-", "_")) if word.startswith("--") else None
        if at == 0 and flag is None:
            flag = next((one for one in command.parameters if one.verb and _means(word, one.name)), None)
        if flag is not None and flag.kind is bool:
            given[flag.name] = True
        else:
            plain.append(word)
    given |= dict(_taken(command, plain))
    return None if plain else given


def _taken(command: AdminCommand, words: list[str]) -> Iterator[tuple[str, str]]:
    """Which parameter gets which words, in their order; what is taken is taken off."""
    for parameter in command.parameters:
        if parameter.kind is bool or not words:
            continue
        count = len(words) if parameter.rest else 1
        value = " ".join(words[:count])
        del words[:count]
        yield parameter.name, _chosen(parameter, re.sub(r'^"(.*)"$', r"\1", value).strip())


def _chosen(parameter: Parameter, value: str) -> str:
    """The value; one of a few, in the bot's own word for it."""
    return next((choice for choice in parameter.choices if _means(value, choice)), value)


def _means(word: str, name: str) -> bool:
    """Whether a word is a name, in any of the bot's languages."""
    own = (load(language).get(f"name_{name}", (name,))[0] for language in get_args(Language))
    return word.casefold() in {name, *own}
