"""The index when the process is killed, the disk is full, or someone meddles with its folders."""

import os
import random
import re
import resource
import shutil
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from knowledge import intake, syncing, vectors
from knowledge.errors import KnowledgeError
from knowledge.indexing import Wanted
from knowledge.lexical import LexicalWriter
from knowledge.manifest import Manifest
from knowledge.store import ChromaVectors
from tests.knowledge.indexed import Index, write
from tests.knowledge.killing import child, killed_at, processes

processes.set_forkserver_preload(["tests.knowledge.test_indexing_faults"])

# The steps that leave something on the disk, and a time each comes for in one sync: between any two of
# them a kill finds another state.
STEPS: list[tuple[type, str, int]] = [
    (Manifest, "sync_started", 1),
    (Manifest, "set_mark", 1),
    (LexicalWriter, "add", 1),
    (LexicalWriter, "commit", 1),
    (Manifest, "write", 1),
    (LexicalWriter, "delete", 1),
    (ChromaVectors, "delete", 1),
    (LexicalWriter, "add", 2),
    (LexicalWriter, "commit", 2),
    (Manifest, "write", 2),
    (Manifest, "remove", 1),
    (LexicalWriter, "commit", 4),
    (Manifest, "set_mark", 2),
    (Manifest, "sync_ended", 1),
    (Manifest, "keep_embedder", 1),
    (ChromaVectors, "upsert", 1),
    (Manifest, "set_embedder", 1),
    (ChromaVectors, "upsert", 2),
    (Manifest, "set_embedder", 2),
    (Manifest, "pending", 2),
]


def text(number: int, version: int) -> str:
    """A document of which one passage stays and two change with the version; both name their document."""
    marker = f"doc{number}version{version}"
    return (
        f"# Documento {number}\n\nAsunto documento{number} {marker}.\n\n"
        f"## Siempre igual\n\nNada cambia aquí, fijo{number}.\n\n"
        f"## Detalle\n\nDetalle de documento{number}, {marker}.\n"
    )


MARKER = re.compile(r"doc(\d+)version(\d+)")


def live_versions(data: Path) -> dict[int, int]:
    """The version in which each document answers; fails where it answers in none or in two.

    The database, and what a search of the words finds by way of it, must agree.
    """
    with Index(data) as index:
        versions: dict[int, int] = {}
        for document, passages in index.content().items():
            marked = {
                mark for passage in passages for mark in re.findall(r"doc(\d+)version(\d+)", passage[3])
            }
            assert len(marked) == 1, f"{document} answers in two versions: {marked}"
            ((number, version),) = marked
            assert document == f"docs/{number}.md", f"{document} answers with the text of {number}"
            assert len(passages) == 3, f"{document} is not whole"
            for word in (f"documento{number}", f"doc{number}version{version}"):
                assert set(index.find(word)) == {f"{number}.md"}, f"{word} is not found"
            versions[int(number)] = int(version)
        return versions


def assert_as_from_scratch(data: Path, folder: Path, scratch: Path) -> None:
    """Once it is synced again, nothing tells the index from one that never saw any trouble."""
    with Index(data, vectors=True) as index:
        index.sync(folder, wanted=Wanted(allow_deletions=True))
        index.embed()
        index.assert_in_step()
        shutil.rmtree(scratch, ignore_errors=True)
        with Index(scratch) as fresh:
            fresh.sync(folder)
            assert index.content() == fresh.content()
        assert index.manifest.pending_count() == 0


def sync_and_embed(data: Path, folder: Path) -> None:
    with Index(data, vectors=True) as index:
        index.sync(folder, wanted=Wanted(allow_deletions=True))
        index.embed()


