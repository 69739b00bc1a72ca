"""What all tests share: slow ones only when asked for, no timings, no one's own settings."""

import pytest
from hypothesis import settings

from tests.databases import database_url, new_mariadb, new_postgres, postgres_url

__all__ = ["database_url", "new_mariadb", "new_postgres", "postgres_url"]

# A deadline would be a timing; examples come out the same on every run.
settings.register_profile("vocero", deadline=None, derandomize=True)
settings.load_profile("vocero")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow") or config.getoption("-m"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens, addresses and places of whoever runs the tests reach no test."""
    from bot.settings import Environment

    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
