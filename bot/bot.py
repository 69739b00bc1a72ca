"""The bot: an event in, a reply out. It knows no platform."""

import asyncio
from typing import Protocol

from bot.actions import PRESSED, first, offered
from bot.answering import Answering
from bot.channels import Channels
from bot.framing import spoken
from bot.memory import Memory, Remembered
from bot.messages import (
    Answer,
    AnyChunk,
    Command,
    Feedback,
    Message,
    Outcome,
    Replace,
    Reply,
)
from bot.pressing import Told
from bot.reindexing.records import is_about_deletions
from bot.settings import ResolvedChannel
from bot.stopping import without_numbers
from bot.tools.names import LOOKUPS
from bot.voice import Voice, Voices


class Commands(Protocol):
    """The admin commands, by name."""

    def run(self, command: Command, voice: Voice, stop: asyncio.Event) -> Reply:
        """Carries out a command, telling how it goes; what takes long ends early once `stop` is set."""
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


class Lookups(Protocol):
    """What people ask of tools themselves."""

    def run(self, command: Command, channel: ResolvedChannel, voice: Voice) -> Reply:
        """Makes a lookup, or does what was confirmed."""
        ...


class Bot:
    """Turns events into replies."""

    def __init__(
        self,
        channels: Channels,
        memory: Memory,
        *,
        voices: Voices,
        answering: Answering,
        commands: Commands,
        presses: Presses,
        lookups: Lookups,
        opinions: Opinions,
    ) -> None:
        self._channels = channels
        self._memory = memory
        self._voices = voices
        self._answering = answering
        self._commands = commands
        self._presses = presses
        self._lookups = lookups
        self._opinions = opinions

    async def handle(self, event: Message | Command | Feedback, stop: asyncio.Event | None = None) -> Reply:
        """The reply to an event, in chunks; the last one is its `Answer`. `stop` ends a slow command."""
        channel = await self._channels.of(event.channel)
        voice = await self._voices.of(event, channel)
        match event:
            case Message():
                await self._memory.join(event.thread, event.author.id)
                reply = self._answering.answer(event, channel, voice)
            case Command() if event.name in PRESSED:
                reply = self._press(event, voice)
            case Command() if event.name in LOOKUPS and not is_about_deletions(event):
                reply = self._lookups.run(event, channel, voice)
            case Command():
                reply = self._commands.run(event, voice, stop or asyncio.Event())
            case Feedback():
                reply = self._thank(event, voice)
        async for chunk in reply:
            yield _with_actions(chunk, event, channel)

    async def remember(self, event: Message | Command | Feedback, answer: Answer) -> None:
        """Keeps an answered turn in the thread's memory, for follow-ups."""
        if isinstance(event, Message) and answer.reason is None:
            cited = tuple(dict.fromkeys((one.source, one.document) for one in answer.citations))
            alone = event.author.id if event.private else None
            turn = Remembered(first(event.id), event.text, answer.answer, cited, alone)
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

    async def _thank(self, feedback: Feedback, voice: Voice) -> Reply:
        await self._opinions.add_feedback(feedback)
        if not feedback.helpful:
            await self._answering.forget(feedback.answer)
        for chunk in spoken(feedback.id, voice, voice.say("feedback_thanks"), "answered", None):
            yield chunk

    async def _press(self, press: Command, voice: Voice) -> Reply:
        told = await self._presses.run(press, voice)
        outcome: Outcome = "refused" if told.refused else "answered"
        text, answer = spoken(press.id, voice, told.text, outcome, told.refused)
        if told.text:
            yield text
        yield answer.model_copy(update={"citations": told.citations})


def _with_actions(chunk: AnyChunk, event: Message | Command | Feedback, channel: ResolvedChannel) -> AnyChunk:
    """The chunk; an answer with the buttons that go below it."""
    if not isinstance(chunk, Answer):
        return chunk
    return chunk.model_copy(update={"actions": offered(event, chunk, channel)})
