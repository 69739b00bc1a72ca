"""The journal: every turn, what people thought of it, and what admins and tools did; kept for good.

Plain SQL through SQLAlchemy Core, the same on SQLite and PostgreSQL.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Executable, RowMapping, Table, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.journal_tables import AUDIT, ESCALATIONS, FEEDBACK, TURNS, create
from bot.messages import Answer, Citation, Command, Feedback, Message, Outcome, load_event

_UNWANTED = ("ask_something", "deleted_question", "edited_question", "stopped")
"""Reasons of turns that end without an answer as they should."""
_SECRET = frozenset({"token", "response_url"})
"""What a connector needs to answer at once, and nobody afterwards."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the documents did not answer."""

    id: str
    at: datetime
    channel: str
    author: str
    question: str
    outcome: Outcome
    reason: str | None


@dataclass(frozen=True, slots=True)
class Good:
    """A question that was answered well, as far as anyone has said."""

    question: str
    author: str
    channel: str
    private: bool
    cited: frozenset[tuple[str, str]]
    """Source and document of what its answer rests on."""


@dataclass(frozen=True, slots=True)
class Past:
    """A turn as it went, for what is done about it afterwards."""

    message: Message
    """What was asked, without what has expired since (interaction tokens)."""
    text: str
    """What was posted."""
    answer: str
    citations: tuple[Citation, ...]
    passages: frozenset[str]
    """Ids of the passages that were cited."""
    tools: frozenset[str]
    """Names of the tools that were called."""
    posts: str | None
    """What the connector remembered of where it stands."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What someone thinks of an answer."""

    author: str
    helpful: bool
    reason: str | None
    correction: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Audited:
    """One thing an admin or a tool did."""

    at: datetime
    author: str
    action: str
    arguments: Mapping[str, Any]
    outcome: str
    channel: str | None = None
    result: Mapping[str, Any] | None = None
    """What came of it: counts by source."""


class Journal:
    """Writes and reads the journal; each call is one transaction, in a thread of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create(engine)

    async def record(
        self,
        event: Message | Command | Feedback,
        answer: Answer,
        posts: str | None = None,
    ) -> None:
        """Writes a turn; a turn that is tried again replaces what its first try wrote.

        `posts`: what the connector remembered of where the answer stands.
        """
        await self._upsert(TURNS, _turn(event, answer) | {"posts": posts})

    async def past(self, event_id: str) -> Past | None:
        """An answered question; None for what is not in the journal."""
        rows = await self._read(select(TURNS).where(TURNS.c.id == event_id, TURNS.c.event.is_not(None)))
        return _past(rows[0]) if rows else None

    async def escalate(self, answer: str, author: str, target: str, command: str) -> str:
        """Notes that a person is asked to look at an answer, once; gives the command that asked first."""
        row = {"answer": answer, "author": author, "target": target, "command": command}
        await self._insert_new(ESCALATIONS, row | {"at": datetime.now(UTC)})
        [first] = await self._read(select(ESCALATIONS.c.command).where(ESCALATIONS.c.answer == answer))
        return str(first["command"])

    async def forget_escalation(self, answer: str) -> None:
        """Takes the note back: nobody could be told."""
        await self._write(ESCALATIONS.delete().where(ESCALATIONS.c.answer == answer))

    async def answered(self, event_id: str) -> bool:
        """Whether the turn is in the journal, other than as failed."""
        found = select(TURNS.c.id).where(TURNS.c.id == event_id, TURNS.c.outcome != "failed")
        return bool(await self._read(found))

    async def add_feedback(self, feedback: Feedback) -> None:
        """Keeps what someone thinks of an answer; their last word stands, whichever arrives last."""
        row = {
            "answer": feedback.answer,
            "author": feedback.author.id,
            "helpful": feedback.helpful,
            "reason": feedback.reason,
            "correction": feedback.correction,
            "at": feedback.at,
        }
        await self._upsert(FEEDBACK, row, newer="at")

    async def feedback_on(self, answer: str) -> list[Opinion]:
        """What people think of one answer, the first to say so first."""
        found = select(*(FEEDBACK.c[name] for name in Opinion.__dataclass_fields__))
        found = found.where(FEEDBACK.c.answer == answer).order_by(FEEDBACK.c.at)
        return [Opinion(**row) for row in await self._read(found)]

    async def audit(
        self,
        author: str,
        action: str,
        arguments: Mapping[str, Any],
        outcome: str,
        *,
        channel: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes what an admin or a tool did, in which channel, and what came of it."""
        row = {
            "at": datetime.now(UTC),
            "author": author,
            "action": action,
            "arguments": dict(arguments),
            "outcome": outcome,
            "channel": channel,
            "result": dict(result) if result is not None else None,
        }

        await self._write(AUDIT.insert().values(**row))

    async def outcomes(self, since: datetime | None = None) -> dict[str, int]:
        """How many turns ended in which outcome."""
        counted = select(TURNS.c.outcome, func.count().label("times")).group_by(TURNS.c.outcome)
        if since is not None:
            counted = counted.where(TURNS.c.at >= since)
        return {row["outcome"]: row["times"] for row in await self._read(counted)}

    async def unanswered(self, since: datetime | None = None, limit: int = 20) -> list[Unanswered]:
        """The last questions that were not answered, newest first; not those that nobody wants answered."""
        columns = [TURNS.c[name] for name in Unanswered.__dataclass_fields__]
        wanted = func.coalesce(TURNS.c.reason, "").not_in(_UNWANTED)
        found = select(*columns).where(TURNS.c.outcome != "answered", wanted)
        if since is not None:
            found = found.where(TURNS.c.at >= since)
        rows = await self._read(found.order_by(TURNS.c.at.desc(), TURNS.c.id).limit(limit))
        return [Unanswered(**row) for row in rows]

    async def cited(self, since: datetime) -> Counter[tuple[str, str]]:
        """How many answers cited each document, by source and document."""
        found = select(TURNS.c.citations).where(TURNS.c.outcome == "answered", TURNS.c.at >= since)
        return Counter(
            one
            for row in await self._read(found)
            for one in {(cited["source"], cited["document"]) for cited in row["citations"]}
        )

    async def good(self, since: datetime, *, channel: str, author: str, limit: int) -> list[Good]:
        """The last questions in a channel or by someone that were answered, without anyone finding fault."""
        faulty = select(FEEDBACK.c.answer).where(FEEDBACK.c.helpful.is_(False))
        found = (
            select(TURNS.c.question, TURNS.c.author, TURNS.c.channel, TURNS.c.event, TURNS.c.citations)
            .where(TURNS.c.outcome == "answered", TURNS.c.reason.is_(None), TURNS.c.at >= since)
            .where(or_(TURNS.c.channel == channel, TURNS.c.author == author), TURNS.c.id.not_in(faulty))
            .order_by(TURNS.c.at.desc())
            .limit(limit)
        )
        return [
            Good(
                row["question"],
                row["author"],
                row["channel"],
                bool((row["event"] or {}).get("private", True)),
                frozenset((cited["source"], cited["document"]) for cited in row["citations"]),
            )
            for row in await self._read(found)
        ]

    async def opinions(self, since: datetime | None = None) -> dict[bool, int]:
        """How many answers were found helpful, and how many not."""
        counted = select(FEEDBACK.c.helpful, func.count().label("times")).group_by(FEEDBACK.c.helpful)
        if since is not None:
            counted = counted.where(FEEDBACK.c.at >= since)
        return {True: 0, False: 0} | {row["helpful"]: row["times"] for row in await self._read(counted)}

    async def audited(self, limit: int = 100) -> list[Audited]:
        """What admins and tools did last, newest first."""
        columns = [AUDIT.c[name] for name in Audited.__dataclass_fields__]
        return [
            Audited(**row)
            for row in await self._read(select(*columns).order_by(AUDIT.c.number.desc()).limit(limit))
        ]

    async def _insert_new(self, table: Table, row: Mapping[str, Any]) -> None:
        """Writes a row unless there is one with its key."""
        await self._write(self._dialect.insert(table).values(**row).on_conflict_do_nothing())

    async def _upsert(self, table: Table, row: Mapping[str, Any], newer: str | None = None) -> None:
        """Writes a row, in the place of one with its key; unless that one's `newer` is later."""
        keys = [column.name for column in table.primary_key]
        insert = self._dialect.insert(table).values(**row)
        statement = insert.on_conflict_do_update(
            index_elements=keys,
            set_={name: insert.excluded[name] for name in row if name not in keys},
            where=table.c[newer] <= insert.excluded[newer] if newer else None,
        )
        await self._write(statement)

    async def _write(self, statement: Executable) -> None:
        def write() -> None:
            with self._engine.begin() as connection:
                connection.execute(statement)

        await asyncio.to_thread(write)

    @property
    def _dialect(self) -> Any:
        """Where both databases' own `INSERT … ON CONFLICT` is."""
        return postgresql if self._engine.dialect.name == "postgresql" else sqlite

    async def _read(self, statement: Executable) -> Sequence[RowMapping]:
        def read() -> Sequence[RowMapping]:
            with self._engine.connect() as connection:
                return connection.execute(statement).mappings().all()

        return await asyncio.to_thread(read)


