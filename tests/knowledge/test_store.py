"""One suite for both places that vectors may be in: a folder and a server."""

import contextlib
import logging
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError
from knowledge.store import ChromaVectors

Open = Callable[..., ChromaVectors]


def unit(*numbers: float) -> Vector:
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


EAST, NORTH, NORTHEAST = unit(1, 0, 0), unit(0, 1, 0), unit(1, 1, 0)
BOTH = frozenset({"docs", "hr"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path_factory.mktemp("server")
    chroma = Path(sys.executable).parent / "chroma"
    command = [str(chroma), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=["folder", pytest.param("server", marks=pytest.mark.slow)])
def open_vectors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same vectors, again if need be."""
    opened: list[ChromaVectors] = []
    instance = uuid.uuid4().hex

    def open_(embedder: str = "hash", namespace: str = instance) -> ChromaVectors:
        if request.param == "folder":
            vectors = ChromaVectors.open(tmp_path / "chroma", embedder=embedder)
        else:
            url = request.getfixturevalue("server")
            vectors = ChromaVectors.connect(url, embedder=embedder, namespace=namespace)
        opened.append(vectors)
        return vectors

    yield open_
    for vectors in opened:
        vectors.close()


@pytest.fixture
def vectors(open_vectors: Open) -> ChromaVectors:
    vectors = open_vectors()
    vectors.upsert(["east", "north"], np.stack([EAST, NORTH]), "docs")
    vectors.upsert(["secret"], NORTHEAST[None], "hr")
    return vectors


def test_nearest_come_first_with_their_cosine(vectors: ChromaVectors) -> None:
    """A search over several sources is one ranking, at most as long as asked."""
    (first, one), (second, cosine) = vectors.query(NORTHEAST, 2, BOTH)
    assert first == "secret"
    assert second in {"east", "north"}
    assert one == pytest.approx(1, abs=1e-5)
    assert cosine == pytest.approx(0.5**0.5, abs=1e-5)


def test_other_sources_are_not_searched(vectors: ChromaVectors) -> None:
    """What a channel may not read cannot be found, however near it is."""
    assert {id_ for id_, _ in vectors.query(NORTHEAST, 10, frozenset({"docs"}))} == {"east", "north"}
    assert vectors.query(NORTHEAST, 10, frozenset()) == []
    assert vectors.query(NORTHEAST, 10, frozenset({"never"})) == []


def test_upsert_replaces(vectors: ChromaVectors) -> None:
    """A vector written again is the new one, not the old one."""
    vectors.upsert(["east"], NORTHEAST[None], "docs")
    assert vectors.query(NORTHEAST, 1, frozenset({"docs"}))[0][0] == "east"
    assert vectors.check("docs") == {"east", "north"}


def test_deleted_are_not_found(vectors: ChromaVectors) -> None:
    """Deleting takes out what is there and does not mind the rest."""
    vectors.delete(["east", "never"], "docs")
    vectors.delete(["east"], "never")
    assert vectors.check("docs") == {"north"}
    assert [id_ for id_, _ in vectors.query(EAST, 10, frozenset({"docs"}))] == ["north"]


def test_dropped_source_is_empty_and_usable(vectors: ChromaVectors) -> None:
    """After a source is dropped another may begin under its name."""
    vectors.drop("docs")
    vectors.drop("docs")
    assert vectors.check("docs") == set()
    vectors.upsert(["new"], EAST[None], "docs")
    assert vectors.check("docs") == {"new"}
    assert vectors.check("hr") == {"secret"}


def test_vectors_last(vectors: ChromaVectors, open_vectors: Open) -> None:
    """What was written is there after closing and opening again."""
    vectors.close()
    assert open_vectors().query(EAST, 1, BOTH)[0][0] == "east"


def test_embedders_do_not_mix(vectors: ChromaVectors, open_vectors: Open) -> None:
    """Vectors of another embedder are of another world, even of another length."""
    other = open_vectors(embedder="other")
    assert other.query(EAST, 10, BOTH) == []
    other.upsert(["east"], unit(1, 0, 0, 0, 0)[None], "docs")
    assert vectors.check("docs") == {"east", "north"}
    assert other.check("docs") == {"east"}


def test_only_what_is_kept_stays(vectors: ChromaVectors, open_vectors: Open) -> None:
    """Sources that are gone and embedders that are no longer used leave nothing behind."""
    other = open_vectors(embedder="other")
    other.upsert(["east"], EAST[None], "docs")
    other.keep(["docs"])
    assert other.check("docs") == {"east"}
    assert open_vectors().check("docs") == open_vectors().check("hr") == set()


def test_more_than_one_batch(vectors: ChromaVectors) -> None:
    """More vectors than Chroma takes at once are no error, in or out."""
    generator = np.random.default_rng(0)
    many = generator.normal(size=(6_000, 3)).astype(np.float32)
    ids = [str(number) for number in range(6_000)]
    vectors.upsert(ids, many, "docs")
    assert len(vectors.check("docs")) == 6_002
    vectors.delete(ids, "docs")
    assert vectors.check("docs") == {"east", "north"}


def test_made_anew_by_another_process(vectors: ChromaVectors, open_vectors: Open) -> None:
    """A reader does not stumble over a collection that was dropped and made again elsewhere."""
    assert vectors.check("docs")
    other = open_vectors()
    other.drop("docs")
    assert vectors.query(EAST, 1, frozenset({"docs"})) == []
    other.upsert(["new"], EAST[None], "docs")
    assert vectors.query(EAST, 1, frozenset({"docs"}))[0][0] == "new"


@pytest.mark.slow
def test_indexes_on_one_server_do_not_mix(server: str) -> None:
    """Two installations may share a server and the names of their sources."""
    mine = ChromaVectors.connect(server, embedder="hash", namespace="mine")
    yours = ChromaVectors.connect(server, embedder="hash", namespace="yours")
    mine.upsert(["a"], EAST[None], "docs")
    assert yours.check("docs") == set()
    yours.keep([])
    assert mine.check("docs") == {"a"}
    mine.close()
    yours.close()


def test_server_that_is_away_is_named() -> None:
    """Where no server answers, its address and the setting are said."""
    with pytest.raises(KnowledgeError, match="CHROMA_URL"):
        ChromaVectors.connect("http://127.0.0.1:9", embedder="hash", namespace="mine")


def test_damaged_collection_is_dropped_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A collection whose files are damaged counts as empty, so that its vectors are made anew."""
    vectors = ChromaVectors.open(tmp_path / "chroma", embedder="hash")
    many = np.random.default_rng(0).normal(size=(2_500, 8)).astype(np.float32)
    vectors.upsert([str(number) for number in range(2_500)], many, "docs")
    vectors.close()
    for file in (tmp_path / "chroma").glob("*/*.bin"):
        file.write_bytes(b"nothing of the kind")
    vectors = ChromaVectors.open(tmp_path / "chroma", embedder="hash")
    with caplog.at_level(logging.WARNING):
        assert vectors.check("docs") == set()
    assert "docs" in caplog.text
    vectors.upsert(["again"], many[:1], "docs")
    assert vectors.check("docs") == {"again"}
    vectors.close()
