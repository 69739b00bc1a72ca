"""The shared state: the embedded server's life, and who owns the data."""

import asyncio
import contextlib
import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.errors import ConfigurationError, StateError, VoceroError
from bot.state import Owner, open_state, own, owner
from bot.valkey import EmbeddedValkey, find_binary
from tests.bot.queueing import until

_SERVE = """
import asyncio, sys
from pathlib import Path
from bot.state import open_state, own

async def main(data):
    with own(data) as ownership:
        async with open_state(None, data) as state:
            await state.redis.incr("starts")
            ownership.announce(state.url)
            print(await state.redis.execute_command("INFO", "server"), flush=True)
            await asyncio.sleep(60)

asyncio.run(main(Path(sys.argv[1])))
"""


@contextlib.contextmanager
def serving(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that owns `data` and has its embedded server up."""
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(data)], stdout=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline(), "it did not start"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has collected does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc").exists()
    return not status.rpartition(")")[2].lstrip().startswith("Z")


def gone(pid: int) -> bool:
    return not alive(pid)


def server_of(data: Path) -> int:
    return int((data / "valkey" / "valkey.pid").read_text())


async def test_the_embedded_server_keeps_its_data(tmp_path: Path) -> None:
    """What was written is there after a stop and a start."""
    async with open_state(None, tmp_path) as state:
        await state.redis.set("question", "¿cuántos días?")
    async with open_state(None, tmp_path) as state:
        assert await state.redis.get("question") == "¿cuántos días?".encode()


async def test_the_embedded_server_is_private_and_durable(tmp_path: Path) -> None:
    """A socket of ours alone, no port, an append-only file, nothing evicted."""
    async with open_state(None, tmp_path) as state:
        settings = await state.redis.config_get("port", "appendonly", "appendfsync", "maxmemory-policy")
        assert settings == {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
    folder = tmp_path / "valkey"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["con espacio", "ñandú «1»", "it's", "a%20b", "x" * 120])
async def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    """Whatever it is called, and however long its path is: a socket's address is at most 104 bytes."""
    async with open_state(None, tmp_path / name) as state, open_state(state.url, tmp_path) as attached:
        await state.redis.set("a", "1")
        assert await attached.redis.get("a") == b"1"


async def test_a_temporary_folder_of_someone_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others could have made it first, to listen in our place."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    server = EmbeddedValkey(tmp_path / ("x" * 120))
    server.socket.parent.mkdir(mode=0o755)
    with pytest.raises(StateError, match="nobody else may enter"):
        await server.start()


async def test_a_relative_folder_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`VOCERO_DATA=.vocero`: the server has a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    async with open_state(None, Path(".vocero")) as state:
        await state.redis.set("a", "1")
    assert (tmp_path / ".vocero" / "valkey" / "appendonlydir").is_dir()


async def test_the_server_dies_with_its_killed_parent_and_the_next_start_recovers(tmp_path: Path) -> None:
    """SIGKILL leaves no orphan behind; the next process finds the data, and may start at once."""
    for starts in range(1, 4):
        with serving(tmp_path) as process:
            server = server_of(tmp_path)
            assert alive(server)
            process.kill()
        async with open_state(None, tmp_path) as state:
            assert await state.redis.get("starts") == str(starts).encode()
        await until(partial(gone, server), seconds=5)


async def test_a_hanging_server_dies_with_its_parent_too(tmp_path: Path) -> None:
    """One that no longer listens to SIGTERM is killed."""
    with serving(tmp_path) as process:
        server = server_of(tmp_path)
        os.kill(server, signal.SIGSTOP)
        process.kill()
        await until(partial(gone, server), seconds=15)


async def test_an_interrupt_of_the_terminal_is_not_for_the_server(tmp_path: Path) -> None:
    """Ctrl-C goes to the whole foreground group; the server has to outlive the running turns."""
    async with open_state(None, tmp_path):
        assert os.getpgid(server_of(tmp_path)) != os.getpgid(0)


async def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    """Under the same address, with its data; commands wait for it."""
    async with open_state(None, tmp_path) as state:
        await state.redis.set("a", "1")
        for _ in range(2):
            first = server_of(tmp_path)
            os.kill(first, signal.SIGKILL)
            assert await state.redis.get("a") == b"1"
            assert server_of(tmp_path) != first


async def test_a_torn_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """A write cut off in the middle loses that write alone."""
    async with open_state(None, tmp_path) as state:
        for n in range(10):
            await state.redis.set(f"k{n}", "v" * 100)
    (log,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 30)
    async with open_state(None, tmp_path) as state:
        assert await state.redis.dbsize() == 9


async def test_a_ruined_file_is_said_in_words(tmp_path: Path) -> None:
    """The server refuses it: so do we, naming the log; nothing is thrown away."""
    async with open_state(None, tmp_path) as state:
        for n in range(10):
            await state.redis.set(f"k{n}", "v" * 100)
    (log,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    ruined = log.read_bytes().replace(b"*3\r\n", b"?!\r\n", 5)
    log.write_bytes(ruined)
    with pytest.raises(StateError, match=r"ended at once .*valkey\.log"):
        async with open_state(None, tmp_path):
            pass
    assert log.read_bytes() == ruined


async def test_a_second_server_never_opens_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two would ruin them: the second start waits, and then says which process is in its way."""
    monkeypatch.setattr("bot.valkey._START_SECONDS", 0.3)
    async with open_state(None, tmp_path) as state:
        with pytest.raises(StateError, match=rf"process {server_of(tmp_path)}\).*end it"):
            await EmbeddedValkey(tmp_path / "valkey").start()
        assert await state.redis.ping()


async def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    """With what to do about it."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StateError, match="VOCERO_DATA"):
        async with open_state(None, tmp_path / "data"):
            pass
    with pytest.raises(StateError, match="VOCERO_DATA"), own(tmp_path / "data"):
        pass


def test_without_any_server_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the package nor on PATH."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StateError, match=r"install `valkey` .*REDIS_URL"):
        find_binary()


def test_a_server_on_path_stands_in_for_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For machines that the package has no build for."""
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_binary() == str(program)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "nonsense", "redis://127.0.0.1:port"])
async def test_an_address_that_cannot_be_read_is_said_in_words(tmp_path: Path, url: str) -> None:
    """It is a configuration error that shows how to write one."""
    with pytest.raises(ConfigurationError, match="redis://host"):
        async with open_state(url, tmp_path):
            pass


@pytest.mark.parametrize(
    "url", ["redis://:s3cret@127.0.0.1:1/0", "unix:///nowhere/valkey.sock?password=s3cret"]
)
async def test_a_server_that_is_not_there_is_said_in_words_without_its_password(
    tmp_path: Path, url: str
) -> None:
    """Credentials of an address never reach a message."""
    with pytest.raises(StateError, match="REDIS_URL") as caught:
        async with open_state(url, tmp_path):
            pass
    assert "s3cret" not in str(caught.value)


async def test_more_commands_than_connections_wait_their_turn(tmp_path: Path) -> None:
    """Hundreds of turns share the pool; none is refused a connection."""
    async with open_state(None, tmp_path) as state:
        reads = [state.redis.blpop(["nothing"], timeout=0.05) for _ in range(200)]
        assert await asyncio.gather(*reads) == [None] * 200


def test_data_has_one_owner_who_can_be_found(tmp_path: Path) -> None:
    """Another process reads who it is and where its Redis is, and is refused with a sentence."""
    assert owner(tmp_path / "new") is None
    with serving(tmp_path) as process:
        found = owner(tmp_path)
        assert found == Owner(process.pid, EmbeddedValkey(tmp_path / "valkey").url)
        with pytest.raises(VoceroError, match=rf"\({process.pid}\) serves on .*VOCERO_DATA"), own(tmp_path):
            pass


async def test_the_owner_is_attached_to(tmp_path: Path) -> None:
    """Through its socket, from another process."""
    with serving(tmp_path):
        found = owner(tmp_path)
        assert found
        async with open_state(found.url, tmp_path) as state:
            assert await state.redis.get("starts") == b"1"


def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    """The lock goes with its holder; what it wrote is not believed."""
    with serving(tmp_path) as process:
        process.kill()
        process.wait()
        assert owner(tmp_path) is None
        with own(tmp_path):
            found = owner(tmp_path)
            assert found == Owner(os.getpid(), None), "not announced yet"


def test_ownership_ends_with_its_block(tmp_path: Path) -> None:
    """Also when the block raises."""
    with pytest.raises(ZeroDivisionError), own(tmp_path):
        raise ZeroDivisionError
    assert owner(tmp_path) is None
    with own(tmp_path) as ownership:
        ownership.announce("redis://:secret@host:6379/0?x=" + "y" * 500)
        ownership.announce("unix:///short.sock")
        assert owner(tmp_path) == Owner(os.getpid(), "unix:///short.sock")
        assert stat.S_IMODE((tmp_path / "owner.lock").stat().st_mode) == 0o600


def test_asking_for_the_owner_never_keeps_one_from_owning(tmp_path: Path) -> None:
    """Whoever looks holds the lock for a moment: it is waited for."""
    with own(tmp_path):
        pass
    with (tmp_path / "owner.lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        enough = threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN))
        enough.start()
        with own(tmp_path):
            pass
        enough.join()
