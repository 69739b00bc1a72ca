"""The vectors of passages in Chroma: one collection for each source and embedder, ids only.

A filter on metadata costs 150 ms at 100,000 vectors and a collection costs nothing, so what a channel may
read decides which collections are asked. Texts live in the database.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Collection as Some
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
from chromadb.api.models.Collection import Collection
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.api.types import GetResult, QueryResult
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

T = TypeVar("T")

# Among 128 candidates are 97 of the nearest 100 (of 11,000 made-up vectors); a larger
# number costs more than it brings.
_HNSW = CreateHNSWConfiguration(space="cosine", ef_search=128)


class ChromaVectors:
    """Vectors by one embedder; safe to share between threads.

    Every failure is a `KnowledgeError`. `namespace` keeps indexes apart that share a server.
    """

    def __init__(self, client: ClientAPI, help_: str, *, embedder: str, namespace: str = "vocero") -> None:
        self.embedder = embedder
        self._client = client
        self._help = help_
        self._namespace = namespace
        self._opened: dict[str, Collection] = {}

    @classmethod
    def open(cls, path: Path, *, embedder: str, namespace: str = "vocero") -> Self:
        """Vectors in a folder, which one process at a time may use."""
        help_ = (
            f"The vectors in `{path}` cannot be used: see that the disk has room, or stop vocero, delete"
            " that folder and start again (they are made anew from the database)"
        )
        with _explained(help_):
            path.mkdir(parents=True, exist_ok=True)
            try:
                client = chromadb.PersistentClient(path, settings=_settings())
            except Exception:
                # Chroma keeps what it could not open, and would fail over it again.
                SharedSystemClient.clear_system_cache()
                raise
            return cls(client, help_, embedder=embedder, namespace=namespace)

    @classmethod
    def connect(cls, url: str, *, embedder: str, namespace: str) -> Self:
        """Vectors on a Chroma server."""
        help_ = f"The Chroma server at `{url}` cannot be used: start it, or correct `CHROMA_URL`"
        address = urlsplit(url)
        tls = address.scheme == "https"
        with _explained(help_):
            client = chromadb.HttpClient(
                address.hostname or "localhost",
                address.port or (443 if tls else 8000),
                ssl=tls,
                settings=_settings(),
            )
            return cls(client, help_, embedder=embedder, namespace=namespace)

    def close(self) -> None:
        """Lets go of the files, or of the connections, which Chroma's own `close` leaves open."""
        client: Any = self._client
        sessions = [getattr(part._server, "_session", None) for part in (client, client._admin_client)]
        client.close()
        for session in filter(None, sessions):
            session.close()

    def upsert(self, ids: Sequence[str], embeddings: Vector, source: str) -> None:
        """Stores vectors, replacing those whose id is there."""
        with _explained(self._help):
            collection = self._existing(source) or self._created(source)
            most = self._client.get_max_batch_size()
            for start in range(0, len(ids), most):
                part = slice(start, start + most)
                collection.upsert(ids=list(ids[part]), embeddings=embeddings[part])

    def get(self, ids: Sequence[str], source: str) -> dict[str, Vector]:
        """The vectors of these ids; those that are not there are missing."""
        result = self._ask(source, partial(_embeddings, list(ids)))
        if not result or result["embeddings"] is None:
            return {}
        return dict(zip(result["ids"], np.asarray(result["embeddings"], np.float32), strict=True))

    def copy(self, ids: Mapping[str, str], source: str) -> list[str]:
        """Gives new ids the vectors of known ones; returns those that have one now."""
        known = self.get(list(set(ids.values())), source)
        copied = [new for new, old in ids.items() if old in known]
        if copied:
            self.upsert(copied, np.stack([known[ids[new]] for new in copied]), source)
        return copied

    def delete(self, ids: Some[str], source: str) -> None:
        """Takes vectors out; unknown ids are no error."""
        most = self._client.get_max_batch_size()
        given = list(ids)
        for start in range(0, len(given), most):
            part = given[start : start + most]
            self._ask(source, partial(_delete, part))

    def drop(self, source: str) -> None:
        """Takes out every vector of a source."""
        with _explained(self._help):
            self._opened.pop(source, None)
            with suppress(NotFoundError):
                self._client.delete_collection(self._name(source))

    def keep(self, sources: Some[str]) -> None:
        """Takes out the vectors of all but these sources, and those by other embedders."""
        kept = {self._name(source) for source in sources}
        with _explained(self._help):
            for collection in self._client.list_collections():
                metadata = collection.metadata or {}
                if metadata.get("namespace") == self._namespace and collection.name not in kept:
                    self._client.delete_collection(collection.name)

    def query(self, embedding: Vector, limit: int, sources: frozenset[str]) -> list[tuple[str, float]]:
        """Ids and cosine similarities of the nearest passages of these sources, best first."""
        found: list[tuple[str, float]] = []
        for source in sources:
            result = self._ask(source, partial(_nearest, embedding, limit))
            if result and result["distances"]:
                near = (1 - distance for distance in result["distances"][0])
                found += zip(result["ids"][0], near, strict=True)
        return sorted(found, key=lambda hit: -hit[1])[:limit]

    def check(self, source: str) -> set[str]:
        """The ids of every vector of a source; none, once it is dropped, of a collection that is damaged."""
        try:
            result = self._ask(source, _searched)
        except KnowledgeError as error:
            log.warning("The vectors of `%s` are damaged and dropped. %s", source, error)
            self.drop(source)
            return set()
        return set(result["ids"]) if result else set()

    def _ask(self, source: str, question: Callable[[Collection], T]) -> T | None:
        """What the collection of a source answers; none where there is no collection."""
        with _explained(self._help):
            for _ in range(2):
                if (collection := self._existing(source)) is None:
                    return None
                try:
                    return question(collection)
                except NotFoundError:  # another process has made it anew
                    self._opened.pop(source, None)
        return None

    def _existing(self, source: str) -> Collection | None:
        if (known := self._opened.get(source)) is not None:
            return known
        try:
            found = self._client.get_collection(self._name(source), embedding_function=None)
        except NotFoundError:
            return None
        return self._use(source, found)

    def _created(self, source: str) -> Collection:
        collection = self._client.get_or_create_collection(
            self._name(source),
            configuration=CreateCollectionConfiguration(hnsw=_HNSW),
            metadata={"namespace": self._namespace, "source": source, "embedder": self.embedder},
            embedding_function=None,  # Chroma's own would download a model
        )
        return self._use(source, collection)

    def _use(self, source: str, collection: Collection) -> Collection:
        # Once read, Chroma indexes as it writes; otherwise the first deletion pays seconds for all of it.
        collection.count()
        self._opened[source] = collection
        return collection

    def _name(self, source: str) -> str:
        parts = "\0".join((self._namespace, source, self.embedder))
        return f"vocero-{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


def _settings() -> Settings:
    """New ones for every client: Chroma writes its own into what it is given."""
    return Settings(anonymized_telemetry=False)


def _delete(ids: list[str], collection: Collection) -> None:
    collection.delete(ids=ids)


def _embeddings(ids: list[str], collection: Collection) -> GetResult:
    return collection.get(ids=ids, include=["embeddings"])


def _nearest(embedding: Vector, limit: int, collection: Collection) -> QueryResult:
    question: list[Any] = [embedding]
    return collection.query(query_embeddings=question, n_results=limit, include=["distances"])


def _searched(collection: Collection) -> GetResult:
    """Every id, after a search that fails where the files of the index are damaged."""
    some = collection.get(limit=1, include=["embeddings"])["embeddings"]
    if some is not None and len(some):
        collection.query(query_embeddings=some, n_results=1, include=[])
    return collection.get(include=[])


@contextmanager
def _explained(help_: str) -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise
    except Exception as error:
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise KnowledgeError(f"{help_} ({cause}).") from error
