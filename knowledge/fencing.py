"""Which run may write a source: the last that began, however long an earlier one thinks that it still may.

A process may be stopped for minutes and go on as if nothing had happened, long after another has taken its
work over. So every run of a source has a number, each greater than the last, and what is written of a source
is written in the same transaction in which its number is seen to be the latest.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Engine, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.database import create_tables, reading
from knowledge.errors import SupersededError

_metadata = MetaData()
_runs = Table(
    "index_runs",
    _metadata,
    Column("source", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
)


class Fences:
    """The numbers of runs, in a database; and under which this process writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[str, int] = {}
        create_tables(engine, _metadata)

    def latest(self, source: str) -> int:
        """The number of the last run of a source that began to write; 0 before the first."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(_runs.c.number).where(_runs.c.source == source)) or 0)

    def enter(self, connection: Connection, source: str, number: int | None) -> None:
        """From here on this process writes the source under this number; None: under none, unasked.

        Raises `SupersededError` where a later run has begun.
        """
        self._held.pop(source, None)
        if number is None:
            return
        dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
        first = dialect.insert(_runs).values(source=source, number=number)
        connection.execute(first.on_conflict_do_nothing())
        self._compare(connection, source, number)
        connection.execute(_runs.update().where(_runs.c.source == source).values(number=number))
        self._held[source] = number

    def check(self, connection: Connection, source: str) -> None:
        """Raises `SupersededError` where a later run than this process's has begun.

        To be called after the transaction's first change, and what it saw holds until the transaction ends.
        """
        if (held := self._held.get(source)) is not None:
            self._compare(connection, source, held)

    def _compare(self, connection: Connection, source: str, number: int) -> None:
        # Locked, so that no later run begins between this and the end of the transaction.
        found = select(_runs.c.number).where(_runs.c.source == source).with_for_update()
        if (connection.scalar(found) or 0) > number:
            raise SupersededError(f"Another process has taken over reading `{source}`.")
