"""The digest of the documents: when it is due, and where it is posted."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis

from bot import requests
from bot.app import open_runtime
from bot.config import load_settings
from bot.messages import Answer
from bot.reindexing.orders import digest_command
from bot.reindexing.records import Records
from bot.reindexing.runs import Runs
from bot.schedule import Schedule
from knowledge.database import open_database
from tests.bot.company import company
from tests.bot.test_schedule import Given

DAILY = 'digest = "0 * * * *"'  # within the twelve hours that a digest may be late, whenever this runs


async def ordered(folder: Path, redis: Redis, top: str, schedules: int = 1) -> Given:
    """What schedules of several processes order when they start."""
    (folder / "vocero.toml").write_text(top)
    settings = load_settings(folder / "vocero.toml", environ={})
    records, given = Records(open_database(f"sqlite:///{folder}/vocero.db")), Given()
    running = [Schedule(settings, given.put, records, Runs(redis)) for _ in range(schedules)]
    for schedule in running:
        schedule.start()
    await asyncio.sleep(0.5)
    for schedule in running:
        schedule.stop()
    return given


async def test_a_missed_digest_is_ordered_once(tmp_path: Path, redis: Redis) -> None:
    """Of three processes that start late, each comes to the same order for the same hour."""
    given = await ordered(tmp_path, redis, f'admin_channel = "slack:#bot"\n{DAILY}', schedules=3)
    digests = [order for order in given.ids if ":digest:" in order]
    assert digests
    assert {digests.count(order) for order in digests} == {3}


async def test_there_is_no_digest_where_nobody_hears_it(tmp_path: Path, redis: Redis) -> None:
    """Without a channel for admins, or with "off"."""
    assert (await ordered(tmp_path, redis, DAILY)).ids == []
    off = 'admin_channel = "slack:#bot"\ndigest = "off"'
    assert (await ordered(tmp_path, redis, off)).ids == []


class Posts:
    """A platform that keeps what is posted."""

    name = "slack"

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, str]] = []

    async def post(
        self, channel: str, text: str, key: str = "", *, confirmations: Sequence[object] = ()
    ) -> None:
        assert not confirmations
        self.posted.append((channel, text, key))


async def test_the_digest_comes_into_the_admins_channel(tmp_path: Path) -> None:
    """Of what that channel may read; the salaries that it may not are not named."""
    settings = company(tmp_path)
    text = (tmp_path / "vocero.toml").read_text("utf-8")
    (tmp_path / "vocero.toml").write_text(f'admin_channel = "slack:#bot"\n{text}', "utf-8")
    settings = load_settings(tmp_path / "vocero.toml", environ={})
    await requests.index(settings, None)
    posts = Posts()
    async with open_runtime(settings, vectors=False) as runtime:
        runtime.connectors["slack"] = posts  # type: ignore[index]
        ended = [chunk async for chunk in runtime.bot.handle(digest_command("2026-11-23"))][-1]
    assert isinstance(ended, Answer)
    assert ended.outcome == "answered"
    [(channel, posted, _)] = posts.posted
    assert channel == "slack:#bot"
    assert "Resumen de los documentos" in posted
    assert "docs/vacaciones.md" in posted
    assert "bandas" not in posted
