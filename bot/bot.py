"""The bot: an event in, a reply out. It knows no platform."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.access import readable
from bot.framing import Framed, citation, framed_quotes
from bot.memory import Memory, Remembered
from bot.messages import (
    Answer,
    Command,
    Feedback,
    Message,
    Outcome,
    RegisterScore,
    Replace,
    Reply,
    Status,
    Text,
)
from bot.personas import Persona, load_persona
from bot.phrases import Phrases
from bot.settings import ResolvedChannel, Settings
from knowledge.answers import Discarded, Draft, Question, Result, Turn
from knowledge.engine import Engine

_GREETING = re.compile(
    r"^\W*(?:hola+|buenas(?: tardes| noches)?|buenos d[ií]as|buen d[ií]a|qu[eé] tal|hi|hello|hey|"
    r"good (?:morning|afternoon|evening))\W*$",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^\W*(?:(?:muchas |mil )?gracias|ok|okay|dale|vale|listo|perfecto|genial|thanks?|thank you)\W*$",
    re.IGNORECASE,
)


_PAUSE, _LOOKS = 0.5, 240
"""Seconds between looks at whether a source has been read for the first time, and how many."""


class Commands(Protocol):
    """The admin commands, by name."""

    def run(self, command: Command, phrases: Phrases) -> Reply:
        """Carries out a command, telling how it goes."""
        ...


class Documents(Protocol):
    """What the bot needs of the library."""

    def engine(self, llm: str | None = None) -> Engine:
        """The engine that answers with a model, or with the configured one."""
        ...

    def never_synced(self) -> list[str]:
        """The sources that were never read to their end."""
        ...


class Opinions(Protocol):
    """Where feedback is kept."""

    async def add_feedback(self, feedback: Feedback) -> None:
        """Keeps what someone thinks of an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in a turn."""

    persona: Persona
    phrases: Phrases
    seed: str
    """Chooses among variants of a phrase; the same turn always says the same."""

    def say(self, key: str, **values: object) -> str:
        """A phrase of the bot's own in this voice."""
        return self.phrases.render(key, seed=self.seed, **values)


class Bot:
    """Turns events into replies."""

    def __init__(
        self,
        settings: Settings,
        library: Documents,
        memory: Memory,
        commands: Commands,
        opinions: Opinions,
    ) -> None:
        self._settings = settings
        self._library = library
        self._memory = memory
        self._commands = commands
        self._opinions = opinions

    async def handle(self, event: Message | Command | Feedback) -> Reply:
        """The reply to an event, in chunks; the last one is its `Answer`."""
        channel = self._settings.channel_for(event.channel.platform, event.channel.id, event.channel.name)
        voice = await self._voice(event, channel)
        match event:
            case Message():
                reply = self._answer(event, channel, voice)
            case Command():
                reply = self._commands.run(event, voice.phrases)
            case Feedback():
                reply = self._thank(event, voice)
        async for chunk in reply:
            yield chunk

    async def remember(self, event: Message | Command | Feedback, answer: Answer) -> None:
        """Keeps an answered turn in the thread's memory, for follow-ups."""
        if isinstance(event, Message) and answer.reason is None:
            documents = tuple(dict.fromkeys(cited.document for cited in answer.citations))
            await self._memory.add(event.thread, Remembered(event.id, event.text, answer.answer, documents))

    async def apologise(self, event: Message | Command | Feedback) -> Reply:
        """What is said when a turn failed for good."""
        channel = self._settings.channel_for(event.channel.platform, event.channel.id, event.channel.name)
        voice = await self._voice(event, channel)
        for chunk in _spoken(event.id, voice, voice.say("apology", turn=event.id), "failed", "error"):
            yield chunk

    async def _voice(self, event: Message | Command | Feedback, channel: ResolvedChannel) -> Voice:
        """The persona of the channel, or the one that this thread began with."""
        name = await self._memory.persona(event.thread, default=channel.persona or self._default_persona())
        persona = load_persona(name, self._personas())
        register = persona.register_
        phrases = Phrases(
            persona.language, register.singular if register else None, register.plural if register else None
        )
        return Voice(persona, phrases, event.id)

    async def _answer(
        self, message: Message, channel: ResolvedChannel, voice: Voice
    ) -> AsyncIterator[Status | Text | Replace | Answer]:
        if small_talk := _small_talk(message):
            key, outcome = small_talk
            for chunk in _spoken(message.id, voice, voice.say(key), outcome, key):
                yield chunk
            return
        sources = readable(self._settings, channel, message)
        if not sources:
            for chunk in _spoken(message.id, voice, voice.say("refused_source"), "refused", "not_allowed"):
                yield chunk
            return
        for _ in range(_LOOKS):
            # Not to say "not found" of documents that are being read for the first time.
            unread = sources.intersection(await asyncio.to_thread(self._library.never_synced))
            if not unread:
                break
            yield Status(text=voice.say("index_started", source=min(unread)))
            await asyncio.sleep(_PAUSE)
        yield Status(text=voice.say("searching"))
        turns = await self._memory.turns(message.thread)
        question = Question(
            text=message.text.strip(),
            sources=sources,
            language=voice.persona.language,
            history=tuple(Turn(turn.question, turn.answer) for turn in turns),
            about=message.about,
            instructions=voice.persona.prompt(),
        )
        written = ""
        async for piece in self._library.engine(voice.persona.model).answer(question):
            match piece:
                case Draft(text):
                    written += text
                    yield Text(text=text)
                case Discarded():
                    written = ""
                    yield Replace(text="")
                case Result():
                    framed = _frame(piece, voice)
                    if framed.text.startswith(written):
                        yield Text(text=framed.text[len(written) :])
                    else:
                        yield Replace(text=framed.text)
                    yield _conclude(message.id, piece, framed, voice)

    async def _thank(self, feedback: Feedback, voice: Voice) -> Reply:
        await self._opinions.add_feedback(feedback)
        for chunk in _spoken(feedback.id, voice, voice.say("feedback_thanks"), "answered", "feedback"):
            yield chunk

    def _default_persona(self) -> str:
        return {"es": "formal", "en": "english"}[self._settings.language]

    def _personas(self) -> Path:
        return self._settings.path.parent / "personas"


