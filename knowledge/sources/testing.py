"""What every source must pass, for those that come along and for those that other packages add.

A test module of a source makes a `World`, a place that documents come from and in which things happen, and a
class that inherits the tests:

    class TestTickets(SourceContract):
        @pytest.fixture
        def world(self, tmp_path):
            with ticket_server() as server:
                yield TicketWorld(tmp_path, server)

pytest then runs each of them against the source. What a world leaves out, its tests skip.
"""

import traceback
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from knowledge.documents import Fetched, Listed, Source
from knowledge.errors import KnowledgeError, SourceError, UnreadableError

if TYPE_CHECKING:
    from knowledge.indexing import Indexer, SyncReport
    from knowledge.manifest import Manifest


class World:
    """A place that documents come from. `put` and `open` are needed; what else is missing is skipped."""

    many = 7
    """So many documents that a listing of them takes several requests."""
    secret: str | None = None
    """The token that `open` gives to the source."""

    def open(self) -> Source:
        """The source as the configuration opens it, new each time, with the same cache."""
        raise NotImplementedError

    def put(self, name: str, text: str) -> None:
        """Adds a document, or changes the one of that name; the text is a paragraph of it."""
        raise NotImplementedError

    def document(self, name: str) -> str:
        """What the source calls the document that `put` calls so."""
        return name

    def remove(self, name: str) -> None:
        """Deletes a document."""
        pytest.skip("documents of this source are not deleted")

    def move(self, name: str, to: str) -> None:
        """Gives a document another name or place."""
        pytest.skip("documents of this source do not move")

    def spoil(self, name: str) -> None:
        """Lets a document be listed and not be had."""
        pytest.skip("a listed document of this source can always be had")

    def fail(self) -> None:
        """Lets every listing fail from now on."""
        pytest.skip("listings of this source do not fail")

    def fail_midway(self) -> None:
        """Lets every listing fail after its first part."""
        pytest.skip("listings of this source come in one piece")

    def refuse(self) -> None:
        """Lets the token expire."""
        pytest.skip("this source needs no token")

    def slow_down(self) -> None:
        """Has the next requests told to come back later."""
        pytest.skip("nobody limits how often this source asks")

    def contents_served(self) -> int:
        """How many contents of documents were handed out so far."""
        pytest.skip("nobody counts what this source reads")


def listing(world: World) -> dict[str, Listed]:
    """Everything that a newly opened source lists, by its name; no two of one name."""
    with closing(world.open()) as source:
        listed = list(source.list())
    found = {one.document: one for one in listed}
    assert len(found) == len(listed), "two documents have one name"
    return found


def texts(world: World, documents: Iterable[Listed]) -> list[bytes]:
    """The contents of these documents."""
    with closing(world.open()) as source:
        return [source.fetch(one).content for one in documents]


