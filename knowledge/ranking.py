"""One ranking out of the scores of several engines.

Words count absolutely: the share of the highest score that the question allows, not of the best one
found. So a question that the words answer is decided by them, and one in another language than the
documents, whose words find little, by the vectors.
"""

from collections.abc import Collection, Mapping

from knowledge.embedding import Trust
from knowledge.lexical import Scores

_STEMS, _GRAMS = 0.65, 0.35


def by_words(scores: Scores) -> dict[str, float]:
    """Stems and grams in one score between 0 and 1."""
    fused: dict[str, float] = {}
    for weight, found, highest in (
        (_STEMS, scores.stems, scores.highest_stems),
        (_GRAMS, scores.grams, scores.highest_grams),
    ):
        for id_, score in found.items():
            fused[id_] = fused.get(id_, 0.0) + weight * min(1.0, score / highest)
    return fused


def fuse(
    scores: Scores, similar: Mapping[str, float], unknown: Collection[str], trust: float
) -> dict[str, float]:
    """Words and vectors in one score between 0 and 1.

    `similar`: cosines of the nearest passages, each worth `trust` times what it is above the least.
    A passage of `unknown` similarity is granted the most that any passage gets which has no better
    words: having no vector yet never puts it behind those.
    """
    words = by_words(scores)
    if not similar:
        return words
    floor = max(0.0, min(similar.values()))
    bonus = {id_: trust * max(0.0, cosine - floor) for id_, cosine in similar.items()}
    fused = {}
    granted = 0.0
    ascending = sorted(words.keys() | bonus.keys(), key=lambda id_: (words.get(id_, 0.0), id_ in unknown))
    for id_ in ascending:
        if id_ not in unknown:
            granted = max(granted, bonus.get(id_, 0.0))
        extra = granted if id_ in unknown else bonus.get(id_, 0.0)
        fused[id_] = (words.get(id_, 0.0) + extra) / (1 + trust)
    return fused


def trust_for(trust: Trust, english: float) -> float:
    """How much vectors count for a question that is English to this share."""
    return trust.other + (trust.english - trust.other) * english
