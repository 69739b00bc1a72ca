"""Databases held to reading: a transaction that can change nothing; if need be so long, and so many rows.

What the text of a query says is looked at elsewhere. Here it is the database that refuses.
"""

import math
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import URL, Connection

# For the session: what ends the transaction begins another one.
_POSTGRES = ("SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
# For the session: there every statement that creates or drops something begins another transaction.
_MYSQL = ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY")
_HELD: Mapping[str, tuple[str, ...]] = {
    "postgresql": _POSTGRES,
    "cockroachdb": _POSTGRES,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle": ("SET TRANSACTION READ ONLY",),
}
"""What makes a transaction one that only reads, by dialect. SQLite has its own way."""
_MYSQL_ROWS = "SET SESSION sql_select_limit = {rows}"
_LIMITED: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("SET LOCAL statement_timeout = {milliseconds}",),
    "cockroachdb": ("SET LOCAL statement_timeout = {milliseconds}",),
    "mysql": (_MYSQL_ROWS, "SET SESSION max_execution_time = {milliseconds}"),
    "mariadb": (_MYSQL_ROWS, "SET SESSION max_statement_time = {seconds}"),
}
"""What limits its time and its rows."""
HOLDABLE = ("sqlite", *_HELD)
"""The dialects that can be held."""
_CONNECT_TIMEOUT = frozenset({"psycopg", "psycopg2", "pymysql", "mysqldb", "mariadbconnector"})
"""Drivers that take `connect_timeout`."""
_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock."""
_LONGEST = 10_000_000
"""Bytes of a value that SQLite makes."""


def options(url: "URL", seconds: float) -> dict[str, Any]:
    """How an engine for this address is created."""
    if url.get_backend_name() == "sqlite":
        return (
            {} if url.database in (None, "", ":memory:") else {"creator": partial(_open, str(url.database))}
        )
    connect: dict[str, Any] = {}
    if url.get_driver_name() in _CONNECT_TIMEOUT and "connect_timeout" not in url.query:
        connect["connect_timeout"] = max(2, math.ceil(seconds))
    if url.get_driver_name() == "psycopg":
        connect["prepare_threshold"] = 0  # what is prepared is one statement
    return {"connect_args": connect}


def hold(connection: "Connection") -> "Connection":
    """The connection, which can only read from now on."""
    if connection.dialect.name == "sqlite":
        _hold_sqlite(connection.connection.driver_connection)  # type: ignore[arg-type]
    for statement in _HELD.get(_kind(connection), ()):
        connection.exec_driver_sql(statement)
    return connection


def limit(connection: "Connection", seconds: float, rows: int) -> "Connection":
    """The connection, whose statement takes so long and brings so many rows at most."""
    if connection.dialect.name == "sqlite":
        _limit_sqlite(connection.connection.driver_connection, seconds)  # type: ignore[arg-type]
    kind = _kind(connection)
    for statement in _LIMITED.get(kind, ()):
        limits = statement.format(milliseconds=int(seconds * 1000), seconds=seconds, rows=rows)
        connection.exec_driver_sql(limits)
    if _HELD.get(kind) is _POSTGRES:
        # Its driver would read every row before it gives out the first.
        return connection.execution_options(stream_results=True, max_row_buffer=rows)
    return connection


def _kind(connection: "Connection") -> str:
    """Behind an address that says MySQL there may be MariaDB, which is known once it is connected."""
    dialect = connection.dialect
    return "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name


def _open(path: str) -> "sqlite3.Connection":
    import sqlite3

    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)


def _hold_sqlite(connection: "sqlite3.Connection") -> None:
    """SQLite asks for each thing a statement would do; only reading is let through."""
    import sqlite3

    read = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}

    def allow(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
        loads = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension"
        return sqlite3.SQLITE_OK if action in read and not loads else sqlite3.SQLITE_DENY

    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(allow)


def _limit_sqlite(connection: "sqlite3.Connection", seconds: float) -> None:
    import sqlite3

    deadline = time.monotonic() + seconds
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)