def _small_talk(message: Message) -> tuple[str, Outcome] | None:
    """The phrase that answers what is no question, and its outcome."""
    text = message.text.strip()
    if not any(sign.isalnum() for sign in text) and not message.about:
        return "ask_something", "refused"
    if _GREETING.match(text):
        return "greeting", "answered"
    if _THANKS.match(text):
        return "thanks", "answered"
    return None


def _spoken(id_: str, voice: Voice, text: str, outcome: Outcome, reason: str) -> tuple[Text, Answer]:
    """A reply in the bot's own words alone."""
    answer = Answer(
        id=id_,
        outcome=outcome,
        text=text,
        answer="",
        reason=reason,
        confidence=0.0,
        persona=voice.persona.name,
        register=_score(voice, text, ()),
        model=None,
    )
    return Text(text=text), answer


def _frame(result: Result, voice: Voice) -> Framed:
    """The result in the persona's words."""
    framed = Framed()
    if result.outcome == "not_found":
        framed.say(voice.say("not_found"))
        if result.suggestions:
            framed.say(voice.say("not_found_suggestions"))
            framed.text += "\n" + "\n".join(f"- {one}" for one in result.suggestions)
        return framed
    if result.quotes:
        note = voice.say("model_unavailable") if result.problem else ""
        return framed_quotes(result, voice.say("answer_intro"), note or voice.say("extractive_note"))
    framed.say(result.text)
    if result.incomplete:
        framed.say(voice.say("incomplete_answer"))
    return framed


def _conclude(id_: str, result: Result, framed: Framed, voice: Voice) -> Answer:
    return Answer(
        id=id_,
        outcome=result.outcome,
        text=framed.text,
        answer=result.text,
        reason=None if result.outcome == "answered" else result.outcome,
        confidence=result.confidence,
        citations=tuple(citation(cited) for cited in result.citations),
        persona=voice.persona.name,
        register=_score(voice, framed.text, tuple(framed.verbatim)),
        model=result.model,
        timings={stage: round(seconds, 4) for stage, seconds in result.timings.items()},
    )


def _score(voice: Voice, text: str, verbatim: tuple[tuple[int, int], ...]) -> RegisterScore:
    register = voice.persona.register_
    if register is None:
        return RegisterScore(singular="", plural="", score=None)
    from bot.register import check  # loads the verb table: only where Spanish is spoken

    report = check(text, register.singular, register.plural, verbatim)
    return RegisterScore(singular=register.singular, plural=register.plural, score=report.score)
