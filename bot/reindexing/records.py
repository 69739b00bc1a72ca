"""What is known of sources besides documents: when they were read, if they are paused, what is held.

In the database, which outlives every process and Redis.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.journal_tables import HELD, SOURCES, create
from bot.messages import Command
from bot.tools.names import PRESSES
from knowledge.database import writing

T = TypeVar("T")

WAITS = timedelta(days=1)
"""For which the buttons of a question about deletions do something; then it is asked anew."""
_MARK = "reading-"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the reading of a source."""

    began: datetime | None = None
    """When the last whole run began, in whatever process."""
    settings: str | None = None
    """A fingerprint of how the source was set then."""
    paused_by: str | None = None
    paused_at: datetime | None = None
    trouble: str | None = None
    """What the admins were told last of what does not work; None: it works."""


@dataclass(frozen=True, slots=True)
class Held:
    """Deletions that were not believed."""

    source: str
    token: str
    missing: tuple[str, ...]
    total: int
    """Documents that the source had."""
    at: datetime
    decided: str | None = None
    """Id of the press that decided about it."""
    decided_by: str | None = None

    @property
    def until(self) -> datetime:
        """When its buttons are off."""
        return self.at + WAITS

    @property
    def is_open(self) -> bool:
        """Whether somebody may still decide by a button."""
        return self.decided is None and datetime.now(UTC) < self.until


def is_about_deletions(press: Command) -> bool:
    """Whether a press is an admin's word on what is held."""
    return press.name in PRESSES and str(press.arguments.get("token", "")).startswith(_MARK)


class Records:
    """Reads and writes it; each call is one transaction, in a thread of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create(engine)

    async def standings(self) -> Mapping[str, Standing]:
        """Every source of which something is known."""
        columns = [SOURCES.c[name] for name in ("source", *Standing.__dataclass_fields__)]

        def read(connection: Connection) -> dict[str, Standing]:
            rows = connection.execute(select(*columns))
            return {row[0]: Standing(*row[1:]) for row in rows}

        return await self._do(read)

    async def standing(self, source: str) -> Standing:
        """One source."""
        return (await self.standings()).get(source, Standing())

    async def begun(self, source: str, settings: str) -> None:
        """A whole run begins."""
        await self._set(source, began=datetime.now(UTC), settings=settings)

    async def pause(self, source: str, by: str | None) -> None:
        """Has a source not be read by itself; without `by`, has it be read again."""
        await self._set(source, paused_by=by, paused_at=datetime.now(UTC) if by else None)

    async def troubled(self, source: str, trouble: str | None) -> bool:
        """Notes what does not work, or that all does; whether that is news."""
        if (await self.standing(source)).trouble == trouble:
            return False
        await self._set(source, trouble=trouble)
        return True

    async def held(self) -> Mapping[str, Held]:
        """What waits for a word, by source."""
        return {one.source: one for one in await self._do(_all_held)}

    async def hold(self, source: str, missing: Collection[str], total: int) -> tuple[Held, bool]:
        """Keeps the question about deletions; whether it is a new one.

        The same question is kept as it is while it is open, and where the answer was no.
        """
        fresh = Held(source, f"{_MARK}{secrets.token_hex(12)}", tuple(missing), total, datetime.now(UTC))

        def write(connection: Connection) -> tuple[Held, bool]:
            # First a change, so that nobody else changes it in between.
            connection.execute(HELD.update().where(HELD.c.source == source).values(source=source))
            kept = next((one for one in _all_held(connection) if one.source == source), None)
            declined = kept is not None and (kept.decided or "").startswith("decline ")
            if kept is not None and kept.missing == fresh.missing and (kept.is_open or declined):
                return kept, False
            row = {
                "source": source, "token": fresh.token, "missing": list(fresh.missing), "total": total,
                "at": fresh.at, "decided": None, "decided_by": None,
            }  # fmt: skip
            _put(connection, HELD, row)
            return fresh, True

        return await self._do(write)

    async def settled(self, source: str) -> None:
        """There is nothing to be asked of a source any more."""
        await self._do(lambda connection: connection.execute(HELD.delete().where(HELD.c.source == source)))

    async def asked(self, token: str) -> Held | None:
        """The question of a token; None where it has been replaced or settled."""
        return next((one for one in (await self.held()).values() if one.token == token), None)

    async def decide(self, token: str, press: str, by: str) -> bool:
        """Takes a decision, once: of all presses one is told that it decides, also when it is tried again.

        `press`: `confirm` or `decline`, a blank, and the id of the event.
        """

        def write(connection: Connection) -> bool:
            open_ = (HELD.c.token == token) & (HELD.c.decided.is_(None))
            taken = connection.execute(HELD.update().where(open_).values(decided=press, decided_by=by))
            decided = select(HELD.c.decided).where(HELD.c.token == token)
            return bool(taken.rowcount) or connection.scalar(decided) == press

        return await self._do(write)

    async def _set(self, source: str, **values: Any) -> None:
        await self._do(lambda connection: _put(connection, SOURCES, {"source": source, **values}))

    async def _do(self, work: Callable[[Connection], T]) -> T:
        def run() -> T:
            with writing(self._engine) as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def _all_held(connection: Connection) -> list[Held]:
    rows = connection.execute(select(*(HELD.c[name] for name in Held.__dataclass_fields__)))
    return [Held(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]


def _put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Writes these columns of a row, whether it is there or not."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(**row)
    keys = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in row if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed))
