"""Answers say when they come from what was not read for longer than promised."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import command, open_runtime
from bot.freshness import fresh_until
from bot.register.checker import check
from bot.requests import index
from bot.source_settings import FolderSettings
from knowledge.library import Library
from tests.bot.company import company, talking

READ = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


def folder(**promise: str) -> FolderSettings:
    given = {"name": "a", "kind": "folder", "path": Path("docs"), **promise}
    return FolderSettings.model_validate(given)


@pytest.mark.parametrize(
    ("promise", "hours"),
    [
        ({}, 1.25),
        ({"every": "15m"}, 1.25),
        ({"every": "6h"}, 12),
        ({"every": "7d"}, 14 * 24),
        ({"stale_after": "2h"}, 2),
        ({"every": "1m", "stale_after": "3d"}, 72),
        ({"cron": "0 * * * *"}, 3),
    ],
    ids=str,
)
def test_a_reading_counts_as_fresh_until_two_are_missed(promise: dict[str, str], hours: float) -> None:
    """One reading may fail, and takes its time; after the second one and an hour, or as set, it is old."""
    source = folder(**promise)
    assert fresh_until(source, READ) - READ == timedelta(hours=hours)


def test_a_source_that_is_read_on_working_days_may_rest_at_weekends() -> None:
    """What `cron` does not promise, is not missed."""
    source = folder(cron="0 6 * * 1-5")
    friday = datetime(2026, 3, 6, 6, 0).astimezone()
    assert fresh_until(source, friday) - friday == timedelta(days=4, hours=1)


@pytest.mark.parametrize("channel", ["terminal:local", "slack:#madrid", "slack:#rrhh"])
async def test_an_answer_from_an_old_reading_says_so(tmp_path: Path, channel: str) -> None:
    """With the date, in the channel's words; once the source is read again, no more."""
    settings = company(tmp_path)
    old = settings.sources[0].model_copy(update={"stale_after": timedelta(milliseconds=1)})
    settings = settings.model_copy(update={"sources": (old, *settings.sources[1:])})
    await index(settings, None)
    today = datetime.now().astimezone()
    async with talking(settings) as bot:
        answer = await bot.ask(QUESTION, channel)
        missing = await bot.ask("¿Qué marca de café hay en la cocina?", channel)
        status = await command(bot.terminal, "status")
    note = answer.text.split("\n\n")[-1]
    assert "«docs»" in note
    assert f"de {today.year} a las " in note
    assert "docs" not in answer.answer
    report = check(note, answer.register_.singular, answer.register_.plural)
    assert report.violations == ()
    assert missing.outcome == "not_found"
    assert "«docs»" in missing.text
    assert "«docs»" in status.text
    async with talking(company(tmp_path)) as bot:
        assert "«docs»" not in (await bot.ask(QUESTION, channel)).text


async def test_a_reading_that_failed_makes_nothing_fresher(tmp_path: Path) -> None:
    """Looking again in vain, and reading one document, leave the date of the last whole reading."""
    settings = company(tmp_path)
    await index(settings, None)
    async with open_runtime(settings) as runtime:
        before = runtime.library.read()
    shutil.move(tmp_path / "docs", tmp_path / "away")
    assert (await index(settings, "docs"))[0]["problem"]
    async with open_runtime(settings) as runtime:
        assert runtime.library.read() == before
    shutil.move(tmp_path / "away", tmp_path / "docs")
    await index(settings, "docs")
    async with open_runtime(settings) as runtime:
        after = runtime.library.read()
    assert after["docs"] > before["docs"]
    assert after["people"] == before["people"]


async def test_status_tells_why_vectors_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Administrators hear of a Chroma that is away where they look for how the index is."""
    monkeypatch.setattr(Library, "problem", "The Chroma server is away: start it.")
    async with talking(company(tmp_path)) as bot:
        status = await command(bot.terminal, "status")
    assert "The Chroma server is away" in status.text
    assert (status.data or {})["problem"] == "The Chroma server is away: start it."
