"""When a source is due, and what cron means."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import load_settings
from bot.cron import Cron
from bot.due import due, fingerprint
from bot.errors import ConfigurationError
from bot.reindexing.records import Standing
from bot.source_settings import FolderSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).astimezone()  # a Sunday
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.astimezone())


def source(**settings: object) -> FolderSettings:
    return FolderSettings.model_validate(
        {"name": "docs", "kind": "folder", "path": Path("/docs"), **settings}, context={"beside": Path("/")}
    )


def read(one: FolderSettings, began: datetime) -> Standing:
    return Standing(began, fingerprint(one))


@given(began=moments, hours=st.integers(1, 2_000))
def test_an_interval_ends_early_by_a_tenth_at_most_and_never_late(began: datetime, hours: int) -> None:
    """Counted from when the last reading began, whatever has been restarted since; the same for everyone."""
    one = source(every=timedelta(hours=hours))
    when = due(one, read(one, began))
    assert timedelta(hours=hours) * 0.9 <= when - began <= timedelta(hours=hours)
    assert due(one, read(one, began)) == when


def test_sources_do_not_come_all_at_once() -> None:
    """Fifty that were read at the same moment are spread over the tenth of an hour."""
    began = NOON
    times = {
        due(one, read(one, began)).replace(microsecond=0)
        for one in (source(name=f"s{n}", every=timedelta(hours=1)) for n in range(50))
    }
    assert len(times) > 40


@given(began=moments)
def test_a_time_of_cron_is_kept_but_for_some_minutes(began: datetime) -> None:
    """Never early, not more than five minutes late."""
    one = source(cron="30 6 * * *")
    when = due(one, read(one, began)).astimezone()
    exact = when.replace(hour=6, minute=30, second=0, microsecond=0)
    assert timedelta() <= when - exact <= timedelta(minutes=5)
    assert timedelta() < when - began.astimezone(UTC) <= timedelta(days=1, hours=2, minutes=5)


def test_a_frequent_cron_is_spread_less() -> None:
    """Every minute means every minute."""
    one = source(cron="* * * * *")
    assert due(one, read(one, NOON)) - NOON <= timedelta(minutes=1, seconds=6)


def test_what_was_never_read_is_due_and_so_is_what_is_set_differently() -> None:
    """A new source, or one whose folder is another now, does not wait for its time."""
    one = source(every=timedelta(days=1))
    now = datetime.now(UTC)
    assert due(one, Standing()) < now
    assert due(one, Standing(now, fingerprint(source(include=("*.md",))))) < now
    assert due(one, read(one, now)) > now
    assert fingerprint(one) == fingerprint(source(every=timedelta(days=2), access=("slack:#rrhh",)))


def days(expression: str) -> list[int]:
    """The weekdays (1 is Monday) on which something comes within four weeks."""
    at, found = NOON, set()
    for _ in range(28):
        following = Cron(expression).after(at)
        assert following is not None
        found.add(following.isoweekday())
        at = following
    return sorted(found)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("1-5", [1, 2, 3, 4, 5]),
        ("0", [7]),
        ("7", [7]),
        ("5-7", [5, 6, 7]),
        ("6-0", [6, 7]),
        ("MON-fri", [1, 2, 3, 4, 5]),
        ("0,6", [6, 7]),
        ("*/2", [2, 4, 6, 7]),
        ("1-5/2", [1, 3, 5]),
        ("*", [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_weekdays_are_counted_from_sunday(field: str, expected: list[int]) -> None:
    """As crontab has it, by numbers and by names."""
    assert days(f"0 6 * * {field}") == expected


def test_a_day_of_the_month_or_of_the_week_is_enough() -> None:
    """Where both are given, either: the 13th, and Fridays."""
    at, found = NOON, []
    for _ in range(12):
        following = Cron("0 6 13 * 5").after(at)
        assert following is not None
        found.append(following)
        at = following
    assert all(one.day == 13 or one.isoweekday() == 5 for one in found)
    assert {one.isoweekday() for one in found} > {5}


@pytest.mark.parametrize(
    "wrong", ["99 6 * * *", "0 6 * * 8", "0 6 30 2 *", "0 6 * * 5-2", "0 6 * * */0", "x x x x x"]
)
def test_what_is_no_time_is_said_when_the_file_is_read(tmp_path: Path, wrong: str) -> None:
    """And not when the bot starts, or never."""
    file = tmp_path / "vocero.toml"
    file.write_text(f'[[sources]]\nname = "docs"\nkind = "folder"\npath = "docs"\ncron = "{wrong}"\n')
    with pytest.raises(ConfigurationError, match="cron"):
        load_settings(file, environ={})
