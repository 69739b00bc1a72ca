"""Reading sources again by order: what is told, where, to whom; what is asked; how it ends early."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app import command as give
from bot.journal_tables import HELD
from bot.messages import Answer, Channel, Command
from bot.reindexing.orders import reindex_command
from bot.reindexing.records import WAITS
from bot.replies import Replies
from connectors.terminal import Terminal
from knowledge.errors import SourceError
from knowledge.sources.folder import FolderSource
from tests.bot.company import company
from tests.bot.room import ANA, BETO, HELP, JEFA, People, room

ADMINS = 'admins = ["slack:U1"]\nadmin_channel = "slack:#bot"'
HR = Channel(platform="slack", id="C9", name="rrhh", kind="private")
MADRID = Channel(platform="slack", id="C5", name="madrid")
DIRECT = Channel(platform="slack", id="D1", kind="direct")


def write(folder: Path, **documents: str) -> None:
    for name, text in documents.items():
        (folder / "docs" / f"{name}.md").write_text(text, "utf-8")


def many(folder: Path, number: int = 10) -> dict[str, str]:
    return {f"d{n}": f"# Documento {n}\n\nPalabra clave{n}x." for n in range(number)}


def lose(folder: Path, number: int) -> None:
    for n in range(number):
        (folder / "docs" / f"d{n}.md").unlink()


@asynccontextmanager
async def office(folder: Path, extra: str = "", **documents: str) -> AsyncIterator[People]:
    """The whole bot in a room, with an admins' channel."""
    async with room(company(folder, extra, llm=ADMINS, **documents)) as people:
        yield people


async def scheduled(people: People, source: str = "docs") -> None:
    """A reading that nobody ordered, to its end."""
    order = reindex_command(source, f"test:{datetime.now(UTC).isoformat()}")
    await people.runtime.submit(order)
    async with asyncio.timeout(20):
        while await people.runtime.dispatch.pending(order.id) is not None:
            await asyncio.sleep(0.01)


async def press(people: People, name: str, token: str, author: Any = JEFA) -> Answer:
    """An admin's word."""
    return await people.command(name, author, token=token)


def documents(people: People, source: str = "docs") -> set[str]:
    return set(people.runtime.library.manifest.records(source))


