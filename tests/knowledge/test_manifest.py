import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.database import open_database
from knowledge.documents import Passage
from knowledge.manifest import Manifest, Record
from knowledge.readers import dump_readers


@pytest.fixture
def manifest(database_url: str) -> Iterator[Manifest]:
    engine = open_database(database_url)
    yield Manifest(engine)
    engine.dispose()


def passage(id_: str, document: str = "a.md", source: str = "docs") -> Passage:
    return Passage(id_, source, document, "Título", ("Uno", "Dos"), f"Texto de {id_}.")


def record(document: str = "a.md", *, modified: datetime | None = None, passages: int = 1) -> Record:
    when = modified.isoformat() if modified else None
    return Record(document, "signal", None, "recipe", "hash", passages, modified=when)


def put(manifest: Manifest, *ids: str, document: str = "a.md", source: str = "docs") -> None:
    manifest.write(
        source,
        [record(document, passages=len(ids))],
        {document: [passage(id_, document, source) for id_ in ids]},
    )


def test_only_live_passages_are_found(manifest: Manifest) -> None:
    """A switch takes the old version's passages out and keeps what both versions have."""
    put(manifest, "kept", "old")
    put(manifest, "kept", "new")
    assert manifest.passages(["old", "new", "kept", "never"]).keys() == {"new", "kept"}


def test_switch_leaves_other_documents_and_sources(manifest: Manifest) -> None:
    """A document is its source's: one of the same name elsewhere has its own life."""
    put(manifest, "a1")
    put(manifest, "b1", document="b.md")
    put(manifest, "c1", source="other")
    put(manifest, "a2")
    assert set(manifest.live()) == {"a2", "b1", "c1"}
    manifest.remove("docs", ["a.md"])
    assert set(manifest.live()) == {"b1", "c1"}
    assert manifest.records("docs").keys() == {"b.md"}
    assert manifest.live_of("docs", ["a.md", "b.md"]) == {"a.md": set(), "b.md": {"b1"}}


def test_failed_switch_changes_nothing(manifest: Manifest) -> None:
    """When the new version cannot be written, the old one stays whole."""
    put(manifest, "old1", "old2")
    broken = dataclasses.replace(passage("new"), text=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="database"):
        manifest.write("docs", [record()], {"a.md": [passage("new0"), broken]})
    assert set(manifest.live()) == {"old1", "old2"}


