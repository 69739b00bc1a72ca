"""The shared state: the connection to Redis, embedded where none is configured, and who owns the data."""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import ConfigurationError, StateError
from bot.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from redis.asyncio import Redis

_CONNECTIONS = 32
_SECONDS = 3.0
"""For an answer; longer than any blocking read."""
_OLDEST = (7, 0)


@dataclass(frozen=True, slots=True)
class State:
    """The shared state, open."""

    redis: "Redis"
    url: str
    """Where other processes of this machine find it; `unix://…` for the embedded one."""


@contextlib.asynccontextmanager
async def open_state(url: str | None, data: Path) -> AsyncIterator[State]:
    """Connects to the Redis at `url`; without one, starts an embedded server on its files in `data`.

    The caller of an embedded one owns `data` (see `own`). Raises `StateError` with the remedy.
    """
    if url:
        async with _connected(url) as redis:
            yield State(redis, url)
        return
    server = EmbeddedValkey(data / "valkey")
    await server.start()
    keeper = asyncio.create_task(server.supervise())
    try:
        async with _connected(server.url) as redis:
            yield State(redis, server.url)
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await server.stop()


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator["Redis"]:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import BusyLoadingError, RedisError

    try:
        # Unlike the plain pool, which raises once all its connections are in use, this one waits.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=None,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=4),
            retry_on_error=[BusyLoadingError],
        )
    except ValueError:
        raise ConfigurationError(
            "`REDIS_URL` cannot be read: write `redis://host:6379/0`, `rediss://…` or `unix:///path`."
        ) from None
    redis = Redis.from_pool(pool)
    try:
        try:
            version = str((await redis.info("server"))["redis_version"])
        except (RedisError, OSError) as error:
            raise StateError(
                f"Redis at `{_shown(url)}` does not answer ({error}): start it, correct `REDIS_URL`, or"
                " remove that for the embedded one."
            ) from None
        if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
            raise StateError(f"Redis at `{_shown(url)}` is version {version}: 7.0 is the oldest that serves.")
        yield redis
    finally:
        await redis.aclose()


def _shown(url: str) -> str:
    """The address without its credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that serves on a data folder."""

    pid: int
    url: str | None
    """Of its Redis; None while it is still starting."""


class Ownership:
    """The data folder is ours until the process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._write(None)

    def announce(self, url: str) -> None:
        """Tells other processes where our Redis is."""
        self._write(url)

    def _write(self, url: str | None) -> None:
        # Written over in place, blanks after it: a reader never sees a half-empty file.
        self._file.seek(0)
        self._file.write(json.dumps({"pid": os.getpid(), "url": url}).ljust(2_000))
        self._file.flush()


@contextlib.contextmanager
def own(data: Path) -> Iterator[Ownership]:
    """Makes the data folder ours; raises `StateError` when another process serves on it.

    The lock is the kernel's, on an open file: it goes with its holder, so none is ever left behind.
    """
    with _lock_file(data).open("r+", encoding="utf-8") as file:
        # `owner` holds a shared lock for the moment it looks.
        for _ in range(20):
            if _locked(file, fcntl.LOCK_EX):
                break
            time.sleep(0.02)
        else:
            other = _read(file)
            raise StateError(
                f"Another process{f' ({other.pid})' if other else ''} serves on `{data}`:"
                " end it, or choose another folder with `VOCERO_DATA`."
            )
        yield Ownership(file)


def owner(data: Path) -> Owner | None:
    """Who serves on the data folder now, or None."""
    try:
        file = _path(data).open(encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        return None if _locked(file, fcntl.LOCK_SH) else _read(file)


def _path(data: Path) -> Path:
    return data / "owner.lock"


def _lock_file(data: Path) -> Path:
    path = _path(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # the address may hold a password
    except OSError as error:
        raise StateError(
            f"The data folder `{data}` cannot be written ({error.strerror}):"
            " make it writable or choose another with `VOCERO_DATA`."
        ) from None
    return path


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: IO[str]) -> Owner | None:
    """What the holder of the lock has written; None in the moment before it has."""
    file.seek(0)
    try:
        fields = json.loads(file.read())
        return Owner(int(fields["pid"]), fields["url"])
    except (ValueError, KeyError, TypeError):
        return None
