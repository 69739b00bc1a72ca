"""Passages that come with a question, beside those that are found: files that someone attached."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.asking import Asked, Statistics, Strengths
from knowledge.candidates import Terms
from knowledge.chunking import chunk
from knowledge.documents import Fetched, Hit, Passage
from knowledge.extract import Extract
from knowledge.reading import read

SOURCE = "attachment"
"""What stands for the source of what is no source's."""
_VOUCHED = 0.2
"""Confidence from which a given passage answers: in a file of one place nothing can be ahead,
and whoever brings it vouches that it is about the question. Something else has less than 0.1."""
_MOST = 4
"""Given passages that a question is answered from."""
_STEMS, _GRAMS = 0.6, 0.4
_WORDS = 160
"""Of one passage: no embedder's window has to hold it."""


def read_given(fetched: Fetched) -> tuple[Passage, ...]:
    """The passages of a file, under its name; raises `UnreadableError`."""
    named = replace(read(fetched), title=fetched.document)
    return tuple(
        chunk(
            named,
            source=SOURCE,
            path=fetched.document,
            count=lambda text: len(text.split()),
            window=_WORDS,
        )
    )


def among(
    asked: str, given: Sequence[Passage], found: Sequence[Hit], statistics: Statistics
) -> tuple[Hit, ...]:
    """The given passages that fit the question best, then those found.

    The best one given counts as much as the best one found: who attaches a file means it.
    """
    if not given:
        return tuple(found)
    question = Asked.of(asked, statistics)
    shares = [_share(question, passage) for passage in given]
    # By the question's words; what has as few of them as any other in reading order.
    best = sorted(range(len(given)), key=lambda at: (-shares[at], at))[:_MOST]
    top = max((hit.score for hit in found), default=0.0) or 1.0
    whole = shares[best[0]] or 1.0
    return (*(Hit(given[at], top * shares[at] / whole) for at in best), *found)


def vouched(extracted: Extract) -> Extract:
    """The extract, which answers if it quotes a given passage and is not quite beside the question."""
    if extracted.answered or not extracted.quotes or extracted.confidence < _VOUCHED:
        return extracted
    return replace(extracted, answered=extracted.quotes[0].passage.source == SOURCE)


def _share(question: Asked, passage: Passage) -> float:
    """How much of the question a passage has, between 0 and 1."""
    stems, grams = question.found_in(Terms.of(f"{passage.context}\n{passage.text}"))
    return _STEMS * _part(stems, question.stems) + _GRAMS * _part(grams, question.grams)


def _part(found: Strengths, weights: Mapping[str, float]) -> float:
    return sum(weights[term] * strength for term, strength in found.items()) / (sum(weights.values()) or 1.0)
