"""The lists of words in `words.toml`, loaded once."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def words(group: str, name: str) -> frozenset[str]:
    """One list: `words("never", "W")`."""
    return frozenset(group_of(group)[name].split())


def group_of(group: str) -> dict[str, str]:
    """Every list of a group, as it is written."""
    return _lists()[group]


@cache
def _lists() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
