"""What tools with effects did: a row is written before anything is done, so that nothing is done twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.journal_tables import EFFECTS, create
from knowledge.database import reading, writing

State = Literal["begun", "done", "failed", "unknown", "declined"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One call with effects."""

    state: State
    told: str
    """What it brought, or why it did not work."""


class Ledger:
    """Written in the database, which outlives every process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create(engine)

    async def entry(self, key: str) -> Entry | None:
        """What is known of a call; None: it was never begun."""
        found = select(EFFECTS.c.state, EFFECTS.c.told).where(EFFECTS.c.key == key)

        def read() -> Entry | None:
            with reading(self._engine) as connection:
                row = connection.execute(found).first()
            return Entry(row.state, row.told) if row else None

        return await asyncio.to_thread(read)

    async def begin(
        self,
        key: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        author: str,
        channel: str,
        state: State = "begun",
    ) -> bool:
        """Whether the call is ours to make: of all who ask, one is told so, and once for ever."""
        dialect: Any = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row: dict[str, Any] = {
            "tool": tool,
            "arguments": dict(arguments),
            "author": author,
            "channel": channel,
        }
        row |= {"key": key, "at": datetime.now(UTC), "state": state, "told": ""}
        # What was inserted is what comes back: not every driver counts the rows of an insert.
        statement = dialect.insert(EFFECTS).values(**row).on_conflict_do_nothing().returning(EFFECTS.c.key)

        def write() -> bool:
            with writing(self._engine) as connection:
                return connection.execute(statement).first() is not None

        return await asyncio.to_thread(write)

    async def end(self, key: str, state: State, told: str) -> None:
        """What became of a call that was begun."""
        statement = EFFECTS.update().where(EFFECTS.c.key == key).values(state=state, told=told)

        def write() -> None:
            with writing(self._engine) as connection:
                connection.execute(statement)

        # The call is over: what became of it is written down even when whoever waits for it goes away.
        await asyncio.shield(asyncio.to_thread(write))
