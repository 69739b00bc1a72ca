"""One answer for a machine: JSON of a schema, asked for again once where it is not that, else failed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge import prompts
from knowledge.answers import Cited, Question, Result, quoted
from knowledge.citing import CitationStream
from knowledge.documents import Hit
from knowledge.errors import ModelError
from knowledge.extract import Extract, Statistics, extract, suggestions
from knowledge.generation import cite, prompt_of
from knowledge.models import LanguageModel, Prompt
from knowledge.structured import Structured, dump, read_json, texts, with_texts


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the model wrote, read as JSON."""

    answer: Structured
    wording: list[str] = field(default_factory=list)
    """What the editor objects to in its texts."""

    @property
    def problems(self) -> tuple[str, ...]:
        return (*self.answer.problems, *self.wording)

    @property
    def flaws(self) -> tuple[int, int]:
        """How bad it is; what is no valid JSON is worse than any wording."""
        return len(self.answer.problems), len(self.wording)


@dataclass(slots=True)
class Composition:
    """One JSON answer in the making. Nothing is shown before it is whole: half of it is no JSON."""

    model: LanguageModel
    asked: str
    """The question as it stands by itself."""
    question: Question
    schema: Mapping[str, Any]
    hits: tuple[Hit, ...]
    extracted: Extract
    statistics: Statistics
    timings: dict[str, float]

    async def result(self) -> Result:
        """The answer, `failed` with its problem when it is not valid even after a second try."""
        started = time.perf_counter()
        try:
            draft = await self._composed()
        except ModelError as error:
            return replace(quoted(self.extracted, self.hits, self.timings), problem=str(error))
        finally:
            self.timings["generate"] = time.perf_counter() - started
        confidence = self.extracted.confidence
        answer = Result("failed", "", confidence, model=self.model.spec, timings=self.timings)
        if draft is None:
            return replace(answer, outcome="not_found", suggestions=suggestions(self.hits))
        if draft.answer.problems:
            return replace(answer, problem="\n".join(draft.answer.problems))
        value, citations = self._cited(draft.answer)
        if not citations:
            return replace(answer, problem="No document backs the answer.")
        return replace(answer, outcome="answered", text=dump(value), citations=citations)

    async def _composed(self) -> _Draft | None:
        """The better one of at most two tries; None when the documents do not hold the answer."""
        prompt = prompt_of(self.question, self.asked, self.hits)
        written = await self._write(prompt)
        if written.startswith(prompts.NOT_FOUND):
            return None
        first = self._read(written)
        if not first.problems:
            return first
        again = await self._write((*prompt, ("assistant", written), ("user", prompts.repair(first.problems))))
        return min(first, self._read(again), key=lambda draft: draft.flaws)

    async def _write(self, prompt: Prompt) -> str:
        return (await self.model.complete(prompt, task="answer")).strip()

    def _read(self, written: str) -> _Draft:
        draft = _Draft(read_json(written, self.schema))
        if draft.answer.problems or self.question.editor is None:
            return draft
        editor = self.question.editor

        def edited(text: str) -> str:
            review = editor.review(text)
            draft.wording.extend(review.problems)
            return review.text

        value = with_texts(draft.answer.value, edited)
        answer = read_json(dump(value), self.schema)
        # A word that the schema prescribes is no wording.
        return draft if answer.problems else replace(draft, answer=replace(draft.answer, value=value))

    def _cited(self, answer: Structured) -> tuple[Any, tuple[Cited, ...]]:
        """The value with its citations in order of appearance; without any, by what backs its texts."""
        marks = CitationStream(len(self.hits))
        value = with_texts(answer.value, lambda text: marks.feed(text) + marks.close())
        marks.feed(answer.rest)
        marks.close()
        backed = " ".join((self.asked, *texts(value)))
        cited = marks.cited or self._backing(backed)
        return value, cite(backed, cited, self.hits, self.statistics)

    def _backing(self, backed: str) -> list[int]:
        """The numbers of the passages that say best what was answered."""
        found = extract(backed, self.hits, self.statistics, words=self.question.words).quotes
        passages = [hit.passage.id for hit in self.hits]
        return list(dict.fromkeys(passages.index(quote.passage.id) + 1 for quote in found))
