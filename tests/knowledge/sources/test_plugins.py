"""Kinds of sources that other packages add."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.errors import ConfigurationError
from bot.opening import source_spec
from knowledge.documents import Source
from knowledge.errors import KnowledgeError
from knowledge.sources import open_source

_PLUGIN = """
from knowledge.documents import Fetched, Listed

class TicketSource:
    def __init__(self, name, *, queue, token, surroundings, limits=()):
        self.name, self.queue, self.token, self.limits = name, queue, token, limits
        self.surroundings = surroundings
    def list(self):
        yield Listed(f"{self.queue}-1", "1")
    def fetch(self, listed):
        return Fetched(listed.document, b"Texto.", "text/plain")
    def close(self):
        pass
"""


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with two kinds, one of which cannot be imported."""
    site = tmp_path / "site"
    about = site / "tickets-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "ticket_source.py").write_text(_PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tickets\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[vocero.sources]\ntickets = ticket_source:TicketSource\nbroken = ticket_source:Nothing\n"
        "folder = ticket_source:TicketSource\n"
    )
    monkeypatch.syspath_prepend(site)
    yield
    sys.modules.pop("ticket_source", None)


def opened(tmp_path: Path, text: str, **environ: str) -> Source:
    path = tmp_path / "vocero.toml"
    path.write_text(f'[[sources]]\nname = "t"\n{text}\n', encoding="utf-8")
    settings = load_settings(path, environ=environ)
    spec = source_spec(settings, settings.sources[0])
    return open_source(spec.kind, spec.name, spec.options, spec.surroundings)


def test_a_kind_of_another_package_is_opened_with_its_own_options(tmp_path: Path) -> None:
    """Secrets are filled in, however deep, and it has a folder of its own in the data."""
    text = 'kind = "tickets"\nqueue = "soporte"\ntoken = "${TICKETS}"\nlimits = ["a-${TICKETS}"]'
    with closing(opened(tmp_path, text, TICKETS="s3cr3t")) as source:
        assert [listed.document for listed in source.list()] == ["soporte-1"]
    assert source.token == "s3cr3t"
    assert source.limits == ["a-s3cr3t"]
    assert source.surroundings.cache == tmp_path / ".vocero" / "sources" / "t"


def test_a_secret_of_another_kind_must_be_set_too(tmp_path: Path) -> None:
    """As for every source."""
    with pytest.raises(ConfigurationError, match="put TICKETS into"):
        opened(tmp_path, 'kind = "tickets"\nqueue = "soporte"\ntoken = "${TICKETS}"')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('kind = "tickets"\nqueu = "soporte"\ntoken = "x"', "`queue`"),
        ('kind = "tickets"\ntoken = "x"', "needs `queue`"),
        ('kind = "broken"', "install its package again"),
    ],
)
def test_mistakes_in_another_kind_are_named(tmp_path: Path, text: str, told: str) -> None:
    """With the nearest of its own options."""
    with pytest.raises(KnowledgeError, match=told):
        opened(tmp_path, text)


def test_a_kind_that_nobody_adds_names_the_nearest(tmp_path: Path) -> None:
    """Those of other packages among them."""
    with pytest.raises(ConfigurationError, match="did you mean `tickets`"):
        opened(tmp_path, 'kind = "ticket"')


def test_what_comes_along_cannot_be_replaced(tmp_path: Path) -> None:
    """A package that is called like a kind of ours changes nothing."""
    (tmp_path / "docs").mkdir()
    with closing(opened(tmp_path, 'kind = "folder"\npath = "docs"')) as source:
        assert type(source).__name__ == "FolderSource"