@contextmanager
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Documents are fetched one for each release of what this gives."""
    gate = threading.Semaphore(0)
    fetch = FolderSource.fetch

    def wait(self: FolderSource, listed: Any) -> Any:
        assert gate.acquire(timeout=20)
        return fetch(self, listed)

    with monkeypatch.context() as patched:
        patched.setattr(FolderSource, "fetch", wait)
        yield gate
        gate.release(1_000)


async def test_an_order_is_told_posted_and_noted(tmp_path: Path):
    """Who ordered it sees all; the channel the counts, in its own words; the audit who, what and counts."""
    async with office(tmp_path) as people:
        write(tmp_path, nuevo="# Nuevo\n\nTexto.", vacaciones="# Política de vacaciones\n\nOtra.")
        (tmp_path / "docs" / "roto.pdf").write_bytes(b"%PDF-1.4 nothing")
        told = await people.command("reindex", source="docs", channel=MADRID)
        [noted] = await people.runtime.journal.audited()
    assert "1 documento nuevo, 1 cambiado, 0 borrados, 1 sin leer" in told.text
    assert "- `roto.pdf`: " in told.text
    [(place, said)] = people.room.said
    assert place == "slack:C5"
    assert "1 documento nuevo, 1 cambiado, 0 borrados, 1 sin leer" in said
    assert "roto.pdf" not in said
    assert "@" not in said
    assert "<" not in said
    assert (noted.author, noted.action, noted.arguments) == ("slack:U1", "reindex", {"source": "docs"})
    assert noted.result is not None
    counts = noted.result["docs"]
    assert [counts[one] for one in ("added", "changed", "deleted", "failed")] == [1, 1, 0, 1]


async def test_a_channel_is_told_only_of_what_it_may_read(tmp_path: Path):
    """Of all sources read, the summary names those of the channel; in a direct message none is needed."""
    async with office(tmp_path) as people:
        told = await people.command("reindex")
        await people.command("reindex", channel=DIRECT)
        await people.command("reindex", channel=HR)
    assert "people" in told.text
    (place, said), (hr, all_) = people.room.said
    assert (place, hr) == ("slack:C1", "slack:C9")
    assert "docs" in said
    assert "people" not in said
    assert "people" in all_


async def test_a_dry_run_changes_and_posts_nothing(tmp_path: Path):
    """It says what would be; nothing is asked, nothing is withheld for good."""
    async with office(tmp_path, **many(tmp_path)) as people:
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        told = await people.command("reindex", source="docs", dry_run=True)
        lose(tmp_path, 9)
        withheld = await people.command("reindex", source="docs", dry_run=True)
        assert "nuevo.md" not in documents(people)
        assert await people.runtime.records.held() == {}
    assert "1 documento nuevo" in told.text
    assert "cambié nada" in told.text
    assert (withheld.confirmations, people.room.said) == ((), [])


async def test_one_document_is_read(tmp_path: Path):
    """By its path, with its source, by the end of its path; no other is."""
    async with office(tmp_path, a="# A\n\nUno.", b="# B\n\nDos.") as people:
        for name in ("a.md", "docs/a.md", "docs:a.md", "A.MD"):
            write(tmp_path, a=f"# A\n\n{name}", b=f"# B\n\n{name}")
            told = await people.command("reindex", source=name)
            assert told.data
            assert (told.data["sources"][0]["changed"], told.data["sources"][0]["seen"]) == (1, 1)
        whole = await people.command("reindex", source="docs")
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        new = await people.command("reindex", source="docs/nuevo.md")
    assert whole.data
    assert whole.data["sources"][0]["changed"] == 1
    assert "1 documento nuevo" in new.text


async def test_a_name_that_means_nothing_or_two_things(tmp_path: Path):
    """Is answered with the nearest, or with both; and nothing is read."""
    async with office(tmp_path) as people:
        (tmp_path / "people" / "vacaciones.md").write_text("# Más\n\nTexto.", "utf-8")
        await people.command("reindex", source="people")
        ambiguous = await people.command("reindex", source="vacaciones.md")
        unknown = await people.command("reindex", source="bandas.mb")
        source = await people.command("reindex", source="dosc")
        missing = await people.command("reindex", source="docs/vacasiones.md")
    assert ambiguous.reason == "ambiguous_document"
    assert "`docs/vacaciones.md`" in ambiguous.text
    assert "`people/vacaciones.md`" in ambiguous.text
    assert (unknown.reason, "`people/bandas.md`" in unknown.text) == ("unknown_source", True)
    assert (source.reason, "`docs`" in source.text) == ("unknown_source", True)
    assert (missing.outcome, "`vacaciones.md`" in missing.text) == ("failed", True)


async def test_full_reads_what_has_not_changed(tmp_path: Path):
    """And finds nothing new in it."""
    async with office(tmp_path, **many(tmp_path)) as people:
        fetched: list[str] = []
        fetch = FolderSource.fetch
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                FolderSource, "fetch", lambda self, one: (fetched.append(one.document), fetch(self, one))[1]
            )
            await people.command("reindex", source="docs")
            assert fetched == []
            await people.command("reindex", source="docs", full=True)
    assert len(fetched) == 11


async def test_deletions_that_look_like_an_accident_wait_for_an_admin(tmp_path: Path):
    """Nothing goes meanwhile; who is no admin changes nothing; one yes does it, and is done once."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 9)
        write(tmp_path, nuevo="# Nuevo\n\nTexto.", d9="# Otro\n\nCambiado.")
        asked = await people.command("reindex", source="docs")
        assert len(documents(people)) == 12
        [question] = asked.confirmations
        status = await people.command("status")
        refused = await press(people, "confirm", question.token, BETO)
        assert len(documents(people)) == 12
        done = await press(people, "confirm", question.token)
        again = await press(people, "confirm", question.token)
        after = await people.command("status")
        noted = await people.runtime.journal.audited()
    assert "faltan 9 de 11 documentos" in asked.text
    assert "`d3.md`" in asked.text
    assert asked.data
    report = asked.data["sources"][0]
    assert (report["added"], report["changed"], report["deleted"], report["withheld"]) == (1, 1, 0, 9)
    assert status.data
    assert status.data["sources"][0]["waiting"]["missing"] == 9
    assert "--allow-deletions" in status.text
    assert (refused.outcome, refused.reason) == ("refused", "not_yours")
    assert "9 borrados" in done.text
    assert documents(people) == {"vacaciones.md", "nuevo.md", "d9.md"}
    assert again.outcome == "refused"
    assert after.data
    assert after.data["sources"][0]["waiting"] is None
    assert [one.result["docs"]["deleted"] for one in noted if one.action == "confirm" and one.result] == [9]


