"""The relational database: SQLite beside the data, PostgreSQL where one is configured, one code for both.

SQLite runs in WAL: readers and the one writer never wait for each other, and a killed process loses
nothing it was told is committed. `synchronous=FULL` keeps that promise for a power cut too, at one fsync a
commit.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateColumn

from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_BUSY_SECONDS = 30
_DAMAGED = ("malformed", "not a database")
"""What SQLite says of a file that is not as it wrote it."""
_own = MetaData()
_versions = Table(
    "schema_versions",
    _own,
    Column("name", String, primary_key=True),
    Column("version", Integer, nullable=False),
)


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; raises `KnowledgeError` when it cannot be used."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise KnowledgeError(
            "The database address cannot be read: write `sqlite:///path` or `postgresql://user@host/name`."
        ) from None
    if parsed.get_backend_name() in {"postgres", "postgresql"}:
        engine = _postgres(parsed)
    elif parsed.get_backend_name() == "sqlite":
        engine = _sqlite(parsed)
    else:
        raise KnowledgeError(f"`{parsed.drivername}` databases are not supported: take SQLite or PostgreSQL.")
    try:
        with reading(engine):
            pass
    except KnowledgeError:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read from; raises `KnowledgeError` when the database fails."""
    with _explained(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction, all of it or nothing; raises `KnowledgeError` when the database fails."""
    with _explained(engine), engine.begin() as connection:
        yield connection


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Creates the tables, columns and indexes that are missing; what is there stays as it is.

    A column that is added to a table later must be nullable.
    """
    try:
        _create_missing(engine, metadata)
    except KnowledgeError:
        # Another process may have made the same at the same moment: then nothing is missing any more.
        _create_missing(engine, metadata)


def _create_missing(engine: Engine, metadata: MetaData) -> None:
    with writing(engine) as connection:
        metadata.create_all(connection)
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            present = {column["name"] for column in inspector.get_columns(table.name)}
            for column in table.columns:
                if column.name not in present:
                    added = CreateColumn(column).compile(engine)
                    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))
            for index in table.indexes:
                index.create(connection, checkfirst=True)


def create_derived_tables(engine: Engine, metadata: MetaData, name: str, version: int) -> None:
    """Creates tables whose content can be made again, dropping those of another version first."""
    try:
        _create_derived(engine, metadata, name, version)
    except KnowledgeError:
        # Another process may have made the same at the same moment: then only what it left is missing.
        _create_derived(engine, metadata, name, version)


def _create_derived(engine: Engine, metadata: MetaData, name: str, version: int) -> None:
    create_tables(engine, _own)
    with reading(engine) as connection:
        found = connection.scalar(select(_versions.c.version).where(_versions.c.name == name))
    if found == version:
        create_tables(engine, metadata)
        return
    with writing(engine) as connection:
        if found is not None:
            log.warning("The %s was written by another version: the next `vocero index` makes it anew.", name)
            metadata.drop_all(connection)
        metadata.create_all(connection)
        connection.execute(_versions.delete().where(_versions.c.name == name))
        connection.execute(_versions.insert(), {"name": name, "version": version})


def _sqlite(url: URL) -> Engine:
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KnowledgeError(
                f"The folder of the database `{url.database}` cannot be made ({error.strerror}):"
                " choose another place for the data."
            ) from None
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _postgres(url: URL) -> Engine:
    driver = "postgresql+psycopg"
    try:
        # A server that was restarted leaves dead connections in the pool: ask before using one.
        return create_engine(url.set(drivername=driver), pool_pre_ping=True)
    except ModuleNotFoundError:
        raise KnowledgeError("PostgreSQL needs its driver: install `vocero[postgres]`.") from None


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        shown = engine.url.render_as_string(hide_password=True)
        cause = str(error.orig).strip().partition("\n")[0]
        remedy = _remedy(engine, cause)
        raise KnowledgeError(f"The database `{shown}` cannot be used ({cause}): {remedy}.") from error


def _remedy(engine: Engine, cause: str) -> str:
    if engine.dialect.name != "sqlite":
        return "see that its server runs and lets this user in"
    if any(sign in cause for sign in _DAMAGED):
        return (
            "it is damaged: put a copy of it in its place, or move it away and run `vocero index`, which"
            " makes the index anew; what was asked and answered stays in the damaged file"
        )
    return "see that it is a file that can be written and the disk has room"
