"""Documents with readers of their own: found by those who may read them, and by nobody else."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from knowledge.database import writing
from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError
from knowledge.manifest import Manifest
from knowledge.readers import all_of, dump_readers, load_readers, permits
from knowledge.retrieval import Found, Retriever
from tests.knowledge.indexed import Index

DOCS = frozenset({"docs"})
NOBODY: frozenset[str] = frozenset()
PEOPLE = ("mail:ana@x.example", "mail:blas@x.example", "group:rrhh", "domain:x.example")


class Shared:
    """A source whose documents have readers: a list, or lists that each must let through."""

    name = "docs"

    def __init__(self, documents: dict[str, str]) -> None:
        self.documents = documents
        self.readers: dict[str, tuple[frozenset[str], ...]] = {}
        self.fetched: list[str] = []
        self.away = False

    def list(self) -> Iterator[Listed]:
        for document, content in self.documents.items():
            first, *within = self.readers.get(document) or (None,)
            yield Listed(document, content, readers=first, within=tuple(within))

    def fetch(self, listed: Listed) -> Fetched:
        if self.away:
            raise SourceError("The share is away: mount it.")
        self.fetched.append(listed.document)
        content = f"# Documento\n\n{self.documents[listed.document]}"
        return Fetched(listed.document, content.encode(), "text/markdown")

    def close(self) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "data", vectors=True) as index:
        yield index


def search(index: Index, question: str, readers: frozenset[str] | None, limit: int = 10) -> Found:
    assert index.vectors is not None
    near = _Near(index)
    retriever = Retriever(index.reader, index.manifest, near, index.embedder)
    try:
        return retriever.search(question, limit=limit, sources=DOCS, readers=readers)
    finally:
        retriever.close()


class _Near:
    def __init__(self, index: Index) -> None:
        self.index = index

    def query(self, embedding, limit, sources):  # type: ignore[no-untyped-def]
        assert self.index.vectors is not None
        return self.index.vectors.query(embedding, limit, sources)

    def missing(self, ids):  # type: ignore[no-untyped-def]
        return self.index.manifest.without_vector(ids)


def documents(found: Found) -> set[str]:
    return {hit.passage.document for hit in found.hits}


LISTS = st.lists(st.frozensets(st.sampled_from(PEOPLE), max_size=3), max_size=2).map(tuple)


@given(LISTS, st.frozensets(st.sampled_from(PEOPLE)))
def test_each_list_must_let_a_reader_through(lists: tuple[frozenset[str], ...], who: frozenset[str]) -> None:
    """Written down and read again, too; and whoever may read everything may read this."""
    let_through = [any(one in who for one in listed) for listed in lists]
    kept = load_readers(dump_readers(all_of(lists)))
    assert permits(kept, who) == all(let_through)
    assert permits(kept, None)


@given(LISTS)
def test_the_same_readers_are_written_the_same_way(lists: tuple[frozenset[str], ...]) -> None:
    """A listing in another order is no change."""
    assert dump_readers(all_of(lists)) == dump_readers(all_of(reversed(lists)))
    assert (dump_readers(all_of(lists)) is None) == (not lists)


def test_only_readers_find_a_document(index: Index) -> None:
    """By words and by vectors; one without readers of its own is everybody's."""
    source = Shared({"open": "El salario base.", "shut": "El salario de la directora."})
    source.readers["shut"] = (frozenset({PEOPLE[0]}),)
    index.indexer.sync(source)
    index.embed()
    for readers, expected in (
        (NOBODY, {"open"}),
        (frozenset({PEOPLE[1]}), {"open"}),
        (frozenset({PEOPLE[0]}), {"open", "shut"}),
        (None, {"open", "shut"}),
    ):
        assert documents(search(index, "salario", readers)) == expected
        # No word of it is in any document: the vectors alone find something.
        assert documents(search(index, "zzzz", readers)) == expected


def test_what_is_forbidden_never_takes_the_place_of_what_is_not(index: Index) -> None:
    """However many better passages may not be read, those that may are found."""
    source = Shared({f"shut{n}": f"Salario salario salario {n}." for n in range(450)})
    source.readers = {name: (frozenset({PEOPLE[0]}), frozenset({PEOPLE[2]})) for name in source.documents}
    source.documents["open"] = "Entre muchas otras palabras largas aparece también el salario."
    index.indexer.sync(source)
    index.embed()
    # One list lets Ana through, the other does not: the words cannot tell beforehand.
    assert documents(search(index, "salario", frozenset({PEOPLE[0]}))) == {"open"}
    assert documents(search(index, "zzzz", NOBODY)) == {"open"}


