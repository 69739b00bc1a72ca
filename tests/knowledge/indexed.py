"""An index in a folder with everything real in it but the embedder, and what tests ask of it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.database import open_database
from knowledge.embedding import Vector
from knowledge.indexing import Indexer, Recipe, SyncReport
from knowledge.lexical import LexicalReader, Terms
from knowledge.manifest import Manifest
from knowledge.sources.folder import FolderSource
from knowledge.store import ChromaVectors
from knowledge.vectors import VectorBackfill


def count_words(text: str) -> int:
    """Stands for a tokenizer."""
    return len(text.split())


class HashEmbedder:
    """Vectors that are the same for the same text; `texts` are those it was given."""

    name = "hash"
    dimensions = 8
    english_only = False

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.texts += texts
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vector:
        digest = hashlib.blake2b(text.encode(), digest_size=self.dimensions).digest()
        vector = np.frombuffer(digest, np.uint8).astype(np.float32) - 127.5
        return vector / np.linalg.norm(vector)


class Index:
    """The index in `data`, with one folder source a name."""

    def __init__(
        self, data: Path, *, vectors: bool = False, window: int = 40, counter: str = "words"
    ) -> None:
        self.data = data
        self.engine = open_database(f"sqlite:///{data}/index.db")
        self.manifest = Manifest(self.engine)
        self.embedder = HashEmbedder()
        self.vectors = ChromaVectors.open(data / "chroma", embedder="hash") if vectors else None
        self.indexer = Indexer(
            self.manifest, data / "lexical", Recipe(counter, count_words, window), vectors=self.vectors
        )
        self.reader = LexicalReader(data / "lexical")

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.indexer.close()
        if self.vectors is not None:
            self.vectors.close()
        self.engine.dispose()

    def sync(self, folder: Path, name: str = "docs", **options: Any) -> SyncReport:
        return self.indexer.sync(FolderSource(name, folder), **options)

    def embed(self) -> int:
        assert self.vectors is not None
        return VectorBackfill(self.manifest, self.vectors, self.embedder).run()

    def find(self, word: str, *sources: str) -> dict[str, str]:
        """The documents found by a word, with the text of their best passage."""
        scores = self.reader.search(Terms.of(word), 1000, frozenset(sources or ("docs",)))
        live = self.manifest.passages(list(scores.stems))
        return {live[id_].document: live[id_].text for id_ in reversed(scores.stems) if id_ in live}

    def content(self) -> dict[str, list[Any]]:
        """All that is live, in a form that two indexes of the same documents share."""
        live = self.manifest.passages(self.manifest.live())
        by_document: dict[str, list[Any]] = {}
        for passage in live.values():
            shown = (passage.id, passage.title, passage.headings, passage.text, passage.location, passage.url)
            by_document.setdefault(f"{passage.source}/{passage.document}", []).append(shown)
        return {document: sorted(passages) for document, passages in by_document.items()}

    def assert_in_step(self) -> None:
        """Nothing is left over or missing in the derived indexes."""
        live = set(self.manifest.live())
        assert self.reader.ids() == live
        if self.vectors is not None:
            sources = self.manifest.sources()
            assert set().union(*(self.vectors.check(source) for source in sources)) == live


def write(folder: Path, **documents: str) -> None:
    """Writes Markdown documents by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