def sync_and_die(data: Path, folder: Path, owner: type, step: str, time_: int) -> None:
    """Kills itself before a step, when that comes for the given time."""
    syncing._DOCUMENTS = 3
    vectors._BATCH = 4
    original = getattr(owner, step)
    calls = 0

    def dying(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == time_:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(owner, step, dying)
    sync_and_embed(data, folder)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve documents in version 0, indexed and embedded: `docs` and `data`."""
    place = tmp_path_factory.mktemp("settled")
    write(place / "docs", **{str(number): text(number, 0) for number in range(12)})
    sync_and_embed(place / "data", place / "docs")
    return place


@pytest.fixture
def place(settled: Path, tmp_path: Path) -> Path:
    """A copy of the settled index and its documents."""
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("owner", "step", "time_"),
    STEPS,
    ids=[f"{owner.__name__}-{step}-{time_}" for owner, step, time_ in STEPS],
)
def test_killed_at_any_step(place: Path, owner: type, step: str, time_: int) -> None:
    """Killed between any two steps, every document answers in one version, and the next sync finishes."""
    folder, data = place / "docs", place / "data"
    edited = {0, 1, 2, 3, 4}
    write(folder, **{str(number): text(number, 1) for number in (*edited, 12, 13)})
    (folder / "11.md").unlink()
    (folder / "10.md").touch()
    process = child(sync_and_die, data, folder, owner, step, time_)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, "the step was never reached"
    versions = live_versions(data)
    assert versions.keys() >= set(range(11))
    assert all(version == 0 or number in edited or number > 11 for number, version in versions.items())
    assert_as_from_scratch(data, folder, place / "scratch")


def in_small_steps(data: Path, folder: Path) -> None:
    syncing._DOCUMENTS = 3
    vectors._BATCH = 4
    sync_and_embed(data, folder)


def trouble(folder: Path) -> None:
    """Some of everything that happens to documents: new, edited, touched, moved, deleted."""
    write(folder, **{str(number): text(number, 1) for number in (0, 1, 2, 3, 4, 12, 13)})
    (folder / "11.md").unlink()
    (folder / "10.md").touch()
    (folder / "9.md").rename(folder / "moved.md")


@pytest.mark.slow
def test_killed_before_every_call_that_writes(settled: Path, tmp_path: Path) -> None:
    """However many there are: each kill leaves every document in one version, and the next sync finishes."""
    number = 0
    while True:
        number += 1
        place = tmp_path / str(number)
        shutil.copytree(settled, place)
        trouble(place / "docs")
        killed = killed_at(number, in_small_steps, place / "data", place / "docs")
        with Index(place / "data") as index:
            for document in range(9):
                marks = {
                    mark
                    for text in index.find(f"documento{document}").values()
                    for mark in MARKER.findall(text)
                }
                assert len(marks) == 1, f"{number}: {document} answers in {len(marks)} versions"
            assert index.find("documento9"), f"{number}: what moves is nowhere"
        assert_as_from_scratch(place / "data", place / "docs", place / "scratch")
        shutil.rmtree(place)
        if not killed:
            break
    assert number > 30


def sync_over_and_over(data: Path, folder: Path, began: Connection) -> None:
    syncing._DOCUMENTS = 4
    vectors._BATCH = 4
    began.send("began")
    while True:
        sync_and_embed(data, folder)


def kill_at_random(place: Path, seed: int, kills: int) -> None:
    folder, data = place / "docs", place / "data"
    chance = random.Random(seed)
    last = live_versions(data)
    for version in range(1, kills + 1):
        receiver, sender = processes.Pipe(duplex=False)
        process = child(sync_over_and_over, data, folder, sender)
        receiver.recv()
        for number in chance.sample(range(12), 8):
            write(folder, **{str(number): text(number, version)})
        time.sleep(chance.uniform(0, 0.5))
        process.kill()
        process.join()
        now = live_versions(data)
        assert now.keys() == last.keys()
        assert all(last[number] <= now[number] <= version for number in now)
        last = now
    assert_as_from_scratch(data, folder, place / "scratch")


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random(place: Path, seed: int) -> None:
    """Killed again and again while documents change, each answers in one version, never an older one."""
    kill_at_random(place, seed, 8)


def test_killed_before_it_was_ever_whole(tmp_path: Path) -> None:
    """Killed while everything is made for the first time, nothing half made stands in the way."""
    folder, data = tmp_path / "docs", tmp_path / "data"
    write(folder, **{str(number): text(number, 0) for number in range(12)})
    chance = random.Random(7)
    for _ in range(6):
        receiver, sender = processes.Pipe(duplex=False)
        process = child(sync_over_and_over, data, folder, sender)
        receiver.recv()
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.join()
        assert set(live_versions(data).values()) <= {0}
    assert_as_from_scratch(data, folder, tmp_path / "scratch")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_killed_at_random_for_long(place: Path, seed: int) -> None:
    """The same, many more times."""
    kill_at_random(place, seed, 40)


@pytest.mark.parametrize(
    "lost", ["lexical", "lexical/index", "lexical/stamp.json", "lexical/agreed.json", "chroma"]
)
def test_lost_folders_are_made_anew(place: Path, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is derived may be deleted: the next run makes it anew without reading a document."""
    folder, data = place / "docs", place / "data"
    path = data / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with Index(data, vectors=True) as index:
        monkeypatch.setattr(intake, "read", None)
        assert index.sync(folder).unchanged == 12
        index.embed()
        index.assert_in_step()
    assert live_versions(data) == dict.fromkeys(range(12), 0)


def test_folder_deleted_under_a_running_process(place: Path) -> None:
    """A process that has the lexical index open notices at its next sync that it is gone."""
    folder, data = place / "docs", place / "data"
    with Index(data) as index:
        index.sync(folder)
        shutil.rmtree(data / "lexical")
        assert index.sync(folder).unchanged == 12
        assert set(index.find("documento3")) == {"3.md"}
        index.assert_in_step()


def test_commit_cut_short_can_be_repeated(place: Path) -> None:
    """Files of a commit that was killed before it counted do not stand in the way of the next one."""
    folder, data = place / "docs", place / "data"
    index_files = data / "lexical" / "index"
    shutil.copytree(data, place / "before")
    (folder / "3.md").unlink()
    sync_and_embed(data, folder)
    left = [".managed.json", *(path.name for path in index_files.glob("*.del"))]
    assert len(left) > 1
    for name in left:
        shutil.copy(index_files / name, place / "before" / "lexical" / "index" / name)
    assert_as_from_scratch(place / "before", folder, place / "scratch")


@pytest.mark.parametrize("part", ["lexical", "chroma"])
def test_older_copy_put_in_place_is_noticed(place: Path, part: str) -> None:
    """A derived folder from before an edit that left as many passages is brought up to date."""
    folder, data = place / "docs", place / "data"
    shutil.copytree(data / part, place / "copy")
    write(folder, **{str(number): text(number, 1) for number in range(12)})
    sync_and_embed(data, folder)
    shutil.rmtree(data / part)
    shutil.move(place / "copy", data / part)
    assert_as_from_scratch(data, folder, place / "scratch")
    assert live_versions(data) == dict.fromkeys(range(12), 1)


def test_database_put_back_is_noticed(place: Path) -> None:
    """An older database beside newer derived folders: they follow it, and the next sync takes in the rest."""
    folder, data = place / "docs", place / "data"
    shutil.copy(data / "index.db", place / "copy.db")
    write(folder, **{str(number): text(number, 1) for number in range(6)})
    sync_and_embed(data, folder)
    shutil.copy(place / "copy.db", data / "index.db")
    assert_as_from_scratch(data, folder, place / "scratch")
    assert live_versions(data) == {number: int(number < 6) for number in range(12)}


def damage(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"nothing of the kind" * 1000)
    elif how == "half":
        os.truncate(path, path.stat().st_size // 2)
    else:
        content = bytearray(path.read_bytes())
        content[4096 : len(content)] = os.urandom(len(content) - 4096)
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["garbage", "half", "noise"])
def test_damaged_database_is_named_and_the_index_made_anew(place: Path, how: str) -> None:
    """One sentence says which file, that it is damaged, and what to do; what it says works."""
    folder, data = place / "docs", place / "data"
    for left in ("index.db-wal", "index.db-shm"):
        (data / left).unlink(missing_ok=True)
    damage(data / "index.db", how)
    with pytest.raises(KnowledgeError, match=r"damaged.*move it away") as caught:
        sync_and_embed(data, folder)
    assert "index.db" in str(caught.value)
    assert "\n" not in str(caught.value)
    shutil.move(data / "index.db", place / "damaged.db")
    assert_as_from_scratch(data, folder, place / "scratch")
    assert live_versions(data) == dict.fromkeys(range(12), 0)


@pytest.mark.parametrize("how", ["garbage", "half"])
def test_damaged_vectors_are_named_and_made_anew(place: Path, how: str) -> None:
    """A Chroma folder that cannot be opened is an error naming it and the remedy, which works."""
    folder, data = place / "docs", place / "data"
    damage(data / "chroma" / "chroma.sqlite3", how)
    with pytest.raises(KnowledgeError, match="delete that folder") as caught:
        sync_and_embed(data, folder)
    assert str(data / "chroma") in str(caught.value)
    shutil.rmtree(data / "chroma")
    assert_as_from_scratch(data, folder, place / "scratch")


def sync_without_room(data: Path, folder: Path, room: int, outcome: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        sync_and_embed(data, folder)
    except KnowledgeError as error:
        outcome.send(str(error))


def sync_again_with_room(data: Path, folder: Path, room: int, outcome: Connection) -> None:
    with Index(data, vectors=True) as index:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        with pytest.raises(KnowledgeError, match="room"):
            index.sync(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        outcome.send(index.sync(folder).problem)
        index.embed()
        index.assert_in_step()


def crowd(folder: Path) -> None:
    """Edits half of the documents and adds large ones."""
    padding = "\n\n".join(f"Relleno {number} " + "palabra " * 30 for number in range(150))
    write(folder, **{f"nuevo{number}": f"# Nuevo {number}\n\n{padding}" for number in range(6)})
    write(folder, **{str(number): text(number, 1) for number in range(6)})


@pytest.mark.parametrize("room", [0, 50_000, 200_000, 1_000_000])
def test_full_disk_is_said_and_survived(place: Path, room: int) -> None:
    """Where nothing more can be written, the error says so, the index answers on, and room mends it."""
    folder, data = place / "docs", place / "data"
    crowd(folder)
    receiver, sender = processes.Pipe(duplex=False)
    process = child(sync_without_room, data, folder, room, sender)
    process.join(60)
    assert process.exitcode == 0
    error = receiver.recv()
    assert "room" in error
    assert "\n" not in error
    with Index(data) as index:
        assert all(index.find(f"documento{number}") for number in range(12))
    assert_as_from_scratch(data, folder, place / "scratch")


@pytest.mark.parametrize("room", [50_000, 200_000])
def test_process_that_met_a_full_disk_goes_on(place: Path, room: int) -> None:
    """Once there is room again, the same process finishes what it could not do, without a restart."""
    folder, data = place / "docs", place / "data"
    crowd(folder)
    receiver, sender = processes.Pipe(duplex=False)
    process = child(sync_again_with_room, data, folder, room, sender)
    process.join(60)
    assert process.exitcode == 0
    assert receiver.recv() is None
    assert_as_from_scratch(data, folder, place / "scratch")
