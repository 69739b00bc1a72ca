"""The bot: an event in, a reply out. It knows no platform."""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import Protocol

from bot.access import readable
from bot.actions import PRESSED, first, offered
from bot.channels import Channels
from bot.editing import searchable
from bot.framing import conclude, for_machines, frame, spoken
from bot.memory import Memory, Remembered
from bot.messages import (
    Answer,
    Command,
    Confirm,
    Feedback,
    Message,
    Outcome,
    Replace,
    Reply,
    Status,
    Text,
)
from bot.pressing import Told
from bot.settings import ResolvedChannel, Settings
from bot.stopping import without_numbers
from bot.voice import Voice, Voices
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


Chunk = Status | Text | Replace | Confirm | Answer

_PAUSE, _LOOKS = 0.5, 240
"""Seconds between looks at whether a source has been read for the first time, and how many."""


class Commands(Protocol):
    """The admin commands, by name."""

    def run(self, command: Command, voice: Voice) -> Reply:
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


class Presses(Protocol):
    """What buttons ask for."""

    async def run(self, press: Command, voice: Voice) -> Told:
        """Does it, and says what there is to be said about it."""
        ...


class Bot:
    """Turns events into replies."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        library: Documents,
        memory: Memory,
        *,
        voices: Voices,
        commands: Commands,
        presses: Presses,
        opinions: Opinions,
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._library = library
        self._memory = memory
        self._voices = voices
        self._commands = commands
        self._presses = presses
        self._opinions = opinions

    async def handle(self, event: Message | Command | Feedback) -> Reply:
        """The reply to an event, in chunks; the last one is its `Answer`."""
        channel = await self._channels.of(event.channel)
        voice = await self._voices.of(event, channel)
        match event:
            case Message():
                await self._memory.join(event.thread, event.author.id)
                reply = self._answer(event, channel, voice)
                if voice.persona.format.json_schema is not None:
                    reply = for_machines(reply)
            case Command() if event.name in PRESSED:
                reply = self._press(event, voice)
            case Command():
                reply = self._commands.run(event, voice)
            case Feedback():
                reply = self._thank(event, voice)
        async for chunk in reply:
            yield _with_actions(chunk, event, channel)

    async def trial(self, message: Message) -> Reply:
        """A question answered as its channel would answer it, leaving no trace."""
        channel = await self._channels.of(message.channel)
        persona = self._voices.persona(channel)
        voice = Voice(persona, self._voices.phrases(persona), message.id)
        async for chunk in self._answer(message, channel, voice):
            yield chunk

    async def remember(self, event: Message | Command | Feedback, answer: Answer) -> None:
        """Keeps an answered turn in the thread's memory, for follow-ups."""
        if isinstance(event, Message) and answer.reason is None:
            documents = tuple(dict.fromkeys(cited.document for cited in answer.citations))
            turn = Remembered(first(event.id), event.text, answer.answer, documents)
            await self._memory.add(event.thread, turn)

    async def apologise(self, event: Message | Command | Feedback) -> Reply:
        """What is said when a turn failed for good."""
        channel = await self._channels.of(event.channel)
        voice = await self._voices.of(event, channel)
        for chunk in spoken(event.id, voice, voice.say("apology", turn=event.id), "failed", "error"):
            yield _with_actions(chunk, event, channel)

    async def break_off(self, event: Message | Command | Feedback, written: str, why: str) -> Reply:
        """What stands where no more of an answer is wanted (`stopped`, `deleted_question`)."""
        channel = await self._channels.of(event.channel)
        voice = await self._voices.of(event, channel)
        kept = without_numbers(written)
        text = "\n\n".join(part for part in (kept, voice.say(why)) if part)
        said, answer = spoken(event.id, voice, text, "refused", why)
        yield Replace(text=said.text)
        yield _with_actions(answer.model_copy(update={"answer": kept}), event, channel)

    async def _answer(self, message: Message, channel: ResolvedChannel, voice: Voice) -> Reply:
        if small_talk := _small_talk(message):
            key, outcome = small_talk
            for chunk in spoken(message.id, voice, voice.say(key), outcome, key):
                yield chunk
            return
        sources = readable(self._settings, channel, message)
        if not sources:
            for chunk in spoken(message.id, voice, voice.say("refused_source"), "refused", "not_allowed"):
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
            language=voice.language,
            history=_before(turns, message),
            about=message.about,
            instructions=voice.persona.prompt(voice.language),
            most_words=voice.persona.format.max_words,
            neutral=partial(searchable, language=voice.language),
            editor=voice.editor(),
            schema=voice.persona.format.json_schema,
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
                    framed = frame(piece, voice)
                    if framed.text.startswith(written):
                        yield Text(text=framed.text[len(written) :])
                    else:
                        yield Replace(text=framed.text)
                    yield conclude(message.id, piece, framed, voice)

    async def _thank(self, feedback: Feedback, voice: Voice) -> Reply:
        await self._opinions.add_feedback(feedback)
        for chunk in spoken(feedback.id, voice, voice.say("feedback_thanks"), "answered", "feedback"):
            yield chunk

    async def _press(self, press: Command, voice: Voice) -> Reply:
        told = await self._presses.run(press, voice)
        outcome: Outcome = "refused" if told.refused else "answered"
        text, answer = spoken(press.id, voice, told.text, outcome, told.refused or press.name)
        if told.text:
            yield text
        yield answer.model_copy(update={"citations": told.citations})


def _with_actions(chunk: Chunk, event: Message | Command | Feedback, channel: ResolvedChannel) -> Chunk:
    """The chunk; an answer with the buttons that go below it."""
    if not isinstance(chunk, Answer):
        return chunk
    return chunk.model_copy(update={"actions": offered(event, chunk, channel)})


def _before(turns: Sequence[Remembered], message: Message) -> tuple[Turn, ...]:
    """The turns before a message: one that is asked again is not a follow-up to itself."""
    earlier = takewhile(lambda turn: turn.id != first(message.id), turns)
    return tuple(Turn(turn.question, turn.answer) for turn in earlier)


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
