"""What is indexed, at which version. The passages that stand here, and no others, are live.

The lexical index and the vectors are derived from these rows and may hold more (a new version not yet
switched to, an old one not yet taken out): whatever they find is looked up here, and what is not here is
not there. So a document changes version in the one transaction of `Manifest.write`.
"""

import json
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, bindparam, func, select

from knowledge.database import create_derived_tables, reading, writing
from knowledge.documents import Passage
from knowledge.fencing import Fences
from knowledge.index_status import Failure, IndexStatus, read_status
from knowledge.manifest_tables import VERSION, Tables
from knowledge.readers import load_readers, permits

__all__ = ["Failure", "IndexStatus", "Manifest", "Record"]

_SLICE = 500  # ids in one statement
_AGREED = "words "
_CHANGED = "changed:"  # begins the name of the mark that says what a source is at
_FRESH = 1.0  # seconds for which it is believed that every passage has its vector
_SHOWN = (
    "id source document title headings text kind location anchor url as_of".split()  # in `_passage`'s order
)


class Record(NamedTuple):
    """A document as the manifest has it."""

    document: str
    signal: str
    url: str | None
    recipe: str
    """How its bytes became passages: by another recipe they may become others."""
    content_hash: str | None = None
    """Of the live version; none where no version could ever be read."""
    passages: int = 0
    title: str | None = None
    modified: str | None = None
    notes: str = "[]"
    """JSON list of what a person should know about how well it was read."""
    indexed_at: float = 0.0
    reason: str | None = None
    """Why what the source has now could not be read; `message` says it in words."""
    message: str | None = None
    readers: str | None = None
    """Who may read it, as `dump_readers` writes it."""


class Titled(NamedTuple):
    """A document by its title."""

    source: str
    document: str
    title: str
    readers: str | None


class SyncTimes(NamedTuple):
    """When the last sync of a source began and ended, as Unix times."""

    started: float
    finished: float | None
    """None: it never ended."""
    whole: float | None
    """When the last one began that met no problem; where none ever did, the first one."""


