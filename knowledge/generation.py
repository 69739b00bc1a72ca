"""One answer written by a language model: streamed, edited, its citations renumbered, judged."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from knowledge import prompts
from knowledge.answers import Cited, Discarded, Draft, Piece, Question, Result, quoted
from knowledge.citing import CitationStream
from knowledge.documents import Hit
from knowledge.errors import ModelError
from knowledge.extract import Extract, Statistics, extract, suggestions
from knowledge.models import LanguageModel, Prompt
from knowledge.rewording import Rewording
from knowledge.streaming import SentenceStream

_EXCERPT_WORDS = 40


@dataclass(slots=True)
class Generation:
    """One generated answer in the making."""

    model: LanguageModel
    asked: str
    """The question as it stands by itself."""
    question: Question
    hits: tuple[Hit, ...]
    extracted: Extract
    """What stands in when the model fails or backs nothing."""
    statistics: Statistics
    timings: dict[str, float]
    _written: str = field(default="", init=False)
    """By the model, its citations renumbered."""
    _text: str = field(default="", init=False)
    """As it was shown."""
    _problem: str | None = field(default=None, init=False)

    async def stream(self) -> AsyncIterator[Piece]:
        """The answer in pieces; the last one is its `Result`."""
        marks = CitationStream(len(self.hits))
        rewording = self._rewording()
        shown = self._shown(marks)
        async for piece in _reworded(shown, rewording) if rewording else shown:
            self._text += piece
            yield Draft(piece)
        cited = marks.cited
        drafted = bool(self._text)
        if rewording and cited and self._problem is None:
            cited = await self._reviewed(rewording, cited)
        result = self._judge(cited)
        if drafted and result.model is None:
            yield Discarded()
        yield result

    async def _shown(self, marks: CitationStream) -> AsyncIterator[str]:
        """What the model writes, held back while it may still turn out to be the sign for "not there"."""
        shown = False
        async for piece in self._renumbered(marks):
            self._written += piece
            if shown:
                yield piece
            elif not prompts.NOT_FOUND.startswith(self._written.strip()[: len(prompts.NOT_FOUND)]):
                shown = True
                yield self._written.lstrip()

    async def _renumbered(self, marks: CitationStream) -> AsyncIterator[str]:
        started = time.perf_counter()
        try:
            async for piece in self.model.stream(prompt_of(self.question, self.asked, self.hits)):
                self.timings.setdefault("first_token", time.perf_counter() - started)
                yield marks.feed(piece)
        except ModelError as error:
            self._problem = str(error)
        yield marks.close()
        self.timings["generate"] = time.perf_counter() - started

    def _rewording(self) -> Rewording | None:
        editor = self.question.editor
        return Rewording(self.model, editor, self.question.instructions, self.timings) if editor else None

    async def _reviewed(self, rewording: Rewording, cited: list[int]) -> list[int]:
        """The whole answer put right; what it cites may be less then, and is numbered anew."""
        text = await rewording.answer(self._text)
        if text == self._text:
            return cited
        marks = CitationStream(len(cited))
        self._text = marks.feed(text) + marks.close()
        return [cited[number - 1] for number in marks.cited]

    def _judge(self, cited: list[int]) -> Result:
        """Which answer stands: the model's, the extract in its place, or none."""
        text, problem = self._text.strip(), self._problem
        answer = Result(
            "answered", text, self.extracted.confidence, model=self.model.spec, timings=self.timings
        )
        if self._written.strip().startswith(prompts.NOT_FOUND):
            return replace(answer, outcome="not_found", text="", suggestions=suggestions(self.hits))
        if problem is None and not cited:
            problem = "The model's answer cited no document." if text else "The model answered nothing."
        long_enough = len(text.split()) > self.question.words // 2
        if problem is not None and not (cited and long_enough):
            return replace(quoted(self.extracted, self.hits, self.timings), problem=problem)
        citations = cite(f"{self.asked} {self._text}", cited, self.hits, self.statistics)
        return replace(answer, citations=citations, problem=problem, incomplete=problem is not None)


async def _reworded(pieces: AsyncIterator[str], rewording: Rewording) -> AsyncIterator[str]:
    """The pieces in whole sentences, each as it may be shown."""
    stream = SentenceStream()
    async for piece in pieces:
        for sentence in stream.feed(piece):
            yield await rewording.sentence(sentence)
    for sentence in stream.close():
        yield await rewording.sentence(sentence)


def prompt_of(question: Question, asked: str, hits: tuple[Hit, ...]) -> Prompt:
    """What a model is told in order to answer."""
    words = min(2 * question.words, question.most_words or 2 * question.words)
    system = prompts.rules(
        question.instructions, language=question.language, words=words, schema=question.schema
    )
    return ("system", system), ("user", prompts.material(asked, hits, question.earlier))


def cite(backed: str, cited: list[int], hits: tuple[Hit, ...], statistics: Statistics) -> tuple[Cited, ...]:
    """The passages shown under these numbers, each with the words of it that back a text best."""
    return tuple(
        Cited(number, hits[shown - 1].passage, _excerpt(backed, hits[shown - 1], statistics))
        for number, shown in enumerate(cited, start=1)
    )


def _excerpt(backed: str, hit: Hit, statistics: Statistics) -> str:
    backing = extract(backed, (hit,), statistics, words=_EXCERPT_WORDS)
    excerpt = " ".join(quote.text for quote in backing.quotes)
    return excerpt or " ".join(hit.passage.text.split()[:_EXCERPT_WORDS])
