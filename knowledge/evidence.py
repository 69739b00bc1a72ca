"""The first passages that search finds, ordered by what their sentences say to the question, too.

Search sees a passage as a bag of words. What answers is mostly one sentence of it, or one row: which passage
has the best one tells more of two that are close. This costs some milliseconds, and questions that are
answered have it in the extract, so it serves those who only look for passages.
"""

from collections.abc import Sequence
from dataclasses import replace

from knowledge.asking import Asked, Statistics
from knowledge.documents import Hit
from knowledge.scoring import scored

WEIGHED = 6
"""Passages whose sentences are looked at: as many as a question is answered from."""
_AS_FOUND = 0.4
"""What the search's own score, as a share of the best one's, counts beside the best candidate's."""


def by_evidence(question: str, hits: Sequence[Hit], statistics: Statistics) -> tuple[Hit, ...]:
    """The passages found, the first of them in a new order; the scores still fall from one to the next."""
    asked = Asked.of(question, statistics)
    if len(hits) < 2 or not asked.grams or hits[0].score <= 0:
        return tuple(hits)
    first, rest = hits[:WEIGHED], hits[WEIGHED:]
    top, least = first[0].score, (rest or first[-1:])[0].score
    worth = [_AS_FOUND * hit.score / top for hit in first]
    seen = set[int]()
    for found in scored(asked, first):
        if found.rank not in seen:
            seen.add(found.rank)
            worth[found.rank] = max(0.0, worth[found.rank] + found.score)
    best = max(worth)
    weighed = [
        replace(hit, score=least + (top - least) * share / best, parts={**hit.parts, "evidence": share})
        for hit, share in zip(first, worth, strict=True)
    ]
    return (*sorted(weighed, key=lambda hit: -hit.score), *rest)
