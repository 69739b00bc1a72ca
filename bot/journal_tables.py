"""The tables of the journal, of what admins choose for channels, and of what tools did."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
)

from knowledge.database import create_tables


class _Moment(TypeDecorator[datetime]):
    """A moment, stored in UTC; SQLite keeps no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


_metadata = MetaData()
# A column that is added here later is added to existing tables too: it must be nullable.
TURNS = Table(
    "journal",
    _metadata,
    Column("id", Text, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("platform", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("confidence", Float, nullable=False),
    Column("persona", Text, nullable=False),
    Column("register_score", Float),
    Column("model", Text),
    Column("citations", JSON, nullable=False),
    Column("tool_calls", JSON, nullable=False),
    Column("timings", JSON, nullable=False),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Column("cost_usd", Float),
    Column("answer", Text),
    Column("event", JSON),
    Column("posts", Text),
    Index("journal_at", "at"),
)
FEEDBACK = Table(
    "feedback",
    _metadata,
    Column("answer", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("helpful", Boolean, nullable=False),
    Column("reason", Text),
    Column("correction", Text),
    Column("at", _Moment, nullable=False),
    PrimaryKeyConstraint("answer", "author"),
)
# One row for each answer that a person was asked to look at.
ESCALATIONS = Table(
    "escalations",
    _metadata,
    Column("answer", Text, primary_key=True),
    Column("author", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("at", _Moment, nullable=False),
)
AUDIT = Table(
    "audit",
    _metadata,
    Column("number", Integer, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("author", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("channel", Text),
    Column("result", JSON),
)
# When each source was last read, whether it may be, and what it was told of last.
SOURCES = Table(
    "source_states",
    _metadata,
    Column("source", Text, primary_key=True),
    Column("began", _Moment),
    Column("settings", Text),
    Column("paused_by", Text),
    Column("paused_at", _Moment),
    Column("trouble", Text),
)
# Deletions that wait for an admin's word: one row for each source at most.
HELD = Table(
    "held_deletions",
    _metadata,
    Column("source", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("missing", JSON, nullable=False),
    Column("total", Integer, nullable=False),
    Column("at", _Moment, nullable=False),
    Column("decided", Text),
    Column("decided_by", Text),
)
# What admins chose from chat: one row for each setting of a channel.
CHANNEL_SETTINGS = Table(
    "channel_settings",
    _metadata,
    Column("channel", Text, nullable=False),
    Column("setting", Text, nullable=False),
    Column("value", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", _Moment, nullable=False),
    PrimaryKeyConstraint("channel", "setting"),
)
# Calls of tools that change something: one row for each that was begun, whatever became of it.
EFFECTS = Table(
    "tool_effects",
    _metadata,
    Column("key", Text, primary_key=True),
    Column("tool", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("author", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("at", _Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("told", Text, nullable=False),
)


def create(engine: Engine) -> None:
    """Makes the tables, and adds the columns that older ones lack; nothing is ever dropped."""
    create_tables(engine, _metadata)