class Manifest:
    """The manifest of one generation of the index; safe to share between threads."""

    def __init__(self, engine: Engine, generation: str = "g1") -> None:
        self._engine = engine
        self._all_have_vectors_until = 0.0
        self._tables = tables = Tables(generation)
        self._documents, self._passages = tables.documents, tables.passages
        self._syncs, self._marks = tables.syncs, tables.marks
        shown = (tables.passages.c[name] for name in _SHOWN)
        self._by_id = select(*shown, tables.documents.c.readers).where(
            tables.passages.c.id.in_(bindparam("ids", expanding=True)), *tables.joined
        )
        self._record = select(*(tables.documents.c[name] for name in Record._fields))
        create_derived_tables(engine, tables.metadata, f"index {generation}", VERSION)
        self.fences = Fences(engine)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """The live ones of these passages by id; the others are missing."""
        found: dict[str, Passage] = {}
        with reading(self._engine) as connection:
            for part in _sliced(ids):
                found.update(
                    (row[0], _passage(row)) for row in connection.execute(self._by_id, {"ids": part})
                )
        return found

    def unreadable(self, ids: Collection[str], readers: frozenset[str]) -> set[str]:
        """Which of these passages are of documents that none of `readers` may read."""
        restricted = self._documents.c.readers.is_not(None)
        with reading(self._engine) as connection:
            if connection.scalar(select(self._documents.c.source).where(restricted).limit(1)) is None:
                return set()
            query = select(self._passages.c.id, self._documents.c.readers)
            query = query.where(*self._tables.joined, restricted)
            return {
                id_
                for part in _sliced(list(ids))
                for id_, written in connection.execute(query.where(self._passages.c.id.in_(part)))
                if not permits(load_readers(written), readers)
            }

    def readable(
        self, of: Collection[tuple[str, str]], readers: frozenset[str] | None
    ) -> set[tuple[str, str]]:
        """Which of these documents (source and document) there are, and may be read, at this moment."""
        found: set[tuple[str, str]] = set()
        with reading(self._engine) as connection:
            query = select(self._documents.c.document, self._documents.c.readers)
            for source in {source for source, _ in of}:
                for part in _sliced([document for one, document in of if one == source]):
                    for document, written in connection.execute(
                        query.where(*_of(self._documents, source, part))
                    ):
                        if permits(load_readers(written), readers):
                            found.add((source, document))
        return found

    def readers(self) -> set[str]:
        """Everyone who is named as a reader of some document."""
        query = select(self._documents.c.readers).where(self._documents.c.readers.is_not(None)).distinct()
        with reading(self._engine) as connection:
            written = connection.scalars(query).all()
        return {reader for one in written for listed in load_readers(one) for reader in listed}

    def live(self) -> list[str]:
        """The ids of every live passage, most recently changed first."""
        with reading(self._engine) as connection:
            return list(
                connection.scalars(select(self._passages.c.id).order_by(self._passages.c.changed.desc()))
            )

    def live_of(self, source: str, of: Collection[str]) -> dict[str, set[str]]:
        """The ids of the live passages of these documents."""
        found: dict[str, set[str]] = {document: set() for document in of}
        with reading(self._engine) as connection:
            for part in _sliced(list(of)):
                query = select(self._passages.c.document, self._passages.c.id)
                for document, id_ in connection.execute(query.where(*_of(self._passages, source, part))):
                    found[document].add(id_)
        return found

    def records(self, source: str) -> dict[str, Record]:
        """Every document of a source."""
        with reading(self._engine) as connection:
            rows = connection.execute(self._record.where(self._documents.c.source == source)).all()
        return {row[0]: Record._make(row) for row in rows}

    def sources(self) -> list[str]:
        """The sources that something is known of, in order."""
        known = select(self._documents.c.source).union(select(self._syncs.c.source))
        with reading(self._engine) as connection:
            return sorted(connection.scalars(known))

    def write(
        self,
        source: str,
        records: Collection[Record],
        versions: Mapping[str, Collection[Passage]],
    ) -> None:
        """Writes what is known of documents and switches some to new versions, in one transaction.

        `versions` are the passages of those among `records` that have new ones; the others keep theirs.
        """
        now = time.time()
        self._all_have_vectors_until = 0.0
        changed = {record.document: _timestamp(record.modified) or now for record in records}
        with writing(self._engine) as connection:
            # Deleting comes first: it takes SQLite's write lock, so that what is read next stays true.
            _delete(connection, self._documents, source, list(changed))
            self.fences.check(connection, source)
            _insert(
                connection, self._documents, [{"source": source, **record._asdict()} for record in records]
            )
            before = _vector_states(connection, self._passages, source, list(versions))
            _delete(connection, self._passages, source, list(versions))
            rows = (
                _row(passage, *before.get(passage.id, (changed[document], None)))
                for document, version in versions.items()
                for passage in version
            )
            _insert(connection, self._passages, list(rows))
            if versions:
                self._note_change(connection, source)

    def permit(self, source: str, readers: Mapping[str, str | None]) -> None:
        """Sets who may read documents, as `dump_readers` writes it, in one transaction."""
        with writing(self._engine) as connection:
            for document, value in readers.items():
                one = _of(self._documents, source, [document])
                connection.execute(self._documents.update().where(*one).values(readers=value))
            self._note_change(connection, source)
            self.fences.check(connection, source)

    def remove(self, source: str, of: Collection[str]) -> None:
        """Takes documents out."""
        with writing(self._engine) as connection:
            _delete(connection, self._documents, source, list(of))
            _delete(connection, self._passages, source, list(of))
            self._note_change(connection, source)
            self.fences.check(connection, source)

    def versions(self, sources: Collection[str]) -> dict[str, str]:
        """What each of these sources is at: another one after each change of what may be read in it."""
        wanted = [f"{_CHANGED}{source}" for source in sources]
        query = select(self._marks.c.name, self._marks.c.value).where(self._marks.c.name.in_(wanted))
        with reading(self._engine) as connection:
            kept = {row.name: row.value for row in connection.execute(query)}
        return {source: kept.get(f"{_CHANGED}{source}", "") for source in sources}

    def _note_change(self, connection: Connection, source: str) -> None:
        self._set_mark(connection, f"{_CHANGED}{source}", uuid.uuid4().hex)

    def _set_mark(self, connection: Connection, name: str, value: str) -> None:
        connection.execute(self._marks.delete().where(self._marks.c.name == name))
        connection.execute(self._marks.insert(), {"name": name, "value": value})

    def forget(self, source: str) -> None:
        """Takes out what is known of a source besides its documents."""
        with writing(self._engine) as connection:
            connection.execute(self._syncs.delete().where(self._syncs.c.source == source))

    def mark(self, name: str) -> str | None:
        """A single value that was set."""
        with reading(self._engine) as connection:
            return connection.scalar(select(self._marks.c.value).where(self._marks.c.name == name))

    def set_mark(self, name: str, value: str) -> None:
        """Sets a single value."""
        with writing(self._engine) as connection:
            self._set_mark(connection, name, value)

    def agreements(self) -> dict[str, str]:
        """By source, the state in which the words agreed with what is live; empty while that changes."""
        query = select(self._marks.c.name, self._marks.c.value).where(self._marks.c.name.startswith(_AGREED))
        with reading(self._engine) as connection:
            return {row.name.removeprefix(_AGREED): row.value or "" for row in connection.execute(query)}

    def agree(self, source: str, state: str) -> None:
        """Names the state in which they agree from now on."""
        self.set_mark(f"{_AGREED}{source}", state)

    def instance(self) -> str:
        """A name of this index's own, for what it keeps on servers that others use too."""
        if (name := self.mark("instance")) is None:
            self.set_mark("instance", name := uuid.uuid4().hex[:12])
        return name

    def sync_started(self, source: str, run: int | None = None) -> None:
        """Notes that a sync of this source begins, as the run of that number; see `Fences`."""
        with writing(self._engine) as connection:
            self.fences.enter(connection, source, run)
            updated = connection.execute(
                self._syncs.update()
                .where(self._syncs.c.source == source)
                .values(started=time.time(), finished=None)
            )
            if not updated.rowcount:
                now = time.time()
                first = {"source": source, "started": now, "whole": now, "counts": "{}"}
                connection.execute(self._syncs.insert(), first)

    def sync_ended(
        self, source: str, counts: Mapping[str, int], problem: str | None, *, whole: bool = True
    ) -> None:
        """Notes how it ended. A `whole` one without a problem saw all there was when it began."""
        with writing(self._engine) as connection:
            values: dict[str, Any] = {
                "finished": time.time(),
                "counts": json.dumps(counts),
                "problem": problem,
            }
            if whole and problem is None:
                values["whole"] = self._syncs.c.started
            connection.execute(self._syncs.update().where(self._syncs.c.source == source).values(values))
            self.fences.check(connection, source)

    def sync_times(self) -> dict[str, SyncTimes]:
        """When each source was last synced."""
        query = select(
            self._syncs.c.source, self._syncs.c.started, self._syncs.c.finished, self._syncs.c.whole
        )
        with reading(self._engine) as connection:
            return {source: SyncTimes(*times) for source, *times in connection.execute(query)}

    def made_otherwise(self, recipe: str, sources: Collection[str]) -> int:
        """How many documents of these sources were made by another recipe."""
        other = self._documents.c.source.in_(sources), self._documents.c.recipe != recipe
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.count()).where(*other)) or 0)

    def size(self) -> int:
        """Characters of all passages."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.sum(func.length(self._passages.c.text)))) or 0)

    def pending(self, limit: int) -> list[Passage]:
        """Live passages without a vector, most recently changed first."""
        query = select(self._passages.c.id).where(self._passages.c.embedder.is_(None))
        with reading(self._engine) as connection:
            ids = list(connection.scalars(query.order_by(self._passages.c.changed.desc()).limit(limit)))
        found = self.passages(ids)
        return [found[id_] for id_ in ids if id_ in found]

    def without_vector(self, ids: Collection[str]) -> list[str]:
        """Which of these passages have no vector yet, as of a second ago at most."""
        if time.monotonic() < self._all_have_vectors_until:
            return []
        lacking = self._passages.c.embedder.is_(None)
        with reading(self._engine) as connection:
            if connection.scalar(select(self._passages.c.id).where(lacking).limit(1)) is None:
                self._all_have_vectors_until = time.monotonic() + _FRESH
                return []
            return [
                id_
                for part in _sliced(list(ids))
                for id_ in connection.scalars(
                    select(self._passages.c.id).where(self._passages.c.id.in_(part), lacking)
                )
            ]

    def pending_count(self) -> int:
        """How many live passages have no vector."""
        query = select(func.count()).select_from(self._passages).where(self._passages.c.embedder.is_(None))
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def embedded(self, source: str, of: Collection[str] | None = None) -> set[str]:
        """The ids of a source's passages that have a vector; `of`: of these documents alone."""
        query = select(self._passages.c.id).where(
            self._passages.c.source == source, self._passages.c.embedder.is_not(None)
        )
        with reading(self._engine) as connection:
            if of is None:
                return set(connection.scalars(query))
            parts = (query.where(self._passages.c.document.in_(part)) for part in _sliced(list(of)))
            return {id_ for part in parts for id_ in connection.scalars(part)}

    def set_embedder(self, ids: Collection[str], embedder: str | None) -> set[str]:
        """Notes whose vectors these passages have, and returns those of them that are live."""
        live: set[str] = set()
        with writing(self._engine) as connection:
            for part in _sliced(list(ids)):
                condition = self._passages.c.id.in_(part)
                connection.execute(self._passages.update().where(condition).values(embedder=embedder))
                live.update(connection.scalars(select(self._passages.c.id).where(condition)))
        return live

    def keep_embedder(self, embedder: str) -> None:
        """Notes that vectors of any other embedder are no use."""
        with writing(self._engine) as connection:
            other = self._passages.c.embedder != embedder
            connection.execute(self._passages.update().where(other).values(embedder=None))

    def titles(self) -> list[Titled]:
        """Every document that was read."""
        query = select(*(self._documents.c[name] for name in Titled._fields))
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(self._documents.c.title.is_not(None)))
            return [Titled._make(row) for row in rows]

    def status(self) -> list[IndexStatus]:
        """Every source as it stands."""
        with reading(self._engine) as connection:
            return read_status(connection, self._tables)


