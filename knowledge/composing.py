"""One answer for a machine: JSON of a schema, asked for again once where it is not that, else failed."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge import prompts
from knowledge.answers import Calling, Cited, Piece, Question, Result, quoted
from knowledge.calling import ROUNDS
from knowledge.checking import Checking, is_value
from knowledge.citing import CitationStream
from knowledge.documents import Hit
from knowledge.errors import ModelError
from knowledge.extract import Extract, Statistics, extract, suggestions
from knowledge.generation import cite, prompt_of
from knowledge.lookups import Lookups
from knowledge.models import LanguageModel, Message, Reply
from knowledge.structured import (
    Structured,
    dump,
    figures,
    prescribed,
    read_json,
    texts,
    with_citations,
    with_texts,
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the model wrote, read as JSON and held to what it rests on."""

    value: Any = None
    problems: tuple[str, ...] = ()
    """Why it is no answer."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those that state what nothing backs, and what that is."""
    numbers: tuple[str, ...] = ()
    """Those that nothing backs."""
    wording: tuple[str, ...] = ()
    """What the editor objects to in its texts."""
    cited: tuple[int, ...] = ()

    @property
    def unbacked(self) -> tuple[str, ...]:
        """What nothing backs."""
        return tuple(
            dict.fromkeys((*(one for claims in self.texts.values() for one in claims), *self.numbers))
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        """All that is to be put right, in words for the model."""
        unbacked = (prompts.unbacked(self.unbacked),) if self.unbacked else ()
        return (*self.problems, *unbacked, *self.wording)

    @property
    def flaws(self) -> tuple[int, int, int]:
        """How bad it is: no valid JSON is worse than what nothing backs, and that than any wording."""
        return len(self.problems), len(self.unbacked), len(self.wording)


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
    _lookups: Lookups = field(init=False)
    _prompt: list[Message] = field(init=False)

    def __post_init__(self) -> None:
        self._lookups = Lookups(self.question, self.hits)
        self._prompt = prompt_of(self.question, self.asked, self.hits)

    @property
    def evidence(self) -> tuple[Hit, ...]:
        """Every passage that the model was shown."""
        return self._lookups.hits

    async def stream(self) -> AsyncIterator[Piece]:
        """What is called meanwhile; then the `Result`, `failed` when a second try is no answer either."""
        started = time.perf_counter()
        try:
            async for calling in self._called():
                yield calling
            draft = await self._composed()
        except ModelError as error:
            yield replace(quoted(self.extracted, self.hits, self.timings), problem=str(error))
            return
        finally:
            self.timings["generate"] = time.perf_counter() - started
        yield self._judge(draft)

    async def _called(self) -> AsyncIterator[Calling]:
        """The model's rounds, until it says something without calling anything: the end of the prompt."""
        for number in range(ROUNDS + 1):
            reply = await self._reply(must_answer=number == ROUNDS)
            self._prompt.append(reply)
            if not reply.calls or self.question.tools is None:
                return
            if names := self._lookups.names(reply.calls):
                yield Calling(names)
            self._prompt += await self._lookups.make(reply.calls)

    async def _reply(self, *, must_answer: bool) -> Reply:
        events = self.model.respond(self._prompt, self._lookups.offered, must_answer=must_answer)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Reply):
                    return event
        raise AssertionError("every reply ends in a Reply")

    async def _composed(self) -> _Draft | None:
        """The better one of at most two tries; None when the documents do not hold the answer."""
        written = self._written()
        if written.startswith(prompts.NOT_FOUND):
            return None
        first = self._read(written)
        if not first.wrong:
            return first
        self._prompt.append(("user", prompts.repair(first.wrong)))
        try:
            self._prompt.append(await self._reply(must_answer=True))
        except ModelError:
            return first
        return min(first, self._read(self._written()), key=lambda draft: draft.flaws)

    def _written(self) -> str:
        reply = self._prompt[-1]
        assert isinstance(reply, Reply), "the model had the last word"
        return reply.text.strip()

    def _judge(self, draft: _Draft | None) -> Result:
        """Whether it is an answer, and what it cites."""
        confidence = self.extracted.confidence
        answer = Result("failed", "", confidence, model=self.model.spec, timings=self.timings)
        if draft is None:
            return replace(answer, outcome="not_found", suggestions=suggestions(self._lookups.hits))
        if draft.problems:
            return replace(answer, problem="\n".join(draft.problems))
        value = self._marked(draft)
        if value is None:
            return replace(answer, problem=f"Nothing backs {', '.join(draft.unbacked)}.")
        backed = " ".join((self.asked, *texts(draft.value)))
        cited = list(draft.cited) or self._backing(backed)
        if not cited and not self._lookups.results:
            return replace(answer, problem="No document backs the answer.")
        citations = cite(backed, cited, self._lookups.hits, self.statistics)
        text = dump(self._completed(value, citations))
        return replace(answer, outcome="answered", text=text, citations=citations)

    def _read(self, written: str) -> _Draft:
        answer = read_json(written, self.schema)
        if answer.problems:
            return _Draft(problems=answer.problems)
        marks = CitationStream(len(self._lookups.hits))
        value = with_texts(answer.value, lambda text: marks.feed(text) + marks.close())
        marks.feed(answer.rest)
        marks.close()
        checking = self._checking()
        value = with_texts(value, checking.guard)
        if problems := self._valid(value).problems:
            return _Draft(problems=(*problems, "An address that is in no document was taken out of it."))
        value, wording = self._edited(value)
        given = prescribed(self.schema)
        stated = {text: checking.unbacked(text) for text in texts(value) if text not in given}
        numbers = " ; ".join(number for number in figures(value) if number not in given)
        return _Draft(
            value,
            texts={text: claims for text, claims in stated.items() if claims},
            numbers=checking.unbacked(numbers),
            wording=wording,
            cited=tuple(marks.cited),
        )

    def _valid(self, value: Any) -> Structured:
        return read_json(dump(value), self.schema)

    def _checking(self) -> Checking:
        lookups = self._lookups
        return Checking(
            self.model, self.question, hits=lookups.hits, results=lookups.results, timings=self.timings
        )

    def _edited(self, value: Any) -> tuple[Any, tuple[str, ...]]:
        """The value with its texts as the persona puts them, and what it objects to there."""
        editor, wording = self.question.editor, list[str]()
        if editor is None:
            return value, ()

        def edited(text: str) -> str:
            review = editor.review(text)
            wording.extend(review.problems)
            return review.text

        changed = with_texts(value, edited)
        # A word that the schema prescribes is no wording.
        return (value if self._valid(changed).problems else changed), tuple(wording)

    def _marked(self, draft: _Draft) -> Any:
        """The whole, each sentence marked that states what nothing backs; None where a value does."""
        if draft.numbers or any(map(is_value, draft.texts)):
            return None
        marked = self._checking().marked
        value = with_texts(draft.value, lambda text: marked(text) if text in draft.texts else text)
        return None if self._valid(value).problems else value

    def _completed(self, value: Any, citations: tuple[Cited, ...]) -> Any:
        """With the citations in it, where the schema has room for them."""
        completed = with_citations(value, self.schema, [_told(one) for one in citations])
        return value if self._valid(completed).problems else completed

    def _backing(self, backed: str) -> list[int]:
        """The numbers of the passages that say best what was answered."""
        hits = self._lookups.hits
        found = extract(backed, hits, self.statistics, words=self.question.words).quotes
        passages = [hit.passage.id for hit in hits]
        return list(dict.fromkeys(passages.index(quote.passage.id) + 1 for quote in found))


def _told(cited: Cited) -> dict[str, Any]:
    """A citation for a machine."""
    passage = cited.passage
    return {
        "number": cited.number,
        "title": passage.title,
        "source": passage.source,
        "document": passage.document,
        "location": " › ".join(filter(None, (*passage.headings, passage.location))),
        "url": passage.url,
        "as_of": passage.as_of.date().isoformat() if passage.as_of else None,
        "excerpt": cited.excerpt,
    }
