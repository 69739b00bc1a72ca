"""Generations of the index from the command line and from chat."""

from pathlib import Path

import pytest

from bot import requests
from bot.app import command
from bot.errors import VoceroError
from knowledge import intake
from tests.bot.company import company, talking


async def test_going_back_from_chat_and_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both tell the same, an administrator may choose, and what is wrong is a sentence."""
    settings = company(tmp_path)
    await requests.index(settings, None)
    monkeypatch.setattr(intake, "_VERSION", 99)
    await requests.index(settings, None)
    first, second = await requests.generations(settings, "show")
    assert (first["name"], first["active"], first["documents"]) == ("g1", False, 2)
    assert (second["name"], second["active"], second["documents"]) == ("g2", True, 2)
    async with talking(settings) as talk:
        told = await command(talk.terminal, "generations use", generation="g1")
        assert "**g1** (contesta)" in told.text
        assert (await talk.ask("¿Cuántos días de vacaciones tiene Rosario?")).outcome == "answered"
        unknown = await command(talk.terminal, "generations use", generation="g7")
        assert (unknown.outcome, "`g1`, `g2`" in unknown.text) == ("failed", True)
        nameless = await command(talk.terminal, "generations use")
        assert nameless.reason == "missing_argument"
    known = await requests.generations(settings, "drop", "g2")
    assert [one["name"] for one in known] == ["g1"]
    with pytest.raises(VoceroError, match="`g1` is the one that answers"):
        await requests.generations(settings, "drop", "g1")
