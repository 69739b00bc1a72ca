"""A new embedder or a new way of cutting makes a new generation of the index beside the one that answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from knowledge import intake, opened
from knowledge.database import open_database
from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError, ModelError
from knowledge.library import Library, LibrarySettings, SourceSpec
from knowledge.retrieval import Found
from tests.knowledge.indexed import HashEmbedder, write

DOCS = frozenset({"docs"})


class Maker(HashEmbedder):
    """An embedder of any name; `away` ones do not answer, `made` counts the texts of each."""

    away: ClassVar[set[str]] = set()
    made: ClassVar[dict[str, int]] = {}
    window = 256
    english_only = False

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]

    def embed_passages(self, texts: Any) -> Vector:
        self._check()
        self.made[self.name] = self.made.get(self.name, 0) + len(texts)
        return super().embed_passages(texts)

    def embed_query(self, text: str) -> Vector:
        self._check()
        return super().embed_query(text)

    def _check(self) -> None:
        if self.name in self.away:
            raise ModelError(f"`{self.name}` is away.")


@pytest.fixture(autouse=True)
def makers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maker, "away", set())
    monkeypatch.setattr(Maker, "made", {})
    monkeypatch.setattr(
        opened, "open_embedder", lambda setting, **_: None if setting == "none" else Maker(setting)
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "docs", **{str(n): f"# Documento {n}\n\nPalabra clave{n}x." for n in range(5)})
    return tmp_path


@contextmanager
def library(
    place: Path, embedding: str, *, writing: bool = True, keep: int = 2, url: str = "", data: str = "data"
) -> Iterator[Library]:
    settings = LibrarySettings(
        place / data,
        (SourceSpec("docs", "folder", {"path": place / "docs"}),),
        embedding=embedding,
        generations=keep,
    )
    opened = Library(settings, open_database(url or f"sqlite:///{place}/data/index.db"), writing=writing)
    try:
        yield opened
    finally:
        opened.close()


def fill(library: Library) -> None:
    """One round of what runs in the background."""
    library._fill(threading.Event())


def find(library: Library, word: str) -> set[str]:
    return {hit.passage.document for hit in search(library, word).hits if word in hit.passage.text}


def search(library: Library, question: str) -> Found:
    return library.search(question, limit=20, sources=DOCS)


def generations(library: Library) -> dict[str, tuple[str, bool, bool]]:
    return {one.name: (one.embedding, one.active, one.next) for one in library.generations()}


def test_another_embedder_answers_once_it_has_every_vector(place: Path) -> None:
    """Until then the old one does, with its own vectors; the documents are not read for it."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    with library(place, "two") as now:
        now.sync("docs")
        assert generations(now) == {"g1": ("one", True, False), "g2": ("two", False, True)}
        found = search(now, "Documento 3\nPalabra clave3x.")
        assert found.problem is None
        assert found.hits[0].parts["dense"] == pytest.approx(1, abs=1e-5)
        assert Maker.made == {"one": 5}
        fill(now)
        assert Maker.made == {"one": 5, "two": 5}
        assert generations(now) == {"g1": ("one", False, False), "g2": ("two", True, False)}
        found = search(now, "Documento 3\nPalabra clave3x.")
        assert found.hits[0].parts["dense"] == pytest.approx(1, abs=1e-5)
        assert {hit.passage.document for hit in found.hits} == {f"{n}.md" for n in range(5)}


