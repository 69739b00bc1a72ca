import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.documents import Fetched, Listed
from knowledge.errors import KnowledgeError, SourceError, SupersededError, UnreadableError
from knowledge.fencing import Fences
from knowledge.indexing import Progress, Wanted
from tests.knowledge.indexed import Index, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path / "docs",
        vacaciones="# Vacaciones\n\nHay veintitrés días hábiles al año.\n\n## Carencia\n\nSeis meses.",
        envios="# Envíos\n\nEl correo tarda dos jornadas.",
        precios="# Precios\n\n| Artículo | Euros |\n|---|---|\n| Tornillo | 3 |",
    )
    return tmp_path / "docs"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(tmp_path / "data") as index:
        yield index


class Listing:
    """A source whose documents and troubles are given."""

    name = "docs"

    def __init__(self, documents: dict[str, str]) -> None:
        self.documents = documents
        self.signals: dict[str, str] = {}
        self.url: str | None = None
        self.modified: datetime | None = None
        self.listing_fails_after: int | None = None
        self.unreadable: dict[str, str] = {}
        self.unreachable = False
        self.fetched: list[str] = []

    def list(self) -> Iterator[Listed]:
        for number, (document, text) in enumerate(self.documents.items()):
            if number == self.listing_fails_after:
                raise SourceError("The share is away: mount it.")
            yield Listed(document, self.signals.get(document, text), self.url, self.modified)
        if self.listing_fails_after == len(self.documents):
            raise SourceError("The share is away: mount it.")

    def fetch(self, listed: Listed) -> Fetched:
        self.fetched.append(listed.document)
        if self.unreachable:
            raise SourceError("The share is away: mount it.")
        if reason := self.unreadable.get(listed.document):
            raise UnreadableError(reason, f"`{listed.document}` cannot be had.")
        return Fetched(listed.document, self.documents[listed.document].encode())


def listing(number: int = 30) -> Listing:
    return Listing({f"{n}.md": f"# Documento\n\nPalabra clave{n}x." for n in range(number)})


def test_first_sync_makes_every_document_findable(index: Index, folder: Path) -> None:
    """A first sync adds everything, and words find it."""
    report = index.sync(folder)
    assert (report.seen, report.added, report.failed, report.problem) == (3, 3, [], None)
    assert report.chunks == len(index.manifest.live()) == len(index.reader.ids())
    assert set(index.find("hábiles")) == {"vacaciones.md"}
    assert set(index.find("tornillo")) == {"precios.md"}


def test_second_sync_of_the_same_reads_nothing(index: Index) -> None:
    """What has the same signal is not fetched."""
    source = listing()
    index.indexer.sync(source)
    source.fetched.clear()
    report = index.indexer.sync(source)
    assert (report.unchanged, report.added, report.changed, report.deleted) == (30, 0, 0, 0)
    assert report.chunks == 30
    assert source.fetched == []


def test_source_without_signals_is_compared_by_content(index: Index) -> None:
    """Where a source cannot tell cheaply what changed, every document is fetched, and only changes count."""
    source = listing(3)
    source.signals = dict.fromkeys(source.documents, "")
    index.indexer.sync(source)
    source.documents["1.md"] = "# Otra\n\nCambiada."
    report = index.indexer.sync(source)
    assert (report.changed, report.unchanged) == (1, 2)
    assert set(index.find("cambiada")) == {"1.md"}


def test_edit_replaces_the_old_version(index: Index, folder: Path) -> None:
    """After an edit the new text is found and the old one is not; the other documents are not touched."""
    index.sync(folder)
    before = index.content()
    write(folder, envios="# Envíos\n\nEl correo tarda cinco semanas.")
    report = index.sync(folder)
    assert (report.changed, report.unchanged) == (1, 2)
    assert set(index.find("semanas")) == {"envios.md"}
    assert index.find("jornadas") == {}
    after = index.content()
    assert {name for name in after if after[name] != before[name]} == {"docs/envios.md"}
    index.assert_in_step()


