"""Finds the passages that answer a question: words first, vectors as a help.

The two searches run side by side in threads. Without vectors, or where a passage has none yet, the
words alone decide.
"""

import logging
import math
import time
from collections.abc import Collection, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from knowledge.documents import Hit, Passage
from knowledge.embedding import Embedder, Vector
from knowledge.errors import KnowledgeError
from knowledge.lexical import LexicalReader, Scores, Terms
from knowledge.ranking import at_home, fuse
from knowledge.readers import permits
from knowledge.words import english_share

log = logging.getLogger(__name__)

_DEPTH = 100  # candidates of each engine
# Where some candidates may not be read, more are asked for: times as many, and at most. So many near ones
# are enough, for each look deeper costs as much as the whole search.
_DEEPER, _DEEPEST, _ENOUGH = 4, 3_200, 24
_SPARE = 1.5  # times as many candidates as asked for are read: some may be of replaced documents


class PassageStore(Protocol):
    """Where the texts are. It alone knows which version of a document is live."""

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """The live ones of these passages by id; the others are missing."""
        ...

    def unreadable(self, ids: Collection[str], readers: frozenset[str]) -> Collection[str]:
        """Which of these passages are of documents that none of `readers` may read."""
        ...


class VectorIndex(Protocol):
    """Nearest neighbours among the vectors of passages."""

    def query(self, embedding: Vector, limit: int, sources: frozenset[str]) -> list[tuple[str, float]]:
        """Ids and cosine similarities of the nearest passages of these sources, best first.

        Raises `KnowledgeError` when it cannot be asked.
        """
        ...

    def missing(self, ids: Collection[str]) -> Collection[str]:
        """Which of these passages have no vector yet; cheap, and empty once all have one."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Passages for a question, best first, and what it took to find them."""

    hits: tuple[Hit, ...]
    terms: Terms
    """What was searched by."""
    top_stems: float = 0.0
    """Highest raw BM25 over stems."""
    top_grams: float = 0.0
    """Highest raw BM25 over character 4-grams; next to the question's own weight it tells whether
    the documents speak of this at all."""
    problem: str | None = None
    """Why the vectors could not help, in a sentence."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds: `lexical`, `embedding`, `vectors`, `passages`, `search` (all of it)."""