async def test_a_no_keeps_the_documents_and_ends_the_asking(tmp_path: Path):
    """The status still says what is missing; once more is missing, it is asked again."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 8)
        [question] = (await people.command("reindex", source="docs")).confirmations
        kept = await press(people, "decline", question.token)
        again = await people.command("reindex", source="docs")
        status = await people.command("status")
        late = await press(people, "confirm", question.token)
        lose_last(tmp_path)
        more = await people.command("reindex", source="docs")
    assert kept.outcome == "answered"
    assert (again.confirmations, late.outcome) == ((), "refused")
    assert status.data
    assert status.data["sources"][0]["waiting"]["decided_by"]
    assert len(documents(people)) == 11
    assert len(more.confirmations) == 1


def lose_last(folder: Path) -> None:
    (folder / "docs" / "d8.md").unlink()


async def test_what_comes_back_is_not_deleted_by_a_late_yes(tmp_path: Path):
    """The yes is about what was shown, as it is when it is given."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 9)
        [question] = (await people.command("reindex", source="docs")).confirmations
        write(tmp_path, d0="# Documento 0\n\nVolvió.")
        done = await press(people, "confirm", question.token)
    assert "8 borrados" in done.text
    assert "d0.md" in documents(people)


async def test_when_all_is_back_there_is_nothing_to_ask(tmp_path: Path):
    """The question goes by itself, and its button says so."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 9)
        [question] = (await people.command("reindex", source="docs")).confirmations
        write(tmp_path, **many(tmp_path))
        await scheduled(people)
        late = await press(people, "confirm", question.token)
        assert await people.runtime.records.held() == {}
    assert (late.outcome, late.reason) == ("refused", "expired")


async def test_a_question_expires_and_is_asked_anew(tmp_path: Path):
    """A button of yesterday does nothing."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 9)
        await scheduled(people)
        old = people.room.asked[0]
        aged = HELD.update().values(at=datetime.now(UTC) - WAITS)
        await people.runtime.records._do(lambda connection: connection.execute(aged))
        late = await press(people, "confirm", old.token)
        await scheduled(people)
        assert len(documents(people)) == 11
    assert (late.outcome, late.reason) == ("refused", "expired")
    assert len(people.room.asked) == 2
    assert people.room.asked[1].token != old.token


async def test_the_admins_are_asked_once_where_nobody_ordered(tmp_path: Path):
    """In their channel, with buttons; the same question is not asked at every interval."""
    async with office(tmp_path, **many(tmp_path)) as people:
        lose(tmp_path, 9)
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        for _ in range(3):
            await scheduled(people)
        [(place, said)] = people.room.said
        [question] = people.room.asked
        noted = await people.runtime.journal.audited()
        assert "nuevo.md" in documents(people)
        channel = Channel(platform="slack", id="C77", name="bot")
        await people.command("confirm", channel=channel, token=question.token)
        assert documents(people) == {"vacaciones.md", "d9.md", "nuevo.md"}
    assert place == "slack:#bot"
    assert "faltan 9 de 11" in said
    assert "`d3.md`" in said
    assert {one.author for one in noted} == {"terminal:schedule"}