def test_more_ids_than_one_statement_takes(manifest: Manifest) -> None:
    """Any number of ids may be asked for and written."""
    ids = [str(number) for number in range(2500)]
    put(manifest, *ids)
    assert manifest.passages(ids).keys() == set(ids)
    assert manifest.set_embedder(ids, "hash") == set(ids)


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(
    st.builds(
        Passage,
        id=st.just("id"),
        source=st.just("docs"),
        document=st.just("a.md"),
        title=words,
        headings=st.lists(words, max_size=3).map(tuple),
        text=words,
        kind=st.sampled_from(["heading", "paragraph", "list", "table", "code"]),
        location=words,
        anchor=words,
        url=st.none() | words,
        as_of=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_passages_come_back_as_they_were(manifest: Manifest, given: Passage) -> None:
    """Every field of a passage survives, whatever is in it."""
    manifest.write("docs", [record()], {"a.md": [given]})
    assert manifest.passages(["id"]) == {"id": given}


def test_pending_vectors_come_latest_change_first(manifest: Manifest) -> None:
    """What changed last is embedded first; what has a vector is not asked for again."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in (2, 0, 1):
        document = f"{day}.md"
        changed = record(document, modified=start + timedelta(days=day))
        manifest.write("docs", [changed], {document: [passage(str(day), document)]})
    assert [passage.id for passage in manifest.pending(10)] == ["2", "1", "0"]
    assert [passage.id for passage in manifest.pending(2)] == ["2", "1"]
    manifest.set_embedder(["1"], "hash")
    assert [passage.id for passage in manifest.pending(10)] == ["2", "0"]
    assert manifest.pending_count() == 2
    assert set(manifest.without_vector(["0", "1"])) == {"0"}
    manifest.set_embedder(["0", "2"], "hash")
    assert manifest.without_vector(["0", "1"]) == []
    put(manifest, "3", document="3.md")
    assert manifest.without_vector(["0", "3"]) == ["3"]


def test_switch_keeps_the_vectors_of_kept_passages(manifest: Manifest) -> None:
    """A passage that both versions have needs no vector again; what was replaced needs none at all."""
    put(manifest, "kept", "old")
    assert manifest.set_embedder(["kept", "old", "gone"], "hash") == {"kept", "old"}
    put(manifest, "kept", "new")
    assert [passage.id for passage in manifest.pending(10)] == ["new"]
    assert manifest.embedded("docs") == {"kept"}


def test_vectors_of_another_embedder_are_pending(manifest: Manifest) -> None:
    """A change of embedder makes every vector anew, and only then."""
    put(manifest, "a", "b")
    manifest.set_embedder(["a", "b"], "hash")
    manifest.keep_embedder("hash")
    assert manifest.pending_count() == 0
    manifest.keep_embedder("other")
    assert manifest.pending_count() == 2


def test_status_counts_by_source(manifest: Manifest) -> None:
    """Each source has its own documents, passages, vectors, failures and notes."""
    put(manifest, "a1", "a2")
    put(manifest, "b1", document="b.md")
    put(manifest, "c1", source="other")
    manifest.set_embedder(["a1"], "hash")
    noted = record("b.md")._replace(notes=json.dumps(["2 of 3 pages have no text"]))
    failed = Record("d.pdf", "signal", None, "recipe", reason="encrypted", message="`d.pdf` has a password.")
    manifest.write("docs", [noted, failed], {})
    docs, other = manifest.status()
    assert (docs.source, docs.documents, docs.passages, docs.vectors) == ("docs", 2, 3, 1)
    assert (other.source, other.documents, other.passages, other.vectors) == ("other", 1, 1, 0)
    assert [(failure.document, failure.reason) for failure in docs.failed] == [("d.pdf", "encrypted")]
    assert docs.notes == {"b.md": ("2 of 3 pages have no text",)}
    assert other.failed == ()
    assert docs.finished is None


def test_sync_that_never_ended_has_no_end(manifest: Manifest) -> None:
    """Status tells a sync that was killed from one that ended."""
    manifest.sync_started("docs")
    manifest.sync_ended("docs", {"seen": 3}, "It was cold.")
    (status,) = manifest.status()
    assert (status.counts, status.problem) == ({"seen": 3}, "It was cold.")
    assert status.age is not None
    manifest.sync_started("docs")
    (status,) = manifest.status()
    assert status.started is not None
    assert (status.finished, status.age) == (None, None)


def test_instance_names_one_index(manifest: Manifest, tmp_path: Path) -> None:
    """An index keeps its name, and another has another."""
    engine = open_database(f"sqlite:///{tmp_path}/b.db")
    assert manifest.instance() == manifest.instance()
    assert Manifest(engine).instance() != manifest.instance()
    engine.dispose()


def test_a_source_is_at_another_version_after_each_change(manifest: Manifest) -> None:
    """Passages, what is taken out, who may read; not what was looked at alone, and not another source's."""
    both = ("docs", "people")
    seen = [manifest.versions(both)]

    def after(change: Callable[[], None]) -> bool:
        change()
        seen.append(manifest.versions(both))
        assert seen[-1]["people"] == ""
        return seen[-1]["docs"] not in {one["docs"] for one in seen[:-1]}

    assert after(lambda: put(manifest, "one"))
    assert not after(lambda: manifest.write("docs", [record()], {}))
    assert after(lambda: put(manifest, "one"))
    assert after(lambda: manifest.permit("docs", {"a.md": dump_readers((frozenset({"group:hr"}),))}))
    assert after(lambda: manifest.remove("docs", ["a.md"]))
