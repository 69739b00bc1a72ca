"""Writes the index so that a kill at any moment leaves it true.

A document changes version in this order: its new passages go into the lexical index, one transaction of the
database switches it, the old ones are taken out of the lexical index and of the vectors. The database alone
says what is live, so at every moment a document answers in its old version or in its new one, and what a
kill leaves over in the derived indexes is invisible until it is mended.
"""

import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from knowledge.chunking import embedding_text
from knowledge.documents import Passage
from knowledge.errors import KnowledgeError
from knowledge.lexical import LexicalReader, LexicalWriter
from knowledge.manifest import Manifest, Record
from knowledge.readers import all_of, dump_readers, load_readers

log = logging.getLogger(__name__)

_MARK = "lexical"
_BATCH = 5_000
_VECTORS_AT_ONCE = 64


class VectorStore(Protocol):
    """What is needed of the vectors; every failure is a `KnowledgeError`."""

    @property
    def embedder(self) -> str:
        """Names them."""
        ...

    def delete(self, ids: Collection[str], source: str) -> None:
        """Takes vectors out; unknown ids are no error."""
        ...

    def drop(self, source: str) -> None:
        """Takes out every vector of a source."""
        ...

    def copy(self, ids: Mapping[str, str], source: str) -> list[str]:
        """Gives new ids the vectors of known ones; returns those that have one now."""
        ...