def test_edit_writes_only_the_new_passages(tmp_path: Path, folder: Path) -> None:
    """A passage that an edit leaves alone keeps its id and its vector."""
    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(folder)
        index.embed()
        index.embedder.texts.clear()
        text = (folder / "vacaciones.md").read_text("utf-8")
        write(folder, vacaciones=text.replace("Seis meses", "Nueve meses"))
        index.sync(folder)
        index.embed()
        assert len(index.embedder.texts) == 1
        assert "Nueve meses" in index.embedder.texts[0]
        index.assert_in_step()


def test_touch_changes_nothing(tmp_path: Path, folder: Path) -> None:
    """A new signal over the same bytes is unchanged, embeds nothing, and is not read again."""
    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(folder)
        index.embed()
        before = index.content()
        index.embedder.texts.clear()
        for path in folder.iterdir():
            os.utime(path, (1, 1))
        assert index.sync(folder).unchanged == 3
        assert index.embed() == 0
        assert index.content() == before
        assert {record.signal for record in index.manifest.records("docs").values()} == {
            listed.signal for listed in _listed(folder)
        }


def _listed(folder: Path) -> list[Listed]:
    from knowledge.sources.folder import FolderSource

    return list(FolderSource("docs", folder).list())


def test_move_is_a_new_document_and_a_deleted_one(index: Index, folder: Path) -> None:
    """A moved document answers under its new name only, and is told from any other new one."""
    index.sync(folder)
    (folder / "envios.md").rename(folder / "correo.md")
    assert index.sync(folder, dry_run=True).moved == 1
    report = index.sync(folder)
    assert (report.added, report.deleted, report.moved) == (1, 1, 1)
    assert index.manifest.status()[0].counts["moved"] == 1
    assert set(index.find("jornadas")) == {"correo.md"}
    index.assert_in_step()


def test_moved_documents_keep_their_vectors(tmp_path: Path, folder: Path) -> None:
    """Nothing of a document that moved, or was copied, is embedded again."""
    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(folder)
        index.embed()
        index.embedder.texts.clear()
        folder.rename(tmp_path / "other")
        (folder / "deep").mkdir(parents=True)
        for path in (tmp_path / "other").iterdir():
            path.rename(folder / "deep" / path.name)
        shutil.copy(folder / "deep" / "envios.md", folder / "deep" / "copia.md")
        report = index.sync(folder)
        assert (report.moved, report.added, report.deleted) == (3, 4, 3)
        assert index.embed() == 0
        assert index.embedder.texts == []
        index.assert_in_step()
        assert index.vectors is not None
        for text in (
            "Vacaciones\nHay veintitrés días hábiles al año.",
            "Envíos\nEl correo tarda dos jornadas.",
        ):
            near = index.vectors.query(index.embedder.embed_query(text), 2, frozenset({"docs"}))
            live = index.manifest.passages([id_ for id_, _ in near])
            assert near[0][1] == pytest.approx(1, abs=1e-5)
            assert text.endswith(live[near[0][0]].text)


def test_moved_document_that_is_called_after_its_file_is_embedded_by_its_new_name(tmp_path: Path) -> None:
    """Where the title is the file's name, a move changes what is said of every passage."""
    folder = tmp_path / "docs"
    write(folder, **{"plan-viejo": "El correo tarda dos jornadas.", "otro": "# Otro\n\nTexto."})
    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(folder)
        index.embed()
        index.embedder.texts.clear()
        (folder / "plan-viejo.md").rename(folder / "plan-nuevo.md")
        (folder / "otro.md").rename(folder / "distinto.md")
        assert index.sync(folder).moved == 2
        index.embed()
        assert [text.partition("\n")[0] for text in index.embedder.texts] == ["Plan nuevo"]
        assert set(index.find("nuevo")) == {"plan-nuevo.md"}
        assert index.find("viejo") == {}
        index.assert_in_step()