def _of(table: Table, source: str, of: Sequence[str]) -> tuple[Any, ...]:
    return table.c.source == source, table.c.document.in_(of)


def _delete(connection: Connection, table: Table, source: str, of: Sequence[str]) -> None:
    for part in _sliced(of):
        connection.execute(table.delete().where(*_of(table, source, part)))


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _vector_states(
    connection: Connection, passages: Table, source: str, of: Sequence[str]
) -> dict[str, tuple[float, str | None]]:
    """When the passages of these documents changed, and who embedded them."""
    query = select(passages.c.id, passages.c.changed, passages.c.embedder)
    return {
        row[0]: (row[1], row[2])
        for part in _sliced(of)
        for row in connection.execute(query.where(*_of(passages, source, part)))
    }


def _row(passage: Passage, changed: float, embedder: str | None) -> dict[str, Any]:
    return {
        "id": passage.id,
        "source": passage.source,
        "document": passage.document,
        "title": passage.title,
        "headings": json.dumps(passage.headings, ensure_ascii=False),
        "text": passage.text,
        "kind": passage.kind,
        "location": passage.location,
        "anchor": passage.anchor,
        "url": passage.url,
        "as_of": passage.as_of.isoformat() if passage.as_of else None,
        "changed": changed,
        "embedder": embedder,
    }


def _passage(row: Sequence[Any]) -> Passage:
    id_, source, document, title, headings, text, kind, location, anchor, url, as_of, readers = row
    return Passage(
        id_,
        source,
        document,
        title,
        tuple(json.loads(headings)),
        text,
        kind,
        location,
        anchor,
        url,
        datetime.fromisoformat(as_of) if as_of else None,
        load_readers(readers),
    )


def _timestamp(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None


def _sliced(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _SLICE):
        yield values[start : start + _SLICE]
