"""The index on a disk that is full: a small file system of its own, where this process may mount one."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.errors import KnowledgeError
from tests.knowledge.indexed import Index
from tests.knowledge.killing import child, processes
from tests.knowledge.test_indexing_faults import assert_as_from_scratch, crowd, settled, sync_and_embed

processes.set_forkserver_preload(["tests.knowledge.test_full_disk"])

__all__ = ["settled"]

_SIZE = 24_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def sync_on_a_full_disk(data: Path, folder: Path, ballast: Path, room: int) -> None:
    """Leaves so many bytes; what cannot be done must be one sentence, and the same process goes on after."""
    free = shutil.disk_usage(ballast.parent).free
    ballast.write_bytes(bytes(max(0, free - room)))
    try:
        sync_and_embed(data, folder)
    except KnowledgeError as error:
        assert "\n" not in str(error), error
        assert "room" in str(error), error
    finally:
        ballast.unlink()


@pytest.mark.slow
def test_disk_that_is_full_at_any_moment(settled: Path, disk: Path, tmp_path: Path) -> None:
    """However little room is left, what was searchable stays so, and room mends the rest."""
    for room in (0, 4_096, 20_000, 60_000, 120_000, 250_000, 500_000, 1_000_000, 2_000_000):
        place = disk / "place"
        shutil.copytree(settled, place)
        crowd(place / "docs")
        process = child(sync_on_a_full_disk, place / "data", place / "docs", disk / "ballast", room)
        process.join(120)
        assert process.exitcode == 0, room
        with Index(place / "data") as index:
            assert all(index.find(f"documento{number}") for number in range(12)), room
        assert_as_from_scratch(place / "data", place / "docs", tmp_path / "scratch")
        shutil.rmtree(place)
