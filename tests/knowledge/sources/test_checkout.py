"""How old the files of a folder are: by their commits, where there are any."""

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.sources import Surroundings
from knowledge.sources.folder import FolderSource
from tests.knowledge.sources.test_git import git

FIRST, SECOND = "2024-03-01T12:00:00Z", "2024-05-01T12:00:00Z"


def days(root: Path, cache: Path) -> dict[str, str]:
    with closing(FolderSource("docs", root, surroundings=Surroundings(cache))) as source:
        return {one.document: f"{one.modified:%Y-%m-%d}" for one in source.list()}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = tmp_path / "origin"
    (root / "docs" / "más").mkdir(parents=True)
    git(root, "init", "-q", "-b", "principal")
    for name in ("a.md", "b.md", "más/señal.md"):
        (root / "docs" / name).write_text(f"# {name}\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "uno", date=FIRST)
    (root / "docs" / "b.md").write_text("# B\n")
    git(root, "commit", "-qam", "dos", date=SECOND)
    return root


def test_a_fresh_clone_is_as_old_as_its_commits(origin: Path, tmp_path: Path) -> None:
    """Each file has the day of the commit that changed it last, not that of the clone."""
    git(tmp_path, "clone", "-q", str(origin), "clone")
    found = days(tmp_path / "clone" / "docs", tmp_path / "cache")
    assert found == {"a.md": "2024-03-01", "b.md": "2024-05-01", "más/señal.md": "2024-03-01"}


def test_what_is_edited_since_has_its_own_day(origin: Path, tmp_path: Path) -> None:
    """So has what was never committed; the next commit counts for what it changes alone."""
    root = origin / "docs"
    (root / "a.md").write_text("# Otra\n")
    (root / "nuevo.md").write_text("# Nuevo\n")
    for name in ("a.md", "nuevo.md"):
        moment = datetime(2025, 7, 7, 12, tzinfo=UTC).timestamp()
        os.utime(root / name, (moment, moment))
    assert days(root, tmp_path / "cache") == {
        "a.md": "2025-07-07", "b.md": "2024-05-01", "nuevo.md": "2025-07-07", "más/señal.md": "2024-03-01",
    }  # fmt: skip
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "tres", date="2025-08-08T12:00:00Z")
    assert days(root, tmp_path / "cache")["a.md"] == "2025-08-08"
    assert days(root, tmp_path / "cache")["b.md"] == "2024-05-01"


def test_a_folder_without_git_has_the_days_of_its_files(tmp_path: Path) -> None:
    """And so has one whose repository is empty or broken."""
    root = tmp_path / "docs"
    root.mkdir()
    (root / "a.md").write_text("# A\n")
    moment = datetime(2025, 7, 7, 12, tzinfo=UTC).timestamp()
    os.utime(root / "a.md", (moment, moment))
    assert days(root, tmp_path / "cache") == {"a.md": "2025-07-07"}
    (tmp_path / ".git").mkdir()
    assert days(root, tmp_path / "cache") == {"a.md": "2025-07-07"}
    git(root, "init", "-q")
    assert days(root, tmp_path / "cache") == {"a.md": "2025-07-07"}


def test_nothing_of_a_repository_is_run(origin: Path, tmp_path: Path) -> None:
    """Filters, hooks and monitors that its settings name stay out of it."""
    trap = tmp_path / "trap"
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "diff.x.textconv"):
        git(origin, "config", key, f"touch {trap}")
    (origin / ".gitattributes").write_text("*.md filter=x diff=x\n")
    (origin / "docs" / "a.md").write_text("# Otra\n")
    days(origin / "docs", tmp_path / "cache")
    assert not trap.exists()
