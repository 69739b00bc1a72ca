"""Globs of channels: `*` is any text, `?` any one sign, case does not matter."""

import re
from collections.abc import Sequence
from functools import lru_cache

_OTHER = "\0"  # stands for every sign that no glob spells out


def is_glob(text: str) -> bool:
    """Whether it can match more than itself."""
    return "*" in text or "?" in text


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in glob.casefold()), re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """Whether the whole text fits the glob."""
    return _pattern(glob).fullmatch(text.casefold()) is not None


def _reach(glob: str, positions: set[int]) -> frozenset[int]:
    """The positions, and those behind the stars they stand before."""
    reached = set(positions)
    for position in sorted(positions):
        at = position
        while at < len(glob) and glob[at] == "*":
            at += 1
            reached.add(at)
    return frozenset(reached)


def _step(glob: str, positions: frozenset[int], sign: str) -> frozenset[int]:
    stay = {at for at in positions if at < len(glob) and glob[at] == "*"}
    go = {at + 1 for at in positions if at < len(glob) and glob[at] in (sign, "?")}
    return _reach(glob, stay | go)


def covered(glob: str, by: Sequence[str]) -> bool:
    """Whether everything that the glob matches is matched by at least one of the others.

    Walks the globs as automata side by side over the signs they spell out, looking for a text that the
    first accepts and none of the others does.
    """
    glob, others = glob.casefold(), tuple(other.casefold() for other in by)
    signs = (set(glob).union(*others) - {"*", "?"}) | {_OTHER}
    start = (_reach(glob, {0}), tuple(_reach(other, {0}) for other in others))
    seen, todo = {start}, [start]
    while todo:
        here, there = todo.pop()
        if len(glob) in here and not any(len(o) in at for o, at in zip(others, there, strict=True)):
            return False
        for sign in signs:
            following = (
                _step(glob, here, sign),
                tuple(_step(o, at, sign) for o, at in zip(others, there, strict=True)),
            )
            if following[0] and following not in seen:
                seen.add(following)
                todo.append(following)
    return True
