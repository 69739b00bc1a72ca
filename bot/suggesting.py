"""What goes on with what someone is typing: questions that had good answers, titles, names of settings."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args

from bot.access import Rights, Shelf, readable, rights
from bot.channels import Channels
from bot.journal import Journal
from bot.messages import Channel, Person
from bot.settings import FollowUps, Settings
from bot.voice import Voices
from knowledge.readers import load_readers, permits

if TYPE_CHECKING:
    from knowledge.manifest import Titled  # loads the database

_RECENT = timedelta(days=30)
_LOOKED_AT = 300
"""Good answers that are looked through."""
_FRESH = 60.0
"""Seconds until a new document's title is suggested."""


class _Typing(NamedTuple):
    """A question that is not asked yet."""

    channel: Channel
    author: Person
    private: bool


class Catalogue(Shelf, Protocol):
    """What suggestions need of the library."""

    def titles(self) -> "list[Titled]":
        """Every document that was read; blocks."""
        ...

    def generation_names(self) -> list[str]:
        """Names of the generations of the index; blocks."""
        ...


class Suggestions:
    """Suggests, within what the one who types may see."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        voices: Voices,
        journal: Journal,
        *,
        catalogue: Catalogue,
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._voices = voices
        self._journal = journal
        self._catalogue = catalogue
        self._known: tuple[float, list[Titled]] = (-_FRESH, [])

    async def questions(self, typed: str, person: Person, channel: Channel, limit: int) -> list[str]:
        """Questions well answered here of late, one's own first, then titles of documents.

        A question is suggested to others only where its answer was for all, and drew on nothing that may not
        be read here.
        """
        resolved = await self._channels.of(channel)
        may = rights(self._settings, resolved, _Typing(channel, person, channel.kind == "direct"))
        good = await self._journal.good(
            datetime.now(UTC) - _RECENT, channel=channel.key, author=person.id, limit=_LOOKED_AT
        )
        own = [one.question for one in good if one.author == person.id]
        others = [
            one.question
            for one in good
            if one.author != person.id
            and one.channel == channel.key
            and not one.private
            and {source for source, _ in one.cited} <= may.sources
            and await self._may_all(one.cited, may)
        ]
        titled = [
            one
            for one in await self._all_titles()
            if one.source in may.sources and permits(load_readers(one.readers), may.readers)
        ]
        told = set(_matching(typed, (one.title for one in titled), limit))
        # Of those that were kept, each is asked for again before it is shown.
        near = {(one.source, one.document): one.title for one in titled if one.title in told}
        still = await readable(self._settings, self._catalogue, near, may)
        titles = [near[one] for one in near if one in still]
        return _matching(typed, (*own, *others, *titles), limit)

    async def _may_all(self, documents: Collection[tuple[str, str]], may: Rights) -> bool:
        return len(await readable(self._settings, self._catalogue, documents, may)) == len(documents)

    async def values(self, completes: str, typed: str, given: Mapping[str, Any], limit: int) -> list[str]:
        """Values for an argument of a command; `given`: its other arguments so far."""
        known: dict[str, Collection[str]] = {
            "source": [source.name for source in self._settings.sources],
            # Their names are for those who may read them, and who types is not told here.
            "document": [source.name for source in self._settings.sources],
            "tool": [tool.name for tool in self._settings.tools],
            "persona": self._voices.names,
            "follow_ups": get_args(FollowUps),
        }
        if completes == "generation":
            return _matching(typed, await asyncio.to_thread(self._catalogue.generation_names), limit)
        if completes != "setting_value":
            return _matching(typed, known.get(completes, ()), limit)
        setting = str(given.get("setting", ""))
        if setting not in ("sources", "tools"):
            return _matching(typed, known.get(setting, ()), limit)
        # Several may be named: what is being typed is the last one.
        before, _, last = typed.rpartition(",")
        chosen = [name.strip() for name in before.split(",") if name.strip()]
        left = [name for name in known[setting.removesuffix("s")] if name not in chosen]
        return [", ".join((*chosen, name)) for name in _matching(last, left, limit)]

    async def _all_titles(self) -> "list[Titled]":
        asked, known = self._known
        if time.monotonic() - asked > _FRESH:
            known = await asyncio.to_thread(self._catalogue.titles)
            self._known = time.monotonic(), known
        return known


def _matching(typed: str, texts: Iterable[str], limit: int) -> list[str]:
    """The texts that have every word typed, each once; those that begin with it first."""
    from knowledge.words import fold  # loads the stemmer: only where someone types

    wanted = fold(" ".join(typed.split()))
    found: dict[str, str] = {}
    for text in texts:
        shown = " ".join(text.split())
        folded = fold(shown)
        if shown and all(word in folded for word in wanted.split()):
            found.setdefault(folded, shown)
    first = [shown for folded, shown in found.items() if folded.startswith(wanted)]
    rest = [shown for folded, shown in found.items() if not folded.startswith(wanted)]
    return [*first, *rest][:limit]
