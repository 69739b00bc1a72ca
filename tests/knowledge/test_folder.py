"""Folders on a real disk, with everything people and systems leave in them."""

import os
import time
import unicodedata
from pathlib import Path

import pytest

from knowledge.documents import Listed
from knowledge.errors import KnowledgeError, SourceError, UnreadableError
from knowledge.reading import MAX_BYTES
from knowledge.sources import open_source
from knowledge.sources.folder import FolderSource


def write(root: Path, *names: str, text: str = "x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(root: Path, **options: list[str]) -> list[str]:
    return [listed.document for listed in FolderSource("s", root, **options).list()]


def signal(root: Path) -> str:
    return next(iter(FolderSource("s", root).list())).signal


def test_everything_below_is_listed_in_order(tmp_path: Path) -> None:
    """Names are relative to the folder, with slashes, sorted, and the same each time."""
    write(tmp_path, "b.md", "a/c.pdf", "a/b/d.txt", "Z.md")
    assert names(tmp_path) == ["Z.md", "a/b/d.txt", "a/c.pdf", "b.md"] == names(tmp_path)


def test_what_nobody_calls_a_document_is_left_out(tmp_path: Path) -> None:
    """Hidden files, lock files, pictures and litter of systems are passed over."""
    litter = ".git/config", ".DS_Store", "~$acta.docx", "Thumbs.db", "logo.PNG", "web/style.css", "a.md~"
    write(tmp_path, "a.md", *litter)
    assert names(tmp_path) == ["a.md"]


def test_files_that_cannot_be_read_are_listed_and_refused_by_name(tmp_path: Path) -> None:
    """An odd file is not silently missing: its name and the reason can be told."""
    write(tmp_path, "plano.dwg", "carta.doc", "LICENSE")
    source = FolderSource("s", tmp_path)
    for listed in source.list():
        with pytest.raises(UnreadableError, match=f"`{listed.document}`") as caught:
            source.fetch(listed)
        assert caught.value.reason == "unsupported"


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    """A sparse file of any size costs nothing."""
    with (tmp_path / "a.pdf").open("wb") as file:
        file.truncate(MAX_BYTES * 1000)
    source = FolderSource("s", tmp_path)
    with pytest.raises(UnreadableError, match=r"`a\.pdf`") as caught:
        source.fetch(next(source.list()))
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": ["*.md"]}, ["a.md", "docs/b.md", "docs/old/c.md"]),
        ({"include": ["docs/*.md"]}, ["docs/b.md"]),
        ({"include": ["docs"]}, ["docs/b.md", "docs/d.txt", "docs/old/c.md"]),
        ({"include": ["docs/**/*.md"]}, ["docs/b.md", "docs/old/c.md"]),
        ({"exclude": ["old/"]}, ["a.md", "docs/b.md", "docs/d.txt"]),
        ({"exclude": ["/docs"]}, ["a.md"]),
        ({"include": ["*.md"], "exclude": ["**/old"]}, ["a.md", "docs/b.md"]),
        ({"include": ["docs/[b].md"]}, []),
    ],
)
def test_patterns_choose_as_gitignore_does(
    tmp_path: Path, options: dict[str, list[str]], expected: list[str]
) -> None:
    """A name fits anywhere, a path from the top, and a folder means all that is in it."""
    write(tmp_path, "a.md", "docs/b.md", "docs/old/c.md", "docs/d.txt")
    assert names(tmp_path, **options) == expected


def test_an_edit_of_the_same_size_with_its_time_put_back_changes_the_signal(tmp_path: Path) -> None:
    """No edit can look like none, however it is done."""
    write(tmp_path, "a.md", text="uno")
    os.utime(tmp_path / "a.md", ns=(10**18, 10**18))
    before = signal(tmp_path)
    time.sleep(0.03)
    write(tmp_path, "a.md", text="dos")
    os.utime(tmp_path / "a.md", ns=(10**18, 10**18))
    assert signal(tmp_path) != before


def test_an_untouched_file_keeps_its_signal(tmp_path: Path) -> None:
    """Reading a file changes nothing about it."""
    write(tmp_path, "a.md")
    source = FolderSource("s", tmp_path)
    before = next(source.list())
    assert source.fetch(before).content == b"x"
    assert next(source.list()) == before


def test_a_replaced_file_changes_its_signal(tmp_path: Path) -> None:
    """Another file moved to the same name is another file."""
    write(tmp_path, "a.md", "b.md")
    before = signal(tmp_path)
    (tmp_path / "b.md").rename(tmp_path / "a.md")
    assert signal(tmp_path) != before


def test_links_inside_are_followed_and_links_out_are_not(tmp_path: Path) -> None:
    """A link is one more name for what is in the folder, never a way out of it."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root, "a.md", ".versions/3/b.md")
    write(outside, "secret.md")
    (root / "link.md").symlink_to("a.md")
    (root / "current").symlink_to(".versions/3")
    (root / "out").symlink_to(outside)
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "broken.md").symlink_to("nowhere.md")
    assert names(root) == ["a.md", "current/b.md", "link.md"]


def test_rings_of_links_end(tmp_path: Path) -> None:
    """Links to folders above, to each other and to themselves list every file once."""
    write(tmp_path, "a/x.md", "b/y.md")
    (tmp_path / "a/up").symlink_to("..")
    (tmp_path / "a/b").symlink_to("../b")
    (tmp_path / "b/a").symlink_to("../a")
    (tmp_path / "self").symlink_to("self")
    assert names(tmp_path) == ["a/x.md", "b/y.md"]


def test_a_document_that_becomes_a_way_out_is_not_fetched(tmp_path: Path) -> None:
    """A link put in a file's place after the listing, or a name with dots, leads nowhere."""
    root = tmp_path / "root"
    write(root, "a.md")
    write(tmp_path, "secret.md")
    source = FolderSource("s", root)
    listed = next(source.list())
    (root / "a.md").unlink()
    (root / "a.md").symlink_to("../secret.md")
    for one in (listed, Listed("../secret.md", "")):
        with pytest.raises(UnreadableError) as caught:
            source.fetch(one)
        assert caught.value.reason == "vanished"


