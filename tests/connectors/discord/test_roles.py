"""Roles: who may ask, and what they may read in answers that nobody else sees."""

from pathlib import Path

import pytest

from tests.connectors.discord.loopback import refusal
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, DIRECT, OTHER_ROLE, STAFF_ROLE
from tests.connectors.discord.server import server, until

SALARY = "¿Cuánto cobra una analista?"
PRIVATE = '[[sources]]\nname = "own"\nkind = "folder"\npath = "people"\naccess = ["discord:role:{role}"]\n'
BY_NAME, BY_ID = PRIVATE.format(role="Recursos"), PRIVATE.format(role=STAFF_ROLE)
VALUE = "entre 900 y 1.200"


@pytest.mark.parametrize("extra", [BY_NAME, BY_ID], ids=["name", "id"])
async def test_a_role_reads_its_sources_in_private(tmp_path: Path, extra: str) -> None:
    """In an answer that they alone see; in the channel nobody reads it."""
    async with server(tmp_path, extra) as place:
        assert VALUE in await place.answer(await place.discord.ask(SALARY, private=True))
        assert VALUE not in await place.answer(await place.discord.ask(SALARY))


async def test_without_the_role_nothing_is_read(tmp_path: Path) -> None:
    """Another role does not do."""
    async with server(tmp_path, BY_NAME) as place:
        place.discord.roles["400"] = [OTHER_ROLE]
        assert VALUE not in await place.answer(await place.discord.ask(SALARY, private=True))


async def test_roles_hold_in_direct_conversations(tmp_path: Path) -> None:
    """Discord does not tell them there: the bot looks them up in the server."""
    async with server(tmp_path, BY_NAME) as place:
        await place.discord.write(SALARY, channel=DIRECT)
        [mine] = await place.said(DIRECT)
        place.discord.roles["401"] = []
        await place.discord.write(SALARY, channel=DIRECT, author="401")
        _, theirs = await place.said(DIRECT, count=2)
    assert VALUE in mine
    assert VALUE not in theirs


async def test_roles_that_cannot_be_looked_up_are_none(tmp_path: Path) -> None:
    """The question is answered all the same, from what everyone may read."""
    async with server(tmp_path, BY_NAME) as place:
        place.discord.faults.append(
            lambda request: refusal(403, 50001) if "/members/" in request.path else None
        )
        await place.discord.write(SALARY, channel=DIRECT)
        [answer] = await place.said(DIRECT)
    assert VALUE not in answer


async def test_a_role_of_the_same_name_elsewhere_reads_nothing(tmp_path: Path) -> None:
    """Where the bot is in several servers, one may be a stranger's: names count in the configured ones."""
    for servers, reads in (("", False), ('[discord]\nservers = ["100"]\n', True)):
        folder = tmp_path / str(reads)
        async with server(folder, BY_NAME + servers, guilds=["100", "101"]) as place:
            answer = await place.answer(await place.discord.ask(SALARY, private=True))
            assert (VALUE in answer) is reads


async def test_who_may_ask_is_a_setting_of_the_channel(tmp_path: Path) -> None:
    """Others read that it is not for them; the reason is counted."""
    extra = '[[channels]]\nmatch = "discord:*"\naskers = ["discord:role:Recursos"]\n'
    question = "¿Cuántos días de vacaciones hay en Rosario?"
    async with server(tmp_path, extra) as place:
        await place.discord.write(f"<@{BOT}> {question}")
        assert "17 días" in (await place.said(CHANNEL))[0]
        place.discord.roles["401"] = [OTHER_ROLE]
        refused = await place.answer(await place.discord.ask(question, person="401"))
        await place.reasons("not_allowed")
        await place.discord.write(question, channel=DIRECT)
        assert "17 días" in (await place.said(DIRECT))[0]
    assert "17 días" not in refused


async def test_an_answer_asked_again_reads_as_much_as_before(tmp_path: Path) -> None:
    """And who presses a button of another's answer sees no more than they may."""
    async with server(tmp_path, BY_NAME) as place:
        await place.discord.write(SALARY, channel=DIRECT)
        await place.said(DIRECT)
        [post] = place.discord.posts(DIRECT)
        button = post["components"][0]["components"][-1]["custom_id"]
        stolen = {"id": "1", "components": [{"components": [{"label": "x", "custom_id": button}]}]}
        message = place.discord.written("", author=BOT, bot=True) | stolen
        token = await place.discord.press(message, "x", person="401")
        await until(lambda: place.discord.answer(token) or place.discord.hidden(token))
        await place.idle()
    assert not any(VALUE in text for text in place.discord.hidden(token))
