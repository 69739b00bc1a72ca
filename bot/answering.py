"""The answer to a question: who may have it, from what, and in whose words."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from typing import Protocol

from bot.access import Rights, Shelf, may_ask, readable, rights
from bot.actions import first
from bot.attachments import Attached, Attachments
from bot.budget import Account, Budget, Standing
from bot.editing import searchable
from bot.framing import Framed, budget_reason, close, conclude, for_machines, frame, repeated, spoken
from bot.freshness import stale, staleness
from bot.journal import Past
from bot.kept_answers import KeptAnswers
from bot.memory import Memory, Remembered
from bot.messages import Answer, Confirm, Confirmation, Message, Outcome, Replace, Reply, Status, Text
from bot.settings import ResolvedChannel, Settings
from bot.tools.joining import Tools
from bot.tools.turn import TurnTools
from bot.voice import Voice
from knowledge.answers import Calling, Discarded, Draft, Question, Result, Turn
from knowledge.documents import Passage
from knowledge.engine import Engine
from knowledge.errors import ModelError, RevokedError
from knowledge.judging import Judgement

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
_TRIES = 3
"""Times that a question is answered anew because who may read what changed meanwhile."""
_AGAIN = 5
"""Earlier answers that a new one is to differ from."""


class Documents(Shelf, Protocol):
    """What is needed of the library."""

    def engine(self, llm: Sequence[str] = ()) -> Engine:
        """The engine that answers with these models, tried in order, or with the configured ones."""
        ...

    def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        """The live ones of these passages."""
        ...

    def never_synced(self) -> list[str]:
        """The sources that were never read to their end."""
        ...

    def read(self) -> dict[str, datetime]:
        """When each source was last read whole."""
        ...


class Archive(Protocol):
    """Where answers are kept."""

    async def past(self, event_id: str) -> Past | None:
        """An answered question."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that is answered from documents."""

    message: Message
    channel: ResolvedChannel
    may: Rights
    """Of everyone who sees the answer."""
    attached: Attached
    turns: Sequence[Remembered]
    """What was said before in its thread."""
    voice: Voice
    anew: bool
    """Not answered as before."""


