"""The folder under the contract of all sources."""

import shutil
from pathlib import Path

import pytest

from knowledge.sources.folder import FolderSource
from knowledge.sources.testing import SourceContract, World


class FolderWorld(World):
    """A folder of files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def open(self) -> FolderSource:
        return FolderSource("docs", self.root)

    def put(self, name: str, text: str) -> None:
        (self.root / name).write_text(f"# Título\n\n{text}\n", encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def move(self, name: str, to: str) -> None:
        (self.root / name).rename(self.root / to)

    def spoil(self, name: str) -> None:
        with (self.root / name).open("wb") as file:
            file.truncate(10**12)

    def fail(self) -> None:
        shutil.rmtree(self.root)


class TestFolder(SourceContract):
    """Every rule that a folder can break."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> FolderWorld:
        return FolderWorld(tmp_path / "docs")
