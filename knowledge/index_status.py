"""How the index stands, source by source."""

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from knowledge.manifest_tables import Tables


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be read, and why."""

    document: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """One source as it stands in the index."""

    source: str
    documents: int
    """Searchable ones."""
    restricted: int
    """Of these, those that not everyone may read who may read the source."""
    passages: int
    vectors: int
    """Passages that have a vector."""
    failed: tuple[Failure, ...]
    notes: dict[str, tuple[str, ...]]
    """By document, what a person should know about how well it was read."""
    started: float | None
    """Unix time of the last sync; `finished` is none when that never ended."""
    finished: float | None
    age: float | None
    """Seconds since the last sync ended."""
    fresh: float | None
    """Unix time as of which all of it is known: when the last one without a problem began, else the first."""
    counts: dict[str, int]
    """`seen`, `added`, `changed`, `unchanged`, `deleted`, `moved`, `withheld` of the last sync that ended."""
    problem: str | None
    """Why the last sync could not do all its work."""


def read_status(connection: Connection, tables: Tables) -> list[IndexStatus]:
    """Every source as it stands."""
    documents, passages, syncs = tables.documents, tables.passages, tables.syncs
    readable = documents.c.content_hash.is_not(None)
    remarkable = documents.c.reason.is_not(None) | (documents.c.notes != "[]")
    counted = connection.execute(
        select(
            documents.c.source,
            func.count(),
            func.sum(documents.c.passages),
            func.count(documents.c.readers),
        )
        .where(readable)
        .group_by(documents.c.source)
    )
    sizes = {source: (int(many), int(of), int(few)) for source, many, of, few in counted}
    lacking = connection.execute(
        select(passages.c.source, func.count())
        .where(passages.c.embedder.is_(None))
        .group_by(passages.c.source)
    )
    without = {row[0]: int(row[1]) for row in lacking}
    remarks = connection.execute(
        select(
            documents.c.source,
            documents.c.document,
            documents.c.reason,
            documents.c.message,
            documents.c.notes,
        )
        .where(remarkable)
        .order_by(documents.c.document)
    ).all()
    runs = {row.source: row for row in connection.execute(select(syncs))}
    return [
        _status(
            source,
            sizes.get(source, (0, 0, 0)),
            without.get(source, 0),
            [row for row in remarks if row.source == source],
            runs.get(source),
        )
        for source in sorted({*sizes, *runs, *(row.source for row in remarks)})
    ]


def _status(
    source: str, size: tuple[int, int, int], without: int, remarks: list[Any], run: Any
) -> IndexStatus:
    return IndexStatus(
        source=source,
        documents=size[0],
        restricted=size[2],
        passages=size[1],
        vectors=size[1] - without,
        failed=tuple(Failure(row.document, row.reason, row.message) for row in remarks if row.reason),
        notes={row.document: tuple(json.loads(row.notes)) for row in remarks if row.notes != "[]"},
        started=run.started if run else None,
        finished=run.finished if run else None,
        age=time.time() - run.finished if run and run.finished else None,
        fresh=run.whole if run else None,
        counts=json.loads(run.counts) if run else {},
        problem=run.problem if run else None,
    )