def test_new_embedder_reads_no_document(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passages are those of the old generation, which the database has."""
    with library(place, "one") as before:
        before.sync("docs")
    monkeypatch.setattr(intake, "read", None)
    with library(place, "two") as now:
        assert now.sync("docs").unchanged == 5
        fill(now)
        assert find(now, "clave3x") == {"3.md"}
        assert generations(now)["g2"][1]


def test_other_processes_see_the_switch(place: Path) -> None:
    """Whoever has the index open searches the new generation from the moment on that it answers."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    with library(place, "one", writing=False) as reader, library(place, "two") as now:
        assert search(reader, "Palabra clave3x").hits
        write(place / "docs", **{"9": "# Nuevo\n\nPalabra recién."})
        now.sync("docs")
        assert reader.index.name == now.index.name == "g1"
        assert find(reader, "recién") == {"9.md"}
        fill(now)
        assert reader.index.name == now.index.name == "g2"
        assert find(reader, "recién") == {"9.md"}


def test_documents_come_and_go_in_both_meanwhile(place: Path) -> None:
    """What is deleted while the next generation is made answers in neither; what is edited, in both."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    with library(place, "two") as now:
        now.sync("docs")
        (place / "docs" / "1.md").unlink()
        write(place / "docs", **{"2": "# Documento 2\n\nPalabra cambiada."})
        now.sync("docs")
        for _ in range(2):
            assert find(now, "clave1x") == set()
            assert find(now, "cambiada") == {"2.md"}
            fill(now)
        assert now.index.name == "g2"


def test_new_recipe_cuts_beside_the_old_passages(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old passages answer until all documents are cut anew; equal ones keep their vectors."""
    write(place / "docs", largo="# Largo\n\n" + "\n\n".join(f"Párrafo {n} con texto." for n in range(40)))
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
        old = set(before.manifest.live())
    made = Maker.made["one"]
    monkeypatch.setattr(opened, "_WINDOW", 40)
    with library(place, "one") as now:
        assert set(now.manifest.live()) == old
        now.sync("docs")
        assert now.index.name == "g1"
        assert set(now.manifest.live()) == old
        fill(now)
        assert now.index.name == "g2"
        new = set(now.manifest.live())
        assert len(new) > len(old)
        assert Maker.made["one"] - made == len(new - old)
        assert not now.manifest.pending_count()


def test_source_that_is_away_keeps_a_new_recipe_waiting(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as its documents cannot be cut anew, the old generation answers from them."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    monkeypatch.setattr(intake, "_VERSION", 99)
    (place / "docs").rename(place / "away")
    with library(place, "one") as now:
        assert now.sync("docs").problem
        fill(now)
        assert now.index.name == "g1"
        assert find(now, "clave3x") == {"3.md"}
        (place / "away").rename(place / "docs")
        now.sync("docs")
        fill(now)
        assert now.index.name == "g2"
        assert find(now, "clave3x") == {"3.md"}


def test_old_embedder_that_is_gone_does_not_hold_up_the_new_one(place: Path) -> None:
    """Questions meanwhile are answered by words, and say why."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    Maker.away.add("one")
    write(place / "docs", **{"7": "# Siete\n\nPalabra clave7x."})
    with library(place, "two") as now:
        now.sync("docs")
        assert search(now, "clave7x").problem == "`one` is away."
        assert find(now, "clave7x") == {"7.md"}
        with pytest.raises(KnowledgeError, match="away"):
            fill(now)
        assert now.index.name == "g2"
        assert search(now, "clave7x").problem is None


def test_new_embedder_that_fails_changes_nothing(place: Path) -> None:
    """The old generation goes on to answer, with its vectors."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    Maker.away.add("two")
    with library(place, "two") as now:
        now.sync("docs")
        with pytest.raises(KnowledgeError, match="`two` is away"):
            fill(now)
        found = search(now, "Documento 3\nPalabra clave3x.")
        assert (now.index.name, found.problem) == ("g1", None)
        assert found.hits[0].parts["dense"] == pytest.approx(1, abs=1e-5)


def test_roll_back_by_name_lasts(place: Path) -> None:
    """The earlier generation is brought up to date and answers until a third is asked for."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    with library(place, "two") as now:
        now.sync("docs")
        fill(now)
        (place / "docs" / "1.md").unlink()
        write(place / "docs", **{"2": "# Documento 2\n\nPalabra cambiada."})
        now.sync("docs")
        assert find(now, "clave1x") == set()
        now.use_generation("g1")
        for _ in range(2):
            assert now.index.name == "g1"
            assert find(now, "clave1x") == set()
            assert find(now, "cambiada") == {"2.md"}
            now.sync("docs")
            fill(now)
        assert generations(now) == {"g1": ("one", True, False), "g2": ("two", False, False)}
    with library(place, "three") as third:
        third.sync("docs")
        fill(third)
        assert third.index.name == "g3"


def test_roll_back_lasts_where_only_one_is_kept(place: Path) -> None:
    """What the settings ask for is not made anew behind the back of who decided otherwise."""
    for embedding in ("one", "two"):
        with library(place, embedding) as now:
            now.sync("docs")
            fill(now)
    with library(place, "two", keep=1) as now:
        now.use_generation("g1")
        for _ in range(2):
            now.sync("docs")
            fill(now)
        assert generations(now) == {"g1": ("one", True, False)}


def test_going_back_to_what_was_held_takes_it_up_again(place: Path) -> None:
    """Set the old way, then the new one again: the new one is brought up to date and answers."""
    for embedding in ("one", "two"):
        with library(place, embedding) as now:
            now.sync("docs")
            fill(now)
    with library(place, "two") as now:
        now.use_generation("g1")
    with library(place, "one") as now:
        (place / "docs" / "1.md").unlink()
        now.sync("docs")
        fill(now)
        assert now.index.name == "g1"
    with library(place, "two") as now:
        now.sync("docs")
        fill(now)
        assert now.index.name == "g2"
        assert find(now, "clave1x") == set()


def test_roll_back_waits_for_a_source_that_is_away(place: Path) -> None:
    """A generation that may still hold what was deleted does not answer before it knows better."""
    for embedding in ("one", "two"):
        with library(place, embedding) as now:
            now.sync("docs")
            fill(now)
    with library(place, "two") as now:
        (place / "docs").rename(place / "away")
        with pytest.raises(KnowledgeError, match="does not answer yet"):
            now.use_generation("g1")
        assert now.index.name == "g2"
        with pytest.raises(KnowledgeError, match=r"no generation `g9`.*`g1`, `g2`"):
            now.use_generation("g9")


def test_only_so_many_are_kept(place: Path) -> None:
    """Those that answered longest ago are dropped, with their words and vectors."""
    for embedding in ("one", "two", "three", "four"):
        with library(place, embedding) as now:
            now.sync("docs")
            fill(now)
            kept = set(generations(now))
    assert kept == {"g3", "g4"}
    assert {path.name for path in (place / "data" / "lexical").iterdir()} == kept
    with library(place, "four", keep=1) as now:
        assert find(now, "clave3x") == {"3.md"}
        now.drop_generation("g3")
        assert set(generations(now)) == {"g4"}
        vectors = now.vectors
        assert vectors is not None
        assert {one.metadata["namespace"] for one in vectors._client.list_collections()} == {"g4"}
        with pytest.raises(KnowledgeError, match="answers"):
            now.drop_generation("g4")


def test_what_was_begun_for_nothing_is_dropped(place: Path) -> None:
    """A generation that never answered goes when something else is asked for."""
    with library(place, "one") as before:
        before.sync("docs")
        fill(before)
    with library(place, "two") as now:
        now.sync("docs")
        assert set(generations(now)) == {"g1", "g2"}
    with library(place, "one") as now:
        now.sync("docs")
        assert generations(now) == {"g1": ("one", True, False)}
        assert find(now, "clave3x") == {"3.md"}


def test_search_outlives_the_generation_it_began_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped under a search's hands, the old generation is searched again in the new one."""
    with library(place, "one") as before:
        before.sync("docs")
    with library(place, "one", writing=False) as reader, library(place, "two", keep=1) as now:
        index = reader.index
        now.sync("docs")
        retriever = index.retriever()
        original = retriever.search

        def late(*arguments: Any, **options: Any) -> Found:
            fill(now)
            return original(*arguments, **options)

        monkeypatch.setattr(retriever, "search", late)
        assert find(reader, "clave3x") == {"3.md"}
        assert set(generations(reader)) == {"g2"}


def test_what_there_is_to_each(place: Path) -> None:
    """Documents, chunks, vectors, size and who answers."""
    with library(place, "one") as now:
        now.sync("docs")
        (before,) = now.generations()
        assert (before.documents, before.chunks, before.vectors, before.active) == (5, 5, 0, True)
        fill(now)
        (after,) = now.generations()
        assert (after.vectors, after.embedding) == (5, "one")
        assert after.bytes > 100
        assert after.recipe == opened.recipe().key


def test_first_settings_may_change_before_anything_is_read(place: Path) -> None:
    """An index without documents has nothing to protect."""
    with library(place, "one"):
        pass
    with library(place, "two") as now:
        now.sync("docs")
        assert now.index.generation.embedding == "two" or generations(now)["g2"][1]
        assert find(now, "clave3x") == {"3.md"}


def test_either_database_keeps_generations(place: Path, database_url: str) -> None:
    """They are made, switched to, gone back to and dropped in SQLite and in PostgreSQL alike."""
    for embedding in ("one", "two", "three"):
        with library(place, embedding, url=database_url) as now:
            now.sync("docs")
            fill(now)
            assert generations(now)[now.index.name] == (embedding, True, False)
            assert find(now, "clave3x") == {"3.md"}
    with library(place, "three", url=database_url) as now:
        assert set(generations(now)) == {"g2", "g3"}
        (place / "docs" / "1.md").unlink()
        now.use_generation("g2")
        assert find(now, "clave1x") == set()
        now.drop_generation("g3")
        assert generations(now) == {"g2": ("two", True, False)}


def test_processes_with_folders_of_their_own_follow_each_other(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What one has taken in is found by the words of the other, and each generation that answers, too."""
    url = f"sqlite:///{place}/shared.db"
    with library(place, "none", url=url, data="a") as one, library(place, "none", url=url, data="b") as other:
        one.sync("docs")
        fill(other)
        assert find(other, "clave3x") == {"3.md"}
        write(place / "docs", **{"3": "# Documento 3\n\nPalabra cambiada."})
        one.sync("docs")
        fill(other)
        assert find(other, "cambiada") == {"3.md"}
        write(place / "docs", **{"4": "# Documento 4\n\nPalabra distinta."})
        other.sync("docs")
        fill(one)
        assert find(one, "distinta") == {"4.md"}
        caplog.clear()
        for _ in range(3):
            for library_ in (one, other):
                fill(library_)
                library_.sync("docs")
        assert "not in step" not in caplog.text
    monkeypatch.setattr(intake, "_VERSION", 99)
    with library(place, "none", url=url, data="a") as one, library(place, "none", url=url, data="b") as other:
        one.sync("docs")
        assert one.index.name == other.index.name == "g2"
        fill(other)
        assert find(other, "distinta") == {"4.md"}
