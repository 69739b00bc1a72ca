import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from knowledge import vectors
from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError, ModelError
from knowledge.store import ChromaVectors
from knowledge.vectors import Background, VectorBackfill
from tests.knowledge.indexed import HashEmbedder, Index, write


class Unreliable(HashEmbedder):
    """Refuses as often as told."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        if self.refusals:
            self.refusals -= 1
            raise ModelError("The embedder is out: wake it up.")
        return super().embed_passages(texts)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    write(tmp_path / "docs", **{str(n): f"# Documento {n}\n\nPalabra clave{n}x." for n in range(5)})
    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(tmp_path / "docs")
        yield index


def backfill(index: Index, embedder: HashEmbedder) -> VectorBackfill:
    assert index.vectors is not None
    return VectorBackfill(index.manifest, index.vectors, embedder)


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_everything_gets_its_vector_once(index: Index) -> None:
    """A run embeds all that is pending with title and text, and a second run nothing."""
    seen: list[tuple[int, int]] = []
    work = backfill(index, index.embedder)
    assert work.run(progress=lambda done, total: seen.append((done, total))) == 5
    assert seen[-1] == (5, 5)
    assert work.run() == 0
    assert sorted(index.embedder.texts) == [f"Documento {n}\nPalabra clave{n}x." for n in range(5)]
    index.assert_in_step()


def test_nearest_is_the_passage_itself(index: Index) -> None:
    """The vector stored under an id is that of its passage."""
    assert index.vectors is not None
    index.embed()
    for text in index.embedder.texts:
        ((id_, cosine),) = index.vectors.query(index.embedder.embed_query(text), 1, frozenset({"docs"}))
        assert text.endswith(index.manifest.passages([id_])[id_].text)
        assert cosine == pytest.approx(1, abs=1e-5)


def test_stopped_run_is_taken_up(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop between batches keeps what was made; the rest is made later."""
    monkeypatch.setattr(vectors, "_BATCH", 2)
    stop = threading.Event()
    assert backfill(index, index.embedder).run(stop, progress=lambda *_: stop.set()) == 2
    assert backfill(index, index.embedder).run() == 3
    index.assert_in_step()


def test_document_replaced_while_it_is_embedded_leaves_no_vector(index: Index, tmp_path: Path) -> None:
    """A vector that comes too late for its passage is taken out again."""

    class Slow(HashEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vector:
            if not self.texts:
                write(tmp_path / "docs", **{"0": "# Documento 0\n\nOtra cosa."})
                (tmp_path / "docs" / "1.md").unlink()
                index.sync(tmp_path / "docs")
            return super().embed_passages(texts)

    backfill(index, Slow()).run()
    assert index.manifest.pending_count() == 0
    index.assert_in_step()


def test_other_embedder_makes_all_anew(index: Index) -> None:
    """A change of embedder leaves no passage with a vector of the old one."""
    index.embed()
    other = HashEmbedder()
    other.name = "other"
    assert backfill(index, other).run() == 5


def test_run_says_what_stands_in_its_way(index: Index) -> None:
    """Run in the foreground, an embedder's error reaches the person, and the next run does the work."""
    work = backfill(index, Unreliable(1))
    with pytest.raises(ModelError, match="wake it up"):
        work.run()
    assert work.run() == 5


def test_service_outlives_errors_and_takes_what_comes(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the background an error is said once and tried again; new passages are embedded when they come."""
    monkeypatch.setattr(vectors, "_SHORTEST", 0.01)
    stop = threading.Event()
    work = Background(backfill(index, Unreliable(3)).run)
    thread = threading.Thread(target=work.serve, args=(stop,))
    with caplog.at_level(logging.WARNING):
        thread.start()
        wait_until(lambda: index.manifest.pending_count() == 0)
    assert caplog.text.count("wake it up") == 1
    wait_until(lambda: work.problem is None)
    write(tmp_path / "docs", nuevo="# Nuevo\n\nRecién llegado.")
    index.sync(tmp_path / "docs")
    work.poke()
    wait_until(lambda: index.manifest.pending_count() == 0)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    index.assert_in_step()


def test_vectors_that_cannot_be_deleted_do_not_stop_the_sync(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While Chroma is away documents still change and go; what stays behind is taken out afterwards."""
    index.embed()

    def away(*_: object) -> None:
        raise KnowledgeError("Chroma is away.")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(ChromaVectors, "delete", away)
        patch.setattr(ChromaVectors, "drop", away)
        (tmp_path / "docs" / "0.md").unlink()
        write(tmp_path / "docs", **{"1": "# Documento 1\n\nOtra cosa."})
        report = index.sync(tmp_path / "docs")
        assert (report.changed, report.deleted, report.problem) == (1, 1, None)
        index.sync(tmp_path / "docs", "gone")
        index.indexer.forget("gone")
    assert "Chroma is away" in caplog.text
    index.embed()
    index.assert_in_step()
