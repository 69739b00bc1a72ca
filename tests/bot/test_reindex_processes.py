"""Readings over several processes: one that is killed goes on elsewhere; Ctrl-C leaves the index right."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app import open_runtime
from bot.config import load_settings
from bot.dispatch import Dispatch
from bot.reindexing.orders import reindex_command
from bot.reindexing.runs import Runs
from bot.settings import Settings
from bot.valkey import EmbeddedValkey
from tests.bot.company import company
from tests.bot.queueing import until

ROOT = Path(__file__).parents[2]
# Reads slowly, so that it can be killed in the middle of it.
_SLOWLY = """
import asyncio, sys, time
from pathlib import Path
from knowledge.sources.folder import FolderSource

fetch = FolderSource.fetch
def slowly(self, listed):
    time.sleep(0.1)
    return fetch(self, listed)
FolderSource.fetch = slowly
"""
_SLOW_CLI = f"{_SLOWLY}\nfrom bot.cli import main\nmain()"
_READER = f"""{_SLOWLY}
from bot.app import open_runtime
from bot.config import load_settings

async def main():
    async with open_runtime(load_settings(Path(sys.argv[1])), vectors=False):
        await asyncio.Event().wait()
asyncio.run(main())
"""


def settings_of(folder: Path, name: str, url: str) -> Settings:
    """One process's own data, with Redis and database shared."""
    environ = {
        "VOCERO_DATA": str(folder / name),
        "REDIS_URL": url,
        "DATABASE_URL": f"sqlite:///{folder}/shared.db",
    }
    return load_settings(folder / "vocero.toml", environ=environ)


@contextmanager
def reading(folder: Path, name: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works the queue off, slowly."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO")} | {
        "VOCERO_DATA": str(folder / name),
        "REDIS_URL": url,
        "DATABASE_URL": f"sqlite:///{folder}/shared.db",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _READER, str(folder / "vocero.toml")], cwd=ROOT, env=env,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_a_reading_whose_process_is_killed_goes_on_in_another(
    tmp_path: Path, valkey: EmbeddedValkey, redis: Any
) -> None:
    """Two processes, one Redis: what was read by the first is not read again, and all of it is in the end."""
    company(tmp_path, **{f"d{n:02}": f"# Documento {n}\n\nPalabra clave{n}x." for n in range(80)})
    settings = settings_of(tmp_path, "second", valkey.url)
    order = reindex_command("docs", datetime.now(UTC).isoformat())
    with reading(tmp_path, "first", valkey.url) as first:
        await Dispatch(redis).submit(order, priority="background")
        await until(lambda: Runs(redis).underway("docs"), 60)
        async with open_runtime(settings, vectors=False) as second:
            manifest = second.library.manifest
            await until(lambda: len(manifest.records("docs")) > 5, 60)
            first.send_signal(signal.SIGKILL)
            first.wait()
            before = {name: one.indexed_at for name, one in manifest.records("docs").items()}
            async with asyncio.timeout(60):
                while await second.dispatch.pending(order.id) is not None:
                    await asyncio.sleep(0.05)
            after = manifest.records("docs")
            found = second.library.search("clave79x", sources=frozenset({"docs"}))
            [noted] = await second.journal.audited()
            dead = (await second.dispatch.status())["dead"]
    assert dead == 0
    assert len(before) < 81 == len(after)
    assert all(after[name].indexed_at == at for name, at in before.items())
    assert noted.result is not None
    assert noted.result["docs"]["unchanged"] == len(before)
    assert noted.result["docs"]["added"] == 81 - len(before)
    assert [hit.passage.document for hit in found.hits][:1] == ["d79.md"]


def searchable(database: Path) -> int:
    """How many documents another process has made searchable by now."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM index_documents_g1").fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.slow
def test_ctrl_c_at_the_terminal_leaves_the_index_right(tmp_path: Path) -> None:
    """What was read by then is told and stays; the next `vocero index` reads the rest."""
    company(tmp_path, **{f"d{n:02}": f"# Documento {n}\n\nPalabra clave{n}x." for n in range(80)})
    env = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO")}
    call = [
        sys.executable,
        "-c",
        _SLOW_CLI,
        "--config",
        str(tmp_path / "vocero.toml"),
        "index",
        "docs",
        "--json",
    ]
    process = subprocess.Popen(call, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while searchable(tmp_path / ".vocero" / "vocero.db") <= 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    [report] = json.loads(out)["sources"]
    assert report["hindrance"] == "stopped"
    assert 0 < report["added"] < 81
    quick = [sys.executable, "-m", "bot", *call[3:]]
    done = subprocess.run(quick, cwd=ROOT, env=env, capture_output=True, check=True)
    [rest] = json.loads(done.stdout)["sources"]
    assert (rest["unchanged"], rest["added"]) == (report["added"], 81 - report["added"])
