"""When sources are read again, by one process or several, over restarts and pauses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot import schedule as module
from bot.config import load_settings
from bot.dispatch import Dispatch
from bot.due import fingerprint
from bot.messages import Command
from bot.reindexing.records import Records
from bot.reindexing.runs import Runs
from bot.schedule import Schedule
from bot.settings import Settings
from knowledge.database import open_database
from tests.bot.queueing import until


@dataclass
class Given:
    """The orders that schedules give; the same one twice counts once, as the queue has it."""

    orders: "asyncio.Queue[Command]" = field(default_factory=asyncio.Queue)
    ids: list[str] = field(default_factory=list)

    async def put(self, command: Command) -> bool:
        self.ids.append(command.id)
        fresh = self.ids.count(command.id) == 1
        if fresh:
            self.orders.put_nowait(command)
        return fresh


@dataclass
class House:
    """One company's settings, records and runs."""

    settings: Settings
    records: Records
    runs: Runs

    @asynccontextmanager
    async def scheduled(self, given: Given) -> AsyncIterator[Schedule]:
        """A running schedule."""
        schedule = Schedule(self.settings, given.put, self.records, self.runs)
        schedule.start()
        try:
            yield schedule
        finally:
            schedule.stop()
            await asyncio.gather(*schedule._watches, return_exceptions=True)

    async def read(self, ago: timedelta, name: str = "docs") -> None:
        """A reading of a source began so long ago."""
        source = self.settings.source(name)
        assert source is not None
        then = datetime.now(UTC) - ago
        await self.records._set(name, began=then, settings=fingerprint(source))


@pytest.fixture
def house(tmp_path: Path, redis: Redis) -> House:
    return furnish(tmp_path, redis, 'every = "1d"')


def furnish(folder: Path, redis: Redis, when: str, kind: str = "sql") -> House:
    options = {"sql": 'url = "sqlite://"\nquery = "SELECT 1 AS id"', "folder": 'path = "docs"'}[kind]
    path = folder / "vocero.toml"
    path.write_text(f'[[sources]]\nname = "docs"\nkind = "{kind}"\n{options}\n{when}\n')
    engine = open_database(f"sqlite:///{folder}/vocero.db")
    return House(load_settings(path, environ={}), Records(engine), Runs(redis))


async def orders(house: House, moment: float = 0.3) -> list[str]:
    """What a schedule orders when it starts."""
    given = Given()
    async with house.scheduled(given):
        await asyncio.sleep(moment)
    return given.ids


async def test_a_restart_forgets_nothing(house: House) -> None:
    """A source for once a day is due a day after it was read, however often the process was restarted."""
    assert len(await orders(house)) == 1
    await house.read(timedelta(hours=5))
    assert await orders(house) == []
    await house.read(timedelta(hours=25))
    assert len(await orders(house)) == 1


async def test_what_was_missed_is_caught_up_once(house: House) -> None:
    """Ten days of downtime are one run."""
    await house.read(timedelta(days=10))
    assert len(await orders(house)) == 1


async def test_cron_is_caught_up_once(tmp_path: Path, redis: Redis) -> None:
    """What should have been every minute of the last hour is one run."""
    house = furnish(tmp_path, redis, 'cron = "* * * * *"')
    await house.read(timedelta(hours=1))
    assert len(await orders(house)) == 1


async def test_all_processes_give_one_order(house: House, redis: Redis) -> None:
    """However many run the schedule; and until its run has begun none gives another."""
    dispatch = Dispatch(redis)
    await house.read(timedelta(days=2))
    queue = partial(dispatch.submit, priority="background")
    schedules = [Schedule(house.settings, queue, house.records, house.runs) for _ in range(5)]
    for schedule in schedules:
        schedule.start()
    await until(lambda: redis.exists(f"{dispatch._root}:open"))
    await asyncio.sleep(0.3)
    assert (await dispatch.status())["ready"] == 1
    for schedule in schedules:
        schedule.stop()
        await asyncio.gather(*schedule._watches, return_exceptions=True)


