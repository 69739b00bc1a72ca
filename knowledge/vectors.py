"""Vectors, a help that comes later: made in the background for what answers by its words already."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge.chunking import embedding_text
from knowledge.documents import Passage
from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError
from knowledge.manifest import Manifest

if TYPE_CHECKING:
    from knowledge.store import ChromaVectors  # importing Chroma costs a CPU second

log = logging.getLogger(__name__)

_WINDOW = 512  # passages sorted by length together, so that a batch holds little padding
_BATCH = 16  # passages that a kill can cost, and that are stored while a question may wait
_SHORTEST, _LONGEST = 1.0, 300.0  # seconds until the next try after an error
_AGAIN = 10.0  # seconds until a look at what other processes have done
_POLL = 0.1  # seconds in which a stop is noticed: whoever ends a process waits for it


class PassageEmbedder(Protocol):
    """What of an embedder is needed here."""

    @property
    def name(self) -> str:
        """Names the vectors: those of another name cannot be compared."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions], normalised; raises `ModelError`."""
        ...


class VectorBackfill:
    """Embeds what has no vector, most recently changed first; killed at any moment, it goes on from there."""

    def __init__(
        self,
        manifest: Manifest,
        vectors: "ChromaVectors",
        embedder: PassageEmbedder,
        stand_back: Callable[[], None] = lambda: None,
        donor: "ChromaVectors | None" = None,
    ) -> None:
        """`donor` may have vectors of the same passages by the same embedder."""
        self._manifest = manifest
        self._vectors = vectors
        self._embedder = embedder
        self._stand_back = stand_back
        self._donor = donor
        self._checked = False

    def run(
        self,
        stop: threading.Event | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Works until nothing is pending and returns how many vectors it made; `progress(done, total)`.

        Raises `KnowledgeError` when embedder or vector store fail.
        """
        if not self._checked:
            self._check()
        self._checked = False
        made = self._run(stop, progress)
        self._checked = True  # after a failure, who knows
        return made

    def _run(self, stop: threading.Event | None, progress: Callable[[int, int], None] | None) -> int:
        made, total = 0, self._manifest.pending_count()
        while not (stop and stop.is_set()) and (pending := self._manifest.pending(_WINDOW)):
            pending.sort(key=lambda passage: (passage.source, len(passage.text)))
            for source, group in groupby(pending, key=lambda passage: passage.source):
                passages = list(group)
                for start in range(0, len(passages), _BATCH):
                    if stop and stop.is_set():
                        return made
                    made += self._embed(source, passages[start : start + _BATCH])
                    if progress is not None:
                        progress(made, max(total, made))
        return made

    def _embed(self, source: str, passages: list[Passage]) -> int:
        self._stand_back()
        ids = [passage.id for passage in passages]
        embeddings = self._embeddings(passages)
        self._stand_back()  # Chroma keeps the interpreter while it writes
        self._vectors.upsert(ids, embeddings, source)
        # What was taken out meanwhile may have been deleted from the vectors before it was put there.
        live = self._manifest.set_embedder(ids, self._embedder.name)
        if len(live) < len(ids):
            self._vectors.delete(set(ids) - live, source)
        return len(live)

    def _embeddings(self, passages: list[Passage]) -> Vector:
        """The vectors of passages, those taken over that someone has."""
        known = self._donor.get([one.id for one in passages], passages[0].source) if self._donor else {}
        new = [passage for passage in passages if passage.id not in known]
        if new:
            made = self._embedder.embed_passages([embedding_text(passage) for passage in new])
            known.update(zip((passage.id for passage in new), made, strict=True))
        return np.stack([known[passage.id] for passage in passages])

    def _check(self) -> None:
        """Makes manifest and vectors agree, whatever was interrupted, deleted or put back."""
        sources = self._manifest.sources()
        self._manifest.keep_embedder(self._embedder.name)
        self._vectors.keep(sources)
        for source in sources:
            noted = self._manifest.embedded(source)
            stored = self._vectors.check(source)
            if lost := noted - stored:
                log.warning("%d vectors of `%s` are gone: they are made anew.", len(lost), source)
                self._manifest.set_embedder(lost, None)
            self._vectors.delete(stored - noted, source)


class Background:
    """Does work that comes and goes, in a thread of its own, for as long as it takes."""

    def __init__(self, work: Callable[[threading.Event], object]) -> None:
        self._work = work
        self._poked = threading.Event()
        self.problem: str | None = None
        """Why it waits, before it tries again."""

    def serve(self, stop: threading.Event) -> None:
        """Works in the calling thread until stopped: whenever there is more, and again after a failure."""
        delay = _SHORTEST
        while not stop.is_set():
            self._poked.clear()
            try:
                self._work(stop)
            except Exception as error:  # answering goes on by words, whatever it is
                problem = str(error) if isinstance(error, KnowledgeError) else repr(error)
                if problem != self.problem:
                    log.warning("Vectors wait; words answer alone meanwhile. %s", problem)
                self.problem = problem
                stop.wait(delay)
                delay = min(2 * delay, _LONGEST)
            else:
                delay, self.problem = _SHORTEST, None
                again = time.monotonic() + _AGAIN
                while not (stop.is_set() or self._poked.wait(_POLL)) and time.monotonic() < again:
                    pass

    def poke(self) -> None:
        """Says that there is more to do."""
        self._poked.set()
