"""One answer written by a language model: streamed, edited, its citations renumbered, judged."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from knowledge import prompts
from knowledge.answers import Calling, Cited, Discarded, Draft, Piece, Question, Result, quoted
from knowledge.calling import ROUNDS
from knowledge.checking import Checking
from knowledge.citing import CitationStream
from knowledge.documents import Hit
from knowledge.errors import ModelError
from knowledge.extract import Extract, Statistics, extract, suggestions
from knowledge.lookups import Lookups
from knowledge.models import Delta, LanguageModel, Message, Reply, Restarted, Tailored, ToolCall
from knowledge.rewording import Rewording
from knowledge.streaming import Sentence, SentenceStream

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
    _lookups: Lookups = field(init=False)
    _cited: list[int] = field(default_factory=list, init=False)
    """What the marks stand for, in their order."""
    _written: str = field(default="", init=False)
    """By the model, its citations renumbered."""
    _checks: tuple[tuple[int, int], Checking] | None = field(default=None, init=False)
    _text: str = field(default="", init=False)
    """As it was shown."""
    _problem: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._lookups = Lookups(self.question, self.hits)

    @property
    def evidence(self) -> tuple[Hit, ...]:
        """Every passage that the model was shown."""
        return self._lookups.hits

    async def stream(self) -> AsyncIterator[Piece]:
        """The answer in pieces; the last one is its `Result`."""
        rewording = self._rewording()
        async for piece in self._rounds(rewording):
            yield piece
        checking, cited, drafted = self._checking(), self._cited, bool(self._text)
        if rewording and (cited or self._lookups.results) and self._problem is None:
            cited = await self._reviewed(rewording, cited)
        self._text = checking.answer(self._text, cited)
        result = self._judge(cited)
        if drafted and result.model is None:
            yield Discarded()
        yield result

    async def _rounds(self, rewording: Rewording | None) -> AsyncIterator[Piece]:
        """What the model says, until it says something without calling anything."""
        started = time.perf_counter()
        prompt = prompt_of(self.question, self.asked, self.hits)
        lookups = self._lookups
        try:
            for number in range(ROUNDS + 1):
                events = self.model.respond(prompt, lookups.offered, must_answer=number == ROUNDS)
                round_ = Round(len(lookups.hits), events, started, self.timings)
                self._cited = round_.cited
                async for sentence in self._sentences(round_):
                    if isinstance(sentence, Restarted):
                        # Another model begins anew, knowing what was looked up.
                        for piece in self._taken_back(rewording):
                            yield piece
                        continue
                    self._text += (shown := await self._checked(sentence, rewording))
                    yield Draft(shown)
                if not round_.calls or self.question.tools is None:
                    break
                # What it says on the way to a call is no part of the answer.
                for piece in self._taken_back(rewording):
                    yield piece
                if names := lookups.names(round_.calls):
                    yield Calling(names)
                prompt += [round_.reply, *await lookups.make(round_.calls)]
        except ModelError as error:
            self._problem = str(error)
        self.timings["generate"] = time.perf_counter() - started

    def _taken_back(self, rewording: Rewording | None) -> Iterator[Piece]:
        """Takes back what was said so far."""
        if self._text:
            yield Discarded()
        self._text = self._written = ""
        self._checks = None
        if rewording is not None:
            rewording.forget()

    async def _sentences(self, round_: "Round") -> AsyncIterator[Sentence | Restarted]:
        """What the model writes, in whole sentences, as far as it is an answer."""
        stream, shown = SentenceStream(), False
        async for piece in round_.pieces():
            if isinstance(piece, Restarted):
                yield piece
                stream, shown = SentenceStream(), False
                continue
            self._written += piece
            # Held back while it may still turn out to be the sign for "not there".
            if not shown and prompts.NOT_FOUND.startswith(self._written.strip()[: len(prompts.NOT_FOUND)]):
                continue
            for sentence in stream.feed(piece if shown else self._written.lstrip()):
                yield sentence
            shown = True
        for sentence in stream.close():
            yield sentence

    async def _checked(self, sentence: Sentence, rewording: Rewording | None) -> str:
        """A sentence that is backed, or marked; in the words of the one who speaks."""
        checking = self._checking()
        text, unsupported = await checking.sentence(sentence, self._cited)
        if rewording is not None:
            text = checking.guard(await rewording.sentence(Sentence(text, sentence.spoken)))
        return checking.marked(text) if unsupported else text

    def _checking(self) -> Checking:
        """Made anew when there is more to rest on."""
        hits, results = self._lookups.hits, self._lookups.results
        if self._checks is None or self._checks[0] != (len(hits), len(results)):
            checking = Checking(self.model, self.question, hits=hits, results=results, timings=self.timings)
            self._checks = ((len(hits), len(results)), checking)
        return self._checks[1]

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
            return replace(answer, outcome="not_found", text="", suggestions=suggestions(self._lookups.hits))
        if problem is None and not cited and not (text and self._lookups.results):
            problem = "The model's answer cited no document." if text else "The model answered nothing."
        long_enough = len(text.split()) > self.question.words // 2
        backed = bool(cited or self._lookups.results)
        if problem is not None and not (backed and long_enough):
            instead = replace(quoted(self.extracted, self.hits, self.timings), problem=problem)
            # What lookups would have told nobody knows: "not found" would be a guess.
            unknown = self._problem is not None and bool(self._lookups.offered)
            return replace(instead, outcome="failed") if unknown and not instead.quotes else instead
        citations = cite(f"{self.asked} {self._text}", cited, self._lookups.hits, self.statistics)
        return replace(answer, citations=citations, problem=problem, incomplete=problem is not None)


class Round:
    """One reply of a model: its text as it comes, then what it wants called."""

    def __init__(
        self,
        documents: int,
        events: AsyncGenerator[Delta | Restarted | Reply],
        started: float,
        timings: dict[str, float],
    ) -> None:
        self._marks = CitationStream(documents)
        self._events = events
        self._started = started
        self._timings = timings
        self._reply: Reply | None = None

    @property
    def cited(self) -> list[int]:
        """The numbers that were cited, in the order of their marks; grows, and begins anew with the text."""
        return self._marks.cited

    @property
    def reply(self) -> Reply:
        """The reply as it came."""
        assert self._reply is not None, "known once its pieces have been read"
        return self._reply

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What it wants called."""
        return self._reply.calls if self._reply else ()

    async def pieces(self) -> AsyncIterator[str | Restarted]:
        """Its text, the citations renumbered; void after `Restarted`. Raises `ModelError`."""
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    match event:
                        case Delta(text):
                            self._timings.setdefault("first_token", time.perf_counter() - self._started)
                            yield self._marks.feed(text)
                        case Restarted():
                            self._marks.restart()
                            yield event
                        case Reply():
                            self._reply = event
        finally:
            rest = self._marks.close()
        yield rest


def prompt_of(question: Question, asked: str, hits: tuple[Hit, ...]) -> list[Message]:
    """What a model is told in order to answer."""
    words = min(2 * question.words, question.most_words or 2 * question.words)
    system = prompts.rules(
        question.instructions,
        language=question.language,
        words=words,
        schema=question.schema,
        lookups=question.tools is not None,
    )
    user = prompts.material(asked, hits, question.earlier)
    return [
        Tailored("system", system, question.manners),
        Tailored("user", user, prompts.reminders(question.language)),
    ]


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
