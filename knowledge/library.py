"""The index as one thing: its stores opened as they are needed, its sources synced, its engine asked."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy

from knowledge.documents import Passage, Source
from knowledge.engine import Engine
from knowledge.errors import KnowledgeError, ModelError, SourceError
from knowledge.evidence import WEIGHED, by_evidence
from knowledge.lexical import LexicalReader
from knowledge.manifest import IndexStatus, Manifest, Titled
from knowledge.models import Models, Price, Provider, Task
from knowledge.opened import OpenIndex, Places
from knowledge.priority import Priority
from knowledge.retrieval import Found
from knowledge.sources import OFFICIAL, Surroundings, open_source
from knowledge.succession import GenerationStatus, Succession
from knowledge.syncing import EVERYTHING, SHARE, Progress, SyncReport, Wanted
from knowledge.vectors import Background
from knowledge.worker import WorkerProcess

if TYPE_CHECKING:
    from knowledge.statements import Pair
    from knowledge.store import ChromaVectors

log = logging.getLogger(__name__)

_POLL = 0.2
_PART = 500  # passages read at once


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
    generations: int = 2
    """How many are kept: the one that answers, and those that did before."""


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
        self._opening = threading.RLock()
        self._worker = WorkerProcess() if answering else None
        self._priority = Priority(self._worker.pause, self._worker.resume) if self._worker else Priority()
        self._filling = Background(self._fill)
        places = Places(
            settings.data,
            database,
            settings.chroma_url,
            lambda setting: settings.providers.get(setting.partition(":")[0], Provider()),
            writing,
            self._priority,
            self._worker,
        )
        self._succession = Succession(
            places, settings.embedding, settings.generations, changed=self._filling.poke
        )
        self._problems: dict[str, str] = {}
        """Why the vectors of a generation wait."""
        self._closing = threading.Event()
        self._all_read = False
        self._llms = Models(settings.providers, settings.prices)
        self._engines: dict[tuple[str, ...], Engine] = {}
        self._official = frozenset(source.name for source in settings.sources if source.kind == OFFICIAL)

    @property
    def names(self) -> list[str]:
        """The configured sources."""
        return [source.name for source in self._settings.sources]

    @property
    def index(self) -> OpenIndex:
        """The generation of the index that answers."""
        return self._succession.active()

    @property
    def manifest(self) -> Manifest:
        """What is indexed."""
        return self.index.manifest

    @property
    def statistics(self) -> LexicalReader:
        """How common words are in the index."""
        return self.index.reader

    @property
    def vectors(self) -> "ChromaVectors | None":
        """The store of vectors; None without an embedder, and for a reader of what has none yet."""
        return self.index.vectors()

    def titles(self) -> list[Titled]:
        """Every document that was read."""
        return self.manifest.titles()

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        sources: frozenset[str],
        readers: frozenset[str] | None = frozenset(),
        per_document: bool = False,
    ) -> Found:
        """The best passages of these sources that `readers` may read; blocks, so call it in a thread.

        `readers`: identities, at the services that documents come from, of everyone who sees what is found.
        None: who may read everything.
        """
        index = self.index

        def search() -> Found:
            return index.retriever().search(
                question, limit=limit, sources=sources, readers=readers, per_document=per_document
            )

        with self._priority.question():
            try:
                found = search()
                if found.hits:
                    return found
            except KnowledgeError:
                if self.index is index:
                    raise
            # Another generation may answer since, and this one have been dropped.
            if (now := self.index) is not index:
                index = now
                found = search()
        return found

    def readable(
        self, documents: Collection[tuple[str, str]], readers: frozenset[str] | None
    ) -> set[tuple[str, str]]:
        """Which of these documents (source and document) there are, and may be read, at this moment."""
        return self.manifest.readable(documents, readers)

    def find(
        self,
        question: str,
        *,
        limit: int = 10,
        sources: frozenset[str],
        readers: frozenset[str] | None = frozenset(),
        per_document: bool = False,
    ) -> Found:
        """What a person is shown who looks for passages: `search`, and their sentences weighed, too."""
        most = max(limit, WEIGHED)
        found = self.search(question, limit=most, sources=sources, readers=readers, per_document=per_document)
        return replace(found, hits=by_evidence(question, found.hits, self.statistics)[:limit])

    def readers(self) -> set[str]:
        """Everyone who is named as a reader of some document."""
        return self.manifest.readers()

    def versions(self, sources: Collection[str]) -> Mapping[str, str]:
        """What each of these sources is at: another one after each change of what may be read in it."""
        return self.manifest.versions(sources)

    def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        """The live ones of these passages."""
        return self.manifest.passages(ids)

    def alike(self, one: str, other: str) -> float | None:
        """Cosine similarity of two texts; None without an embedder. Blocks, so call it in a thread."""
        embedder = self.index.embedder()
        if embedder is None:
            return None
        return float(embedder.embed_query(one) @ embedder.embed_query(other))

    def documents(
        self, sources: Collection[str], readers: frozenset[str] | None = frozenset()
    ) -> set[tuple[str, str]]:
        """Source and document of everything in these sources that `readers` may read."""
        known = {(source, document) for source in sources for document in self.manifest.records(source)}
        return self.readable(known, readers)

    def pairs(self, sources: Collection[str], readers: frozenset[str] | None = frozenset()) -> "list[Pair]":
        """Where documents that `readers` may read say otherwise than others, or the same; takes seconds."""
        from knowledge.statements import pairs_in

        def passages() -> Iterator[Passage]:
            ids = self.manifest.live()
            for start in range(0, len(ids), _PART):
                part = self.manifest.passages(ids[start : start + _PART]).values()
                found = [passage for passage in part if passage.source in sources]
                may = self.readable({(one.source, one.document) for one in found}, readers)
                for passage in found:
                    self._priority.give_way()
                    if (passage.source, passage.document) in may:
                        yield passage

        return pairs_in(passages(), self._priority.give_way)

    def engine(self, llm: Sequence[str] = ()) -> Engine:
        """The engine that answers with the first of these models that can, or with the configured ones."""
        answer = tuple(llm) or self._settings.llm
        with self._opening:
            if answer not in self._engines:
                tasks = {**self._settings.tasks, "answer": answer} if answer else None
                self._engines[answer] = Engine(self, self._llms, tasks, official=self._official)
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
        self._check_writing()
        report = self._sync(self.index, name, wanted, dry_run=dry_run, progress=progress, stop=stop)
        if not dry_run:
            if (coming := self._succession.next()) is not None:
                self._sync(coming, name, wanted, progress=progress, stop=stop)
            self._succession.advance(self.names)
        return report

    def forget_removed(self) -> list[str]:
        """Takes out the sources that are configured no more, and names them."""
        self._check_writing()
        removed = [name for name in self.manifest.sources() if name not in self.names]
        for index in filter(None, (self.index, self._succession.next())):
            for name in removed:
                index.indexer().forget(name)
        return removed

    def fill_vectors(self, stop: threading.Event) -> None:
        """Embeds what lacks a vector, as it comes, until stopped; blocks, so give it a thread of its own."""
        self._filling.serve(stop)

    def finish_vectors(
        self,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Returns when every passage has its vector, which `fill_vectors` sees to in another thread."""
        index = self._succession.next() or self.index
        if self._settings.embedding != "none":
            total = index.manifest.pending_count()
            while (left := index.manifest.pending_count()) and not (stop and stop.is_set()):
                if problem := self._problems.get(index.name):
                    raise KnowledgeError(problem)
                if progress is not None:
                    progress(Progress("vectors", max(total - left, 0), total, 0))
                time.sleep(_POLL)
        if not (stop and stop.is_set()):
            self._succession.advance(self.names)

    def generations(self) -> list[GenerationStatus]:
        """The generations of the index, oldest first."""
        return self._succession.status()

    def generation_names(self) -> list[str]:
        """Their names alone, oldest first."""
        return self._succession.names()

    def use_generation(self, name: str, progress: Callable[[Progress], None] | None = None) -> None:
        """Has another generation answer, brought up to date first, until the settings ask for a third.

        Raises `KnowledgeError`, and changes nothing, where a source cannot be read to its end for it.
        """
        self._check_writing()

        def sync(index: OpenIndex) -> None:
            for gone in set(index.manifest.sources()) - set(self.names):
                index.indexer().forget(gone)
            for source in self.names:
                if problem := self._sync(index, source, progress=progress).problem:
                    raise KnowledgeError(f"Generation `{name}` does not answer yet. {problem}")

        self._succession.use(name, sync)

    def drop_generation(self, name: str) -> None:
        """Deletes a generation that does not answer."""
        self._check_writing()
        self._succession.drop(name)

    def status(self) -> list[IndexStatus]:
        """Every configured source as it stands; one never synced has no dates."""
        return self.manifest.status()

    @property
    def problem(self) -> str | None:
        """Why vectors, or the words of another process's documents, are not made at the moment."""
        return self._filling.problem

    def read(self) -> dict[str, datetime]:
        """When each source was last read whole; where it never was, when that was first tried."""
        times = self.manifest.sync_times().items()
        return {name: datetime.fromtimestamp(one.whole, UTC) for name, one in times if one.whole}

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
            self._succession.close()
            if self._worker is not None:
                self._worker.close()
        self.database.dispose()

    def _sync(
        self,
        index: OpenIndex,
        name: str,
        wanted: Wanted = EVERYTHING,
        *,
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> SyncReport:
        """Takes in what changed in a source, for one generation."""
        with contextlib.closing(self._source(name)) as source, self._priority.reading():
            return index.indexer().sync(
                source,
                replace(wanted, share=self._spec(name).max_deleted),
                dry_run=dry_run,
                progress=progress,
                stop=stop or self._closing,
            )

    def _fill(self, stop: threading.Event) -> None:
        """Gives vectors to the generation that answers and to the next one, or to one of them at least."""
        active, failure = self.index, None
        active.indexer().follow()  # what another process has changed is in the words here, too
        for index in filter(None, (active, self._succession.next())):
            try:
                if (backfill := index.backfill(active if index is not active else None)) is not None:
                    backfill.run(stop)
                self._problems.pop(index.name, None)
            except KnowledgeError as error:
                self._problems[index.name] = str(error)
                failure = error
        if not stop.is_set():
            self._succession.advance(self.names)
        if failure is not None:
            raise failure

    def _check_writing(self) -> None:
        if not self._writing:
            raise KnowledgeError("This process only reads the index.")

    def _spec(self, name: str) -> SourceSpec:
        spec = next((one for one in self._settings.sources if one.name == name), None)
        if spec is None:
            raise SourceError(f"There is no source `{name}`; there are {', '.join(self.names) or 'none'}.")
        return spec

    def _source(self, name: str) -> Source:
        spec = self._spec(name)
        return open_source(spec.kind, spec.name, spec.options, spec.surroundings)