async def test_a_listing_that_fails_is_told_the_admins_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And again once it has worked and fails anew; nothing is deleted, and the status says why."""
    async with office(tmp_path, **many(tmp_path)) as people:

        def fails(self: FolderSource) -> Any:
            raise SourceError("The share is away: mount it.")

        for _ in range(2):
            with monkeypatch.context() as patched:
                patched.setattr(FolderSource, "list", fails)
                for _ in range(2):
                    await scheduled(people)
                status = await people.command("status")
            await scheduled(people)
        assert len(documents(people)) == 11
    told = [said for place, said in people.room.said if place == "slack:#bot"]
    assert len(told) == 2
    assert "The share is away" in told[0]
    assert "The share is away" in status.text


async def test_quiet_readings_leave_no_line_in_the_audit(tmp_path: Path):
    """Nobody ordered them and nothing changed."""
    async with office(tmp_path) as people:
        await scheduled(people)
        assert await people.runtime.journal.audited() == []
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        await scheduled(people)
        [noted] = await people.runtime.journal.audited()
    assert noted.result is not None
    assert noted.result["docs"]["added"] == 1
    assert people.room.said == []


async def test_who_orders_a_second_run_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """At once: who ordered it, since when; the sources that are free are read."""
    async with office(tmp_path) as people:
        write(tmp_path, a="# A\n\nUno.", b="# B\n\nDos.")
        with slow(monkeypatch) as gate:
            first = asyncio.create_task(people.command("reindex", source="docs"))
            await until_running(people)
            told = await people.command("reindex", source="docs")
            gate.release(2)
            done = await first
    assert (told.outcome, told.reason) == ("refused", "index_running")
    assert "slack:U1" in told.text
    assert "2 documentos nuevos" in done.text


async def until_running(people: People, source: str = "docs") -> None:
    async with asyncio.timeout(20):
        while await people.runtime.runs.underway(source) is None:
            await asyncio.sleep(0.01)


async def test_at_a_terminal_the_first_run_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Then what has changed since is read, too: who calls it in a script may rely on that."""
    async with office(tmp_path) as people:
        runtime = people.runtime
        terminal = Terminal(runtime.submit, Replies(runtime.state.redis), runtime.alive)
        write(tmp_path, a="# A\n\nUno.")
        with slow(monkeypatch) as gate:
            first = asyncio.create_task(people.command("reindex", source="docs"))
            await until_running(people)
            told: list[Any] = []
            second = asyncio.create_task(
                give(terminal, "reindex", lambda *step: told.append(step), source="docs")
            )
            await asyncio.sleep(0.1)
            write(tmp_path, b="# B\n\nDos.")
            gate.release(5)
            assert "1 documento nuevo" in (await first).text
            answer = await asyncio.wait_for(second, 20)
    assert answer.data
    assert answer.data["sources"][0]["added"] == 1


@pytest.mark.parametrize("way", ["command", "button", "other"])
async def test_a_reading_is_ended_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    """By a command or the button below its progress: what was read stays, and it says how far it came."""
    async with office(tmp_path) as people:
        write(tmp_path, **many(tmp_path))
        with slow(monkeypatch) as gate:
            order = Command(
                id="slack:T1:C1:long", thread="slack:T1:C1:long", channel=HELP, author=JEFA,
                at=datetime.now(UTC), private=True, name="reindex", arguments={"source": "docs"},
            )  # fmt: skip
            await people.runtime.submit(order)
            await until_running(people)
            gate.release(3)
            await people.until(lambda: gate._value == 0)
            if way == "button":
                await people.press("stop", order.id, JEFA)
            else:
                arguments = {"source": "docs"} if way == "other" else {}
                told = await people.command("reindex", cancel=True, **arguments)
                assert "`docs`" in told.text
            await asyncio.sleep(0.1)
            gate.release(1)
            ended = await people.answer(order.id)
        read = documents(people)
        assert people.runtime.library.index.manifest.status()[0].problem
        rest = await people.command("reindex", source="docs")
        nothing = await people.command("reindex", cancel=True)
    assert ended.reason == "stopped"
    assert ended.data
    report = ended.data["sources"][0]
    assert 1 <= report["added"] < 10
    assert len(read) == 1 + report["added"]
    assert rest.data
    assert rest.data["sources"][0]["added"] == 10 - report["added"]
    assert (nothing.outcome, nothing.reason) == ("refused", "not_running")


