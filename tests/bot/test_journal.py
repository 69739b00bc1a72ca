"""The journal, on SQLite, and on PostgreSQL where it is installed."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from bot.journal import Journal
from bot.journal_tables import AUDIT, FEEDBACK, TURNS
from bot.messages import (
    Answer,
    Channel,
    Citation,
    Command,
    Feedback,
    Message,
    Person,
    RegisterScore,
    ToolCall,
    Usage,
)
from knowledge.database import open_database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def journal(engine: Engine) -> Journal:
    return Journal(engine)


def asked(id_: str, text: str = "¿Cuántos días?", at: datetime = NOON, author: str = "slack:U1") -> Message:
    channel = Channel(platform="slack", id="C1", name="soporte")
    return Message(id=id_, thread=id_, channel=channel, author=Person(id=author), at=at, text=text)


def answer(id_: str, **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "id": id_,
        "outcome": "answered",
        "text": "Tenés 15 días [1].",
        "answer": "15 días",
        "confidence": 0.75,
        "persona": "rioplatense",
        "register": RegisterScore(singular="vos", plural="ustedes", score=0.5),
        "model": None,
    }
    return Answer(**fields | changes)


def rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]


async def test_a_turn_is_kept_whole(journal: Journal, engine: Engine) -> None:
    """Every column that is answered for later, JSON among them."""
    cited = Citation(
        number=1, title="Vacaciones «2026»", source="handbook", document="rh/v.md", location="Días",
        url=None, as_of=NOON, excerpt="15 días", passage="p1",
    )  # fmt: skip
    call = ToolCall(name="stock", arguments={"sku": "ñ-1"}, outcome="ok", seconds=0.25)
    used = Usage(calls=2, tokens_in=900, tokens_out=100, cost_usd=0.02)
    kept = answer(
        "e:1",
        citations=(cited,),
        tool_calls=(call,),
        timings={"search": 0.01},
        model="openai:gpt",
        usage=used,
    )
    await journal.record(asked("e:1"), kept, posts="C1:1.2")
    with engine.connect() as connection:
        row = dict(connection.execute(TURNS.select()).mappings().one())
    assert row == {
        "id": "e:1", "at": NOON, "platform": "slack", "channel": "slack:C1", "thread": "e:1",
        "author": "slack:U1", "question": "¿Cuántos días?", "text": "Tenés 15 días [1].",
        "outcome": "answered", "reason": None, "confidence": 0.75, "persona": "rioplatense",
        "register_score": 0.5, "model": "openai:gpt",
        "answer": "15 días", "event": asked("e:1").model_dump(mode="json"), "posts": "C1:1.2",
        "citations": [cited.model_dump(mode="json") | {"passage": "p1"}],
        "tool_calls": [call.model_dump(mode="json")],
        "timings": {"search": 0.01}, "tokens_in": 900, "tokens_out": 100, "cost_usd": 0.02,
    }  # fmt: skip


async def test_a_turn_written_twice_is_one_row(journal: Journal, engine: Engine) -> None:
    """A retried turn replaces what its first try wrote."""
    await journal.record(asked("e:1"), answer("e:1", outcome="failed", reason="error"))
    assert not await journal.answered("e:1")
    await journal.record(asked("e:1"), answer("e:1"))
    assert await journal.answered("e:1")
    assert not await journal.answered("e:2")
    (row,) = rows(engine, "journal")
    assert (row["outcome"], row["reason"]) == ("answered", None)


async def test_moments_are_kept_to_the_same_instant(journal: Journal) -> None:
    """Whatever zone they come in, they go out in UTC."""
    here = NOON.astimezone(timezone(-timedelta(hours=3)))
    await journal.record(asked("e:1", at=here), answer("e:1", outcome="not_found", reason="not_found"))
    (missing,) = await journal.unanswered(since=NOON)
    assert missing.at == NOON
    assert missing.at.tzinfo is UTC
    assert await journal.unanswered(since=here + timedelta(seconds=1)) == []


async def test_commands_and_odd_text_are_kept(journal: Journal, engine: Engine) -> None:
    """A command by its name and arguments; NULs, which PostgreSQL refuses, are dropped."""
    await journal.record(asked("e:1", text="a\0b 👩‍💻"), answer("e:1", text="\0"))
    command = Command(
        id="e:2", thread="e:2", channel=asked("x").channel, author=Person(id="slack:U2"), at=NOON,
        name="reindex", arguments={"source": "año"},
    )  # fmt: skip
    await journal.record(command, answer("e:2"))
    kept = {row["id"]: row["question"] for row in rows(engine, "journal")}
    assert kept == {"e:1": "ab 👩‍💻", "e:2": '/reindex {"source": "año"}'}


async def test_outcomes_are_counted_since_a_moment(journal: Journal) -> None:
    """And in all."""
    for n, outcome in enumerate(["answered", "answered", "not_found", "failed"]):
        await journal.record(asked(f"e:{n}", at=NOON + timedelta(hours=n)), answer(f"e:{n}", outcome=outcome))
    assert await journal.outcomes() == {"answered": 2, "not_found": 1, "failed": 1}
    assert await journal.outcomes(since=NOON + timedelta(hours=1)) == {
        "answered": 1,
        "not_found": 1,
        "failed": 1,
    }
    assert await journal.outcomes(since=NOON + timedelta(days=1)) == {}


async def test_unanswered_questions_come_newest_first(journal: Journal) -> None:
    """Answered ones do not come."""
    for n in range(5):
        at = NOON + timedelta(minutes=n)
        outcome = "answered" if n == 2 else "not_found"
        await journal.record(asked(f"e:{n}", text=f"¿{n}?", at=at), answer(f"e:{n}", outcome=outcome))
    found = await journal.unanswered(limit=3)
    assert [(one.id, one.question, one.channel) for one in found] == [
        ("e:4", "¿4?", "slack:C1"),
        ("e:3", "¿3?", "slack:C1"),
        ("e:1", "¿1?", "slack:C1"),
    ]


async def test_the_last_word_of_each_person_stands(journal: Journal, engine: Engine) -> None:
    """One opinion a person and answer; others keep theirs."""

    def thinks(author: str, helpful: bool, correction: str | None = None) -> Feedback:
        return Feedback(
            id=f"f:{author}:{helpful}", thread="f", channel=asked("x").channel, author=Person(id=author),
            at=NOON, answer="e:1", helpful=helpful, reason="wrong" if correction else None,
            correction=correction,
        )  # fmt: skip

    await journal.add_feedback(thinks("slack:U1", True))
    await journal.add_feedback(thinks("slack:U1", False, "son 20"))
    await journal.add_feedback(thinks("slack:U2", True))
    assert await journal.opinions() == {True: 1, False: 1}
    assert await journal.opinions(since=NOON + timedelta(seconds=1)) == {True: 0, False: 0}
    kept = {row["author"]: (row["reason"], row["correction"]) for row in rows(engine, "feedback")}
    assert kept == {"slack:U1": ("wrong", "son 20"), "slack:U2": (None, None)}


async def test_what_admins_do_is_kept_each_time(journal: Journal) -> None:
    """The same action twice is two entries, newest first."""
    await journal.audit("slack:U1", "reindex", {"source": "rh"}, "answered")
    await journal.audit("slack:U1", "reindex", {"source": "rh"}, "refused")
    noted = await journal.audited()
    assert [(one.action, one.arguments, one.outcome) for one in noted] == [
        ("reindex", {"source": "rh"}, "refused"),
        ("reindex", {"source": "rh"}, "answered"),
    ]
    assert abs(datetime.now(UTC) - noted[0].at) < timedelta(minutes=5)


async def test_many_turns_write_at_once(journal: Journal) -> None:
    """From as many threads as there are, none is lost or refused."""
    await asyncio.gather(*(journal.record(asked(f"e:{n}"), answer(f"e:{n}")) for n in range(60)))
    assert await journal.outcomes() == {"answered": 60}


async def test_opening_again_drops_nothing(journal: Journal, engine: Engine) -> None:
    """Start-up makes what is missing, and only that."""
    await journal.record(asked("e:1"), answer("e:1"))
    assert await Journal(engine).answered("e:1")


async def test_columns_of_a_later_version_are_added_to_older_tables(engine: Engine) -> None:
    """With what was written before kept."""
    await Journal(engine).record(asked("e:1"), answer("e:1"))
    with engine.begin() as connection:
        for column in ("tokens_in", "cost_usd"):
            connection.execute(text(f"ALTER TABLE journal DROP COLUMN {column}"))
    journal = Journal(engine)
    assert {column["name"] for column in inspect(engine).get_columns("journal")} == set(TURNS.columns.keys())
    await journal.record(
        asked("e:2"), answer("e:2", usage=Usage(calls=1, tokens_in=1, tokens_out=2, cost_usd=0.5))
    )
    assert {row["id"]: row["cost_usd"] for row in rows(engine, "journal")} == {"e:1": None, "e:2": 0.5}


def test_every_column_added_later_can_be_empty() -> None:
    """Rows of before have no value for it: those the tables began with are listed here, by name."""
    required = {
        column.name for table in (TURNS, FEEDBACK, AUDIT) for column in table.c if not column.nullable
    }
    assert required == {
        "id", "at", "platform", "channel", "thread", "author", "question", "text", "outcome", "confidence",
        "persona", "citations", "tool_calls", "timings", "answer", "helpful", "number", "action", "arguments",
    }  # fmt: skip
