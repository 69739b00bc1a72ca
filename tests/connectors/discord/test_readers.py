"""Documents that are not for everyone, in a server: Discord tells no addresses, a file does."""

from pathlib import Path

import pytest

from tests.bot.company import give_readers
from tests.connectors.discord.loopback.payloads import ASKER, DIRECT, OTHER_ROLE
from tests.connectors.discord.server import server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
PERSON = f'[people]\n"discord:{ASKER}" = ["ana@x.example"]\n'
ROLE = '[people]\n"discord:role:Recursos" = ["group:rrhh"]\n'


@pytest.mark.parametrize("file", [PERSON, ROLE, ""], ids=["person", "role", "nobody"])
async def test_who_the_file_names_reads_in_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """By id or by role, in answers that they alone see; in the channel nobody does."""
    (tmp_path / "identities.toml").write_text(file)
    readers = frozenset({"mail:ana@x.example", "group:rrhh"})
    give_readers(monkeypatch)["vacaciones.md"] = (readers,)
    async with server(tmp_path) as place:
        private = await place.answer(await place.discord.ask(QUESTION, private=True))
        await place.discord.write(QUESTION, channel=DIRECT)
        [direct] = await place.said(DIRECT)
        public = await place.answer(await place.discord.ask(QUESTION))
        place.discord.roles["401"] = [OTHER_ROLE]
        other = await place.answer(await place.discord.ask(QUESTION, person="401", private=True))
    assert ["17 días" in one for one in (private, direct, public, other)] == [bool(file)] * 2 + [False] * 2


async def test_roles_that_a_closed_forum_is_for_hold_in_direct_conversations(tmp_path: Path) -> None:
    """A forum as a source names them; no setting does."""
    forum = '[[sources]]\nname = "forum"\nkind = "discord"\nchannels = ["900"]\ntoken = "t"\n'
    asked: list[str] = []
    async with server(tmp_path, forum) as place:
        place.discord.faults.append(lambda request: asked.append(request.path))
        await place.discord.write(QUESTION, channel=DIRECT)
        await place.said(DIRECT)
    assert any("/members/" in path for path in asked)
