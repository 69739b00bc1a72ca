"""What is asked of the engine and what comes back: a question, pieces, a result with its evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from knowledge.calling import Tools
from knowledge.documents import Hit, Passage
from knowledge.extract import Extract, Quote, suggestions


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the thread."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Review:
    """What an editor makes of generated text."""

    text: str
    """With what can surely be put right put right."""
    problems: tuple[str, ...] = ()
    """What a model has to say otherwise in the text that was reviewed, in words for it, a line each."""


class Editor(Protocol):
    """Sees to it that generated text sounds like the one who speaks. It asks no model: others do."""

    def review(self, sentence: str, before: str = "") -> Review:
        """One sentence, with the model's own words before it, which help to understand it."""
        ...

    def review_answer(self, text: str) -> Review:
        """The whole answer, each sentence of which was reviewed."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and within which bounds."""

    text: str
    sources: frozenset[str]
    """Names of the sources that may be read for it: the boundary of access."""
    language: str
    readers: frozenset[str] | None = frozenset()
    """And within it: of documents with readers of their own, those that one of these may read. None: all."""
    history: tuple[Turn, ...] = ()
    """Earlier turns, oldest first."""
    about: str | None = None
    """Another message's text that the question is about."""
    given: tuple[Passage, ...] = ()
    """Passages that came with it, for this question alone."""
    skip: frozenset[str] = frozenset()
    """Ids of passages quoted before to no avail: others are quoted if any answer."""
    earlier: tuple[str, ...] = ()
    """Answers given before to no avail: a model is to answer otherwise."""
    instructions: str = ""
    """The persona's, for a generated answer."""
    manners: tuple[tuple[str, str], ...] = ()
    """Globs over `provider:model`, each with what the persona says besides to models that fit."""
    words: int = 60
    """Quoted at most; a generated answer may be twice as long."""
    most_words: int | None = None
    """The persona's own limit, quoted or generated."""
    neutral: Callable[[str], str] = str
    """How a question is searched: as the documents would put it, whoever it addresses."""
    editor: Editor | None = None
    """Reviews a generated answer before it is shown."""
    schema: Mapping[str, Any] | None = None
    """The answer is JSON of this schema."""
    tools: Tools | None = None
    """What a model may call meanwhile."""
    hosts: frozenset[str] = frozenset()
    """Besides what it was written from, an answer may link there."""
    unsupported: str = "*(not in the documents)*"
    """Stands behind a sentence that nothing backs."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage behind an answer, by its number."""

    number: int
    passage: Passage
    excerpt: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The next piece of a generated answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """The draft so far does not stand; what follows replaces it."""


@dataclass(frozen=True, slots=True)
class Calling:
    """The answer waits for what is called."""

    names: tuple[str, ...]
    """Of tools that were offered."""


@dataclass(frozen=True, slots=True)
class Result:
    """The end of every answer."""

    outcome: Literal["answered", "not_found", "failed"]
    text: str
    """Generated: the text with its `[n]`. Extractive: the quotes, one a paragraph, without marks."""
    confidence: float
    quotes: tuple[tuple[int, Quote], ...] = ()
    """Extractive: each quote with the number of its citation."""
    citations: tuple[Cited, ...] = ()
    suggestions: tuple[str, ...] = ()
    """Nearest headings, where nothing was found."""
    model: str | None = None
    problem: str | None = None
    """Why the model's answer was not used, in one sentence."""
    incomplete: bool = False
    """The model broke off: the text is what had come by then."""
    disagreement: bool = False
    """Extractive: the first two quotes state other numbers about the same, the newer one first."""
    official: bool = False
    """A reviewed answer to just this question, quoted whole."""
    timings: dict[str, float] = field(default_factory=dict)


Piece = Draft | Discarded | Calling | Result


def quoted(extracted: Extract, hits: Sequence[Hit], timings: dict[str, float]) -> Result:
    """The extract as a result, its quotes numbered by the passage they stand in."""
    if not extracted.answered:
        return Result("not_found", "", extracted.confidence, suggestions=suggestions(hits), timings=timings)
    numbered: list[tuple[int, Quote]] = []
    cited: dict[str, Cited] = {}
    for quote in extracted.quotes:
        known = cited.get(quote.passage.id)
        number = known.number if known else len(cited) + 1
        excerpt = f"{known.excerpt} {quote.text}" if known else quote.text
        cited[quote.passage.id] = Cited(number, quote.passage, excerpt)
        numbered.append((number, quote))
    return Result(
        "answered",
        "\n\n".join(quote.text for quote in extracted.quotes),
        extracted.confidence,
        quotes=tuple(numbered),
        citations=tuple(cited.values()),
        disagreement=extracted.disagreement,
        timings=timings,
    )


def official(hit: Hit, timings: dict[str, float]) -> Result:
    """A reviewed answer as a result, as it stands."""
    text = hit.passage.text
    quote = Quote(hit.passage, text, 0, len(text), hit.passage.kind)
    cited = Cited(1, hit.passage, text)
    return Result(
        "answered", text, 1.0, quotes=((1, quote),), citations=(cited,), official=True, timings=timings
    )