class Answering:
    """Answers questions."""

    def __init__(
        self,
        settings: Settings,
        library: Documents,
        memory: Memory,
        archive: Archive,
        *,
        attachments: Attachments,
        budget: Budget,
        tools: Tools,
        kept: KeptAnswers,
    ) -> None:
        self._settings = settings
        self._library = library
        self._memory = memory
        self._archive = archive
        self._attachments = attachments
        self._budget = budget
        self._tools = tools
        self._kept = kept

    def answer(
        self, message: Message, channel: ResolvedChannel, voice: Voice, *, anew: bool = False
    ) -> Reply:
        """The reply to a message: an answer, a refusal with its reason, or a word in return.

        `anew`: not one that was given before.
        """
        reply = self._answer(message, channel, voice, anew=anew)
        return reply if voice.persona.format.json_schema is None else for_machines(reply)

    async def forget(self, turn: str) -> None:
        """The answer of a turn did not help: it is not given again."""
        await self._kept.forget(turn)

    async def judge(self, message: Message, channel: ResolvedChannel, answer: Answer) -> Judgement:
        """What the models for that think of an answer; raises `ModelError`."""
        spent = (f"{message.id}:judge", message.channel.key, message.author.id)
        account = await self._budget.open(*spent, channel.budget, self._settings.llm)
        if isinstance(account, Standing):
            raise ModelError("The day's budget is used up: the answer was not judged.")
        passages = await asyncio.to_thread(
            self._library.passages, [cited.passage for cited in answer.citations if cited.passage]
        )
        try:
            engine = self._library.engine()
            return await engine.judge(message.text, answer.answer, tuple(passages.values()), account.enter)
        finally:
            await account.close()

    async def _answer(self, message: Message, channel: ResolvedChannel, voice: Voice, *, anew: bool) -> Reply:
        may = rights(self._settings, channel, message)
        if message.replaces:
            await self._kept.forget(message.replaces)
        attached = Attached()
        said = _small_talk(message) or _refusal(message, channel)
        if said is None and message.attachments:
            yield Status(text=voice.say("reading_attachments", n=len(message.attachments)))
            attached = await self._attachments.read(message, voice)
        if (
            said is None
            and not may.sources
            and not attached.passages
            and not (self._settings.llm and channel.tools)
        ):
            said = "refused_source", "refused", "not_allowed"
        if said is not None:
            key, outcome, reason = said
            for word in spoken(message.id, voice, voice.say(key), outcome, reason):
                yield word
            return
        async for status in self._first_reading(may.sources, voice):
            yield status
        yield Status(text=voice.say("searching"))
        for left in reversed(range(_TRIES)):
            turns = await self._turns(message, may)
            try:
                async for chunk in self._from_documents(
                    _Asked(message, channel, may, attached, turns, voice, anew)
                ):
                    yield chunk
                return
            except RevokedError:
                if not left:
                    raise
                yield Replace(text="")

    async def _first_reading(self, sources: frozenset[str], voice: Voice) -> Reply:
        """Waits for sources that are being read for the first time: not to say "not found" of those."""
        for _ in range(_LOOKS):
            unread = sources.intersection(await asyncio.to_thread(self._library.never_synced))
            if not unread:
                break
            yield Status(text=voice.say("index_started", source=min(unread)))
            await asyncio.sleep(_PAUSE)

    async def _from_documents(self, asked: "_Asked") -> Reply:
        """The answer that was given before, or one that may cost something."""
        message, voice = asked.message, asked.voice
        models: Sequence[str] = voice.persona.model or self._settings.llm
        follows = bool(asked.turns) or asked.anew
        place = await self._kept.place(message, asked.channel, asked.may, voice, models, follows=follows)
        if place and (kept := await self._kept.find(place, message)):
            old = await self._old({cited.source for cited in kept.citations}, voice)
            for part in repeated(message.id, kept, old, voice):
                yield part
            return
        account = await self._budget.open(
            message.id, message.channel.key, message.author.id, asked.channel.budget, models
        )
        if isinstance(account, Standing):
            why = budget_reason(account, voice)
            for word in spoken(message.id, voice, why, "refused", "over_budget"):
                yield word
            return
        try:
            async for chunk in self._searched(asked, account):
                if place and isinstance(chunk, Answer) and account.models == models:
                    await self._kept.keep(place, message, chunk, voice.say("unsupported"))
                yield chunk
        finally:
            account.release()

    async def _searched(self, asked: "_Asked", account: Account) -> Reply:
        """The answer from the documents."""
        message, voice, attached = asked.message, asked.voice, asked.attached
        engine = self._library.engine(account.models)
        earlier = await self._earlier(message, asked.may)
        tools = None
        if account.models:
            tools = await self._tools.of_turn(message, asked.channel, voice.persona, asked.may)
        question = Question(
            text=message.text.strip(),
            sources=asked.may.sources,
            readers=asked.may.readers,
            language=voice.language,
            history=tuple(Turn(turn.question, turn.answer) for turn in asked.turns),
            about=message.about,
            given=attached.passages,
            # Without a model it is the passages that make another answer.
            skip=frozenset[str]().union(*(past.passages for past in earlier if engine.model is None)),
            earlier=tuple(past.answer for past in earlier),
            instructions=voice.persona.prompt(voice.language),
            manners=tuple(voice.persona.for_models.items()),
            most_words=voice.persona.format.max_words,
            neutral=partial(searchable, language=voice.language),
            editor=voice.editor(),
            schema=voice.persona.format.json_schema,
            tools=tools,
            hosts=frozenset(self._settings.links),
            unsupported=voice.say("unsupported"),
        )
        written = ""
        async for piece in engine.answer(question, account.enter):
            match piece:
                case Draft(text):
                    written += text
                    yield Text(text=text)
                case Discarded():
                    written = ""
                    yield Replace(text="")
                case Calling(names):
                    yield Status(text=voice.say("calling_tool", tool=", ".join(names)))
                case Result():
                    waiting = await tools.confirmations() if tools else ()
                    old = await self._old(_drawn_on(piece, asked.may.sources), voice)
                    framed = _framed(piece, (*old, *attached.notes), earlier, voice)
                    _tell_of_tools(framed, tools, waiting, voice)
                    if framed.text.startswith(written):
                        yield Text(text=framed.text[len(written) :])
                    else:
                        yield Replace(text=framed.text)
                    answer = conclude(message.id, piece, framed, voice)
                    for confirmation in waiting:
                        yield Confirm(confirmation=confirmation)
                    yield answer.model_copy(
                        update={
                            "usage": await account.close(),
                            "tool_calls": tuple(tools.calls) if tools else (),
                            "pictures": tuple(tools.pictures) if tools else (),
                            "confirmations": waiting,
                        }
                    )

    async def _old(self, sources: Collection[str], voice: Voice) -> tuple[str, ...]:
        """What is to be said of those sources that are not as fresh as promised."""
        read = await asyncio.to_thread(self._library.read)
        return staleness(stale(self._settings, read, sources, datetime.now(UTC)), voice)

    async def _turns(self, message: Message, may: Rights) -> list[Remembered]:
        """The turns before a message, of what all who see its answer may read.

        One that is asked again is not a follow-up to itself.
        """
        turns = await self._memory.turns(message.thread)
        alone = {None, message.author.id if message.private else None}
        earlier = takewhile(lambda turn: turn.id != first(message.id), turns)
        return [turn for turn in earlier if turn.alone in alone and await self._may_still(turn.cited, may)]

    async def _may_still(self, cited: Collection[tuple[str, str]], may: Rights) -> bool:
        """Whether all of these documents may be read at this moment."""
        return len(await readable(self._settings, self._library, cited, may)) == len(set(cited))

    async def _earlier(self, message: Message, may: Rights) -> list[Past]:
        """The answers that this turn's is to replace, the last one first, of what may still be read."""
        found: list[Past] = []
        replaced = message.replaces
        while replaced is not None and len(found) < _AGAIN:
            past = await self._archive.past(replaced)
            if past is None:
                break
            replaced = past.message.replaces
            if await self._may_still({(one.source, one.document) for one in past.citations}, may):
                found.append(past)
        return found


