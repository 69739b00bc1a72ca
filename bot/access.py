"""Who may read what: the sources that an answer may be drawn from."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from bot.messages import Channel, Person
from bot.personas import Persona
from bot.settings import ResolvedChannel, Settings


def granted(channel: ResolvedChannel, persona: Persona) -> Collection[str]:
    """The `[[tools]]` tables that may be called where this persona speaks in a channel."""
    return channel.tools if persona.tools is None else channel.tools & set(persona.tools)


class Asked(Protocol):
    """What decides who sees an answer: a message, a command, or someone typing one."""

    @property
    def channel(self) -> Channel:
        """Where it is asked."""
        ...

    @property
    def author(self) -> Person:
        """By whom."""
        ...

    @property
    def private(self) -> bool:
        """Whether the answer is seen by the author alone."""
        ...


class Shelf(Protocol):
    """What knows the documents."""

    def readable(
        self, documents: Collection[tuple[str, str]], readers: frozenset[str] | None
    ) -> set[tuple[str, str]]:
        """Which of these documents (source and document) there are, and may be read, at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Rights:
    """What everyone who sees an answer may read."""

    sources: frozenset[str]
    """By name."""
    readers: frozenset[str] = frozenset()
    """Which readers each of them is, of documents that have readers of their own."""


def rights(settings: Settings, channel: ResolvedChannel, asked: Asked) -> Rights:
    """What everyone who sees the answer may read.

    A channel reads what it is allowed, and of documents with readers of their own those that each of its
    people may read; a channel shared with outsiders, and a guest anywhere, only what is public; an answer
    that its author alone sees may also draw on what the author may read.
    """
    if asked.channel.kind == "shared" or asked.author.guest:
        public = {source.name for source in settings.sources if source.access == "public"}
        return Rights(frozenset(channel.sources & public))
    everyones = settings.known.of_channel(asked.channel)
    if not asked.private:
        return Rights(channel.sources, everyones)
    identities = {asked.author.id, *asked.author.groups}
    own = {
        source.name
        for source in settings.sources
        if source.access != "public" and identities.intersection(source.access)
    }
    return Rights(channel.sources | own, everyones | settings.known.of_person(asked.author))


async def readable(
    settings: Settings, shelf: Shelf, documents: Collection[tuple[str, str]], may: Rights
) -> set[tuple[str, str]]:
    """Those of these documents (source and document) that may be read at this moment.

    What is of no source came with a question, and stays with whoever sees its answer.
    """
    known = {source.name for source in settings.sources}
    indexed = {one for one in documents if one[0] in known}
    if not indexed:
        return set(documents)
    allowed = {one for one in indexed if one[0] in may.sources}
    return set(documents) - indexed | await asyncio.to_thread(shelf.readable, allowed, may.readers)


def may_ask(channel: ResolvedChannel, person: Person) -> bool:
    """Whether someone, or a role or group of theirs, is among those who may ask in a channel."""
    return not channel.askers or not channel.askers.isdisjoint({person.id, *person.groups})


def is_admin(settings: Settings, person: Person, platform: str) -> bool:
    """The platform's permission and the bot's own list, both; who runs the machine needs no list."""
    return person.admin and (platform == "terminal" or person.id in settings.admins)
