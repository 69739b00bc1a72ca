"""When sources are read again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.messages import Event
from bot.schedule import Schedule


@asynccontextmanager
async def scheduled(folder: Path) -> AsyncIterator["asyncio.Queue[Event]"]:
    """A running schedule of a folder that is looked at once a week, and the commands it gives."""
    configuration = folder.parent / "vocero.toml"
    configuration.write_text(
        f'[[sources]]\nname = "docs"\nkind = "folder"\npath = "{folder.name}"\nevery = "1w"\n'
    )
    given: asyncio.Queue[Event] = asyncio.Queue()
    schedule = Schedule(load_settings(configuration, environ={}), given.put)
    schedule.start()
    try:
        yield given
    finally:
        schedule.stop()
        await asyncio.gather(*schedule._watches, return_exceptions=True)


async def until_noticed(given: "asyncio.Queue[Event]", folder: Path) -> Event:
    """Writes until it is noticed: a watch takes a moment to begin."""
    for number in range(200):
        (folder / f"{number}.md").write_text("Texto.")
        try:
            return await asyncio.wait_for(given.get(), 0.3)
        except TimeoutError:
            continue
    raise AssertionError("nothing was noticed")


async def test_a_change_in_a_folder_is_read_at_once(tmp_path: Path) -> None:
    """Long before its interval has passed."""
    folder = tmp_path / "docs"
    folder.mkdir()
    async with scheduled(folder) as given:
        command = await until_noticed(given, folder)
    assert (command.name, command.arguments) == ("reindex", {"source": "docs"})


async def test_a_folder_that_comes_later_is_watched_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is not there yet ends no watch."""
    monkeypatch.setattr("knowledge.sources.folder._AWAY_SECONDS", 0.05)
    folder = tmp_path / "docs"
    async with scheduled(folder) as given:
        await asyncio.sleep(0)
        folder.mkdir()
        assert (await until_noticed(given, folder)).name == "reindex"


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
