"""What holds in a channel: what the file says, and over it what admins chose from chat."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.globs import matches
from bot.journal_tables import CHANNEL_SETTINGS as TABLE
from bot.journal_tables import create
from bot.messages import Channel
from bot.personas import persona_files
from bot.settings import FollowUps, ResolvedChannel, Settings
from knowledge.database import reading, writing

log = logging.getLogger(__name__)


_FRESH = 2.0
"""Seconds until a choice made in another process is noticed."""
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting as it was chosen from chat."""

    value: Any
    """The name of a persona, names of sources or tools, or who may follow up."""
    author: str
    at: datetime


class Channels:
    """What holds in channels. What is chosen in one process holds there at once, in others a moment later."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        # Asked several times a turn, and before a platform is told that something arrived.
        self._known: dict[str, tuple[float, Mapping[str, Choice]]] = {}
        self._changes = 0
        create(engine)

    async def of(self, channel: Channel) -> ResolvedChannel:
        """What holds in a channel; a choice that cannot hold any more counts as not made."""
        resolved = self._settings.channel_for(channel.platform, channel.id, channel.name)
        if resolved.locked:
            return resolved
        for setting, choice in (await self.choices(channel)).items():
            resolved = self._with(resolved, channel, setting, choice.value)
        return resolved

    async def choices(self, channel: Channel) -> Mapping[str, Choice]:
        """What was chosen from chat for a channel, by setting."""
        asked, known = self._known.get(channel.key, (-_FRESH, {}))
        if time.monotonic() - asked < _FRESH:
            return known
        if len(self._known) > _KEPT:
            self._known.clear()
        changes = self._changes
        read = await self._read(channel)
        if changes == self._changes:  # else what was read may be older than what was written meanwhile
            self._known[channel.key] = time.monotonic(), read
        return read

    async def _read(self, channel: Channel) -> Mapping[str, Choice]:
        found = select(TABLE).where(TABLE.c.channel == channel.key)

        def read() -> dict[str, Choice]:
            with reading(self._engine) as connection:
                rows = connection.execute(found).mappings().all()
            return {row["setting"]: Choice(row["value"], row["author"], row["at"]) for row in rows}

        return await asyncio.to_thread(read)

    async def choose(self, channel: Channel, setting: str, value: Any, author: str) -> None:
        """Keeps a choice for a channel; it was seen before that it can hold there."""
        dialect: Any = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = {"value": value, "author": author, "at": datetime.now(UTC)}
        insert = dialect.insert(TABLE).values(channel=channel.key, setting=setting, **row)
        statement = insert.on_conflict_do_update(index_elements=["channel", "setting"], set_=row)
        await self._write(channel, statement)

    async def reset(self, channel: Channel, setting: str | None = None) -> None:
        """Forgets what was chosen for a channel, in one setting or in all."""
        statement = TABLE.delete().where(TABLE.c.channel == channel.key)
        if setting is not None:
            statement = statement.where(TABLE.c.setting == setting)
        await self._write(channel, statement)

    def may_read(self, channel: Channel, source: str) -> bool:
        """Whether everyone in the channel may read the source."""
        found = self._settings.source(source)
        if found is None:
            return False
        names = {channel.key, channel.label}
        return found.access == "public" or any(
            matches(entry, name) for entry in found.access for name in names
        )

    async def _write(self, channel: Channel, statement: Any) -> None:
        def write() -> None:
            with writing(self._engine) as connection:
                connection.execute(statement)

        await asyncio.to_thread(write)
        self._changes += 1
        self._known.pop(channel.key, None)

    def _with(self, resolved: ResolvedChannel, channel: Channel, setting: str, value: Any) -> ResolvedChannel:
        match setting:
            case "persona" if value in persona_files(self._settings.path.parent / "personas"):
                return replace(resolved, persona=value)
            case "sources":
                return replace(
                    resolved, sources=frozenset(one for one in value if self.may_read(channel, one))
                )
            case "tools":
                known = {tool.name for tool in self._settings.tools}
                return replace(resolved, tools=frozenset(value) & known)
            case "follow_ups" if value in get_args(FollowUps):
                return replace(resolved, follow_ups=value)
        log.warning("%s: the choice of %s = %r cannot hold any more.", channel.label, setting, value)
        return resolved
