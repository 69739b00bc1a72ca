"""What connectors ask of the bot outside a turn: whose message it is, what to show, what to suggest."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.access import is_admin
from bot.actions import predecessor, successor
from bot.channels import Channels
from bot.dispatch import Dispatch
from bot.journal import Journal, Unanswered
from bot.memory import Memory
from bot.messages import Channel, Message, Person
from bot.personas import Persona
from bot.phrases import Language, Phrases
from bot.settings import Settings
from bot.suggesting import Suggestions
from bot.voice import Voices
from knowledge.manifest import IndexStatus

_LOADING = ("searching", "thinking", "writing", "checking")
_UNANSWERED = 10


class Shelf(Protocol):
    """What the desk needs of the library."""

    def status(self) -> list[IndexStatus]:
        """Each source, with how fresh it is."""
        ...


class Lookups(Protocol):
    """What the desk needs of the lookups."""

    async def complete(
        self, tool: str | None, typed: str, channel: Channel, persona: Persona, limit: int
    ) -> list[str]:
        """Ways to go on with the name of one, or with the arguments of `tool`."""
        ...


@dataclass(frozen=True, slots=True)
class Home:
    """What a person sees of the bot outside conversations."""

    admin: bool
    """Whether what follows the sources is filled in."""
    sources: tuple[IndexStatus, ...]
    today: dict[str, int]
    """How many of today's questions ended in which outcome."""
    unanswered: tuple[Unanswered, ...]
    """The last ones, newest first."""


class Desk:
    """The bot's word on what is no turn."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        library: Shelf,
        memory: Memory,
        *,
        voices: Voices,
        journal: Journal,
        dispatch: Dispatch,
        suggestions: Suggestions,
        lookups: Lookups,
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._library = library
        self._memory = memory
        self._voices = voices
        self._journal = journal
        self._dispatch = dispatch
        self._suggestions = suggestions
        self._lookups = lookups

    async def count(self, reason: str) -> None:
        """Counts an event that is not answered, by its reason code."""
        await self._dispatch.count(reason)

    def phrases(self, persona: str = "", language: Language | None = None) -> Phrases:
        """The bot's own words as a persona says them, in its language or an answer's; else the default's."""
        return self._voices.phrases(persona, language)

    async def phrases_in(self, channel: Channel) -> Phrases:
        """The bot's own words as this channel's persona says them: buttons, modals, refusals."""
        return self._voices.phrases(self._voices.persona(await self._channels.of(channel)))

    def is_admin(self, person: Person, platform: str) -> bool:
        """Whether someone may give the bot orders; the same check that commands undergo."""
        return is_admin(self._settings, person, platform)

    async def follows_up(self, thread: str, channel: Channel, author: Person) -> bool:
        """Whether something said in a thread without mentioning the bot is for it; else `not_addressed`."""
        who = (await self._channels.of(channel)).follow_ups
        if who == "off":
            return False
        askers = await self._memory.askers(thread)
        return author.id in askers if who == "asker" else bool(askers)

    async def amend(self, message: Message) -> bool:
        """The question was edited: the new one is answered, in the place of the old one's answer.

        False when that is finished already, or there was no such question.
        """
        at = await self._last(message.id)
        if await self._dispatch.amend(message.model_copy(update={"id": at, "replaces": predecessor(at)})):
            return True
        if not await self._dispatch.stop(at, "edited_question"):
            return False
        again = message.model_copy(update={"id": successor(at), "replaces": at})
        return await self._dispatch.submit(again)

    async def withdraw(self, event_id: str) -> bool:
        """The question was deleted: it is not answered; what is being written of an answer is stopped."""
        at = await self._last(event_id)
        return await self._dispatch.cancel(at) or await self._dispatch.stop(at, "deleted_question")

    async def _last(self, event_id: str) -> str:
        """The last turn that answers a question: it may have been asked again, or edited."""
        while await self._dispatch.known_event(following := successor(event_id)):
            event_id = following
        return event_id

    async def halt(self, thread: str) -> bool:
        """What is being written of an answer in a thread is broken off; False when nothing is."""
        current = await self._dispatch.current(thread)
        return current is not None and await self._dispatch.stop(current)

    async def home(self, person: Person, platform: str) -> Home:
        """The overview: sources with their freshness; for admins today's questions, and the unanswered."""
        admin = self.is_admin(person, platform)
        sources = await asyncio.to_thread(self._library.status)
        public = {one.name for one in self._settings.sources if one.access == "public"}
        shown = tuple(one for one in sources if admin or one.source in public)
        if not admin:
            return Home(admin, shown, {}, ())
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        today = await self._journal.outcomes(midnight)
        unanswered = await self._journal.unanswered(limit=_UNANSWERED)
        return Home(admin, shown, today, tuple(unanswered))

    async def suggest(self, typed: str, person: Person, channel: Channel, limit: int = 25) -> list[str]:
        """Questions that go on with what is being typed: ones well answered before, titles of documents."""
        return await self._suggestions.questions(typed, person, channel, limit)

    async def complete(
        self,
        completes: str,
        typed: str,
        limit: int = 25,
        given: Mapping[str, Any] | None = None,
        *,
        parameter: str = "",
        channel: Channel | None = None,
    ) -> list[str]:
        """Values for an argument of a command (`Parameter.completes`) that have in them what was typed.

        `given`: the command's other arguments, as far as they are known. `parameter`: its own name.
        `channel`: where it is typed.
        """
        if completes == "lookup":
            if channel is None:
                return []
            persona = self._voices.persona(await self._channels.of(channel))
            tool = None if parameter == "tool" else str((given or {}).get("tool", ""))
            return await self._lookups.complete(tool, typed, channel, persona, limit)
        return await self._suggestions.values(completes, typed, given or {}, limit)

    async def prompts(self, channel: Channel, limit: int = 4) -> tuple[str, ...]:
        """Questions to begin with: the examples of the channel's persona."""
        persona = self._voices.persona(await self._channels.of(channel))
        return tuple(example.question for example in persona.examples)[:limit]

    async def loading(self, channel: Channel) -> Sequence[str]:
        """What to show by turns while an answer is awaited."""
        phrases = await self.phrases_in(channel)
        return [phrases.render(key) for key in _LOADING]
