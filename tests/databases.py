"""Real database servers, where they are installed: each test gets an empty database of its own.

Where one is missing its tests are skipped; with `VOCERO_TEST_DATABASES=required`, as in CI, they fail.
"""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

NewDatabase = Callable[[], str]
"""Makes an empty database; gives its address."""


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[NewDatabase]:
    """A PostgreSQL server."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    server, initdb = (_found(name, *folders) for name in ("postgres", "initdb"))
    if server is None or initdb is None or importlib.util.find_spec("psycopg") is None:
        _missing("PostgreSQL, or psycopg")
    with _folder("postgres") as (folder, user):
        data = folder / "data"
        _run([initdb, "-D", data, "-A", "trust", "-U", "vocero", "-N", "--locale=C.UTF-8"], user)
        command = [server, "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
        with _serving(command, user, signal.SIGINT, folder / ".s.PGSQL.5432"):
            yield _databases("postgresql+psycopg://vocero@/{name}?host=" + str(folder), "postgres")


@pytest.fixture(scope="session")
def new_mariadb() -> Iterator[NewDatabase]:
    """A MariaDB server."""
    server, install = (
        _found(name, Path("/usr/sbin"), Path("/usr/bin")) for name in ("mariadbd", "mariadb-install-db")
    )
    if server is None or install is None or importlib.util.find_spec("pymysql") is None:
        _missing("MariaDB, or PyMySQL")
    with _folder("mysql") as (folder, user):
        places = ["--no-defaults", f"--basedir={Path(server).parents[1]}", f"--datadir={folder / 'data'}"]
        _run([install, *places, "--auth-root-authentication-method=normal", "--skip-test-db"], user)
        place = folder / "socket"
        command = [server, *places, "--skip-networking", f"--socket={place}", f"--pid-file={folder / 'pid'}"]
        with _serving(command, user, signal.SIGTERM, place):
            yield _databases("mysql+pymysql://root@localhost/{name}?unix_socket=" + str(place), "mysql")


@pytest.fixture
def postgres_url(new_postgres: NewDatabase) -> str:
    """The address of an empty PostgreSQL database."""
    return new_postgres()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind that the bot keeps its own things in."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vocero.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def _found(name: str, *folders: Path) -> str | None:
    return next(filter(None, (shutil.which(name, path=place) for place in (None, *map(str, folders)))), None)


def _missing(what: str) -> NoReturn:
    if os.environ.get("VOCERO_TEST_DATABASES") == "required":
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


@contextmanager
def _folder(user: str) -> Iterator[tuple[Path, str | None]]:
    """A folder with a short name, for sockets, and its owner: these servers do not run as root."""
    with tempfile.TemporaryDirectory(prefix="vocero-", ignore_cleanup_errors=True) as name:
        if os.geteuid() != 0:
            yield Path(name), None
            return
        import pwd

        known = {one.pw_name for one in pwd.getpwall()}
        owner = user if user in known else "nobody"
        shutil.chown(name, owner)
        yield Path(name), owner


def _run(command: list[str | Path], user: str | None) -> None:
    subprocess.run(command, user=user, check=True, capture_output=True, cwd="/")


@contextmanager
def _serving(
    command: list[str | Path], user: str | None, end: signal.Signals, socket: Path
) -> Iterator[None]:
    with subprocess.Popen(
        command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not socket.exists() and process.poll() is None:
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(end)
            process.wait(30)


def _databases(address: str, first: str) -> NewDatabase:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    engine = create_engine(address.format(name=first), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    for _ in range(300):
        try:
            engine.connect().close()
            break
        except OperationalError:
            time.sleep(0.1)
    numbers = itertools.count(1)

    def new() -> str:
        name = f"test{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return address.format(name=name)

    return new
