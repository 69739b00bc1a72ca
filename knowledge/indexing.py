"""Keeps an index up to date with its sources."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from knowledge.documents import Source
from knowledge.errors import KnowledgeError
from knowledge.index_writer import IndexWriter, VectorStore
from knowledge.intake import Recipe
from knowledge.manifest import Failure, Manifest
from knowledge.syncing import EVERYTHING, Progress, Sync, SyncReport, Wanted
from knowledge.worker import Run, here

__all__ = ["Failure", "Indexer", "Progress", "Recipe", "SyncReport", "Wanted"]


class Indexer:
    """Syncs sources into an index, one at a time. `changed` is called when there are new passages."""

    def __init__(
        self,
        manifest: Manifest,
        lexical: Path,
        recipe: Recipe,
        *,
        vectors: VectorStore | None = None,
        changed: Callable[[], None] = lambda: None,
        give_way: Callable[[], None] = lambda: None,
        run: Run = here,
    ) -> None:
        """`give_way` is called between small pieces of work, to let questions pass; `run` reads documents."""
        self._run = run
        self._manifest = manifest
        self._give_way = give_way
        self._lexical = lexical
        self._recipe = recipe
        self._writer = IndexWriter(manifest, lexical, vectors, changed, give_way)
        self._lock = threading.Lock()

    def sync(
        self,
        source: Source,
        wanted: Wanted = EVERYTHING,
        *,
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> SyncReport:
        """Brings the index up to date with a source; raises `KnowledgeError` when it cannot be written.

        `dry_run` writes nothing and counts the same. Raises `SupersededError` when a later run has begun.
        """
        started = time.monotonic()
        with self._lock, self._writing(source.name, dry_run) as writer:
            sync = Sync(
                self._manifest,
                source,
                self._recipe,
                writer,
                wanted,
                progress=progress,
                stop=stop,
                give_way=self._give_way,
                run=self._run,
            )
            if writer is not None:
                self._manifest.sync_started(source.name, wanted.run)
            report = sync.run()
            if writer is not None:
                writer.settle(source.name)
                whole = wanted.document is None
                self._manifest.sync_ended(source.name, report.counts(), report.problem, whole=whole)
        report.seconds = round(time.monotonic() - started, 3)
        return report

    def mend(self) -> None:
        """Makes the words agree with what is live, whatever was interrupted, deleted or done elsewhere."""
        with self._lock, self._writing("the words"):
            pass

    def follow(self) -> None:
        """The same, unless this process is changing them: then it is done at the end of that anyway."""
        if self._lock.acquire(blocking=False):
            try:
                with self._writing("the words"):
                    pass
            finally:
                self._lock.release()

    def forget(self, source: str) -> None:
        """Takes out everything of a source that is configured no more."""
        with self._lock, self._writing(source) as writer:
            assert writer is not None
            writer.forget(source)
            writer.settle(source)

    def close(self) -> None:
        """Lets another process write the index."""
        with self._lock:
            self._writer.close()

    @contextmanager
    def _writing(self, name: str, dry_run: bool = False) -> Iterator[IndexWriter | None]:
        """The opened writer; after a failure it is opened, and mended, anew."""
        if dry_run:
            yield None
            return
        try:
            self._writer.open()
            yield self._writer
        except BaseException as error:
            self._writer.close()
            if not isinstance(error, OSError | ValueError):
                raise
            raise KnowledgeError(
                f"Indexing `{name}` stopped ({_cause(error)}), and what was searchable still is: see that the"
                " disk has room and can be written, then run `vocero index` again. Should it stop once more,"
                f" delete `{self._lexical}`, which is made anew from the database."
            ) from error


def _cause(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
