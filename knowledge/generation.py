"""One answer written by a language model: streamed, its citations renumbered, and judged at the end."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from knowledge import prompts
from knowledge.answers import Cited, Discarded, Draft, Piece, Question, Result, quoted
from knowledge.citing import CitationStream
from knowledge.documents import Hit
from knowledge.errors import ModelError
from knowledge.extract import Extract, Statistics, extract, suggestions
from knowledge.models import LanguageModel

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
    _text: str = field(default="", init=False)
    _problem: str | None = field(default=None, init=False)

    async def stream(self) -> AsyncIterator[Piece]:
        """The answer in pieces; the last one is its `Result`."""
        marks = CitationStream(len(self.hits))
        shown = False
        async for piece in self._raw(marks):
            self._text += piece
            # Held back while it may still turn out to be the sign for "not there".
            if not shown and prompts.NOT_FOUND.startswith(self._text.strip()[: len(prompts.NOT_FOUND)]):
                continue
            yield Draft(piece if shown else self._text)
            shown = True
        result = self._judge(marks.cited)
        if shown and result.model is None:
            yield Discarded()
        yield result

    async def _raw(self, marks: CitationStream) -> AsyncIterator[str]:
        started = time.perf_counter()
        words = 2 * self.question.words
        system = prompts.rules(self.question.instructions, language=self.question.language, words=words)
        prompt = (("system", system), ("user", prompts.material(self.asked, self.hits)))
        try:
            async for piece in self.model.stream(prompt):
                self.timings.setdefault("first_token", time.perf_counter() - started)
                yield marks.feed(piece)
        except ModelError as error:
            self._problem = str(error)
        yield marks.close()
        self.timings["generate"] = time.perf_counter() - started

    def _judge(self, cited: list[int]) -> Result:
        """Which answer stands: the model's, the extract in its place, or none."""
        text, problem = self._text.strip(), self._problem
        answer = Result(
            "answered", text, self.extracted.confidence, model=self.model.spec, timings=self.timings
        )
        if text.startswith(prompts.NOT_FOUND):
            return replace(answer, outcome="not_found", text="", suggestions=suggestions(self.hits))
        if problem is None and not cited:
            problem = "The model's answer cited no document." if text else "The model answered nothing."
        long_enough = len(text.split()) > self.question.words // 2
        if problem is not None and not (cited and long_enough):
            return replace(quoted(self.extracted, self.hits, self.timings), problem=problem)
        citations = tuple(self._cite(number, shown) for number, shown in enumerate(cited, start=1))
        return replace(answer, citations=citations, problem=problem, incomplete=problem is not None)

    def _cite(self, number: int, shown: int) -> Cited:
        """The passage shown under a number, with the words of it that back the answer best."""
        hit = self.hits[shown - 1]
        backing = extract(f"{self.asked} {self._text}", (hit,), self.statistics, words=_EXCERPT_WORDS)
        excerpt = " ".join(quote.text for quote in backing.quotes)
        return Cited(number, hit.passage, excerpt or " ".join(hit.passage.text.split()[:_EXCERPT_WORDS]))
