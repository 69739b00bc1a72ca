"""Shorter without rewriting: the stretch of a long sentence, or the lines of code, that matter most."""

import re
from collections.abc import Callable

from knowledge.words import STOPWORDS, fold

_WORD = re.compile(r"\S+")
_CLAUSE_ENDS = tuple(",;:)—–")
_CLAUSE_BEGINS = tuple("(—–")
_CLOSERS = "\"'»”*_"
_CUT_BEGINNING, _CUT_END = 0.4, 0.05
"""What a cut inside a clause costs, as a share of the matches; before a clause half of it."""
_BACK = 8
"""Words given up to end where a clause ends."""


def clip(text: str, limit: int, value: Callable[[str], float]) -> tuple[int, int]:
    """The span of at most `limit` words whose words have the most `value`, cut between clauses if it can be.

    It begins where the text begins unless the matches are elsewhere: that reads best.
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    if len(spans) <= limit:
        return (spans[0][0], spans[-1][1]) if spans else (0, 0)
    tokens = [text[start:end] for start, end in spans]
    worth = [value(token) for token in tokens]
    total = sum(worth) or 1.0
    breaks = _breaks(tokens)
    best, chosen = float("-inf"), (0, limit)
    for first in range(len(spans) - limit + 1):
        last = _end(tokens, first, first + limit, breaks)
        score = sum(worth[first:last]) / total
        if first:
            score -= _CUT_BEGINNING / (2 if first in breaks else 1)
        if last not in breaks:
            score -= _CUT_END
        if score > best + 1e-9:
            best, chosen = score, (first, last)
    return spans[chosen[0]][0], spans[chosen[1] - 1][1]


def clip_lines(text: str, limit: int, value: Callable[[str], float]) -> tuple[int, int] | None:
    """The span of whole lines of at most `limit` words with the most `value`; none when no line fits."""
    lines = [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", text)]
    best, chosen = -1.0, None
    for first, (start, _) in enumerate(lines):
        for _, end in lines[first:]:
            if len(text[start:end].split()) > limit:
                break
            # Among equals the longest: more of the code around what was asked for.
            score = value(text[start:end]) + 1e-6 * (end - start)
            if score > best:
                best, chosen = score, (start, end)
    return chosen


def _breaks(tokens: list[str]) -> frozenset[int]:
    """Before which words a clause begins, the ends of the text included."""
    inner = (
        at
        for at in range(1, len(tokens))
        if tokens[at - 1].rstrip(_CLOSERS).endswith(_CLAUSE_ENDS) or tokens[at].startswith(_CLAUSE_BEGINS)
    )
    return frozenset((0, *inner, len(tokens)))


def _end(tokens: list[str], first: int, last: int, breaks: frozenset[int]) -> int:
    """The end of a clause shortly before `last`, or before the function words that would dangle there."""
    least = max(first + 1, last - min(_BACK, (last - first) // 3))
    clause = next((at for at in range(last, least - 1, -1) if at in breaks), None)
    if clause is not None:
        return clause
    while last > least and fold(tokens[last - 1]) in STOPWORDS:
        last -= 1
    return last