def _drawn_on(result: Result, searched: frozenset[str]) -> frozenset[str]:
    """The sources that an answer is from, or in which there was none."""
    if result.outcome != "answered":
        return searched
    return frozenset(cited.passage.source for cited in result.citations)


def _framed(result: Result, notes: Sequence[str], earlier: Sequence[Past], voice: Voice) -> Framed:
    """The result in the persona's words, with what else there is to say about it."""
    framed = frame(result, voice)
    if voice.persona.format.json_schema is None:
        for note in notes:
            framed.say(note)
        if any(result.text == past.answer for past in earlier):
            framed.say(voice.say("nothing_else"))
        close(framed, voice)
    return framed


def _tell_of_tools(
    framed: Framed, tools: TurnTools | None, waiting: Sequence[Confirmation], voice: Voice
) -> None:
    """What the model cannot be relied on to say: what waits for a yes, and what could not be called."""
    if tools is None or voice.persona.format.json_schema is not None:
        return
    for name in tools.given_up:
        framed.say(voice.say("tool_failed", tool=name, reason=voice.say("tool_arguments")))
    if waiting:
        shown = "\n\n".join(one.text for one in waiting)
        framed.say(f"{voice.say('action_waits')}\n\n{shown}")


_Said = tuple[str, Outcome, str]
"""A phrase in place of an answer, its outcome and its reason code."""


def _small_talk(message: Message) -> _Said | None:
    """What answers what is no question."""
    text = message.text.strip()
    if not any(sign.isalnum() for sign in text) and not message.about:
        key = "attachment_without_question" if message.attachments else "ask_something"
        return key, "refused", "ask_something"
    if _GREETING.match(text):
        return "greeting", "answered", "greeting"
    if _THANKS.match(text):
        return "thanks", "answered", "thanks"
    return None


def _refusal(message: Message, channel: ResolvedChannel) -> _Said | None:
    if not may_ask(channel, message.author):
        return "refused_asker", "refused", "not_allowed"
    return None
