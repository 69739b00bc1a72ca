"""One generation of the index with its stores, opened as they are needed."""

import logging
import math
import shutil
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

from knowledge.embedding import Embedder, Vector, count_pieces, embed_locally, open_embedder
from knowledge.errors import KnowledgeError
from knowledge.index_generations import Generation
from knowledge.indexing import Indexer
from knowledge.intake import Recipe
from knowledge.lexical import LexicalReader
from knowledge.manifest import Manifest
from knowledge.models import Provider
from knowledge.priority import Priority
from knowledge.retrieval import Retriever
from knowledge.vectors import VectorBackfill
from knowledge.worker import Run, WorkerProcess, here

if TYPE_CHECKING:
    from knowledge.store import ChromaVectors

log = logging.getLogger(__name__)

_WINDOW = 256
"""Word pieces of a passage, those that the embedder puts around it included."""


_PAUSE = 30.0
"""Seconds after which vectors that could not be used are tried again."""


def recipe() -> Recipe:
    """How documents become passages now."""
    return Recipe("local", count_pieces, _WINDOW)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the stores of an index are, and who works on them."""

    data: Path
    database: sqlalchemy.Engine
    chroma_url: str | None
    provider: Callable[[str], Provider]
    """Address and key for an embedder's setting."""
    writing: bool
    priority: Priority
    worker: WorkerProcess | None
    """Where documents are read and embedded; None: here."""


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


class _WhenNeeded:
    """The vectors as the indexer needs them: documents come and go also while Chroma is away."""

    def __init__(self, vectors: Callable[[], "ChromaVectors | None"], embedder: str) -> None:
        self.embedder = embedder
        self._vectors = vectors

    def delete(self, ids: Collection[str], source: str) -> None:
        """Takes vectors out; unknown ids are no error."""
        if (vectors := self._vectors()) is not None:
            vectors.delete(ids, source)

    def drop(self, source: str) -> None:
        """Takes out every vector of a source."""
        if (vectors := self._vectors()) is not None:
            vectors.drop(source)

    def copy(self, ids: Mapping[str, str], source: str) -> list[str]:
        """Gives new ids the vectors of known ones; returns those that have one now."""
        vectors = self._vectors()
        return vectors.copy(ids, source) if vectors is not None else []


class OpenIndex:
    """The stores of one generation, safe to share between threads; what is heavy is opened on first use."""

    def __init__(
        self, generation: Generation, places: Places, changed: Callable[[], None] = lambda: None
    ) -> None:
        """`changed` is called when there are new passages."""
        self.generation = generation
        self.manifest = Manifest(places.database, generation.name)
        self.words = places.data / "lexical" / generation.name
        """Folder of the lexical index."""
        self.reader = LexicalReader(self.words)
        self._places = places
        self._changed = changed
        self._opening = threading.RLock()
        self._embedder: Embedder | None = None
        self._vectors: ChromaVectors | None = None
        self._retriever: Retriever | None = None
        self._looks_again = math.inf
        self._indexer: Indexer | None = None
        self._backfill: VectorBackfill | None = None

    @property
    def name(self) -> str:
        """Of its generation."""
        return self.generation.name

    def retriever(self) -> Retriever:
        """What searches it; by words alone while the vectors cannot be used."""
        with self._opening:
            if self._retriever is None or self._looks_again < time.monotonic():
                near, embedder = None, None
                self._looks_again = math.inf
                try:
                    if (vectors := self.vectors()) is not None:
                        near, embedder = NearVectors(vectors, self.manifest), self.embedder()
                except KnowledgeError as error:
                    self._looks_again = time.monotonic() + _PAUSE
                    log.warning("Words answer alone. %s", error)
                # The one before is left to the questions that it is searching for.
                self._retriever = Retriever(self.reader, self.manifest, near, embedder)
            return self._retriever

    def indexer(self) -> Indexer:
        """What writes it."""
        with self._opening:
            if self._indexer is None:
                made, places = self.generation.recipe, self._places
                now = recipe()
                self._indexer = Indexer(
                    self.manifest,
                    self.words,
                    now if made == now.key else replace(now, kept=made),
                    vectors=_WhenNeeded(self.vectors, self.generation.embedder),
                    changed=self._changed,
                    give_way=places.priority.give_way,
                    run=places.worker.run if places.worker else here,
                )
            return self._indexer

    def backfill(self, donor: "OpenIndex | None" = None) -> VectorBackfill | None:
        """What gives its passages their vectors, some of them another's; None where they have none."""
        with self._opening:
            if self._backfill is None:
                vectors, embedder, worker = self.vectors(), self.embedder(), self._places.worker
                if vectors is None or embedder is None:
                    return None
                local = self.generation.embedding == "local"
                given = donor.vectors() if donor and donor.generation.embedder == embedder.name else None
                self._backfill = VectorBackfill(
                    self.manifest,
                    vectors,
                    _Elsewhere(embedder.name, self._models, worker.run) if local and worker else embedder,
                    stand_back=self._places.priority.stand_back,
                    donor=given,
                )
            return self._backfill

    def embedder(self) -> Embedder | None:
        """Its embedder, for questions."""
        with self._opening:
            if self._embedder is None:
                setting = self.generation.embedding
                provider = self._places.provider(setting)
                self._embedder = open_embedder(
                    setting, cache=self._models, base_url=provider.base_url, api_key=provider.api_key
                )
            return self._embedder

    def vectors(self) -> "ChromaVectors | None":
        """Its vectors; None without an embedder, and for a reader of what has none yet."""
        if self.generation.embedding == "none":
            return None
        with self._opening:
            if self._vectors is None:
                path, url = self._places.data / "chroma", self._places.chroma_url
                if not (self._places.writing or url or path.exists()):
                    return None
                # Chroma costs a CPU second to import.
                from knowledge.store import ChromaVectors

                name = self.generation.embedder
                self._vectors = (
                    ChromaVectors.connect(url, embedder=name, namespace=self.manifest.instance())
                    if url
                    else ChromaVectors.open(path, embedder=name, namespace=self.name)
                )
            return self._vectors

    def whole(self, sources: Collection[str], than: Manifest) -> bool:
        """Whether it knows of these sources all that another does, in its own way and with all vectors."""
        if self.manifest.made_otherwise(self.generation.recipe, sources):
            return False
        if self.generation.embedding != "none" and self.manifest.pending_count():
            return False
        theirs, ours = than.sync_times(), self.manifest.sync_times()
        for name in theirs.keys() & set(sources):
            if name not in ours or ours[name].finished is None or ours[name].started < theirs[name].started:
                return False
        self.indexer().mend()
        return True

    def drop(self) -> None:
        """Deletes what it has outside of the database."""
        if (vectors := self.vectors()) is not None:
            vectors.keep(())
        self.close()
        shutil.rmtree(self.words, ignore_errors=True)

    def close(self) -> None:
        """Lets go of everything that was opened; a sync under way ends first."""
        with self._opening:
            for opened in (self._retriever, self._indexer, self._vectors):
                if opened is not None:
                    opened.close()

    @property
    def _models(self) -> Path:
        return self._places.data / "models"
