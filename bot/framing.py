"""A result of the engine in the persona's words: quotes marked as quotes, numbers beside them."""

from dataclasses import dataclass, field

from bot.messages import Citation
from knowledge.answers import Cited, Result
from knowledge.extract import Quote


@dataclass(slots=True)
class Framed:
    """Text under construction that remembers which stretches are the documents' own words."""

    text: str = ""
    verbatim: list[tuple[int, int]] = field(default_factory=list)
    """Spans of quoted document text, in code points, end exclusive."""

    def say(self, text: str) -> None:
        """Adds a paragraph of the bot's own."""
        self._separate()
        self.text += text

    def quote(self, quote: Quote, number: int) -> None:
        """Adds a quote as it stands, with its number."""
        self._separate()
        start = len(self.text)
        if quote.kind == "code":
            self.text += f"```\n{quote.text}\n```\n[{number}]"
        elif quote.kind == "table":
            self.text += f"{_ruled(quote.text)}\n\n[{number}]"
        else:
            shown = f"{'… ' * quote.cut_before}{quote.text}{' …' * quote.cut_after}"
            self.text += "\n".join(f"> {line}" for line in shown.splitlines()) + f" [{number}]"
        self.verbatim.append((start, len(self.text)))

    def _separate(self) -> None:
        if self.text:
            self.text += "\n\n"


def _ruled(table: str) -> str:
    """The rows with the rule under the header that makes them a table in Markdown."""
    header, _, rows = table.partition("\n")
    return f"{header}\n|{'---|' * (header.count('|') - 1)}\n{rows}" if rows else table


def citation(cited: Cited) -> Citation:
    """What a person sees of a cited passage."""
    passage = cited.passage
    where = (" › ".join(passage.headings), passage.location)
    return Citation(
        number=cited.number,
        title=passage.title,
        source=passage.source,
        document=passage.document,
        location=", ".join(part for part in where if part),
        url=f"{passage.url}#{passage.anchor}" if passage.url and passage.anchor else passage.url,
        as_of=passage.as_of,
        excerpt=cited.excerpt,
        passage=passage.id,
    )


def framed_quotes(result: Result, intro: str, note: str) -> Framed:
    """An extractive answer: an introduction, the quotes, and that they are quotes."""
    framed = Framed()
    framed.say(intro)
    for number, quote in result.quotes:
        framed.quote(quote, number)
    if note:
        framed.say(note)
    return framed
