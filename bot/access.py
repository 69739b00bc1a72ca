"""Who may read what: the sources that an answer may be drawn from."""

from typing import Protocol

from bot.messages import Channel, Person
from bot.settings import ResolvedChannel, Settings


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


def readable(settings: Settings, channel: ResolvedChannel, message: Asked) -> frozenset[str]:
    """Names of the sources that everyone who sees the answer may read.

    A channel reads what it is allowed; a channel shared with outsiders only what is public; an answer that
    its author alone sees may also draw on what the author may read.
    """
    public = {source.name for source in settings.sources if source.access == "public"}
    if message.channel.kind == "shared":
        return frozenset(channel.sources & public)
    if not message.private:
        return channel.sources
    identities = {message.author.id, *message.author.groups}
    own = {
        source.name
        for source in settings.sources
        if source.access != "public" and identities.intersection(source.access)
    }
    return channel.sources | own


def may_ask(channel: ResolvedChannel, person: Person) -> bool:
    """Whether someone, or a role or group of theirs, is among those who may ask in a channel."""
    return not channel.askers or not channel.askers.isdisjoint({person.id, *person.groups})


def is_admin(settings: Settings, person: Person, platform: str) -> bool:
    """The platform's permission and the bot's own list, both; who runs the machine needs no list."""
    return person.admin and (platform == "terminal" or person.id in settings.admins)