def test_half_a_listing_moves_nothing(index: Index) -> None:
    """Whether a document is gone from its old place is known from a whole listing alone."""
    source = listing(3)
    index.indexer.sync(source)
    source.documents = {"nuevo.md": source.documents["0.md"], "1.md": source.documents["1.md"]}
    source.listing_fails_after = 1
    report = index.indexer.sync(source)
    assert (report.added, report.moved, report.deleted) == (1, 0, 0)


def test_vectors_that_cannot_be_copied_are_made(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Chroma away a move is a move all the same, and its passages get their vectors later."""

    def away(*_: object) -> None:
        raise KnowledgeError("Chroma is away.")

    with Index(tmp_path / "data", vectors=True) as index:
        index.sync(folder)
        index.embed()
        (folder / "envios.md").rename(folder / "correo.md")
        with monkeypatch.context() as patch:
            patch.setattr(type(index.vectors), "copy", away)
            assert index.sync(folder).moved == 1
        assert index.manifest.pending_count() == 1
        assert index.embed() == 1
        index.assert_in_step()


def test_same_text_in_two_documents_is_found_in_both(index: Index, folder: Path) -> None:
    """Copies are documents of their own: one may go without the other."""
    shutil.copy(folder / "envios.md", folder / "copia.md")
    index.sync(folder)
    assert set(index.find("jornadas")) == {"copia.md", "envios.md"}
    (folder / "copia.md").unlink()
    index.sync(folder)
    assert set(index.find("jornadas")) == {"envios.md"}


def test_unreadable_document_is_reported_and_the_rest_indexed(index: Index, folder: Path) -> None:
    """A bad document costs itself only, and is reported every time without being read again."""
    (folder / "roto.pdf").write_bytes(b"%PDF-1.7 nothing of the kind")
    for _ in range(2):
        report = index.sync(folder)
        assert [failure.document for failure in report.failed] == ["roto.pdf"]
        assert report.failed[0].reason
        assert "roto.pdf" in report.failed[0].message
        assert report.seen == report.added + report.unchanged + len(report.failed)
    assert set(index.find("tornillo")) == {"precios.md"}


def test_unreadable_new_version_leaves_the_old_one(index: Index, folder: Path) -> None:
    """A document that turns unreadable is reported, and answers as it was last read until it is gone."""
    index.sync(folder)
    (folder / "envios.md").write_bytes(b"")
    report = index.sync(folder)
    assert [(failure.document, failure.reason) for failure in report.failed] == [("envios.md", "empty")]
    assert report.changed == 0
    assert set(index.find("jornadas")) == {"envios.md"}
    write(folder, envios="# Envíos\n\nEl correo tarda dos jornadas.")
    report = index.sync(folder)
    assert (report.failed, report.unchanged) == ([], 3)
    (folder / "envios.md").unlink()
    assert index.sync(folder).deleted == 1
    assert index.find("jornadas") == {}


def test_text_that_no_database_takes_is_mended(index: Index, folder: Path) -> None:
    """Zero characters and halves of surrogate pairs, as JSON may spell them, cost themselves only."""
    (folder / "raro.json").write_bytes(b'{"nota": "antes \\u0000 medio \\ud83d despues \\ud83d\\ude00"}')
    assert index.sync(folder).failed == []
    text = index.find("despues")["raro.json"]
    assert "antes \ufffd medio \ufffd despues \U0001f600" in text


def test_document_that_could_not_be_fetched_is_tried_again(index: Index) -> None:
    """Trouble on the way to a document, unlike trouble in it, is retried with the same signal."""
    source = listing(3)
    source.unreadable["1.md"] = "timeout"
    assert [failure.reason for failure in index.indexer.sync(source).failed] == ["timeout"]
    source.unreadable.clear()
    report = index.indexer.sync(source)
    assert (report.failed, report.added) == ([], 1)
    assert set(index.find("clave1x")) == {"1.md"}


def test_listing_that_fails_deletes_nothing(index: Index) -> None:
    """A listing broken off half way takes in what it named, deletes nothing, and says so."""
    source = listing(10)
    index.indexer.sync(source)
    source.documents["0.md"] = "# Otra\n\nCambiada."
    source.listing_fails_after = 2
    report = index.indexer.sync(source)
    assert (report.seen, report.changed, report.deleted) == (2, 1, 0)
    assert report.problem
    assert "mount it" in report.problem
    assert set(index.find("clave9x")) == {"9.md"}
    assert index.manifest.status()[0].problem == report.problem


def test_source_that_cannot_be_fetched_from_deletes_nothing(index: Index) -> None:
    """When no document can be had any more, the sync ends there and says so."""
    source = listing(10)
    index.indexer.sync(source)
    del source.documents["3.md"]
    source.documents["0.md"] = "# Otra\n\nCambiada."
    source.unreachable = True
    report = index.indexer.sync(source)
    assert (report.deleted, report.changed) == (0, 0)
    assert report.problem
    assert set(index.find("clave3x")) == {"3.md"}


@pytest.mark.parametrize(("left", "withheld"), [(0, 30), (1, 29), (23, 7), (24, 0), (27, 0)], ids=str)
def test_sharp_shrinking_is_not_believed(index: Index, left: int, withheld: int) -> None:
    """A listing that lacks more than a fifth of the documents deletes none, until it is allowed to."""
    source = listing(30)
    index.indexer.sync(source)
    source.documents = dict(list(source.documents.items())[:left])
    report = index.indexer.sync(source)
    assert (report.withheld, report.deleted) == (withheld, 0 if withheld else 30 - left)
    assert bool(report.problem) == bool(withheld)
    assert bool(index.find("clave29x")) == bool(withheld)
    index.indexer.sync(source, Wanted(allow_deletions=True))
    assert set(index.manifest.records("docs")) == set(source.documents)
    index.assert_in_step()


def test_moved_folder_is_believed(index: Index) -> None:
    """Documents that only changed their place are not missed, however many they are."""
    source = listing(30)
    index.indexer.sync(source)
    source.documents = {f"nuevo/{name}": text for name, text in source.documents.items()}
    report = index.indexer.sync(source)
    assert (report.added, report.deleted, report.withheld) == (30, 30, 0)
    assert set(index.find("clave7x")) == {"nuevo/7.md"}


def test_documents_that_never_could_be_read_are_not_missed(index: Index) -> None:
    """Leaving out what had failed anyway is no accident."""
    source = listing(10)
    source.unreadable = {f"{n}.md": "encrypted" for n in range(8)}
    index.indexer.sync(source)
    source.documents = dict(list(source.documents.items())[8:])
    report = index.indexer.sync(source)
    assert (report.deleted, report.withheld, report.failed) == (8, 0, [])


def test_few_deletions_are_believed_in_a_small_source(index: Index) -> None:
    """One of three documents may go, but not two, nor the last one."""
    source = listing(3)
    index.indexer.sync(source)
    del source.documents["0.md"]
    assert index.indexer.sync(source).deleted == 1
    source.documents = {}
    report = index.indexer.sync(source)
    assert (report.deleted, report.withheld, report.missing) == (0, 2, ("1.md", "2.md"))
    assert index.indexer.sync(listing(2)).withheld == 0


@pytest.mark.parametrize(("share", "withheld"), [(0.0, 1), (0.05, 2), (0.5, 0), (1.0, 0)])
def test_how_much_may_go_is_a_setting(index: Index, share: float, withheld: int) -> None:
    """With 0 every deletion is asked about; a single one is an accident in no other case."""
    source = listing(10)
    index.indexer.sync(source)
    for name in ("0.md", "1.md")[: withheld or 2]:
        del source.documents[name]
    assert index.indexer.sync(source, Wanted(share=share)).withheld == withheld


def test_what_somebody_says_is_gone_is_believed_and_no_more(index: Index) -> None:
    """Of what is missing now, what was confirmed goes; what came back stays; what is newly missing waits."""
    source = listing(10)
    whole = dict(source.documents)
    index.indexer.sync(source)
    source.documents = dict(list(whole.items())[:4])
    missing = index.indexer.sync(source).missing
    source.documents = {name: whole[name] for name in ("2.md", "3.md", "9.md")}
    report = index.indexer.sync(source, Wanted(gone=frozenset(missing), share=0.1))
    assert (report.deleted, report.withheld, report.missing) == (5, 2, ("0.md", "1.md"))
    assert set(index.manifest.records("docs")) == {"0.md", "1.md", "2.md", "3.md", "9.md"}
    index.assert_in_step()


def test_changes_are_taken_in_where_deletions_are_not(index: Index) -> None:
    """What a suspicious listing has is as good as ever: only what it lacks is doubted."""
    source = listing(10)
    index.indexer.sync(source)
    source.documents = {"0.md": "# Otra\n\nCambiadita.", "nuevo.md": "# Nuevo\n\nReciente."}
    report = index.indexer.sync(source)
    assert (report.added, report.changed, report.deleted, report.withheld) == (1, 1, 0, 9)
    assert report.hindrance == "withheld"
    assert set(index.find("reciente")) == {"nuevo.md"}
    assert set(index.find("clave9x")) == {"9.md"}


def test_one_document_is_read_and_no_other(index: Index) -> None:
    """However many have changed; with `full` although it has not."""
    source = listing(5)
    index.indexer.sync(source)
    source.documents = {name: f"{text} Cambiada." for name, text in source.documents.items()}
    source.fetched.clear()
    report = index.indexer.sync(source, Wanted(document="2.md"))
    assert (report.seen, report.changed, source.fetched) == (1, 1, ["2.md"])
    assert set(index.find("cambiada")) == {"2.md"}
    report = index.indexer.sync(source, Wanted(document="2.md"))
    assert (report.unchanged, source.fetched) == (1, ["2.md"])
    index.indexer.sync(source, Wanted(document="2.md", full=True))
    assert source.fetched == ["2.md", "2.md"]
    assert index.indexer.sync(source).changed == 4
    index.assert_in_step()


def test_one_document_that_is_new_or_gone(index: Index) -> None:
    """A new one is taken in, one that is listed no more is taken out, an unknown one has a nearest."""
    source = listing(3)
    index.indexer.sync(source)
    source.documents["nuevo.md"] = "# Nuevo\n\nReciente."
    del source.documents["0.md"]
    assert index.indexer.sync(source, Wanted(document="nuevo.md")).added == 1
    assert index.indexer.sync(source, Wanted(document="0.md")).deleted == 1
    report = index.indexer.sync(source, Wanted(document="neuvo.md"))
    assert (report.hindrance, report.cause) == ("unknown", "nuevo.md")
    assert set(index.manifest.records("docs")) == {"1.md", "2.md", "nuevo.md"}


def test_one_document_of_an_empty_listing_stays(index: Index) -> None:
    """A source that has nothing at all any more may be away."""
    source = listing(3)
    index.indexer.sync(source)
    source.documents = {}
    report = index.indexer.sync(source, Wanted(document="0.md"))
    assert (report.deleted, report.hindrance) == (0, "unknown")


class Crawling(Listing):
    """Reads its documents in order to list them."""

    def list(self) -> Iterator[Listed]:
        raise AssertionError("every page would be asked for")

    def one(self, document: str, url: str | None) -> Listed | None:
        return Listed(document, "", url)


def test_one_page_is_asked_for_without_the_others(index: Index) -> None:
    """And its sign of change is learnt when the site is next listed."""
    source = listing(3)
    index.indexer.sync(source)
    site = Crawling({name: f"{text} Cambiada." for name, text in source.documents.items()})
    report = index.indexer.sync(site, Wanted(document="1.md"))
    assert (report.seen, report.changed, site.fetched) == (1, 1, ["1.md"])
    source.documents, source.fetched = site.documents, []
    report = index.indexer.sync(source)
    assert (report.changed, report.unchanged, sorted(source.fetched)) == (2, 1, ["0.md", "1.md", "2.md"])


def test_an_earlier_run_writes_nothing_once_a_later_one_has_begun(index: Index) -> None:
    """However late it notices: what it would write is refused in the transaction itself."""
    source, later = listing(3), listing(3)
    later.documents = {name: f"{text} Posterior." for name, text in later.documents.items()}

    class Overtaken(Listing):
        def fetch(self, listed: Listed) -> Fetched:
            if not self.fetched:
                with index.manifest._engine.begin() as connection:
                    Fences(index.engine).enter(connection, "docs", 8)
            return super().fetch(listed)

    with pytest.raises(SupersededError, match="docs"):
        index.indexer.sync(Overtaken(source.documents), Wanted(run=7))
    assert index.manifest.records("docs") == {}
    with pytest.raises(SupersededError):
        index.indexer.sync(source, Wanted(run=6))
    assert index.indexer.sync(later, Wanted(run=9)).added == 3
    assert index.manifest.fences.latest("docs") == 9
    index.assert_in_step()


def test_one_source_never_touches_another(index: Index, folder: Path, tmp_path: Path) -> None:
    """Two sources may hold documents of the same name; syncing or forgetting one leaves the other."""
    write(tmp_path / "other", envios="# Envíos\n\nLas palomas vuelan jornadas.")
    index.sync(folder)
    index.sync(tmp_path / "other", "other")
    (folder / "envios.md").unlink()
    index.sync(folder)
    assert set(index.find("jornadas", "docs", "other")) == {"envios.md"}
    index.indexer.forget("docs")
    assert index.manifest.sources() == ["other"]
    assert set(index.content()) == {"other/envios.md"}
    index.assert_in_step()


def test_dry_run_counts_the_same_and_writes_nothing(index: Index, folder: Path) -> None:
    """`dry_run` reports what a sync would, and leaves files and rows as they are."""
    index.sync(folder)
    write(folder, envios="# Envíos\n\nOtra cosa.\n\n## Más\n\nTexto.", nuevo="# Nuevo\n\nTexto.")
    (folder / "precios.md").unlink()
    before = (index.content(), index.manifest.records("docs"), index.manifest.status()[0].finished)
    dry = index.sync(folder, dry_run=True)
    assert (index.content(), index.manifest.records("docs"), index.manifest.status()[0].finished) == before
    real = index.sync(folder)
    assert (dry.counts(), dry.chunks, dry.failed) == (real.counts(), real.chunks, real.failed)
    assert (real.added, real.changed, real.unchanged, real.deleted) == (1, 1, 1, 1)


def test_dry_run_on_nothing_makes_no_lexical_index(index: Index, folder: Path) -> None:
    """A first run that only looks leaves nothing behind."""
    assert index.sync(folder, dry_run=True).added == 3
    assert not (index.data / "lexical").exists()
    assert index.manifest.sources() == []


def test_other_recipe_reads_everything_anew(index: Index, folder: Path, tmp_path: Path) -> None:
    """Where another window makes other passages, unchanged documents get them too."""
    index.sync(folder)
    index.indexer.close()
    with Index(tmp_path / "data", window=25) as narrow, Index(tmp_path / "scratch", window=25) as scratch:
        narrow.sync(folder)
        scratch.sync(folder)
        assert narrow.content() == scratch.content()
        narrow.assert_in_step()


def test_full_sync_reads_everything(index: Index) -> None:
    """`full` fetches what is unchanged, and still says that it is."""
    source = listing(3)
    index.indexer.sync(source)
    source.fetched.clear()
    report = index.indexer.sync(source, Wanted(full=True))
    assert (len(source.fetched), report.unchanged) == (3, 3)
    index.assert_in_step()


def test_new_address_reaches_the_passages(index: Index) -> None:
    """When a source begins to give addresses, unchanged documents are cited with them."""
    source = listing(2)
    index.indexer.sync(source)
    source.url = "https://example.com/doc"
    index.indexer.sync(source)
    live = index.manifest.passages(index.manifest.live())
    assert {passage.url for passage in live.values()} == {source.url}


def test_every_passage_is_dated(index: Index) -> None:
    """By the source, never in the future; else by when it was first seen, which another reading keeps."""
    source = listing(1)
    began = datetime.now(UTC)

    def dated() -> datetime:
        (passage,) = index.manifest.passages(index.manifest.live()).values()
        assert passage.as_of is not None
        return passage.as_of

    index.indexer.sync(source)
    first = dated()
    assert began <= first <= datetime.now(UTC)
    index.indexer.sync(source, Wanted(full=True))
    assert dated() == first
    source.documents["0.md"] += " Más."
    index.indexer.sync(source)
    assert dated() > first
    source.modified = datetime(2024, 3, 1, tzinfo=UTC)
    index.indexer.sync(source, Wanted(full=True))
    assert dated() == source.modified
    source.modified = datetime(2024, 3, 1)
    index.indexer.sync(source, Wanted(full=True))
    assert dated() == source.modified.replace(tzinfo=UTC)
    source.modified = datetime.now(UTC) + timedelta(days=3)
    index.indexer.sync(source, Wanted(full=True))
    assert began < dated() <= datetime.now(UTC)


def test_document_listed_twice_is_read_once_and_told(index: Index) -> None:
    """The first of two counts, always the same; only two that differ are worth a word."""

    class Twice(Listing):
        def list(self) -> Iterator[Listed]:
            for listed in super().list():
                yield listed
                yield replace(listed, signal=self.again or listed.signal, url="https://elsewhere.example")

        again = ""

    source = Twice({"a.md": "# A\n\nUno.", "b.md": "# B\n\nDos."})
    report = index.indexer.sync(source)
    assert (report.seen, report.added, report.failed) == (2, 2, [])
    source.again = "other"
    source.fetched.clear()
    report = index.indexer.sync(source)
    assert source.fetched == []
    assert [(one.document, one.reason) for one in report.failed] == [
        ("a.md", "duplicate"),
        ("b.md", "duplicate"),
    ]
    assert (report.unchanged, report.problem) == (2, None)


def test_document_listed_twice_is_for_those_whom_both_let(index: Index) -> None:
    """A second listing of a document takes no restriction away."""

    class Twice(Listing):
        def list(self) -> Iterator[Listed]:
            for listed in super().list():
                yield listed
                yield replace(listed, readers=frozenset({"mail:ana@empresa.example"}))

    index.indexer.sync(Twice({"a.md": "# A\n\nUno."}))
    record = index.manifest.records("docs")["a.md"]
    assert "mail:ana@empresa.example" in (record.readers or "")


@pytest.mark.parametrize("after", [0, 5])
def test_source_that_breaks_while_listing_deletes_nothing(index: Index, after: int) -> None:
    """An error that nobody foresaw is one of the source: it is told, and all that was there stays."""

    class Broken(Listing):
        def list(self) -> Iterator[Listed]:
            yield from list(super().list())[:after]
            raise KeyError("next_page")

    source = listing(10)
    index.indexer.sync(source)
    report = index.indexer.sync(Broken(source.documents))
    assert (report.deleted, report.hindrance) == (0, "unlisted")
    assert "KeyError: 'next_page'" in (report.problem or "")
    assert len(index.manifest.live()) == 10


def test_document_that_a_source_stumbles_over_is_reported(index: Index) -> None:
    """An error that nobody foresaw while one document is fetched is that document's, and tried again."""

    class Broken(Listing):
        def fetch(self, listed: Listed) -> Fetched:
            if listed.document == "1.md":
                raise TypeError("no body")
            return super().fetch(listed)

    source = listing(3)
    report = index.indexer.sync(Broken(source.documents))
    assert [(one.document, one.reason) for one in report.failed] == [("1.md", "unexpected")]
    assert index.indexer.sync(source).added == 1


def test_stopped_sync_goes_on_the_next_time(index: Index) -> None:
    """A stop keeps what was read, deletes nothing, and the next sync does the rest."""
    source = listing(10)
    stop = threading.Event()

    def stop_half_way(progress: Progress) -> None:
        if progress.done == 5:
            stop.set()

    report = index.indexer.sync(source, stop=stop, progress=stop_half_way)
    assert report.added == 5
    assert report.problem
    assert index.indexer.sync(source).added == 5
    index.assert_in_step()


def test_progress_reaches_the_total(index: Index) -> None:
    """Progress counts documents up to all of them."""
    seen: list[Progress] = []
    index.indexer.sync(listing(4), progress=seen.append)
    assert [progress.done for progress in seen] == [1, 2, 3, 4]
    assert {progress.total for progress in seen} == {4}


def test_second_writer_is_refused_in_a_sentence(index: Index, folder: Path, tmp_path: Path) -> None:
    """While one process indexes, another is told so and changes nothing."""
    index.sync(folder)
    with Index(tmp_path / "data") as second, pytest.raises(KnowledgeError, match="another process"):
        second.sync(folder)


def test_reader_sees_what_is_written_while_it_is_open(index: Index, folder: Path, tmp_path: Path) -> None:
    """A process that only searches sees each sync without being told."""
    with Index(tmp_path / "data") as reader:
        index.sync(folder)
        assert set(reader.find("jornadas")) == {"envios.md"}
        write(folder, envios="# Envíos\n\nEl correo tarda cinco semanas.")
        index.sync(folder)
        assert reader.find("jornadas") == {}
        assert set(reader.find("semanas")) == {"envios.md"}


def test_status_tells_what_is_indexed_and_what_is_not(tmp_path: Path, folder: Path) -> None:
    """Documents, passages, vectors, failures and the last sync are in the status of each source."""
    (folder / "roto.pdf").write_bytes(b"%PDF-1.7 nothing of the kind")
    with Index(tmp_path / "data", vectors=True) as index:
        report = index.sync(folder)
        (status,) = index.manifest.status()
        assert (status.source, status.documents, status.passages) == ("docs", 3, report.chunks)
        assert status.vectors == 0
        assert [failure.document for failure in status.failed] == ["roto.pdf"]
        assert status.counts == report.counts()
        assert status.finished is not None
        assert status.age is not None
        index.embed()
        assert index.manifest.status()[0].vectors == report.chunks


names = st.sampled_from(["a.md", "b.md", "sub/c.md"])
# Few sections, so that documents share and repeat them.
texts = st.lists(st.integers(0, 5), max_size=6).map(
    lambda sections: "# Título\n\n" + "\n\n".join(f"## Parte {n}\n\nTexto de la parte {n}." for n in sections)
)
changes = st.one_of(
    st.tuples(st.just("write"), names, texts),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("move"), names, names),
    st.tuples(st.just("touch"), names),
    st.tuples(st.just("copy"), names, names),
)