class Retriever:
    """Searches words and vectors at once; safe to call from several threads."""

    def __init__(
        self,
        lexical: LexicalReader,
        passages: PassageStore,
        vectors: VectorIndex | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._lexical = lexical
        self._passages = passages
        self._vectors = vectors
        self._embedder = embedder
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="lexical")

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown()

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        sources: frozenset[str],
        readers: frozenset[str] | None = frozenset(),
        per_document: bool = False,
    ) -> Found:
        """The best passages of these sources for a question; `per_document`: the best of each document.

        Of documents with readers of their own, those that `readers` may read; None: all of them.
        """
        if limit < 1:
            raise ValueError(f"`limit` must be at least 1, not {limit}.")
        bounds = _Bounds(sources, readers)
        found, gone = self._search(question, limit, bounds, per_document)
        if gone:
            # A document changed version between the search and the look-up: its new passages are there now.
            found, _ = self._search(question, limit, bounds, per_document)
        return found

    def _search(self, question: str, limit: int, bounds: "_Bounds", per_document: bool) -> tuple[Found, bool]:
        """What is found, and whether passages ahead of it are live no more."""
        started = time.perf_counter()
        depth = max(_DEPTH, 4 * limit)
        words = self._pool.submit(self._search_words, question, depth, bounds)
        near = self._search_vectors(question, depth, bounds)
        terms, scores, lexical_seconds = words.result()
        unknown: Collection[str] = ()
        if near.similar and self._vectors is not None:
            unknown = self._vectors.missing({*scores.stems, *scores.grams} - near.similar.keys())
        fused = fuse(scores, near.similar, unknown, near.at_home)
        ranking = sorted(sorted(fused), key=fused.__getitem__, reverse=True)
        read = time.perf_counter()
        passages, gone = self._live(ranking, limit, bounds, per_document)
        ended = time.perf_counter()
        parts = {"stem": scores.stems, "char4": scores.grams, "dense": near.similar}
        found = Found(
            tuple(
                Hit(p, fused[p.id], {name: part[p.id] for name, part in parts.items() if p.id in part})
                for p in passages
            ),
            terms,
            max(scores.stems.values(), default=0.0),
            max(scores.grams.values(), default=0.0),
            near.problem,
            {"lexical": lexical_seconds, **near.seconds, "passages": ended - read, "search": ended - started},
        )
        return found, gone

    def _search_words(self, question: str, depth: int, bounds: "_Bounds") -> tuple[Terms, Scores, float]:
        started = time.perf_counter()
        terms = Terms.of(question)
        scores = self._by_words(terms, depth, bounds)
        return terms, scores, time.perf_counter() - started

    def _by_words(self, terms: Terms, wanted: int, bounds: "_Bounds") -> Scores:
        """The best that may be read, `wanted` of each kind wherever there are as many."""
        depth = wanted
        while True:
            scores = self._lexical.search(terms, depth, bounds.sources, bounds.readers)
            hidden = self._hidden(scores.stems.keys() | scores.grams.keys(), bounds)
            if not hidden:
                return _first(scores, wanted)
            kept = replace(scores, stems=_without(scores.stems, hidden), grams=_without(scores.grams, hidden))
            lacking = any(
                len(all_) == depth and len(of) < wanted
                for all_, of in ((scores.stems, kept.stems), (scores.grams, kept.grams))
            )
            if not lacking or depth >= _DEEPEST:
                return _first(kept, wanted)
            depth *= _DEEPER

    def _nearest(self, embedding: Vector, wanted: int, bounds: "_Bounds") -> dict[str, float]:
        """The nearest that may be read, enough of them wherever there are."""
        assert self._vectors is not None
        depth = wanted
        while True:
            near = dict(self._vectors.query(embedding, depth, bounds.sources))
            kept = _without(near, self._hidden(near.keys(), bounds))
            if len(kept) >= min(wanted, _ENOUGH) or len(near) < depth or depth >= _DEEPEST:
                return dict(islice(kept.items(), wanted))
            # As many as it takes where those further away may be read as often; half as many again.
            expected = 1.5 * depth * _ENOUGH / max(len(kept), 1)
            depth = min(max(int(expected), 2 * depth), _DEEPEST)

    def _hidden(self, ids: Set[str], bounds: "_Bounds") -> Collection[str]:
        return self._passages.unreadable(ids, bounds.readers) if bounds.readers is not None else ()

    def _search_vectors(self, question: str, depth: int, bounds: "_Bounds") -> "_Near":
        if self._vectors is None or self._embedder is None or not bounds.sources or not question.strip():
            return _Near()
        started = time.perf_counter()
        try:
            embedding = self._embedder.embed_query(question)
            embedded = time.perf_counter()
            similar = self._nearest(embedding, depth, bounds)
        except KnowledgeError as error:
            log.warning("Searched by words alone. %s", error)
            return _Near(problem=str(error))
        seconds = {"embedding": embedded - started, "vectors": time.perf_counter() - embedded}
        home = at_home(self._embedder.english_only, english_share(question))
        return _Near(similar, home, seconds=seconds)

    def _live(
        self, ranking: Sequence[str], limit: int, bounds: "_Bounds", per_document: bool
    ) -> tuple[list[Passage], bool]:
        """The first `limit` that are live, in this order, and may be read, whatever the engines say."""
        live: list[Passage] = []
        gone = False
        documents: set[tuple[str, str]] = set()
        size = math.ceil(_SPARE * limit)
        for start in range(0, len(ranking), size):
            batch = ranking[start : start + size]
            found = self._passages.passages(batch)
            gone |= len(found) < len(batch)
            for passage in (found[id_] for id_ in batch if id_ in found):
                document = (passage.source, passage.document)
                if not bounds.hold(passage) or (per_document and document in documents):
                    continue
                documents.add(document)
                live.append(passage)
                if len(live) == limit:
                    return live, gone
        return live, gone


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What may be read."""

    sources: frozenset[str]
    readers: frozenset[str] | None

    def hold(self, passage: Passage) -> bool:
        """Whether a passage is within them."""
        return passage.source in self.sources and permits(passage.readers, self.readers)


def _without(scores: Mapping[str, float], hidden: Collection[str]) -> dict[str, float]:
    return {id_: score for id_, score in scores.items() if id_ not in hidden}


def _first(scores: Scores, wanted: int) -> Scores:
    """The best so many of each kind."""
    return replace(
        scores,
        stems=dict(islice(scores.stems.items(), wanted)),
        grams=dict(islice(scores.grams.items(), wanted)),
    )


@dataclass(frozen=True, slots=True)
class _Near:
    """What the vectors say; nothing, and why, where they cannot be asked."""

    similar: dict[str, float] = field(default_factory=dict)
    at_home: float = 1.0
    problem: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
