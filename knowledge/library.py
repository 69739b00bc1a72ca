"""The index as one thing: its stores opened as they are needed, its sources synced, its engine asked."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy

from knowledge.documents import Source
from knowledge.embedding import (
    Embedder,
    Vector,
    count_pieces,
    embed_locally,
    embedder_name,
    open_embedder,
)
from knowledge.engine import Engine
from knowledge.errors import KnowledgeError, ModelError, SourceError
from knowledge.indexing import Indexer
from knowledge.intake import Recipe
from knowledge.lexical import LexicalReader
from knowledge.manifest import IndexStatus, Manifest
from knowledge.models import Models, Price, Provider, Task
from knowledge.priority import Priority
from knowledge.retrieval import Found, Retriever
from knowledge.sources import Surroundings, open_source
from knowledge.syncing import EVERYTHING, SHARE, Progress, SyncReport, Wanted
from knowledge.vectors import VectorBackfill
from knowledge.worker import Run, WorkerProcess, here

if TYPE_CHECKING:
    from knowledge.store import ChromaVectors

log = logging.getLogger(__name__)

_WINDOW = 256
"""Word pieces of a passage, those that the embedder puts around it included."""
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A configured source."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    surroundings: Surroundings | None = None
    max_deleted: float = SHARE
    """More deletions at once than this share of its documents are not believed."""


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """What a library is opened with."""

    data: Path
    sources: tuple[SourceSpec, ...]
    embedding: str = "local"
    llm: tuple[str, ...] = ()
    """Models in order, `provider:model`; none: answers are extracts."""
    tasks: Mapping[Task, tuple[str, ...]] = field(default_factory=dict)
    """Models for what is not answering, where they are others."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By glob over `provider:model`; the last one that fits holds."""
    providers: Mapping[str, Provider] = field(default_factory=dict)
    chroma_url: str | None = None


class NearVectors:
    """The vectors as the retriever asks for them: Chroma's, and the manifest's word on which are missing."""

    def __init__(self, vectors: "ChromaVectors", manifest: Manifest) -> None:
        self._vectors = vectors
        self._manifest = manifest

    def query(self, embedding: Vector, limit: int, sources: frozenset[str]) -> list[tuple[str, float]]:
        """Ids and cosine similarities of the nearest passages of these sources, best first."""
        return self._vectors.query(embedding, limit, sources)

    def missing(self, ids: Collection[str]) -> Collection[str]:
        """Which of these passages have no vector yet."""
        return self._manifest.without_vector(ids)