async def test_who_may_not_order_may_not_end_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither by the command nor by the button."""
    async with office(tmp_path) as people:
        write(tmp_path, a="# A\n\nUno.")
        with slow(monkeypatch) as gate:
            first = asyncio.create_task(people.command("reindex", source="docs"))
            await until_running(people)
            run = await people.runtime.runs.underway("docs")
            assert run is not None
            refused = await people.command("reindex", ANA, cancel=True)
            pressed = await people.press("stop", run.order, ANA)
            gate.release(1)
            done = await first
    assert (refused.reason, pressed.reason) == ("not_admin", "not_yours")
    assert "1 documento nuevo" in done.text


async def test_a_source_is_paused_and_resumed(tmp_path: Path):
    """It outlives a restart, is shown with who did it, and is noted; an order by name reads it still."""
    async with office(tmp_path) as people:
        paused = await people.command("sources", action="pause", source="docs")
    async with office(tmp_path) as people:
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        shown = await people.command("sources")
        skipped = await people.command("reindex")
        assert "nuevo.md" not in documents(people)
        await people.command("reindex", source="docs")
        assert "nuevo.md" in documents(people)
        write(tmp_path, otro="# Otro\n\nTexto.")
        resumed = await people.command("sources", action="resume", source="docs")
        async with asyncio.timeout(20):
            while "otro.md" not in documents(people):
                await asyncio.sleep(0.01)
        after = await people.command("sources resume", source="docs")
        noted = [(one.action, one.arguments) for one in await people.runtime.journal.audited()]
    assert paused.outcome == resumed.outcome == "answered"
    assert shown.data
    docs, people_ = shown.data["sources"]
    assert (docs["paused"]["by"], docs["next"], people_["paused"]) == ("slack:U1", None, None)
    assert "slack:U1" in shown.text
    assert skipped.data
    assert [one["source"] for one in skipped.data["sources"]] == ["people"]
    assert "no está en pausa" in after.text
    assert ("sources", {"action": "pause", "source": "docs"}) in noted


async def test_sources_says_what_it_takes(tmp_path: Path):
    """A source that does not exist, none at all, something else than pause or resume."""
    async with office(tmp_path) as people:
        told = [
            await people.command("sources", action="pause"),
            await people.command("sources", action="pause", source="dosc"),
            await people.command("sources", action="stop", source="docs"),
        ]
    assert [one.reason for one in told] == ["missing_argument", "unknown_source", "bad_argument"]


async def test_one_source_that_cannot_be_read_keeps_no_other_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The reason stands beside the counts of the others."""
    async with office(tmp_path) as people:
        (tmp_path / "people" / "nuevo.md").write_text("# Nuevo\n\nTexto.", "utf-8")
        write(tmp_path, nuevo="# Nuevo\n\nTexto.")
        listing = FolderSource.list

        def fails(self: FolderSource) -> Any:
            if self.name == "docs":
                raise SourceError("The share is away: mount it.")
            return listing(self)

        monkeypatch.setattr(FolderSource, "list", fails)
        told = await people.command("reindex")
        assert "nuevo.md" in documents(people, "people")
    assert told.outcome == "failed"
    assert "The share is away" in told.text
    assert "1 documento nuevo" in told.text
