"""A new generation of the index in the making, killed, starved or without its Chroma."""

import shutil
from pathlib import Path

import pytest

from knowledge import opened, syncing, vectors
from tests.knowledge.indexed import write
from tests.knowledge.killing import killed_at, processes
from tests.knowledge.test_generations import Maker, fill, find, generations, library, search

processes.set_forkserver_preload(["tests.knowledge.test_generations_faults"])

DOCUMENTS = 6


def embed_with_makers() -> None:
    """Stands in for every embedder, in this process."""
    opened.open_embedder = lambda setting, **_: None if setting == "none" else Maker(setting)  # type: ignore


def change_over(place: Path) -> None:
    """What a process does that finds another embedder set, with changes under way: until all is done."""
    embed_with_makers()
    syncing._DOCUMENTS = 2
    vectors._BATCH = 2
    with library(place, "two", keep=1) as now:
        now.sync("docs")
        write(place / "docs", **{"2": "# Documento 2\n\nPalabra cambiada."})
        now.sync("docs")
        fill(now)
        fill(now)


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index by one embedder."""
    monkeypatch.setattr(opened, "open_embedder", lambda setting, **_: Maker(setting))
    place = tmp_path / "settled"
    write(place / "docs", **{str(n): f"# Documento {n}\n\nPalabra clave{n}x." for n in range(DOCUMENTS)})
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    return place


def answers(place: Path, embedding: str) -> None:
    """Every document is found, by words and by vectors of the generation that answers."""
    with library(place, embedding) as now:
        for number in range(DOCUMENTS):
            if number != 2:
                assert find(now, f"clave{number}x") == {f"{number}.md"}
        found = search(now, "Documento 3\nPalabra clave3x.")
        assert found.problem is None
        assert found.hits[0].parts["dense"] == pytest.approx(1, abs=1e-5)
        assert sum(one.active for one in now.generations()) == 1


@pytest.mark.slow
def test_killed_before_any_call_that_writes_a_new_generation(settled: Path, tmp_path: Path) -> None:
    """Whichever it was, one generation answers whole, and the next process finishes the change."""
    number = 0
    while True:
        number += 2
        place = tmp_path / str(number)
        shutil.copytree(settled, place)
        killed = killed_at(number, change_over, place)
        answers(place, "one" if number % 4 else "two")
        change_over(place)
        with library(place, "two", keep=1) as now:
            ((name, shown),) = generations(now).items()
            assert shown == ("two", True, False), number
            assert find(now, "cambiada") == {"2.md"}
            assert {one.name for one in (place / "data" / "lexical").iterdir()} == {name}
            assert now.vectors is not None
            assert now.vectors.check("docs") == set(now.manifest.live()), number
        shutil.rmtree(place)
        if not killed:
            break
    assert number > 30
