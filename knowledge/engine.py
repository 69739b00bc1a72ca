"""From a question to an answer with its evidence: complete it, retrieve, then quote or generate."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from knowledge import prompts
from knowledge.answers import Piece, Question, Result, official, quoted
from knowledge.composing import Composition
from knowledge.documents import Hit, Passage
from knowledge.errors import KnowledgeError, ModelError, RevokedError
from knowledge.extract import Extract, Statistics, extract
from knowledge.followups import standalone
from knowledge.generation import Generation
from knowledge.given import among, vouched
from knowledge.judging import Judgement, judge
from knowledge.models import LanguageModel, ModelCall, Models, Task
from knowledge.official import asks_the_same
from knowledge.retrieval import Found

_PASSAGES = 6
"""Passages that a question is answered from."""


class Search(Protocol):
    """What the engine needs of a retriever."""

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        sources: frozenset[str],
        readers: frozenset[str] | None = frozenset(),
    ) -> Found:
        """The best passages for a question out of the given sources, of what these readers may read."""
        ...

    def readable(
        self, documents: Collection[tuple[str, str]], readers: frozenset[str] | None
    ) -> set[tuple[str, str]]:
        """Which of these documents (source and document) there are, and may be read, at this moment."""
        ...

    @property
    def statistics(self) -> Statistics:
        """How common words are in the index."""
        ...


class Engine:
    """Answers questions from the index, with a model or without one."""

    def __init__(
        self,
        retriever: Search,
        models: Models | None = None,
        tasks: Mapping[Task, Sequence[str]] | None = None,
        *,
        official: frozenset[str] = frozenset(),
        concurrency: int = 4,
    ) -> None:
        """`official`: sources of reviewed answers, which win over every other."""
        self._retriever = retriever
        self._models = models
        self._tasks = tasks
        self._official = official
        # Searching is CPU work in threads; more of them at once only makes each slower.
        self._slots = asyncio.Semaphore(concurrency)

    @property
    def model(self) -> str | None:
        """`provider:model` that is asked first, or None when answers are extracts."""
        return self._tasks["answer"][0] if self._tasks else None

    async def answer(
        self, question: Question, enter: Callable[[ModelCall], None] | None = None
    ) -> AsyncIterator[Piece]:
        """The answer in pieces; the last one is its `Result`. `enter` is told of each call of a model.

        Raises `RevokedError` before a piece that rests on what may not be read any more.
        """
        async for piece, hits in self._pieces(question, enter):
            await self._assert_readable(question, piece, hits)
            yield piece

    async def _assert_readable(self, question: Question, piece: Piece, hits: Sequence[Hit]) -> None:
        """Sees to it that what is about to be shown may still be read: the retriever's word is older."""
        given = {passage.id for passage in question.given}
        cited = [one.passage for one in piece.citations] if isinstance(piece, Result) else []
        passages = [one for one in (*(hit.passage for hit in hits), *cited) if one.id not in given]
        if any(passage.source not in question.sources for passage in passages):
            raise KnowledgeError("A passage outside the allowed sources was found; nothing was shown.")
        documents = {(passage.source, passage.document) for passage in passages}
        readable = await asyncio.to_thread(self._retriever.readable, documents, question.readers)
        if documents - readable:
            raise RevokedError("Who may read the documents has changed meanwhile: ask again.")

    async def _pieces(
        self, question: Question, enter: Callable[[ModelCall], None] | None
    ) -> AsyncIterator[tuple[Piece, Sequence[Hit]]]:
        """The pieces of the answer, each with the passages that it may rest on."""
        model = LanguageModel(self._models, self._tasks, enter) if self._models and self._tasks else None
        timings: dict[str, float] = {}
        started = time.perf_counter()
        asked = await self._complete(question, model)
        timings["condense"] = time.perf_counter() - started
        if (hit := await self._reviewed(question.neutral(asked), question)) is not None:
            yield official(hit, timings), (hit,)
            return
        found, extracted = await self._search(question.neutral(asked), question, timings)
        if model is None or not (found.hits or question.tools):
            yield quoted(extracted, found.hits, timings), found.hits
            return
        statistics = self._retriever.statistics
        if question.schema is not None:
            answer: Composition | Generation = Composition(
                model, asked, question, question.schema, found.hits, extracted, statistics, timings
            )
        else:
            answer = Generation(model, asked, question, found.hits, extracted, statistics, timings)
        async for piece in answer.stream():
            yield piece, answer.evidence

    async def judge(
        self,
        question: str,
        answer: str,
        cited: Sequence[Passage],
        enter: Callable[[ModelCall], None] | None = None,
    ) -> Judgement:
        """What the models for that think of an answer; raises `ModelError`, also where there is no model."""
        if not (self._models and self._tasks):
            raise ModelError(
                "There is no language model to judge answers with: set `llm`, or `judge` in [tasks]."
            )
        return await judge(LanguageModel(self._models, self._tasks, enter), question, answer, cited)

    async def _complete(self, question: Question, model: LanguageModel | None) -> str:
        """The question as it stands by itself."""
        text = f"{question.text}\n{question.about}" if question.about else question.text
        if not question.history:
            return text
        if model is not None:
            said = [(turn.question, turn.answer) for turn in question.history]
            system, user = prompts.condense(said, text)
            try:
                asked = (await model.complete((("system", system), ("user", user)))).strip()
            except ModelError:
                asked = ""
            if asked and len(asked) < 4 * len(text) + 400:
                return asked
        return standalone(text, question.history[-1].question)

    async def _reviewed(self, asked: str, question: Question) -> Hit | None:
        """The official answer to just this question, if there is one and nothing else is asked for."""
        sources = question.sources & self._official
        if not sources or question.schema is not None or question.given or question.earlier:
            return None
        async with self._slots:
            return await asyncio.to_thread(self._find_reviewed, asked, question, sources)

    def _find_reviewed(self, asked: str, question: Question, sources: frozenset[str]) -> Hit | None:
        found = self._retriever.search(asked, limit=_PASSAGES, sources=sources, readers=question.readers)
        statistics = self._retriever.statistics
        same = (
            hit for hit in found.hits if asks_the_same(asked, question.neutral(hit.passage.title), statistics)
        )
        return next(same, None)

    async def _search(
        self, asked: str, question: Question, timings: dict[str, float]
    ) -> tuple[Found, Extract]:
        started = time.perf_counter()
        async with self._slots:
            found = await asyncio.to_thread(
                self._retriever.search,
                asked,
                limit=_PASSAGES + len(question.skip),
                sources=question.sources,
                readers=question.readers,
            )
            timings["retrieve"] = time.perf_counter() - started
            started = time.perf_counter()
            hits, extracted = await asyncio.to_thread(self._extract, asked, question, found.hits)
        timings["extract"] = time.perf_counter() - started
        return replace(found, hits=hits), extracted

    def _extract(
        self, asked: str, question: Question, found: tuple[Hit, ...]
    ) -> tuple[tuple[Hit, ...], Extract]:
        """The passages to answer from, those given with the question among them, and their extract.

        What is to be skipped is left out, unless nothing else answers.
        """
        statistics = self._retriever.statistics
        words = min(question.words, question.most_words or question.words)
        for left_out in dict.fromkeys((question.skip, frozenset[str]())):
            kept = [hit for hit in found if hit.passage.id not in left_out][:_PASSAGES]
            given = [passage for passage in question.given if passage.id not in left_out]
            hits = among(asked, given, kept, statistics)
            extracted = vouched(extract(asked, hits, statistics, words=words))
            if question.about and not extracted.answered:
                # Much of what somebody else wrote is beside the question, which may stand by itself.
                alone = extract(question.text, hits, statistics, words=words)
                extracted = alone if alone.answered else extracted
            if extracted.answered:
                break
        return hits, extracted
