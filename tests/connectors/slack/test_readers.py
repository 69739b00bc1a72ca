"""Documents that are not for everyone, and guests, in a workspace."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connectors.slack.directory import Directory
from connectors.slack.errors import SlackError
from tests.bot.company import give_readers
from tests.connectors.slack.server import ANA, BEA, Fault
from tests.connectors.slack.workspace import markdown, workspace

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
SALARY = "¿Cuánto cobra una analista?"
BONUS = "¿De cuánto es el premio anual de la analista?"
SECOND = "1700000001.000100"


def group_source(folder: Path, access: str) -> str:
    """A source for one user group, as the configuration has it."""
    (folder / "bandas").mkdir()
    (folder / "bandas" / "premio.md").write_text(
        "# Premio anual\n\nEl premio anual de la analista es del 7 %.\n"
    )
    return f'\n[[sources]]\nname = "bandas"\nkind = "folder"\npath = "bandas"\naccess = ["{access}"]\n'


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "identities.toml").write_text('[channels]\n"slack:#rrhh" = ["group:rrhh"]\n')
    give_readers(monkeypatch)["vacaciones.md"] = (frozenset({"mail:ana@x.example", "group:rrhh"}),)


@pytest.mark.usefixtures("readers")
async def test_who_has_the_address_reads_alone_and_all_who_may_in_their_channel(tmp_path: Path) -> None:
    """In direct messages by the address that Slack tells, in a private channel by the file, nowhere else."""
    async with workspace(tmp_path) as place:
        place.slack.people = {
            ANA: {"profile": {"email": "Ana@X.example"}},
            BEA: {"profile": {"email": "bea@x.example"}},
        }
        await place.write(QUESTION, "DANA")
        await place.write(QUESTION, "DBEA", user=BEA)
        await place.mention(QUESTION)
        await place.mention(QUESTION, "GHR", user=BEA)
        found = [(await place.answered(channel))[0] for channel in ("DANA", "DBEA", "CGEN", "GHR")]
    assert ["17 días" in markdown(answer) for answer in found] == [True, False, False, True]
    assert "Política de vacaciones" not in str(found[1:3])


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize(
    "who",
    [
        {"profile": {"email": "ana@x.example"}, "is_restricted": True},
        {"profile": {"email": "ana@x.example"}, "is_ultra_restricted": True},
        {"profile": {"email": "ana@x.example"}, "is_stranger": True},
        {"profile": {"email": "ana@x.example"}, "is_email_confirmed": False},
        {},
    ],
    ids=["guest", "single-channel guest", "stranger", "unconfirmed", "no scope"],
)
async def test_guests_and_the_unknown_read_what_everyone_may(tmp_path: Path, who: dict) -> None:
    """Whatever their address is."""
    async with workspace(tmp_path) as place:
        place.slack.people[ANA] = who
        await place.write(QUESTION, "DANA")
        (answer,) = await place.answered("DANA")
    assert "17 días" not in str(answer)


async def test_a_guest_reads_only_public_sources_wherever_they_ask(tmp_path: Path) -> None:
    """A channel's own documents are not for its guests."""
    async with workspace(tmp_path) as place:
        place.slack.people[ANA] = {"is_restricted": True}
        await place.mention(SALARY, "GHR")
        await place.answered("GHR")
        await place.mention(SALARY, "GHR", user=BEA, ts=SECOND)
        await place.until(lambda: len(place.slack.said("GHR")) == 2)
        guests, others = await place.answered("GHR")
    assert "900" not in str(guests)
    assert "900" in str(others)


async def test_whom_slack_says_nothing_of_is_who_their_id_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """They read what their channel does and what is theirs by id; not what is everyone's but guests'."""
    (tmp_path / "identities.toml").write_text(
        f'everyone = ["domain:x.example"]\n[people]\n"slack:{BEA}" = ["domain:x.example"]\n'
    )
    give_readers(monkeypatch)["vacaciones.md"] = (frozenset({"domain:x.example"}),)
    async with workspace(tmp_path) as place:
        place.slack.always["users.info"] = Fault("fatal_error")
        await place.mention(SALARY, "GHR")
        await place.write(QUESTION, "DANA")
        await place.write(QUESTION, "DBEA", user=BEA)
        here, unknown, named = [(await place.answered(channel))[0] for channel in ("GHR", "DANA", "DBEA")]
    assert "900" in str(here)
    assert "17 días" not in str(unknown)
    assert "17 días" in str(named)


@pytest.mark.parametrize("name", ["slack:@analistas", "slack:S00000000"])
async def test_a_user_group_reads_what_is_for_it(tmp_path: Path, name: str) -> None:
    """Those in the group, alone; who is in none, and a channel, do not."""
    async with workspace(tmp_path, group_source(tmp_path, name)) as place:
        await asyncio.to_thread(place.runtime.library.sync, "bandas")
        place.slack.groups = {"analistas": [ANA]}
        await place.write(BONUS, "DANA")
        await place.write(BONUS, "DBEA", user=BEA)
        await place.mention(BONUS)
        answers = [str((await place.answered(channel))[0]) for channel in ("DANA", "DBEA", "CGEN")]
    assert ["7 %" in answer for answer in answers] == [True, False, False]


async def test_a_missing_scope_is_asked_about_once(tmp_path: Path) -> None:
    """Without `usergroups:read` nobody is in a group, and each question goes on without asking again."""
    async with workspace(tmp_path, group_source(tmp_path, "slack:@analistas")) as place:
        await asyncio.to_thread(place.runtime.library.sync, "bandas")
        place.slack.always["usergroups.list"] = Fault("missing_scope")
        await place.write(BONUS, "DANA")
        await place.answered("DANA")
        await place.write(BONUS, "DANA", ts=SECOND)
        await place.until(lambda: len(place.slack.said("DANA")) == 2)
        answers = await place.answered("DANA")
        assert len(place.slack.called("usergroups.list")) == 1
    assert "7 %" not in str(answers)


async def test_groups_that_nobody_names_are_not_asked_for(tmp_path: Path) -> None:
    """The scope is needed by those alone who name one."""
    async with workspace(tmp_path) as place:
        await place.write(QUESTION, "DANA")
        await place.answered("DANA")
        assert place.slack.called("usergroups.list") == []


class Told:
    """Slack, which says one thing of any channel."""

    def __init__(self, channel: dict[str, Any] | None) -> None:
        self.channel = channel

    async def call(self, method: str, **_: Any) -> dict[str, Any]:
        if self.channel is None:
            raise SlackError(method, "fatal_error", "passing")
        return {"channel": self.channel}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"name": "rrhh", "is_private": True}, "private"),
        ({"name": "trio", "is_mpim": True, "is_private": True}, "private"),
        ({"name": "general", "is_private": False}, "public"),
        ({"name": "socios", "is_private": True, "is_ext_shared": True}, "shared"),
        (None, "public"),
    ],
)
async def test_a_channel_is_private_only_where_slack_says_so(told: dict | None, kind: str) -> None:
    """The payloads of buttons and commands do not tell; what is not known counts as read by everyone."""
    directory = Directory(Told(told))  # type: ignore[arg-type]
    assert (await directory.channel("C1", "public")).kind == kind
    await directory.close()
