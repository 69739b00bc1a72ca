"""Reviewed questions and answers: from a file, and saved from chat."""

from contextlib import closing
from pathlib import Path

import pytest

from knowledge.database import open_database
from knowledge.documents import Source
from knowledge.errors import SourceError, UnreadableError
from knowledge.official import OfficialAnswers
from knowledge.sources import Surroundings
from knowledge.sources.answers import LONGEST, AnswersSource
from knowledge.sources.testing import SourceContract, World


class AnswersWorld(World):
    """A Markdown file with a heading for each document."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, str] = {}
        self._write()

    def open(self) -> Source:
        return AnswersSource("official", self._path, surroundings=Surroundings(self._folder / "cache"))

    @property
    def _path(self) -> Path:
        return self._folder / "answers.md"

    def put(self, name: str, text: str) -> None:
        self._entries[name] = text
        self._write()

    def document(self, name: str) -> str:
        return "-".join(name.lower().replace(".", "-").replace("/", "-").split()) + ".md"

    def remove(self, name: str) -> None:
        del self._entries[name]
        self._write()

    def fail(self) -> None:
        self._path.unlink()

    def _write(self) -> None:
        self._path.write_text("\n".join(f"## {name}\n\n{text}\n" for name, text in self._entries.items()))


class TestAnswers(SourceContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return AnswersWorld(tmp_path)


def source(tmp_path: Path, text: str) -> AnswersSource:
    (tmp_path / "answers.md").write_text(text, "utf-8")
    database = f"sqlite:///{tmp_path / 'vocero.db'}"
    return AnswersSource(
        "official", tmp_path / "answers.md", surroundings=Surroundings(tmp_path, database=database)
    )


def contents(opened: AnswersSource) -> dict[str, str]:
    with closing(opened):
        return {one.document: opened.fetch(one).content.decode() for one in opened.list()}


def test_headings_in_a_row_share_the_answer(tmp_path: Path) -> None:
    """Each way of asking is a document whose title is the question."""
    found = contents(
        source(
            tmp_path,
            "# Lo oficial\n<!-- sí -->\n## ¿Hay comedor?\n## ¿Dónde se come?\n\nEn el 2.º piso.\n",
        )
    )
    assert len(found) == 2
    assert found["hay-comedor.md"] == "# ¿Hay comedor?\n\nEn el 2.º piso.\n"
    assert found["donde-se-come.md"] == "# ¿Dónde se come?\n\nEn el 2.º piso.\n"


def test_what_is_saved_from_chat_is_read_once_it_is_approved(tmp_path: Path) -> None:
    """What waits, and what was turned down, is nobody's answer."""
    opened = source(tmp_path, "")
    official = OfficialAnswers(open_database(f"sqlite:///{tmp_path / 'vocero.db'}"))
    for place in range(3):
        official.propose("official", f"¿{place}?", "Así.", author="slack:U1", about=f"turn {place}")
    official.decide(2, "approved", "slack:U9")
    official.decide(3, "rejected", "slack:U9")
    assert contents(opened) == {"saved/2.md": "# ¿1?\n\nAsí.\n"}


def test_a_correction_is_put_up_once(tmp_path: Path) -> None:
    """The same feedback that arrives twice waits once."""
    official = OfficialAnswers(open_database(f"sqlite:///{tmp_path / 'vocero.db'}"))
    assert official.propose("official", "¿?", "Sí.", author="slack:U1", about="turn U1") is not None
    assert official.propose("official", "¿?", "Sí.", author="slack:U1", about="turn U1") is None
    assert len(official.saved(("proposed",))) == 1


def test_an_answer_that_is_missing_or_too_long_is_named(tmp_path: Path) -> None:
    """The others are read all the same."""
    opened = source(tmp_path, f"## ¿A?\n\nSí.\n\n## ¿B?\n\n{'x ' * LONGEST}\n\n## ¿C?\n")
    listed = {one.document: one for one in opened.list()}
    assert opened.fetch(listed["a.md"]).content
    with pytest.raises(UnreadableError, match=r"¿B\?.*say it in 700"):
        opened.fetch(listed["b.md"])
    with pytest.raises(UnreadableError, match=r"¿C\?.*no answer"):
        opened.fetch(listed["c.md"])


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    """Nothing is listed: what was read before stays."""
    opened = source(tmp_path, "")
    (tmp_path / "answers.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="UTF-8"):
        list(opened.list())
