"""A named query as a tool: bound parameters, and a transaction that the database itself lets read only."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.errors import ConfigurationError
from bot.tools.arguments import check_by_model, model_of_settings, schema_of
from bot.tools.reading import Variables, secrets_in, told, with_variables
from bot.tools.settings import ParameterSettings, SqlTool
from bot.tools.tool import Asker, Output, Tool, ToolError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection, Engine

_READ_ONLY: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "cockroachdb": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "mysql": ("SET SESSION max_execution_time = {milliseconds}", "START TRANSACTION READ ONLY"),
    "mariadb": ("SET SESSION max_statement_time = {seconds}", "START TRANSACTION READ ONLY"),
    "oracle": ("SET TRANSACTION READ ONLY",),
}
"""What makes a transaction one that only reads, and ends it in time, by dialect. SQLite has its own way."""
_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock."""


def open_sql(settings: SqlTool, variables: Variables) -> Tool:
    """The tool; raises `ConfigurationError` when its database is none, or cannot be held to reading."""
    place = f'[[tools]] "{settings.name}"'
    for key in ("url", "query"):
        if not getattr(settings, key):
            raise ConfigurationError(f"{place}: `{key}` is missing; add it.")
    database = _Database(settings, variables, place)
    parameters = {name: ParameterSettings() for name in settings.used_parameters()} | settings.parameters
    model = model_of_settings(parameters)

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        return Output(await asyncio.to_thread(database.read, arguments))

    return Tool(
        name=settings.name,
        description=settings.description or f"Looks up {settings.name.replace('_', ' ')} in the database.",
        parameters=schema_of(model),
        check=check_by_model(model),
        run=run,
        effects=False,
        secret=secrets_in(settings.url, variables),
    )


class _Database:
    """Runs the one query of a tool."""

    def __init__(self, settings: SqlTool, variables: Variables, place: str) -> None:
        from sqlalchemy import create_engine, make_url, text
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool

        self._name = settings.name
        self._query = text(settings.query)
        self._rows = settings.max_rows
        self._seconds = settings.timeout.total_seconds()
        try:
            url = make_url(with_variables(settings.url, variables))
            options: dict[str, Any] = {}
            if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
                if not Path(str(url.database)).is_file():
                    raise ConfigurationError(f"{place}: there is no database at {url.database}.")
                options["creator"] = partial(_open_sqlite, str(url.database))
            # No pool: what SQLite is told of a connection must not outlive it.
            self._engine: Engine = create_engine(url, poolclass=NullPool, **options)
        except (ArgumentError, NoSuchModuleError, ImportError):
            raise ConfigurationError(
                f"{place}: `url` names no database that can be opened here; write it as SQLAlchemy does, and "
                "install its driver (PostgreSQL: `pip install 'vocero[postgres]'`)."
            ) from None
        self._dialect = self._engine.dialect.name
        if self._dialect != "sqlite" and self._dialect not in _READ_ONLY:
            known = ", ".join(("sqlite", *_READ_ONLY))
            raise ConfigurationError(
                f"{place}: {self._dialect} has no transaction that only reads; use one of {known}."
            )

    def read(self, arguments: Mapping[str, Any]) -> str:
        """The rows as JSON, an object each."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.connect() as connection:
                self._hold_to_reading(connection)
                result = connection.execute(self._query, dict(arguments))
                rows = [dict(row) for row in result.mappings().fetchmany(self._rows + 1)]
                connection.rollback()
        except SQLAlchemyError as error:
            # The driver's own words may hold values and addresses.
            raise ToolError(f"{self._name}: the database refused ({type(error).__name__}).") from error
        more = f"\n(only the first {self._rows} rows)" if len(rows) > self._rows else ""
        return told(rows[: self._rows]) + more

    def _hold_to_reading(self, connection: "Connection") -> None:
        if self._dialect == "sqlite":
            _hold_sqlite(connection.connection.driver_connection, self._seconds)  # type: ignore[arg-type]
            return
        milliseconds = int(self._seconds * 1000)
        for statement in _READ_ONLY[self._dialect]:
            connection.exec_driver_sql(statement.format(milliseconds=milliseconds, seconds=self._seconds))


def _open_sqlite(path: str) -> "sqlite3.Connection":
    import sqlite3

    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)


def _hold_sqlite(connection: "sqlite3.Connection", seconds: float) -> None:
    """SQLite asks for each thing a statement would do; only reading is let through, and not for ever."""
    import sqlite3

    read = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}

    def allow(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
        loads = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension"
        return sqlite3.SQLITE_OK if action in read and not loads else sqlite3.SQLITE_DENY

    deadline = time.monotonic() + seconds
    connection.execute("PRAGMA query_only = ON")
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)
    connection.set_authorizer(allow)
