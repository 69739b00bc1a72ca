"""Writes the index so that a kill at any moment leaves it true.

A document changes version in this order: its new passages go into the lexical index, one transaction of the
database switches it, the old ones are taken out of the lexical index and of the vectors. The database alone
says what is live, so at every moment a document answers in its old version or in its new one, and what a
kill leaves over in the derived indexes is invisible until it is mended.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from knowledge.agreement import Words
from knowledge.chunking import embedding_text
from knowledge.documents import Passage
from knowledge.errors import KnowledgeError
from knowledge.manifest import Manifest, Record
from knowledge.readers import all_of, dump_readers, load_readers

log = logging.getLogger(__name__)

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
        self._words = Words(manifest, lexical)
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
            self._words.add(source, self._leisurely(fresh))
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
            self._words.add(
                source, self._leisurely(replace(one, readers=readers[one.document]) for one in found)
            )
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

    def settle(self, source: str) -> None:
        """Ends a change of a source."""
        self._words.settle(source)

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
        self._words.delete(source, ids)
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