def change(folder: Path, kind: str, name: str, *more: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    if kind == "write":
        path.write_text(more[0], "utf-8")
    elif path.exists():
        other = folder / (more[0] if more else name)
        other.parent.mkdir(exist_ok=True)
        if kind == "delete":
            path.unlink()
        elif kind == "touch":
            os.utime(path, (1, 1))
        elif kind == "move":
            path.rename(other)
        elif path != other:
            shutil.copy(path, other)


@given(st.lists(st.lists(changes, max_size=5), min_size=1, max_size=5))
@settings(max_examples=10)
def test_any_history_ends_in_the_index_of_its_end(rounds: list[list[tuple[str, ...]]]) -> None:
    """However documents came to be what they are, the index is that of one that only saw the end."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "docs")
        folder.mkdir()
        with Index(Path(place, "data")) as index, Index(Path(place, "scratch")) as scratch:
            for round_ in rounds:
                for one in round_:
                    change(folder, *one)
                report = index.sync(folder, wanted=Wanted(allow_deletions=True))
                assert report.seen == report.added + report.changed + report.unchanged + len(report.failed)
            scratch.sync(folder)
            assert index.content() == scratch.content()
            assert report.chunks == len(index.manifest.live())
            index.assert_in_step()
            assert known(index) == known(scratch)


def known(index: Index) -> set[tuple[object, ...]]:
    records = index.manifest.records("docs").values()
    return {(record.document, record.signal, record.content_hash, record.passages) for record in records}
