"""A few passages as an index in memory, to extract answers from."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from knowledge import words
from knowledge.documents import BlockKind, Hit, Passage
from knowledge.extract import Extract, extract

_UNIQUE = 40
"""Distinct other passages that every index here has, so that rare and common differ."""


def passage(
    text: str,
    *,
    kind: BlockKind = "paragraph",
    headings: Sequence[str] = (),
    title: str = "Manual",
    document: str = "",
) -> Passage:
    return Passage(
        id=f"{document}{title}{headings}{text}",
        source="docs",
        document=document or f"{title}.md",
        title=title,
        headings=tuple(headings),
        text=text,
        kind=kind,
    )


class Corpus:
    """Statistics over passages, and a plain search by the rarity of shared stems."""

    def __init__(self, passages: Iterable[Passage], others: int = _UNIQUE) -> None:
        self.passages = list(passages)
        noise = [
            passage(f"Ruido {chr(97 + i % 26)}{i} sin tema {i * 7}", document=f"{i}") for i in range(others)
        ]
        texts = [f"{one.context}\n{one.text}" for one in (*self.passages, *noise)]
        self._counts = {
            "stems": Counter(term for text in texts for term in set(words.stems(text))),
            "grams": Counter(term for text in texts for term in set(words.grams(text))),
        }
        self._size = len(texts)

    @property
    def size(self) -> int:
        return self._size

    def idf(self, name: Literal["stems", "grams"], terms: Iterable[str]) -> dict[str, float]:
        counts = self._counts[name]
        return {t: math.log(1 + (self._size - counts[t] + 0.5) / (counts[t] + 0.5)) for t in terms}

    def search(self, question: str, limit: int = 6) -> tuple[Hit, ...]:
        asked = self.idf("grams", words.query_grams(question))
        total = sum(asked.values()) or 1.0
        hits = []
        for one in self.passages:
            has = set(words.grams(f"{one.context}\n{one.text}"))
            hits.append(Hit(one, sum(idf for gram, idf in asked.items() if gram in has) / total))
        hits.sort(key=lambda hit: -hit.score)
        return tuple(hits[:limit])


def answer(question: str, *passages: Passage, limit: int = 60, others: int = _UNIQUE) -> Extract:
    """The extract for a question over these passages."""
    corpus = Corpus(passages, others)
    return extract(question, corpus.search(question), corpus, words=limit)


def texts(extracted: Extract) -> list[str]:
    return [quote.text for quote in extracted.quotes]


def moved(one: Passage, document: str) -> Passage:
    """The same passage in another document."""
    return replace(one, id=f"{document}{one.id}", document=document)
