"""No test waits for a service's sake."""

from pathlib import Path

import pytest

from knowledge.sources import Surroundings


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that sources would have waited."""
    waited: list[float] = []
    monkeypatch.setattr("knowledge.sources.client.sleep", waited.append)
    return waited


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path / "cache")
