"""The words of every passage in a Tantivy index on disk: one writer, any number of readers, any process.

Only ids and sources are stored. Texts live in the relational database, from which a missing, damaged
or outdated index is built anew.
"""

import fcntl
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import tantivy

from knowledge import words
from knowledge.documents import Passage
from knowledge.errors import KnowledgeError
from knowledge.matching import Field, Scores, Terms, idf, match
from knowledge.readers import EVERYONE

__all__ = ["LexicalReader", "LexicalWriter", "Scores", "Terms"]

_LAYOUT = f"2.{words.VERSION}"
_WRITER_MEMORY = 64_000_000


class LexicalWriter:
    """The one writer of an index; its owner keeps it open (opening again costs up to 0.4 s).

    Where `incomplete` is true, the owner adds every live passage again, commits and says `completed()`.
    What cannot be written raises `OSError` or `ValueError`; then roll back, or close.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = _lock(path)
        self._failed = False
        try:
            self._open()
        except BaseException:
            self._lock.close()
            raise

    def _open(self) -> None:
        stamp = _read_stamp(self._path)
        index = _open_index(self._path) if stamp else None
        if index is None:
            index, stamp = _create_index(self._path)
        self._index = index
        self.incomplete: bool = not (stamp and stamp["complete"])
        self._writer = index.writer(_WRITER_MEMORY, 1)
        # A commit that a kill cut short leaves files over which every commit that repeats it would fail.
        self._writer.garbage_collect_files()

    def add(self, passages: Iterable[Passage]) -> None:
        """Adds passages, replacing those whose id is there."""
        with self._changing():
            for passage in passages:
                stems, grams = words.index_terms(f"{passage.context}\n{passage.text}")
                self._writer.delete_documents_by_term("id", passage.id)
                readers = sorted(frozenset().union(*passage.readers)) if passage.readers else [EVERYONE]
                self._writer.add_document(
                    tantivy.Document(
                        id=passage.id, source=passage.source, readers=readers, stems=stems, grams=grams
                    )
                )

    def delete(self, ids: Iterable[str]) -> None:
        """Takes passages out; unknown ids are no error."""
        with self._changing():
            for id_ in ids:
                self._writer.delete_documents_by_term("id", id_)

    def commit(self) -> None:
        """Makes what was added and deleted lasting and visible, all of it at once."""
        with self._changing():
            self._writer.commit()

    def rollback(self) -> None:
        """Forgets what was added and deleted since the last commit."""
        self._writer.rollback()
        self._failed = False

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Lets nothing be changed after a failure: the next commit would succeed, and hold nothing."""
        if self._failed:
            raise ValueError(f"`{self._path}` could not be written: roll back, or open it again.")
        self._failed = True
        yield
        self._failed = False

    def completed(self) -> None:
        """Says that every live passage has been added and committed."""
        if self.incomplete:
            _write_stamp(self._path, complete=True)
            self.incomplete = False

    def close(self) -> None:
        """Lets another writer in. What is not committed is forgotten."""
        try:
            self._writer.rollback()
            self._writer.wait_merging_threads()
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LexicalReader:
    """Searches an index that may be written, rebuilt or not yet there; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._refresh = threading.Lock()
        self._opened: tuple[int, ...] | None = None
        self._seen: tuple[int, ...] | None = None
        self._index: tantivy.Index | None = None
        self._commit: _Commit | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to search: no index, one of another version, or no passage in it."""
        return self.size == 0

    @property
    def size(self) -> int:
        """Passages in the index."""
        commit = self._current()
        return commit.searcher.num_docs if commit else 0

    def search(
        self,
        terms: Terms,
        limit: int,
        sources: frozenset[str],
        readers: frozenset[str] | None = frozenset(),
    ) -> Scores:
        """The best passages of these sources by stems and by grams, at most `limit` each.

        Of documents with readers of their own, those with one of `readers`; None: all of them. Where several
        lists must let a reader through, one is enough here.
        """
        commit = self._current()
        if commit is None or not sources & commit.sources:
            return Scores()
        # Where everything in this very commit may be read, no filter is needed: it costs 1 to 3 ms.
        only: dict[str, frozenset[str]] = {}
        if not commit.sources <= sources:
            only["source"] = sources
        if readers is not None and commit.restricted:
            only["readers"] = readers | {EVERYONE}
        return match(commit.searcher, commit.schema, terms, limit, only)

    def idf(self, name: Field, terms: Iterable[str]) -> dict[str, float]:
        """BM25's inverse document frequency of each term; a term nowhere found gets the highest."""
        commit = self._current()
        return idf(commit.searcher, name, terms) if commit else dict.fromkeys(terms, 0.0)

    def ids(self) -> set[str]:
        """Every passage id in the index; what the database does not know is left over from a crash."""
        commit = self._current()
        if commit is None or not commit.searcher.num_docs:
            return set()
        everything = tantivy.Query.all_query()
        hits = commit.searcher.search(everything, commit.searcher.num_docs, count=False).hits
        return {commit.searcher.doc(address)["id"][0] for _, address in hits}

    def _current(self) -> "_Commit | None":
        """The last commit; none where there is no index that can be read."""
        with self._refresh:
            stamped = _version(_stamp(self._path))
            if stamped is None or stamped != self._opened:
                self._index = _open_index(self._path) if _read_stamp(self._path) else None
                self._commit, self._seen, self._opened = None, None, stamped
            seen = _version(_index_path(self._path) / "meta.json")
            if self._index is not None and (seen is None or seen != self._seen):
                self._commit = _last_commit(self._index)
                # Rebuilt under our hands or damaged: opened again at the next search.
                self._seen, self._opened = (seen, stamped) if self._commit else (None, None)
            return self._commit


