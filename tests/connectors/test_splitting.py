"""Splitting Markdown at a limit: nothing is lost, and every piece stands for itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.splitting import split

WORDS = st.text(alphabet="abcñé ,.;🙂", min_size=1, max_size=60).filter(str.strip)
LINKS = st.builds(
    "[{}](https://example.com/{})".format, st.sampled_from(["manual", "la guía"]), st.integers(0)
)
PARAGRAPHS = st.lists(st.one_of(WORDS, LINKS), min_size=1, max_size=20).map(" ".join)
ITEMS = st.lists(WORDS, min_size=1, max_size=15).map(lambda items: "\n".join(f"- {one}" for one in items))
FENCES = st.lists(st.text("xyz =()", max_size=50), min_size=1, max_size=20).map(
    lambda code: "```python\n" + "\n".join(code) + "\n```"
)
TABLES = st.lists(st.text("abc 1", min_size=1, max_size=20), min_size=1, max_size=20).map(
    lambda rows: "| País | Días |\n| --- | --- |\n" + "\n".join(f"| {row} | 1 |" for row in rows)
)
DOCUMENTS = st.lists(st.one_of(PARAGRAPHS, ITEMS, FENCES, TABLES), max_size=8).map("\n\n".join)
LIMITS = st.integers(100, 400)


def bare(text: str) -> str:
    """What must not be lost: everything but blanks and what may be repeated."""
    lines = [line for line in text.splitlines() if not line.startswith(("```", "| País", "| ---"))]
    return re.sub(r"\s", "", "".join(lines))


@given(st.text(), st.integers(40, 300))
def test_no_piece_is_longer_than_the_limit(text: str, limit: int) -> None:
    """Whatever the text, every piece fits, and none is empty."""
    assert all(0 < len(piece) <= limit for piece in split(text, limit))


@given(DOCUMENTS, LIMITS)
def test_nothing_is_lost_or_said_twice(text: str, limit: int) -> None:
    """The pieces joined hold every character of the text once, in order."""
    pieces = split(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert bare("\n".join(pieces)) == bare(text)


@given(DOCUMENTS, LIMITS)
def test_every_piece_closes_the_fences_it_opens(text: str, limit: int) -> None:
    """An even number of fences, and the language again after a split."""
    for piece in split(text, limit):
        fences = [line for line in piece.splitlines() if line.startswith("```")]
        assert fences[0::2] == ["```python"] * (len(fences) // 2)
        assert fences[1::2] == ["```"] * (len(fences) // 2)


@given(DOCUMENTS, LIMITS)
def test_links_stay_whole(text: str, limit: int) -> None:
    """A link is in one piece."""
    link = re.compile(r"\[[^\]]*\]\([^)]*\)")
    assert [found for piece in split(text, limit) for found in link.findall(piece)] == link.findall(text)


@given(TABLES, LIMITS)
def test_every_part_of_a_table_has_its_header(table: str, limit: int) -> None:
    """Rows make a table only under a header."""
    assert all(piece.startswith("| País | Días |\n| --- | --- |\n| ") for piece in split(table, limit))


@given(DOCUMENTS)
def test_what_fits_stays_as_it_is(text: str) -> None:
    """One piece, the same but for blanks at the ends of lines."""
    stripped = [line.rstrip() for line in text.splitlines()]
    if text.strip() and "```" not in text:
        assert split(text, 100_000) == [re.sub(r"\n{3,}", "\n\n", "\n".join(stripped)).strip("\n")]


def test_a_heading_goes_with_what_it_heads() -> None:
    """No piece ends in a heading."""
    text = "a" * 60 + "\n\n## Vacaciones\n\n" + "b " * 40
    assert split(text, 100) == ["a" * 60, "## Vacaciones\n\n" + ("b " * 40).strip()]


def test_text_is_parted_after_a_sentence() -> None:
    """Rather than in the middle of one."""
    assert split("Uno dos tres cuatro cinco seis. Siete ocho nueve diez.", 45) == [
        "Uno dos tres cuatro cinco seis.",
        "Siete ocho nueve diez.",
    ]


def test_a_fence_that_is_still_open_is_closed() -> None:
    """Text that is still being written shows as what it will be."""
    assert split("Así:\n\n```sql\nselect 1", 100) == ["Así:\n\n```sql\nselect 1\n```"]


def test_a_limit_without_room_is_refused() -> None:
    """Rather than looped on."""
    with pytest.raises(ValueError, match="at least"):
        split("hola", 3)