def test_a_change_of_readers_costs_no_reading_and_no_embedding(index: Index) -> None:
    """And holds with the next sync, given or taken away, also when nothing can be fetched."""
    source = Shared({"a": "El salario base.", "b": "El horario de verano."})
    index.indexer.sync(source)
    index.embed()
    source.fetched.clear()
    index.embedder.texts.clear()
    ana = frozenset({PEOPLE[0]})
    source.away = True
    for readers, found in (((ana,), set()), ((), {"a"}), ((frozenset(),), set())):
        source.readers["a"] = readers
        report = index.indexer.sync(source)
        assert (report.unchanged, report.readers, report.problem) == (2, 1, None)
        assert documents(search(index, "salario", NOBODY)) & {"a"} == found
        assert documents(search(index, "zzzz", NOBODY)) & {"a"} == found
    source.readers["a"] = (ana,)
    index.indexer.sync(source)
    assert "a" in documents(search(index, "salario", ana))
    assert source.fetched == []
    index.embed()
    assert index.embedder.texts == []


def test_a_right_is_taken_away_before_anything_is_read(index: Index) -> None:
    """A sync that fails over the first document it fetches has changed who may read all the others."""
    source = Shared({f"{n}": f"El salario {n}." for n in range(5)})
    index.indexer.sync(source)
    source.documents["0"] = "Ahora dice otra cosa."
    source.readers = {name: (frozenset(),) for name in source.documents}
    source.away = True
    assert index.indexer.sync(source).problem
    assert documents(search(index, "salario", NOBODY)) == set()


def test_a_kill_while_readers_change_neither_gives_nor_leaves_a_right(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step: until the next sync both the old and the new readers must let one through."""
    ana, blas = frozenset({PEOPLE[0]}), frozenset({PEOPLE[1]})
    source = Shared({"a": "El salario base."})
    source.readers["a"] = (ana,)
    index.indexer.sync(source)
    source.readers["a"] = (blas,)
    permit = Manifest.permit
    for step in itertools.count():
        calls = itertools.count()

        def dies(*arguments, step=step, calls=calls):  # type: ignore[no-untyped-def]
            if next(calls) == step:
                raise KeyboardInterrupt
            return permit(*arguments)

        monkeypatch.setattr(Manifest, "permit", dies)
        try:
            index.indexer.sync(source)
        except KeyboardInterrupt:
            monkeypatch.undo()
            if step:
                assert documents(search(index, "salario", ana)) == set()
            assert documents(search(index, "salario", blas)) == set()
        else:
            break
    assert step == 2
    assert documents(search(index, "salario", blas)) == {"a"}
    assert documents(search(index, "salario", ana)) == set()


def test_an_index_of_before_keeps_what_it_has(tmp_path: Path) -> None:
    """The column is added to the tables that are there; the next sync fills it without reading anything."""
    source = Shared({"a": "El salario base."})
    with Index(tmp_path / "data") as index:
        index.indexer.sync(source)
        with writing(index.engine) as connection:
            connection.execute(text("DROP INDEX index_documents_restricted_g1"))
            connection.execute(text("ALTER TABLE index_documents_g1 DROP COLUMN readers"))
    source.fetched.clear()
    source.readers["a"] = (frozenset({PEOPLE[0]}),)
    with Index(tmp_path / "data") as index:
        assert set(index.find("salario")) == {"a"}
        index.indexer.sync(source)
        assert index.manifest.readable([("docs", "a")], NOBODY) == set()
    assert source.fetched == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    readers=st.dictionaries(st.sampled_from("01234567"), LISTS),
    who=st.frozensets(st.sampled_from(PEOPLE)),
    edited=st.sampled_from("01234567"),
)
def test_found_is_what_may_be_read(
    index: Index, readers: dict[str, tuple[frozenset[str], ...]], who: frozenset[str], edited: str
) -> None:
    """Whatever readers documents have, come to have and lose: what may be read is found, all of it."""
    source = _kept.setdefault(id(index), Shared({f"{n}": f"Palabra común número{n}x." for n in range(8)}))
    source.readers |= readers
    source.documents[edited] += " Más."
    index.indexer.sync(source)
    may = {name for name in source.documents if all(listed & who for listed in source.readers.get(name, ()))}
    assert documents(search(index, "palabra común", who)) == may
    index.embed()
    assert documents(search(index, "qqqq", who)) == may


_kept: dict[int, Shared] = {}
"""What the source of an index was left as by the example before."""