class IndexWriter:
    """Manifest, lexical index and vectors, changed together by one thread at a time.

    `changed` is called when there are new passages.
    """

    def __init__(
        self,
        manifest: Manifest,
        lexical: Path,
        vectors: VectorStore | None,
        changed: Callable[[], None],
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        self._manifest = manifest
        self._words = _Words(manifest, lexical)
        self._give_way = give_way
        self._vectors = vectors
        self._changed = changed

    def open(self) -> None:
        """Opens the index and mends it; raises `KnowledgeError` where another process writes it."""
        self._words.open()

    def switch(
        self,
        source: str,
        records: Collection[Record],
        versions: Mapping[str, list[Passage]],
        twins: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Writes what is known of documents, some with new versions; returns how many passages are new.

        `twins`: by document, one known before with the same content, whose vectors serve again.
        """
        vectors = self._vectors_of(source, twins, versions)
        before = self._manifest.live_of(source, versions)
        old = {id_ for ids in before.values() for id_ in ids}
        new = {passage.id: passage for version in versions.values() for passage in version}
        readers = {record.document: load_readers(record.readers) for record in records if record.readers}
        fresh = [
            replace(passage, readers=readers[passage.document]) if passage.document in readers else passage
            for id_, passage in new.items()
            if id_ not in old
        ]
        if fresh:
            self._words.add(self._leisurely(fresh))
        self._manifest.write(source, records, versions)
        self._take_over(source, vectors)
        self._discard(source, old - new.keys())
        if fresh:
            self._changed()
        return len(fresh)

    def permit(self, source: str, changed: Mapping[str, tuple[str | None, str | None]]) -> None:
        """Changes who may read documents, from whom to whom; their passages and vectors stay.

        Until the words know who may, only those do who did before and do after: nobody keeps a right that
        was taken away, and what a kill leaves half done differs from what the source says next.
        """
        both = {one: _both(before, after) for one, (before, after) in changed.items()}
        self._manifest.permit(source, both)
        live = self._manifest.live_of(source, changed)
        ids = [id_ for of in live.values() for id_ in of]
        for start in range(0, len(ids), _BATCH):
            found = self._manifest.passages(ids[start : start + _BATCH]).values()
            readers = {document: load_readers(after) for document, (_, after) in changed.items()}
            self._words.add(self._leisurely(replace(one, readers=readers[one.document]) for one in found))
        self._manifest.permit(source, {document: after for document, (_, after) in changed.items()})

    def _leisurely(self, passages: Iterable[Passage]) -> Iterator[Passage]:
        for passage in passages:
            self._give_way()
            yield passage

    def remove(self, source: str, documents: Collection[str]) -> None:
        """Takes documents out."""
        before = self._manifest.live_of(source, documents)
        self._manifest.remove(source, documents)
        self._discard(source, {id_ for ids in before.values() for id_ in ids})

    def forget(self, source: str) -> None:
        """Takes a source out."""
        self.remove(source, list(self._manifest.records(source)))
        self._manifest.forget(source)
        if self._vectors is not None:
            with _left_for_later():
                self._vectors.drop(source)

    def settle(self) -> None:
        """Ends a change."""
        self._words.settle()

    def close(self) -> None:
        """Lets go of the index. What was not settled is mended when it is opened again."""
        self._words.close()

    def _vectors_of(
        self, source: str, twins: Mapping[str, str], versions: Mapping[str, list[Passage]]
    ) -> dict[str, str]:
        """By id of a new passage, the id of one that has the vector which is to be its own."""
        if self._vectors is None or not twins:
            return {}
        known = self._manifest.passages(list(self._manifest.embedded(source, twins.values())))
        texts = {(one.document, embedding_text(one)): one.id for one in known.values()}
        found = {
            passage.id: texts.get((twins[document], embedding_text(passage)))
            for document, passages in versions.items()
            if document in twins
            for passage in passages
        }
        return {new: old for new, old in found.items() if old is not None and old != new}

    def _take_over(self, source: str, vectors: Mapping[str, str]) -> None:
        """Copies vectors to new passages; what is not copied is made anew."""
        if self._vectors is None:
            return
        with _left_for_later():
            given = list(vectors.items())
            for start in range(0, len(given), _VECTORS_AT_ONCE):
                self._give_way()  # Chroma keeps the interpreter while it writes
                part = dict(given[start : start + _VECTORS_AT_ONCE])
                if copied := self._vectors.copy(part, source):
                    self._manifest.set_embedder(copied, self._vectors.embedder)

    def _discard(self, source: str, ids: Collection[str]) -> None:
        if not ids:
            return
        self._words.delete(ids)
        if self._vectors is not None:
            with _left_for_later():
                given = list(ids)
                for start in range(0, len(given), _VECTORS_AT_ONCE):
                    self._give_way()  # Chroma keeps the interpreter while it writes
                    self._vectors.delete(given[start : start + _VECTORS_AT_ONCE], source)


def _both(before: str | None, after: str | None) -> str | None:
    return dump_readers(all_of((*load_readers(before), *load_readers(after))))


@contextmanager
def _left_for_later() -> Iterator[None]:
    """Vectors that cannot be taken out now are invisible, and taken out when they are next checked.

    Those that cannot be copied are made.
    """
    try:
        yield
    except KnowledgeError as error:
        log.warning("Vectors are left as they are until they are checked. %s", error)


class _Words:
    """The writer of the lexical index, opened once and mended on the way.

    The database and a file in the index's folder name the generation in which both agreed. A change first
    takes the name away in the database, and gives both a new one at its end. So a killed process, a deleted
    folder and an older copy put in its place all look the same: the names differ.
    """

    def __init__(self, manifest: Manifest, path: Path) -> None:
        self._manifest = manifest
        self._path = path
        self._writer: LexicalWriter | None = None
        self._agreed: str | None = None

    def open(self) -> None:
        """Opens the index and makes it agree; raises `KnowledgeError` where another process writes it."""
        if self._agreed and self._agreed != self._generation():
            self.close()  # someone has deleted or replaced the folder meanwhile
        if self._writer is None:
            self._writer = LexicalWriter(self._path)
            named = self._manifest.mark(_MARK)
            if named == self._generation() and not self._writer.incomplete:
                self._agreed = named
        if not self._agreed:
            self._mend(self._writer)
            self.settle()

    def add(self, passages: Iterable[Passage]) -> None:
        """Adds passages that become live next, and commits them with what was deleted before."""
        writer = self._begin()
        writer.add(passages)
        writer.commit()

    def delete(self, ids: Iterable[str]) -> None:
        """Takes passages out that are live no more; committed with what is added next, or settled."""
        self._begin().delete(ids)

    def settle(self) -> None:
        """Ends a change: commits, and notes that index and database agree."""
        if self._agreed or self._writer is None:
            return
        self._writer.commit()
        self._writer.completed()
        generation = uuid.uuid4().hex
        temporary = self._path / "generation.tmp"
        temporary.write_text(generation)
        temporary.replace(self._path / "generation")
        self._manifest.set_mark(_MARK, generation)
        self._agreed = generation

    def close(self) -> None:
        """Lets go of the index. What was not settled is mended when it is opened again."""
        writer, self._writer, self._agreed = self._writer, None, None
        if writer is not None:
            try:
                writer.close()
            except (OSError, ValueError) as error:  # what failed while it wrote cannot end in good order
                log.warning("The lexical index was left as it was last committed: %s", error)

    def _begin(self) -> LexicalWriter:
        assert self._writer is not None
        if self._agreed:
            self._manifest.set_mark(_MARK, "")
            self._agreed = None
        return self._writer

    def _generation(self) -> str | None:
        try:
            return (self._path / "generation").read_text()
        except OSError:
            return None

    def _mend(self, writer: LexicalWriter) -> None:
        """Adds the live passages that the index lacks, latest first, and deletes what is not live."""
        indexed = LexicalReader(self._path).ids()
        live = self._manifest.live()
        missing = [id_ for id_ in live if id_ not in indexed]
        stale = indexed.difference(live)
        if missing or stale:
            log.log(
                logging.WARNING if indexed else logging.INFO,
                "The lexical index was not in step: adding %d passages, deleting %d.",
                len(missing),
                len(stale),
            )
        writer.delete(stale)
        for start in range(0, len(missing), _BATCH):
            writer.add(self._manifest.passages(missing[start : start + _BATCH]).values())
            writer.commit()
