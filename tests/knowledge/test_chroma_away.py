"""An index whose Chroma cannot be used: documents come and go, words answer, and it is said."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from knowledge import opened
from knowledge.database import open_database
from knowledge.errors import KnowledgeError
from knowledge.library import Library, LibrarySettings, SourceSpec
from tests.knowledge.indexed import write
from tests.knowledge.test_generations import Maker, fill, find, library, search


@pytest.fixture(autouse=True)
def makers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "open_embedder", lambda setting, **_: Maker(setting))
    monkeypatch.setattr(opened, "_PAUSE", 0.0)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "docs", **{str(n): f"# Documento {n}\n\nPalabra clave{n}x." for n in range(5)})
    return tmp_path


def test_folder_that_cannot_be_opened(place: Path) -> None:
    """Whoever waits for vectors is told which folder and what to do; once it is done, they come."""
    chroma = place / "data" / "chroma"
    chroma.parent.mkdir()
    chroma.write_bytes(b"no folder")
    with library(place, "one") as now:
        assert now.sync("docs").problem is None
        assert find(now, "clave3x") == {"3.md"}
        (place / "docs" / "1.md").unlink()
        now.sync("docs")
        assert find(now, "clave1x") == set()
        with pytest.raises(KnowledgeError, match="delete that folder") as caught:
            fill(now)
        assert str(chroma) in str(caught.value)
        with pytest.raises(KnowledgeError, match="delete that folder"):
            now.finish_vectors()
        chroma.unlink()
        fill(now)
        found = search(now, "Documento 3\nPalabra clave3x.")
        assert found.hits[0].parts["dense"] == pytest.approx(1, abs=1e-5)


@contextmanager
def server(port: int, path: Path) -> Iterator[None]:
    chroma = Path(sys.executable).parent / "chroma"
    command = [str(chroma), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.mark.slow
def test_server_that_is_away_and_comes_back(place: Path) -> None:
    """Down at the start, and down in between: words answer and say why, and all is made up for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = LibrarySettings(
        place / "data",
        (SourceSpec("docs", "folder", {"path": place / "docs"}),),
        embedding="one",
        chroma_url=f"http://127.0.0.1:{port}",
    )
    now = Library(settings, open_database(f"sqlite:///{place}/data/index.db"), writing=True)
    try:
        now.sync("docs")
        assert find(now, "clave3x") == {"3.md"}
        with pytest.raises(KnowledgeError, match=f"127.0.0.1:{port}.*start it"):
            fill(now)
        with server(port, place / "server"):
            fill(now)
            assert search(now, "Documento 3\nPalabra clave3x.").hits[0].parts["dense"] > 0.99
        (place / "docs" / "1.md").unlink()
        write(place / "docs", **{"2": "# Documento 2\n\nPalabra cambiada."})
        assert now.sync("docs").problem is None
        found = search(now, "cambiada")
        assert found.problem is not None
        assert str(port) in found.problem
        assert find(now, "cambiada") == {"2.md"}
        assert find(now, "clave1x") == set()
        with pytest.raises(KnowledgeError, match="start it"):
            fill(now)
        with server(port, place / "server"):
            fill(now)
            assert now.vectors is not None
            assert now.vectors.check("docs") == set(now.manifest.live())
            found = search(now, "Documento 2\nPalabra cambiada.")
            assert (found.problem, found.hits[0].parts["dense"] > 0.99) == (None, True)
    finally:
        now.close()