class _Elsewhere:
    """The local embedder in a process of its own, for passages."""

    def __init__(self, name: str, cache: Path, run: Run) -> None:
        self.name = name
        self._cache = cache
        self._run = run

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions]."""
        vectors: Vector = self._run(embed_locally, self._cache, texts)
        return vectors


class Library:
    """Everything indexed, safe to share between threads; what is heavy is opened on first use.

    `writing`: this process owns the index. Others may search it. `answering`: questions come while it is
    written, so documents are read and embedded in a process of its own.
    """

    def __init__(
        self,
        settings: LibrarySettings,
        database: sqlalchemy.Engine,
        *,
        writing: bool,
        answering: bool = False,
    ) -> None:
        self.database = database
        self._settings = settings
        self._writing = writing
        self.manifest = Manifest(database)
        self._reader = LexicalReader(settings.data / "lexical")
        self._opening = threading.RLock()
        self._embedder: Embedder | None = None
        self._vectors: ChromaVectors | None = None
        self._retriever: Retriever | None = None
        self._indexer: Indexer | None = None
        self._backfill: VectorBackfill | None = None
        self._worker = WorkerProcess() if answering else None
        self._priority = Priority(self._worker.pause, self._worker.resume) if self._worker else Priority()
        self._closing = threading.Event()
        self._all_read = False
        self._llms = Models(settings.providers, settings.prices)
        self._engines: dict[tuple[str, ...], Engine] = {}

    @property
    def names(self) -> list[str]:
        """The configured sources."""
        return [source.name for source in self._settings.sources]

    @property
    def statistics(self) -> LexicalReader:
        """How common words are in the index."""
        return self._reader

    @property
    def vectors(self) -> "ChromaVectors | None":
        """The store of vectors; None without an embedder, and for a reader of what has none yet."""
        return self._open_vectors()

    def search(
        self, question: str, *, limit: int = 10, sources: frozenset[str], per_document: bool = False
    ) -> Found:
        """The best passages of these sources; blocks, so call it in a thread."""
        searcher = self._searcher()
        with self._priority.question():
            return searcher.search(question, limit=limit, sources=sources, per_document=per_document)

    def engine(self, llm: Sequence[str] = ()) -> Engine:
        """The engine that answers with the first of these models that can, or with the configured ones."""
        answer = tuple(llm) or self._settings.llm
        with self._opening:
            if answer not in self._engines:
                tasks = {**self._settings.tasks, "answer": answer} if answer else None
                self._engines[answer] = Engine(self, self._llms, tasks)
            return self._engines[answer]

    async def open_models(self) -> None:
        """Opens the models that answer, so that no question waits for that; what is missing is logged."""
        for spec in self._settings.llm:
            try:
                await self._llms.client(spec)
            except ModelError as error:
                log.warning("%s", error)

    def sync(
        self,
        name: str,
        wanted: Wanted = EVERYTHING,
        *,
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> SyncReport:
        """Takes in what changed in a source; raises `KnowledgeError` when the index cannot be written."""
        indexer = self._index_writer()
        with contextlib.closing(self._source(name)) as source, self._priority.reading():
            return indexer.sync(
                source,
                replace(wanted, share=self._spec(name).max_deleted),
                dry_run=dry_run,
                progress=progress,
                stop=stop or self._closing,
            )

    def forget_removed(self) -> list[str]:
        """Takes out the sources that are configured no more, and names them."""
        removed = [name for name in self.manifest.sources() if name not in self.names]
        for name in removed:
            self._index_writer().forget(name)
        return removed

    def fill_vectors(self, stop: threading.Event) -> None:
        """Embeds what lacks a vector, as it comes, until stopped; blocks, so give it a thread of its own."""
        if (backfill := self._vector_backfill()) is not None:
            backfill.serve(stop)

    def finish_vectors(self, progress: Callable[[Progress], None] | None = None) -> None:
        """Returns when every passage has its vector, which `fill_vectors` sees to in another thread."""
        if self._settings.embedding == "none":
            return
        total = self.manifest.pending_count()
        while left := self.manifest.pending_count():
            if self._backfill is not None and self._backfill.problem:
                raise KnowledgeError(self._backfill.problem)
            if progress is not None:
                progress(Progress("vectors", max(total - left, 0), total, 0))
            time.sleep(_POLL)

    def status(self) -> list[IndexStatus]:
        """Every configured source as it stands; one never synced has no dates."""
        return self.manifest.status()

    def never_synced(self) -> list[str]:
        """The sources that no sync has finished for."""
        if not self._all_read:
            finished = {status.source for status in self.manifest.status() if status.finished}
            unread = [name for name in self.names if name not in finished]
            self._all_read = not unread
            return unread
        return []

    async def aclose(self) -> None:
        """Closes the models' connections, then everything else."""
        await self._llms.aclose()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Lets go of everything that was opened for reading and writing the index."""
        self._closing.set()
        with self._opening:
            # The worker after the indexer, which waits for a sync under way.
            for opened in (self._retriever, self._indexer, self._vectors, self._worker):
                if opened is not None:
                    opened.close()
        self.database.dispose()

    def _spec(self, name: str) -> SourceSpec:
        spec = next((one for one in self._settings.sources if one.name == name), None)
        if spec is None:
            raise SourceError(f"There is no source `{name}`; there are {', '.join(self.names) or 'none'}.")
        return spec

    def _source(self, name: str) -> Source:
        spec = self._spec(name)
        return open_source(spec.kind, spec.name, spec.options, spec.surroundings)

    def _searcher(self) -> Retriever:
        with self._opening:
            if self._retriever is None:
                near, embedder = None, None
                try:
                    if (vectors := self._open_vectors()) is not None:
                        near, embedder = NearVectors(vectors, self.manifest), self._open_embedder()
                except KnowledgeError as error:
                    log.warning("Words answer alone. %s", error)
                self._retriever = Retriever(self._reader, self.manifest, near, embedder)
            return self._retriever

    def _index_writer(self) -> Indexer:
        if not self._writing:
            raise KnowledgeError("This process only reads the index.")
        with self._opening:
            if self._indexer is None:
                recipe = Recipe("local", count_pieces, _WINDOW)
                self._indexer = Indexer(
                    self.manifest,
                    self._settings.data / "lexical",
                    recipe,
                    vectors=self._open_vectors(),
                    changed=self._poke,
                    give_way=self._priority.give_way,
                    run=self._worker.run if self._worker else here,
                )
            return self._indexer

    def _poke(self) -> None:
        if self._backfill is not None:
            self._backfill.poke()

    def _vector_backfill(self) -> VectorBackfill | None:
        with self._opening:
            vectors, embedder = self._open_vectors(), self._open_embedder()
            if self._backfill is None and vectors is not None and embedder is not None:
                local = self._settings.embedding == "local"
                self._backfill = VectorBackfill(
                    self.manifest,
                    vectors,
                    _Elsewhere(embedder.name, self._models, self._worker.run)
                    if local and self._worker
                    else embedder,
                    stand_back=self._priority.stand_back,
                )
            return self._backfill

    @property
    def _models(self) -> Path:
        return self._settings.data / "models"

    def _open_embedder(self) -> Embedder | None:
        with self._opening:
            if self._embedder is None:
                provider = self._settings.providers.get(
                    self._settings.embedding.partition(":")[0], Provider()
                )
                self._embedder = open_embedder(
                    self._settings.embedding,
                    cache=self._models,
                    base_url=provider.base_url,
                    api_key=provider.api_key,
                )
            return self._embedder

    def _open_vectors(self) -> "ChromaVectors | None":
        """The vectors; None without an embedder, and for a reader of what has none yet."""
        if self._settings.embedding == "none":
            return None
        with self._opening:
            if self._vectors is None:
                path, url = self._settings.data / "chroma", self._settings.chroma_url
                if not (self._writing or url or path.exists()):
                    return None
                # Chroma costs a CPU second to import.
                from knowledge.store import ChromaVectors

                name = embedder_name(self._settings.embedding)
                self._vectors = (
                    ChromaVectors.connect(url, embedder=name, namespace=self.manifest.instance())
                    if url
                    else ChromaVectors.open(path, embedder=name)
                )
            return self._vectors
