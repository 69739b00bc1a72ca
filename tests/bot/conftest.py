"""A real Valkey for every test of the state: one server a session, emptied before each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.state import open_state
from bot.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey", numbered=True) / "server")
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def redis(valkey: EmbeddedValkey, tmp_path: Path) -> AsyncIterator[Redis]:
    async with open_state(valkey.url, tmp_path) as state:
        await state.redis.flushall()
        yield state.redis