def _turn(event: Message | Command | Feedback, answer: Answer) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "platform": event.channel.platform,
        "channel": event.channel.key,
        "thread": event.thread,
        "author": event.author.id,
        "question": _storable(_said(event)),
        "text": _storable(answer.text),
        "outcome": answer.outcome,
        "reason": answer.reason,
        "confidence": answer.confidence,
        "persona": answer.persona,
        "register_score": answer.register_.score,
        "model": answer.model,
        "answer": _storable(answer.answer),
        "event": _kept(event),
        "citations": [
            cited.model_dump(mode="json") | {"passage": cited.passage} for cited in answer.citations
        ],
        "tool_calls": [call.model_dump(mode="json") for call in answer.tool_calls],
        "timings": answer.timings,
        "tokens_in": answer.usage.tokens_in if answer.usage else None,
        "tokens_out": answer.usage.tokens_out if answer.usage else None,
        "cost_usd": answer.usage.cost_usd if answer.usage else None,
    }


def _kept(event: Message | Command | Feedback) -> dict[str, Any]:
    """The event without secrets that were given for the moment, and without anybody's address."""
    author = event.author.model_copy(update={"email": None})
    kept = event.model_copy(update={"author": author}).model_dump(mode="json")
    reference = {name: value for name, value in kept["reference"].items() if name not in _SECRET}
    return kept | {"reference": reference}


def _past(row: RowMapping) -> Past | None:
    message = load_event(json.dumps(row["event"]))
    if not isinstance(message, Message):
        return None
    return Past(
        message=message,
        text=row["text"],
        answer=row["answer"] or "",
        citations=tuple(Citation.model_validate(cited) for cited in row["citations"]),
        passages=frozenset(cited["passage"] for cited in row["citations"] if cited.get("passage")),
        tools=frozenset(call["name"] for call in row["tool_calls"]),
        posts=row["posts"],
    )


def _said(event: Message | Command | Feedback) -> str:
    match event:
        case Message():
            return event.text
        case Command():
            return f"/{event.name} {json.dumps(event.arguments, ensure_ascii=False)}"
        case Feedback():
            return event.correction or event.reason or ""


def _storable(written: str) -> str:
    """PostgreSQL takes no NUL in a text."""
    return written.replace("\0", "")