class SourceContract:
    """The tests; a subclass has a fixture `world`."""

    def test_everything_is_listed_and_can_be_had(self, world: World) -> None:
        """Each document is listed once, over however many requests, and fetched with its text."""
        for number in range(world.many):
            world.put(f"doc-{number}.md", f"El texto número {number}.")
        found = listing(world)
        assert set(found) == {world.document(f"doc-{number}.md") for number in range(world.many)}
        for number in range(world.many):
            (content,) = texts(world, [found[world.document(f"doc-{number}.md")]])
            assert f"El texto número {number}." in content.decode()

    def test_a_source_without_documents_lists_none(self, world: World) -> None:
        """Nothing is no error: whether that can be is decided by who deletes."""
        world.put("a.md", "Uno.")
        with suppress(pytest.skip.Exception):
            world.remove("a.md")
            assert listing(world) == {}

    def test_what_did_not_change_keeps_its_signal(self, world: World) -> None:
        """Listed again, also after it was read, nothing looks changed; and nothing is read for it."""
        world.put("a.md", "Uno.")
        world.put("b.md", "Dos.")
        before = listing(world)
        texts(world, before.values())
        assert {name: one.signal for name, one in listing(world).items()} == {
            name: one.signal for name, one in before.items()
        }
        assert all(one.signal for one in before.values())

    def test_listing_what_did_not_change_reads_no_content(self, world: World) -> None:
        """The cost of a sync without changes is the listing's."""
        served = world.contents_served()
        world.put("a.md", "Uno.")
        world.put("b.md", "Dos.")
        texts(world, listing(world).values())
        served = world.contents_served()
        listing(world)
        assert world.contents_served() == served

    def test_a_change_gives_a_new_signal_to_that_document_alone(self, world: World) -> None:
        """And the new content is what is fetched."""
        world.put("a.md", "El precio es 10.")
        world.put("b.md", "Dos.")
        before = listing(world)
        texts(world, before.values())
        world.put("a.md", "El precio es 11.")
        after = listing(world)
        a, b = world.document("a.md"), world.document("b.md")
        assert after[a].signal != before[a].signal
        assert after[b].signal == before[b].signal
        assert b"El precio es 11." in texts(world, [after[a]])[0]

    def test_a_new_document_is_listed_and_a_deleted_one_is_not(self, world: World) -> None:
        """With the next listing."""
        world.put("a.md", "Uno.")
        world.put("b.md", "Dos.")
        listing(world)
        world.put("c.md", "Tres.")
        gone = world.document("b.md")
        world.remove("b.md")
        assert set(listing(world)) == {world.document("a.md"), world.document("c.md")}
        assert gone not in listing(world)

    def test_what_is_deleted_after_the_listing_is_its_own_trouble(self, world: World) -> None:
        """Its fetch is an `UnreadableError` that names it; the others are had."""
        world.put("a.md", "Uno.")
        world.put("b.md", "Dos.")
        found = listing(world)
        a, b = world.document("a.md"), world.document("b.md")
        world.remove("a.md")
        with closing(world.open()) as source:
            with pytest.raises(UnreadableError) as caught:
                source.fetch(found[a])
            assert a in str(caught.value)
            assert b"Dos." in source.fetch(found[b]).content

    def test_a_move_keeps_the_content(self, world: World) -> None:
        """Byte for byte, so that its passages are known again."""
        world.put("a.md", "Uno.")
        world.put("b.md", "Dos.")
        before = texts(world, [listing(world)[world.document("a.md")]])
        world.move("a.md", "c.md")
        found = listing(world)
        assert set(found) == {world.document("b.md"), world.document("c.md")}
        assert texts(world, [found[world.document("c.md")]]) == before

    def test_one_document_that_cannot_be_had_is_no_trouble_to_others(self, world: World) -> None:
        """It is listed all the same, and says what it suffers from."""
        for name in ("a.md", "b.md", "c.md"):
            world.put(name, f"Texto de {name}.")
        world.spoil("b.md")
        found = listing(world)
        b = world.document("b.md")
        with closing(world.open()) as source:
            list(source.list())
            for name, one in found.items():
                if name != b:
                    assert b"Texto de" in source.fetch(one).content
            with pytest.raises(UnreadableError) as caught:
                source.fetch(found[b])
        assert b in str(caught.value)

    def test_a_listing_that_fails_is_an_error(self, world: World) -> None:
        """Never an empty one, which would look as if everything had been deleted."""
        world.put("a.md", "Uno.")
        listing(world)
        world.fail()
        with closing(world.open()) as source, pytest.raises(SourceError) as caught:
            list(source.list())
        assert_one_sentence(caught.value, source.name)

    def test_half_a_listing_is_an_error(self, world: World) -> None:
        """A listing that breaks off in its middle never passes for the whole."""
        for number in range(world.many):
            world.put(f"doc-{number}.md", f"El texto número {number}.")
        listing(world)
        world.fail_midway()
        with closing(world.open()) as source, pytest.raises(SourceError) as caught:
            list(source.list())
        assert_one_sentence(caught.value, source.name)

    def test_an_expired_token_is_an_error_that_does_not_show_it(self, world: World) -> None:
        """Listing says what to do; the token stands nowhere in the error or in what led to it."""
        world.put("a.md", "Uno.")
        found = listing(world)
        world.refuse()
        with closing(world.open()) as source:
            for act in (lambda: list(source.list()), lambda: source.fetch(next(iter(found.values())))):
                with pytest.raises(KnowledgeError) as caught:
                    act()
                told = "".join(traceback.format_exception(caught.value))
                assert isinstance(caught.value, SourceError)
                assert world.secret
                assert world.secret not in told

    def test_who_is_asked_to_slow_down_does(self, world: World) -> None:
        """The listing is whole all the same, and so is each document."""
        for number in range(world.many):
            world.put(f"doc-{number}.md", f"El texto número {number}.")
        world.slow_down()
        found = listing(world)
        assert len(found) == world.many
        world.slow_down()
        assert len(texts(world, found.values())) == world.many

    def test_closing_twice_does_no_harm(self, world: World) -> None:
        """Before anything was read, and after."""
        world.put("a.md", "Uno.")
        source = world.open()
        source.close()
        source.close()
        source = world.open()
        list(source.list())
        source.close()
        source.close()

    def test_a_sync_takes_in_what_there_is_and_a_failed_one_loses_nothing(
        self, world: World, tmp_path: Path
    ) -> None:
        """Through the indexer: a second sync changes nothing, and one that cannot list deletes nothing."""
        for number in range(world.many):
            world.put(f"doc-{number}.md", f"El texto número {number}.")
        with _index(world, tmp_path) as index:

            def sync() -> tuple[int, int, int, str | None]:
                report = index.sync()
                return report.added, report.unchanged, report.deleted, report.problem

            assert sync() == (world.many, 0, 0, None)
            assert sync() == (0, world.many, 0, None)
            with suppress(pytest.skip.Exception):
                world.fail()
                _, _, deleted, problem = sync()
                assert deleted == 0
                assert problem
                assert len(index.manifest.live()) == world.many

    def test_a_sync_reads_what_changed_and_nothing_else(self, world: World, tmp_path: Path) -> None:
        """What is gone is gone with the next sync, which reads nothing for it; a move reads what moved."""
        for number in range(world.many):
            world.put(f"doc-{number}.md", f"El texto número {number}.")
        with _index(world, tmp_path) as index:
            index.sync()
            assert sorted(index.fetched()) == sorted(
                world.document(f"doc-{number}.md") for number in range(world.many)
            )
            index.sync()
            assert index.fetched() == []
            world.put("doc-1.md", "El texto cambiado.")
            index.sync()
            fetched = index.fetched()
            assert world.document("doc-1.md") in fetched
            assert len(fetched) <= 2  # a source may have to look again at what had changed last before
            assert "El texto cambiado." in index.texts()
            assert "El texto número 1." not in index.texts()
            with suppress(pytest.skip.Exception):
                world.remove("doc-2.md")
                assert index.sync().deleted == 1
                assert index.fetched() == []
                assert "El texto número 2." not in index.texts()
            with suppress(pytest.skip.Exception):
                world.move("doc-3.md", "moved.md")
                index.sync()
                assert set(index.fetched()) <= {world.document("moved.md")}
                assert "El texto número 3." in index.texts()


