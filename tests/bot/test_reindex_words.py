"""What is meant by a name, and what is said of the time that is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admin import read_command
from bot.phrases import Phrases
from bot.reindexing import telling
from bot.reindexing.naming import Target, Unclear, find
from knowledge.syncing import Progress

SOURCES = ["handbook", "wiki"]
KNOWN = [
    ("handbook", "rrhh/Vacaciones.md", "https://docs.test/vacaciones"),
    ("handbook", "viajes.md", None),
    ("wiki", "rrhh/viajes.md", None),
    ("wiki", "42", None),
]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("wiki", Target("wiki")),
        ("rrhh/Vacaciones.md", Target("handbook", "rrhh/Vacaciones.md")),
        ("vacaciones.md", Target("handbook", "rrhh/Vacaciones.md")),
        ("handbook/rrhh/vacaciones.md", Target("handbook", "rrhh/Vacaciones.md")),
        ("https://docs.test/vacaciones", Target("handbook", "rrhh/Vacaciones.md")),
        ("wiki:42", Target("wiki", "42")),
        ("42", Target("wiki", "42")),
        # The whole path is meant before the end of another's.
        ("viajes.md", Target("handbook", "viajes.md")),
        ("handbook/nuevo.md", Target("handbook", "nuevo.md")),
    ],
)
def test_a_name_finds_what_it_names(name: str, target: Target) -> None:
    """By path, by the end of a path, by address, with its source; a new one only with its source."""
    assert find(name, SOURCES, KNOWN) == target


def test_what_may_be_two_things_names_both() -> None:
    """Nothing is guessed."""
    known = [*KNOWN, ("wiki", "viajes.md", None)]
    assert find("viajes.md", SOURCES, known) == Unclear(("handbook/viajes.md", "wiki/viajes.md"), True)


@pytest.mark.parametrize(
    ("name", "near"),
    [("hanbook", "handbook"), ("vacasiones.md", "handbook/rrhh/Vacaciones.md"), ("nada de esto", "handbook")],
)
def test_what_there_is_not_has_a_nearest(name: str, near: str) -> None:
    """A source or a document; where nothing is near, the sources."""
    found = find(name, SOURCES, KNOWN)
    assert isinstance(found, Unclear)
    assert not found.ambiguous
    assert found.candidates[0] == near


@given(st.text(max_size=40), st.lists(st.tuples(st.sampled_from(SOURCES), st.text(min_size=1, max_size=10))))
def test_any_name_is_found_or_answered(name: str, documents: list[tuple[str, str]]) -> None:
    """And what is found is in a source that there is."""
    found = find(name, SOURCES, [(*one, None) for one in documents])
    assert isinstance(found, Unclear) or found.source in SOURCES


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("reindex cancel", {"cancel": True}),
        ("reindexar cancelar docs", {"cancel": True, "source": "docs"}),
        ("reindex docs/Manual de viajes.md --full", {"source": "docs/Manual de viajes.md", "full": True}),
        ("reindex docs cancel.md", {"source": "docs cancel.md"}),
        ("sources pause docs", {"action": "pause", "source": "docs"}),
        ("fuentes reanudar docs", {"action": "resume", "source": "docs"}),
        ("sources", {}),
    ],
)
def test_orders_are_read_as_they_are_typed(typed: str, arguments: dict[str, object]) -> None:
    """Without hyphens where it comes first, in any of the bot's languages, with blanks in names."""
    name, given_ = read_command(typed)
    assert (name, given_) == ("reindex" if typed.startswith("reindex") else "sources", arguments)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0, "10 segundos"), (44, "40 segundos"), (58, "1 minuto"), (150, "2 minutos"), (7_300, "2 horas")],
)
def test_the_time_left_is_told_as_roughly_as_it_is_known(seconds: float, told: str) -> None:
    """In tens of seconds, minutes or hours."""
    assert telling.span(seconds, Phrases("es")) == told


def test_progress_tells_the_time_left_once_it_is_known() -> None:
    """Not before; and while documents are being listed only how many there are so far."""
    phrases = Phrases("es", "vos")
    early = telling.progress(Progress("docs", 3, 10, 0), phrases)
    later = telling.progress(Progress("docs", 6, 10, 0, 120.0), phrases)
    listing = telling.progress(Progress("docs", 40, None, 0), phrases)
    assert early.text == "Leí 3 de 10 documentos de «docs»."
    assert "cerca de 2 minutos" in later.text
    assert "40 documentos" in listing.text
    assert (listing.done, listing.total) == (40, None)