async def test_an_order_that_came_to_nothing_is_given_again(house: House) -> None:
    """Not every moment, but before another day has passed."""
    await house.read(timedelta(days=1, minutes=1))
    [first] = await orders(house)
    assert await orders(house) == [first]
    await house.read(timedelta(days=1, hours=1, minutes=1))
    assert await orders(house) != [first]


async def test_a_paused_source_is_not_read_until_it_is_resumed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at its time nor at a start."""
    monkeypatch.setattr(module, "_SOON", timedelta(seconds=0.05))
    await house.records.pause("docs", "Ana")
    assert await orders(house) == []
    given = Given()
    async with house.scheduled(given):
        await asyncio.sleep(0.2)
        assert given.ids == []
        await house.records.pause("docs", None)
        order = await asyncio.wait_for(given.orders.get(), 10)
    assert (order.name, order.arguments) == ("reindex", {"source": "docs"})


async def test_a_database_that_is_away_ends_no_schedule(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked again when it is back."""
    monkeypatch.setattr(module, "_SOON", timedelta(seconds=0.05))
    standing = house.records.standing
    failures = [RuntimeError("away")] * 3

    async def fails(source: str) -> object:
        if failures:
            raise failures.pop()
        return await standing(source)

    monkeypatch.setattr(house.records, "standing", fails)
    given = Given()
    async with house.scheduled(given):
        await asyncio.wait_for(given.orders.get(), 10)
    assert failures == []


async def noticed(given: Given, folder: Path) -> Command:
    """Writes until it is noticed: a watch takes a moment to begin."""
    for number in range(200):
        (folder / f"{number}.md").write_text("Texto.")
        try:
            return await asyncio.wait_for(given.orders.get(), 0.3)
        except TimeoutError:
            continue
    raise AssertionError("nothing was noticed")


async def test_a_change_in_a_folder_is_read_at_once(tmp_path: Path, redis: Redis) -> None:
    """Long before its interval has passed; at a start what changed meanwhile is read, too."""
    house = furnish(tmp_path, redis, 'every = "1w"', "folder")
    (tmp_path / "docs").mkdir()
    await house.read(timedelta(days=1))
    given = Given()
    async with house.scheduled(given):
        await asyncio.wait_for(given.orders.get(), 10)
        async with house.runs.begin("docs", order="o", by="b", above=0):
            command = await noticed(given, tmp_path / "docs")
    assert (command.name, command.arguments) == ("reindex", {"source": "docs"})


async def test_changes_before_a_run_begins_are_one_order(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written all the time does not fill the queue; what changes during a run is read after it."""
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    house = furnish(tmp_path, redis, 'every = "1w"', "folder")
    (tmp_path / "docs").mkdir()
    await house.read(timedelta(days=1))
    given = Given()
    async with house.scheduled(given):
        await asyncio.wait_for(given.orders.get(), 10)
        for number in range(400):
            (tmp_path / "docs" / f"{number}.md").write_text("Texto.")
            if len(given.ids) > 3:
                break
            await asyncio.sleep(0.05)
        assert len(given.ids) > 3
        assert given.orders.empty()
        async with house.runs.begin("docs", order="o", by="b", above=0):
            await noticed(given, tmp_path / "docs")
        assert len(set(given.ids)) == 2


async def test_a_folder_that_comes_later_is_watched_from_then_on(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is not there yet ends no watch."""
    monkeypatch.setattr("knowledge.sources.folder._AWAY_SECONDS", 0.05)
    house = furnish(tmp_path, redis, 'every = "1w"', "folder")
    await house.read(timedelta(days=1))
    given = Given()
    async with house.scheduled(given):
        await asyncio.wait_for(given.orders.get(), 10)
        (tmp_path / "docs").mkdir()
        async with house.runs.begin("docs", order="o", by="b", above=0):
            assert (await noticed(given, tmp_path / "docs")).name == "reindex"


def test_what_is_no_document_is_not_noticed() -> None:
    """Hidden files, leftovers of editors and pictures."""
    from watchfiles import Change

    from knowledge.sources.folder import _is_shown

    shown = [
        name
        for name in ("a.md", ".a.md.swp", "~$a.docx", "a.md~", "b.png")
        if _is_shown(Change.added, f"/x/{name}")
    ]
    assert shown == ["a.md"]
