"""Rows of a query as documents."""

import hashlib
import html
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.read_only import HOLDABLE, hold, options
from knowledge.sources.pages import moment

if TYPE_CHECKING:
    from sqlalchemy import Connection

Format = Literal["markdown", "html", "text"]

_MEDIA_TYPES = {"markdown": "text/markdown", "html": "text/html", "text": "text/plain"}
_BATCH = 100
"""Rows in memory at a time."""
_CONNECT_SECONDS = 30


class SqlSource:
    """The rows of `query`, by the column `id`; `title`, `text`, `changed` and `link` name columns, too.

    With `changed`, which grows with every change of a row, a listing reads that and the id alone. Rows that
    have its newest value are compared whole besides: another change may come within one tick of the clock.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        query: str,
        id: str = "id",  # noqa: A002 - the setting's name
        title: str | None = None,
        text: str | None = None,
        changed: str | None = None,
        link: str | None = None,
        format: Format = "markdown",  # noqa: A002
    ) -> None:
        from sqlalchemy import create_engine, make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool

        self.name = name
        # It has no parameters: whatever looks like one is meant as it stands.
        self._query = query.strip().rstrip(";").replace(":", "\\:")
        self._id, self._title, self._text, self._changed, self._link = id, title, text, changed, link
        self._format = format
        self._keys: dict[str, Any] = {}
        try:
            parsed = make_url(url)
            self._password = str(parsed.password or "")
            # No pool: what a database is told of a connection must not outlive it.
            self._engine = create_engine(parsed, poolclass=NullPool, **options(parsed, _CONNECT_SECONDS))
        except (ArgumentError, NoSuchModuleError, ImportError):
            raise self._trouble(
                "`url` names no database that can be opened here; write it as SQLAlchemy does, and install "
                "its driver (PostgreSQL: `pip install 'vocero[postgres]'`)"
            ) from None
        dialect = self._engine.dialect
        if dialect.name not in HOLDABLE:
            raise self._trouble(f"{dialect.name} cannot be held to reading; use one of {', '.join(HOLDABLE)}")
        if dialect.is_async:
            raise self._trouble(
                f"{dialect.driver} is a driver for asyncio; name one that is not, like postgresql+psycopg, "
                "mysql+pymysql or sqlite"
            )

    def list(self) -> Iterator[Listed]:
        """Every row there is now, sorted by its id; raises `SourceError` when that cannot be told."""
        found: dict[str, Listed] = {}
        keys: dict[str, Any] = {}
        nameless, twice = False, None
        with self._reading() as connection:
            for row, signal in self._signals(connection):
                document = _name(row[self._id])
                nameless = nameless or not document
                twice = document if document in found else twice
                keys[document] = row[self._id]
                modified = _moment(row[self._changed]) if self._changed else None
                link = row[self._link] if self._link else None
                found[document] = Listed(document, signal, str(link) if link else None, modified)
        if nameless or twice is not None:
            what = "a row has no" if nameless else f"two rows have {twice!r} for"
            raise self._trouble(f"{what} `{self._id}`; let the query give each row one of its own")
        self._keys = keys
        yield from (found[document] for document in sorted(found))

    def fetch(self, listed: Listed) -> Fetched:
        """The row as it is now."""
        name = listed.document
        column = self._quoted(self._id)
        with self._reading() as connection:
            if name not in self._keys:  # listed by another process
                self._keys = {_name(row[self._id]): row[self._id] for row in self._rows(connection, column)}
            # By its own type: by its index. What a database takes for equal may be another row ("a" and "A").
            where = f"{column} = :key"
            key = self._keys.get(name)
            rows = [
                row for row in self._rows(connection, where=where, key=key) if _name(row[self._id]) == name
            ]
        if not rows:
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        return Fetched(name, self._content(rows[0]).encode("utf-8", "replace"), _MEDIA_TYPES[self._format])

    def close(self) -> None:
        """Closes the connections."""
        self._engine.dispose()

    def _signals(self, connection: "Connection") -> "Iterator[tuple[Mapping[str, Any], str]]":
        """Every row, with its signal."""
        if self._changed is None:
            yield from ((row, _digest(row)) for row in self._rows(connection))
            return
        wanted = dict.fromkeys(filter(None, (self._id, self._changed, self._link)))
        rows = [*self._rows(connection, ", ".join(map(self._quoted, wanted)))]
        column = self._quoted(self._changed)
        # The database finds the newest: its value may not survive the way here and back.
        newest = f"(SELECT MAX({column}) FROM (\n{self._query}\n) dated)"  # noqa: S608 - the operator's own
        last = self._rows(connection, where=f"{column} IS NULL OR {column} = {newest}")
        digests = {row[self._id]: _digest(row) for row in last}
        for row in rows:
            digest = digests.get(row[self._id])
            value = _version(row[self._changed])
            yield row, f"{value}:{digest}" if digest else value

    def _rows(
        self, connection: "Connection", columns: str = "*", where: str = "", **keys: Any
    ) -> "Iterator[Mapping[str, Any]]":
        """A batch at a time, to be read to their end: a driver may have but one result open."""
        from sqlalchemy import text

        condition = f" WHERE {where}" if where else ""
        # A comment may end the query's last line.
        statement = text(f"SELECT {columns} FROM (\n{self._query}\n) documents{condition}")  # noqa: S608 - as above
        result = connection.execute(statement, keys, execution_options={"yield_per": _BATCH})
        there = list(result.keys())
        needed = (self._id, self._title, self._text, self._changed, self._link)
        if columns == "*" and (gone := [one for one in needed if one and one not in there]):
            result.close()
            raise self._trouble(f"the query has no column `{gone[0]}`; it has {', '.join(there)}")
        yield from (dict(row) for row in result.mappings())

    @contextmanager
    def _reading(self) -> "Iterator[Connection]":
        """A connection that only reads; what the database says against it is a `SourceError`."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.connect() as connection:
                yield hold(connection)
                connection.rollback()
        except (SQLAlchemyError, sqlite3.Error) as error:
            words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            if self._password:
                words = words.replace(self._password, "…")
            raise self._trouble(
                f"the database refuses ({words[:200].rstrip('.')}); check `url`, `query` and its columns"
            ) from None

    def _content(self, row: Mapping[str, Any]) -> str:
        title = " ".join(_said(row[self._title]).split()) if self._title else ""
        if self._text:
            body = _said(row[self._text])
        else:
            parts = {self._id, self._title, self._changed, self._link}
            told = ((name, _said(value)) for name, value in row.items() if name not in parts)
            body = "\n".join(f"- {name}: {value}" for name, value in told if value)
        if not title:
            return body
        if self._format == "html":
            safe = html.escape(title)
            return f"<html><head><title>{safe}</title></head><body><h1>{safe}</h1>{body}</body></html>"
        return f"# {title}\n\n{body}" if self._format == "markdown" else f"{title}\n\n{body}"

    def _quoted(self, column: str) -> str:
        return self._engine.dialect.identifier_preparer.quote(column)

    def _trouble(self, what: str) -> SourceError:
        return SourceError(f"Source `{self.name}`: {what}.")


def _name(key: Any) -> str:
    return bytes(key).hex() if isinstance(key, bytes | memoryview) else "" if key is None else str(key)


def _version(value: Any) -> str:
    """The same for one moment, in whatever time zone a session is."""
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return str(value.astimezone(UTC) if aware else value)


def _digest(row: Mapping[str, Any]) -> str:
    whole = repr([(name, _said(value)) for name, value in row.items()])
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _said(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return moment(value) if isinstance(value, str) else None
