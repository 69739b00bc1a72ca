"""One ranking out of the scores of several engines.

Words count absolutely: the share of the highest score that the question allows, not of the best one
found. So a question that the words answer is decided by them, and one in another language than the
documents, whose words find little, by the vectors.
"""

from collections.abc import Collection, Mapping

from knowledge.matching import Scores

_STEMS, _GRAMS = 0.65, 0.35

_AT_HOME = 0.6
"""What a cosine counts where the embedder knows the question's language: what it is above the least of
those found."""
_ABROAD, _STANDING_OUT = 0.2, 8
"""And where it does not: what it is above the eighth, for there only what stands out means something."""


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
    scores: Scores, similar: Mapping[str, float], unknown: Collection[str], at_home: float
) -> dict[str, float]:
    """Words and vectors in one score between 0 and 1.

    `similar`: cosines of the nearest passages. `at_home`, between 0 and 1: how well the embedder knows the
    question's language. A passage of `unknown` similarity is granted the most that any passage gets which
    has no better words: having no vector yet never puts it behind those.
    """
    words = by_words(scores)
    bonus = _bonus(similar, at_home)
    if unknown:
        _grant(words, bonus, unknown)
    return {
        id_: (words.get(id_, 0.0) + bonus.get(id_, 0.0)) / (1 + _AT_HOME)
        for id_ in words.keys() | bonus.keys()
    }


def _grant(words: Mapping[str, float], bonus: dict[str, float], unknown: Collection[str]) -> None:
    """Gives passages without a vector the most that any gets whose words are no better."""
    granted = 0.0
    for id_ in sorted(words.keys() | bonus.keys(), key=lambda id_: (words.get(id_, 0.0), id_ in unknown)):
        if id_ in unknown:
            bonus[id_] = granted
        else:
            granted = max(granted, bonus.get(id_, 0.0))


def _bonus(similar: Mapping[str, float], at_home: float) -> dict[str, float]:
    """What being similar adds."""
    if not similar:
        return {}
    cosines = sorted((max(0.0, cosine) for cosine in similar.values()), reverse=True)
    least, standing_out = cosines[-1], cosines[min(_STANDING_OUT, len(cosines)) - 1]
    return {
        id_: at_home * _AT_HOME * max(0.0, cosine - least)
        + (1 - at_home) * _ABROAD * max(0.0, cosine - standing_out)
        for id_, cosine in similar.items()
    }


def at_home(english_only: bool, english: float) -> float:
    """How well an embedder knows a question's language, between 0 and 1.

    `english`: how English the question looks; between a quarter and three quarters it is mixed or unclear.
    """
    return min(1.0, max(0.0, 2 * english - 0.5)) if english_only else 1.0