class _Commit(NamedTuple):
    """What is searched until there is a newer one."""

    searcher: Any
    schema: Any
    sources: frozenset[str]
    """All that have a passage in it."""
    restricted: bool
    """Whether some are not for everyone who may read their source."""


def _last_commit(index: tantivy.Index) -> _Commit | None:
    try:
        index.reload()
        searcher = index.searcher()
        sources = frozenset(name for name, _ in searcher.terms_with_prefix("source", ""))
        restricted = any(reader != EVERYONE for reader, _ in searcher.terms_with_prefix("readers", ""))
    except (ValueError, OSError):
        return None
    return _Commit(searcher, index.schema, sources, restricted)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("readers", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("stems", tokenizer_name="terms", index_option="freq")
    builder.add_text_field("grams", tokenizer_name="terms", index_option="freq")
    return builder.build()


def _index_path(path: Path) -> Path:
    return path / "index"


def _stamp(path: Path) -> Path:
    return path / "stamp.json"


def _open_index(path: Path) -> tantivy.Index | None:
    """The index as committed; none where it is missing or damaged."""
    try:
        index = tantivy.Index.open(str(_index_path(path)))
        _prepare(index)
    except (ValueError, OSError):
        return None
    return index if _last_commit(index) else None


def _create_index(path: Path) -> tuple[tantivy.Index, dict[str, Any]]:
    _stamp(path).unlink(missing_ok=True)
    shutil.rmtree(_index_path(path), ignore_errors=True)
    _index_path(path).mkdir()
    index = tantivy.Index(_schema(), str(_index_path(path)))
    _prepare(index)
    return index, _write_stamp(path, complete=False)


def _prepare(index: tantivy.Index) -> None:
    """What the directory does not keep: the tokenizer, and that we decide when to reload."""
    tokenizer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", tokenizer)
    index.config_reader("manual")


def _read_stamp(path: Path) -> dict[str, Any] | None:
    """The stamp of an index that this version can read."""
    try:
        stamp: dict[str, Any] = json.loads(_stamp(path).read_text("utf-8"))
        return stamp if stamp["layout"] == _LAYOUT and isinstance(stamp["complete"], bool) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_stamp(path: Path, *, complete: bool) -> dict[str, Any]:
    stamp = {"layout": _LAYOUT, "complete": complete}
    temporary = path / f"{uuid.uuid4().hex}.tmp"
    temporary.write_text(json.dumps(stamp), "utf-8")
    temporary.replace(_stamp(path))
    return stamp


def _version(path: Path) -> tuple[int, ...] | None:
    """Tells one atomic replacement of a file from the next."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _lock(path: Path) -> Any:
    """Holds the index for this process until closed; the system lets go when the process dies."""
    handle = (path / "lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise KnowledgeError(
            f"`{path}` is being written by another process: stop that one, or let it do the indexing."
        ) from None
    handle.write(str(os.getpid()))
    handle.flush()
    return handle
