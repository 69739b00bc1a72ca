"""A result of the engine in the persona's words: quotes marked as quotes, numbers beside them."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.budget import Standing, duration
from bot.kept_answers import Kept
from bot.messages import Answer, Citation, Outcome, RegisterScore, Repeated, Replace, Reply, Text, Usage
from bot.phrases import Language
from bot.register.checker import check
from bot.register.tone import check_format, json_error
from bot.voice import Voice
from knowledge.answers import Cited, Result
from knowledge.extract import Quote
from knowledge.structured import dump, texts

log = logging.getLogger(__name__)


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

    def suggest(self, headings: Sequence[str]) -> None:
        """Adds a list of places in the documents, by their own names."""
        for heading in headings:
            self.text += "\n- "
            self.verbatim.append((len(self.text), len(self.text) + len(heading)))
            self.text += heading

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


def frame(result: Result, voice: Voice) -> Framed:
    """The result in the persona's words."""
    framed = Framed()
    if result.outcome == "failed":
        for_a_machine = voice.persona.format.json_schema is not None
        framed.say((result.problem or "") if for_a_machine else voice.say("apology", turn=voice.seed))
        return framed
    if result.outcome == "not_found":
        framed.say(voice.say("not_found"))
        if result.suggestions:
            framed.say(voice.say("not_found_suggestions"))
            framed.suggest(result.suggestions)
    elif result.official:
        for number, quote in result.quotes:
            framed.quote(quote, number)
        framed.say(voice.say("official_note"))
    elif result.quotes:
        framed.say(voice.say("answer_intro"))
        for number, quote in result.quotes:
            framed.quote(quote, number)
        if result.disagreement:
            framed.say(voice.say("documents_disagree"))
        framed.say(voice.say("model_unavailable" if result.problem else "extractive_note"))
    else:
        framed.say(result.text)
        if result.incomplete:
            framed.say(voice.say("incomplete_answer"))
    return framed


def close(framed: Framed, voice: Voice) -> None:
    """Ends an answer as the persona's answers end."""
    closing = voice.persona.format.closing
    if closing and not framed.text.endswith(closing):
        framed.say(closing)


def conclude(id_: str, result: Result, framed: Framed, voice: Voice) -> Answer:
    """The answer that a result is; what it still breaks of the persona's rules is logged."""
    failed = "invalid_answer" if voice.persona.format.json_schema is not None else "error"
    refused = failed if result.outcome == "failed" else result.outcome
    answer = Answer(
        id=id_,
        outcome=result.outcome,
        text=framed.text,
        answer=result.text,
        reason=None if result.outcome == "answered" else refused,
        confidence=result.confidence,
        citations=tuple(citation(cited) for cited in result.citations),
        persona=voice.persona.name,
        language=_other_language(voice),
        register=_score(voice, _said(result, framed, voice), framed.verbatim),
        model=result.model,
        incomplete=result.incomplete,
        timings={stage: round(seconds, 4) for stage, seconds in result.timings.items()},
    )
    if result.model is not None:
        _log(answer, voice)
    return answer


def spoken(id_: str, voice: Voice, text: str, outcome: Outcome, reason: str | None) -> tuple[Text, Answer]:
    """A reply in the bot's own words alone."""
    answer = Answer(
        id=id_,
        outcome=outcome,
        text=text,
        answer="",
        reason=reason,
        confidence=0.0,
        persona=voice.persona.name,
        language=_other_language(voice),
        register=_score(voice, text),
        model=None,
    )
    return Text(text=text), answer


def repeated(id_: str, kept: Kept, notes: Sequence[str], voice: Voice) -> tuple[Text, Answer]:
    """An answer that was given before, and says so; `notes` is what else there is to say."""
    result = Result("answered", kept.answer, kept.confidence, model=kept.model)
    framed = frame(result, voice)
    if voice.persona.format.json_schema is None:
        for note in (voice.say("answered_before"), *notes):
            framed.say(note)
        close(framed, voice)
    answer = conclude(id_, result, framed, voice).model_copy(
        update={
            "citations": kept.citations,
            "usage": Usage(calls=0, tokens_in=0, tokens_out=0, cost_usd=0.0),
            "cached": Repeated(id=kept.id, at=kept.at, question=kept.question),
        }
    )
    return Text(text=framed.text), answer


async def for_machines(reply: Reply) -> Reply:
    """The reply where a machine reads: JSON alone, and whole; what is no answer becomes an error object."""
    async for chunk in reply:
        match chunk:
            case Text() | Replace():
                continue
            case Answer():
                answer = _for_a_machine(chunk)
                yield Text(text=answer.text)
                yield answer
            case _:
                yield chunk


def _for_a_machine(answer: Answer) -> Answer:
    """The answer if it is JSON of the persona's schema, else the error object in its place."""
    if answer.outcome == "answered" and answer.model is not None and answer.reason is None:
        return answer
    reason = answer.reason or "no_model"
    outcome = "failed" if answer.outcome == "answered" else answer.outcome
    text = dump(json_error(answer.id, reason, answer.text))
    changed = {"outcome": outcome, "reason": reason, "text": text, "answer": "", "citations": ()}
    return answer.model_copy(update=changed)


def _other_language(voice: Voice) -> Language | None:
    return None if voice.language == voice.persona.language else voice.language


def _said(result: Result, framed: Framed, voice: Voice) -> str:
    """What is said in an answer: of JSON its texts."""
    if voice.persona.format.json_schema is not None and result.model and result.outcome == "answered":
        return "\n".join(texts(json.loads(result.text)))
    return framed.text


def _score(voice: Voice, text: str, verbatim: Sequence[tuple[int, int]] = ()) -> RegisterScore:
    if voice.register is None:
        return RegisterScore(singular="", plural="", score=None)
    singular, plural = voice.register.singular, voice.register.plural
    report = check(text, singular, plural, verbatim)
    return RegisterScore(singular=singular, plural=plural, score=report.score)


def _log(answer: Answer, voice: Voice) -> None:
    """Notes which rules of the persona a written answer still breaks."""
    broken = [f"{one.rule}: {one.text}" for one in check_format(answer.text, voice.persona.format)]
    if answer.register_.score is not None and answer.register_.score < 1 and voice.register:
        found = check(answer.text, voice.register.singular, voice.register.plural).violations
        broken += [f"register: {one.text}" for one in found]
    if broken:
        score = answer.register_.score
        log.warning("%s: register score %s; what remains: %s.", answer.id, score, ", ".join(broken))


def budget_reason(standing: Standing, voice: Voice) -> str:
    """What is used up, and until when."""
    key = "budget_soft" if standing.level == "soft" else "over_budget"
    if key == "over_budget" and standing.scope != "channel":
        key = f"over_budget_{standing.scope}"
    return voice.say(key, left=duration(standing.left), time=f"{standing.reset:%H:%M}")