class _Counted:
    """A source that notes what is fetched of it."""

    def __init__(self, source: Source, fetched: "list[str]") -> None:
        self.name = source.name
        self._source = source
        self._fetched = fetched

    def list(self) -> Iterator[Listed]:
        """As the source says."""
        return self._source.list()

    def fetch(self, listed: Listed) -> Fetched:
        """As the source says."""
        self._fetched.append(listed.document)
        return self._source.fetch(listed)

    def close(self) -> None:
        """As the source says."""
        self._source.close()


class _Index:
    """An index of a world."""

    def __init__(self, world: World, manifest: "Manifest", indexer: "Indexer") -> None:
        self.manifest = manifest
        self._world = world
        self._indexer = indexer
        self._fetched: list[str] = []

    def sync(self) -> "SyncReport":
        """Takes in what changed; nothing may fail."""
        with closing(_Counted(self._world.open(), self._fetched)) as source:
            report = self._indexer.sync(source)
        assert report.failed == []
        return report

    def fetched(self) -> list[str]:
        """The documents that were fetched since this was asked last."""
        fetched, self._fetched[:] = list(self._fetched), []
        return fetched

    def texts(self) -> str:
        """All that can be found."""
        live = self.manifest.passages(self.manifest.live())
        return "\n".join(passage.text for passage in live.values())


@contextmanager
def _index(world: World, place: Path) -> Iterator[_Index]:
    from knowledge.database import open_database
    from knowledge.indexing import Indexer, Recipe
    from knowledge.manifest import Manifest

    engine = open_database(f"sqlite:///{place}/contract.db")
    manifest = Manifest(engine)
    indexer = Indexer(manifest, place / "lexical", Recipe("words", count_words, 40))
    try:
        yield _Index(world, manifest, indexer)
    finally:
        indexer.close()
        engine.dispose()


def assert_one_sentence(error: KnowledgeError, name: str) -> None:
    """It is said to a person: which source, in one line."""
    assert name in str(error)
    assert "\n" not in str(error)


def count_words(text: str) -> int:
    """Stands for a tokenizer."""
    return len(text.split())