@pytest.mark.parametrize("missing", ["nowhere", "file.md"])
def test_a_folder_that_is_none_is_an_error_not_an_empty_listing(tmp_path: Path, missing: str) -> None:
    """What cannot be listed must not look like everything having been deleted."""
    write(tmp_path, "file.md")
    with pytest.raises(SourceError, match=missing):
        list(FolderSource("s", tmp_path / missing).list())


def test_a_folder_below_that_cannot_be_opened_fails_the_whole_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partial listing never passes for a complete one, and the error names the folder."""
    write(tmp_path, "a.md", "locked/b.md")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(SourceError, match=r"locked.*Permission denied"):
        list(FolderSource("s", tmp_path).list())


def test_a_file_gone_since_the_listing_is_its_own_trouble(tmp_path: Path) -> None:
    """One missing file is reported by name; a missing folder concerns the source."""
    root = tmp_path / "root"
    write(root, "a.md")
    source = FolderSource("s", root)
    listed = next(source.list())
    (root / "a.md").unlink()
    with pytest.raises(UnreadableError, match=r"`a\.md`"):
        source.fetch(listed)
    root.rmdir()
    with pytest.raises(SourceError):
        source.fetch(listed)


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the old and half of the new is never given out."""
    write(tmp_path, "a.md", text="viejo")
    source = FolderSource("s", tmp_path)
    listed = next(source.list())
    real, reads = Path.read_bytes, 0

    def read_bytes(path: Path) -> bytes:
        nonlocal reads
        reads += 1
        content = real(path)
        if reads == 1:
            time.sleep(0.03)
            path.write_text("nuevo texto")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert source.fetch(listed).content == b"nuevo texto"


def test_a_file_changed_just_now_is_read_after_the_clock_has_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one tick of the disk's clock, an older content could pass under the newer one's signal."""
    write(tmp_path, "a.md")
    source = FolderSource("s", tmp_path)
    listed = next(source.list())
    changed = (tmp_path / "a.md").stat().st_ctime
    waited: list[float] = []
    monkeypatch.setattr("knowledge.sources.folder.time.sleep", waited.append)
    for age in (0.001, 5.0):
        monkeypatch.setattr("knowledge.sources.folder.time.time", lambda age=age: changed + age)
        source.fetch(listed)
    assert len(waited) == 1
    assert waited[0] >= 0.01


def test_a_file_that_never_stops_changing_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log under way is left for the next time, by name."""
    write(tmp_path, "a.log")
    source = FolderSource("s", tmp_path)
    listed = next(source.list())
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        content = real(path)
        with path.open("a") as file:
            file.write("más")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(UnreadableError, match=r"`a\.log`") as caught:
        source.fetch(listed)
    assert caught.value.reason == "changing"


def test_names_are_valid_text_and_still_found(tmp_path: Path) -> None:
    """Accents in either form and bytes of an old encoding give readable names that can be fetched."""
    written = unicodedata.normalize("NFD", "año.md"), os.fsdecode(b"informaci\xf3n.md"), "café/ñ.md"
    for number, name in enumerate(written):
        write(tmp_path, name, text=str(number))
    source = FolderSource("s", tmp_path)
    listed = list(source.list())
    assert [one.document for one in listed] == ["año.md", "café/ñ.md", "información.md"]
    assert [source.fetch(one).content for one in listed] == [b"0", b"2", b"1"]
    for one in listed:
        one.document.encode()


def test_two_files_never_share_a_name(tmp_path: Path) -> None:
    """Two spellings of one name on the disk are two documents, each with its own content."""
    composed, decomposed = "á.md", unicodedata.normalize("NFD", "á.md")
    write(tmp_path, composed, text="1")
    write(tmp_path, decomposed, text="2")
    source = FolderSource("s", tmp_path)
    assert {one.document: source.fetch(one).content for one in source.list()} == {
        composed: b"1",
        decomposed: b"2",
    }


def test_pipes_and_sockets_are_no_documents(tmp_path: Path) -> None:
    """Opening one would wait for ever."""
    write(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    assert names(tmp_path) == ["a.md"]


def test_modified_is_when_the_content_changed(tmp_path: Path) -> None:
    """The file's time, in UTC."""
    write(tmp_path, "a.md")
    os.utime(tmp_path / "a.md", (1_700_000_000, 1_700_000_000))
    (listed,) = FolderSource("s", tmp_path).list()
    assert listed.modified is not None
    assert listed.modified.isoformat() == "2023-11-14T22:13:20+00:00"
    assert listed.url is None


def test_sources_are_opened_by_kind(tmp_path: Path) -> None:
    """The configuration names the kind, and its options go to it."""
    write(tmp_path, "a.md", "b.txt")
    source = open_source("folder", "docs", {"path": tmp_path, "include": ["*.md"]})
    assert source.name == "docs"
    assert [listed.document for listed in source.list()] == ["a.md"]


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("foldr", {"path": "x"}, "`folder`"),
        ("folder", {"path": "x", "includ": []}, "`include`"),
        ("folder", {}, "`path`"),
    ],
)
def test_mistakes_in_a_source_name_what_was_meant(kind: str, options: dict[str, object], told: str) -> None:
    """One sentence with the source's name and the nearest right word."""
    with pytest.raises(KnowledgeError, match=told) as caught:
        open_source(kind, "docs", options)
    assert "`docs`" in str(caught.value)
