"""`/vocero` and the commands as Discord takes them."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.admin import COMMANDS
from bot.phrases import Language
from connectors.discord.commands import digest, tree
from tests.bot.tools.shop import furnish
from tests.connectors.discord.loopback.payloads import BOT
from tests.connectors.discord.server import server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
_EPHEMERAL = 1 << 6
_NAME = re.compile(r"^[-_\w]{1,32}$")


def described(commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Commands, groups and options, all the way down."""
    return [
        part for command in commands for part in (command, *described(list(command.get("options") or ())))
    ]


def length(command: dict[str, Any]) -> int:
    """As Discord counts the 8,000 characters of a command, in its longest language."""
    parts = described([command])
    longest = 0
    for part in parts:
        for key in ("name", "description"):
            texts = [part.get(key) or "", *(part.get(f"{key}_localizations") or {}).values()]
            longest += max(map(len, texts))
        longest += sum(len(choice["name"]) + len(choice["value"]) for choice in part.get("choices") or ())
    return longest


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_commands_keep_discords_limits(language: Language) -> None:
    """Names, descriptions, options and choices, in every language."""
    for command in tree(language):
        assert length(command) <= 8_000
        for part in described([command]):
            names = [part["name"], *(part.get("name_localizations") or {}).values()]
            menu = part["type"] == 3 and "description" not in part
            assert all(len(name) <= 32 and (menu or _NAME.match(name)) for name in names)
            assert all(name == name.lower() for name in names if not menu)
            texts = [part.get("description", "·"), *(part.get("description_localizations") or {}).values()]
            assert all(1 <= len(text) <= 100 for text in texts)
            for language_ in part.get("name_localizations") or ():
                inner = [one for one in part.get("options") or () if "name_localizations" in one]
                localised = [one["name_localizations"][language_] for one in inner]
                assert len(set(localised)) == len(localised)
            assert len(part.get("options") or ()) <= 25
            required = [one.get("required", False) for one in part.get("options") or ()]
            assert required == sorted(required, reverse=True)


def test_every_admin_command_is_offered() -> None:
    """Those of the registry, groups unfolded; offered to those who may manage the server."""
    [admin] = [command for command in tree("es") if command["name"] == "vocero"]
    names = {
        f"{one['name']} {inner['name']}" if one["type"] == 2 else one["name"]
        for one in admin["options"]
        for inner in (one["options"] if one["type"] == 2 else [one])
    }
    assert names == {name for name, command in COMMANDS.items() if not command.everybody}
    assert admin["default_member_permissions"] == str(1 << 5)


def test_what_others_may_ask_is_offered_everywhere() -> None:
    """In servers, to the bot and among people, whoever installed it; orders only in servers."""
    *open_, admin = tree("es")
    assert [command["name"] for command in open_] == ["ask", "Preguntar sobre este mensaje", "lookup"]
    for command in open_:
        assert command["integration_types"] == [0, 1]
        assert command["contexts"] == [0, 1, 2]
    assert (admin["integration_types"], admin["contexts"]) == ([0], [0])


def test_a_changed_tree_is_told_from_the_last() -> None:
    """And only a changed one."""
    assert digest(tree("es")) == digest(tree("es")) != digest(tree("en"))


async def test_a_channel_is_set_from_chat(tmp_path: Path) -> None:
    """What an administrator chooses holds from the next question on, and is seen by them alone."""
    async with server(tmp_path) as place:
        token = await place.discord.administer("set", group="channel", setting="persona", value="rioplatense")
        told = await place.answer(token)
        assert place.discord.callbacks[token]["data"]["flags"] & _EPHEMERAL
        shown = await place.answer(await place.discord.administer("show", group="channel"))
    assert "#general" in told
    assert "rioplatense" in shown


async def test_a_channel_that_the_file_names_is_locked(tmp_path: Path) -> None:
    """Chat does not change what the configuration says of a channel by name."""
    extra = '[[channels]]\nmatch = "discord:#general"\npersona = "formal"\n'
    async with server(tmp_path, extra) as place:
        token = await place.discord.administer("set", group="channel", setting="persona", value="rioplatense")
        assert "configuraci" in await place.answer(token)


async def test_a_question_is_tried_out_unseen(tmp_path: Path) -> None:
    """`/vocero test` shows the answer with its sources to the administrator alone."""
    async with server(tmp_path) as place:
        told = await place.answer(await place.discord.administer("test", question=QUESTION))
        assert place.discord.said() == []
    assert "17 días" in told
    assert "Política de vacaciones" in told


async def test_who_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    """Managing the server is not enough: the refusal is polite, unseen by others, and audited."""
    async with server(tmp_path) as place:
        await place.discord.write(f"<@{BOT}> hola")
        token = await place.discord.command(
            "vocero", [{"name": "status", "type": 1}], permissions=1 << 5, person="401"
        )
        refused = await place.answer(token)
        assert place.discord.callbacks[token]["data"]["flags"] & _EPHEMERAL
        await place.reasons("not_admin")
    assert "docs" not in refused


async def test_progress_is_shown_in_place(tmp_path: Path) -> None:
    """One message, edited until it says how it ended."""
    async with server(tmp_path) as place:
        token = await place.discord.administer("reindex", source="docs", full=True)
        told = await place.answer(token)
        assert len(place.discord.hidden(token)) == 1
    assert "docs" in told


async def test_what_is_typed_is_completed(tmp_path: Path) -> None:
    """Arguments of commands from what there is; a question in any case gets an answer in time."""
    async with server(tmp_path) as place:
        typed = {"name": "source", "type": 3, "value": "do", "focused": True}
        offered = await place.discord.complete("vocero", [{"name": "reindex", "type": 1, "options": [typed]}])
        sources = await place.choices(offered)
        typed = {"name": "question", "type": 3, "value": "vacac", "focused": True}
        questions = await place.choices(await place.discord.complete("ask", [typed]))
    assert sources == ["docs"]
    assert any("Política de vacaciones" in one for one in questions)


async def test_lookups_are_completed_while_they_are_typed(tmp_path: Path) -> None:
    """The tools of this channel, then what the chosen one takes."""
    tools = furnish(tmp_path).replace("terminal:#shop", "discord:*")
    async with server(tmp_path, tools) as place:

        async def offered(*options: dict[str, Any]) -> list[str]:
            typed = [{"type": 3, **one} for one in options]
            return await place.choices(await place.discord.complete("lookup", typed))

        names = await offered({"name": "tool", "value": "s", "focused": True})
        chosen = {"name": "tool", "value": "stock"}
        arguments = await offered(chosen, {"name": "arguments", "value": "", "focused": True})
        choices = await offered(chosen, {"name": "arguments", "value": "country=", "focused": True})
    assert names == ["search", "stock"]
    assert arguments == ["product=", "country="]
    assert choices == ["country=AR", "country=ES"]
