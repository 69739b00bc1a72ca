"""One ranking out of the scores of several engines."""

from collections.abc import Collection, Mapping

from knowledge.lexical import Scores

_STEMS, _GRAMS = 0.6, 0.4


def fuse_words(scores: Scores) -> dict[str, float]:
    """Stems and grams in one score between 0 and 1, each relative to its best."""
    fused: dict[str, float] = {}
    for weight, found in ((_STEMS, scores.stems), (_GRAMS, scores.grams)):
        top = max(found.values(), default=0.0)
        for id_, score in found.items():
            fused[id_] = fused.get(id_, 0.0) + weight * score / top
    return fused


def fuse(
    scores: Scores, similar: Mapping[str, float] | None, unknown: Collection[str], weight: float
) -> dict[str, float]:
    """Words and vectors in one score between 0 and 1.

    The vectors weigh `weight`, the words the rest. A passage of `unknown` similarity is judged by its
    words alone: having no vector yet is not held against it.
    """
    words = fuse_words(scores)
    if not similar:
        return words
    low, high = min(similar.values()), max(similar.values())
    spread = (high - low) or 1.0
    fused = {}
    for id_ in words.keys() | similar.keys():
        score = words.get(id_, 0.0)
        if id_ not in unknown:
            near = (similar[id_] - low) / spread if id_ in similar else 0.0
            score = (1 - weight) * score + weight * near
        fused[id_] = score
    return fused
