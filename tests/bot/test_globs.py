"""Globs of channels: matching, and whether one lies within others."""

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.globs import covered, is_glob, matches

GLOBS = st.text(alphabet="ab*?", min_size=0, max_size=4)
SHORT_TEXTS = ["".join(signs) for n in range(6) for signs in product("abc", repeat=n)]


@given(GLOBS, st.text(alphabet="abc", max_size=6))
def test_matching_is_that_of_shells(glob: str, text: str) -> None:
    """`*` and `?` mean what they mean in file names."""
    assert matches(glob, text) == fnmatchcase(text, glob)


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("slack:#[rrhh]", "slack:#[rrhh]"),
        ("slack:#a.b+", "slack:#a.b+"),
        ("slack:#SOPORTE", "slack:#soporte"),
    ],
)
def test_other_signs_stand_for_themselves(glob: str, text: str) -> None:
    """Brackets, dots and plus signs are no patterns, and case does not matter."""
    assert matches(glob, text)


def test_a_bracket_is_no_class() -> None:
    """`[rrhh]` does not match one of its letters."""
    assert not matches("slack:#[rh]", "slack:#r")


@given(GLOBS, st.lists(GLOBS, max_size=3))
def test_covered_agrees_with_trying_texts(glob: str, others: list[str]) -> None:
    """A glob is covered exactly when no text is found that it matches and none of the others does."""
    escaped = [t for t in SHORT_TEXTS if matches(glob, t) and not any(matches(o, t) for o in others)]
    # Globs of four signs differ, if at all, on a text of at most five.
    assert covered(glob, others) == (not escaped)


@given(GLOBS)
def test_everything_covers_itself(glob: str) -> None:
    """A glob lies within itself and within `*`."""
    assert covered(glob, [glob])
    assert covered(glob, ["x", "*"])


def test_nothing_is_covered_by_nothing() -> None:
    """An empty access list lets nobody in."""
    assert not covered("slack:#rrhh", [])


def test_two_globs_may_cover_a_third_together() -> None:
    """What one leaves open another may close."""
    assert covered("a*", ["a", "a?*"])
    assert not covered("a*", ["a?*"])


@pytest.mark.parametrize(("text", "expected"), [("slack:#a", False), ("slack:*", True), ("slack:#a?", True)])
def test_is_glob(text: str, expected: bool) -> None:
    """A text with `*` or `?` may match more than itself."""
    assert is_glob(text) is expected
