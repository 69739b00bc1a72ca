"""The commands `review` and `digest`: how good the documents are, and what to write next."""

from dataclasses import asdict
from typing import Any

from bot.access import rights
from bot.admin.steps import Done, Steps, refused
from bot.channels import Channels
from bot.journal import Journal
from bot.messages import Command, Status, parse_channel
from bot.phrases import Phrases
from bot.reindexing.notices import Notices
from bot.reviewing import Review, review
from bot.settings import Settings
from bot.voice import Voice
from knowledge.library import Library
from knowledge.statements import Pair, Statement

_SHOWN = 5
"""Of each kind; machines get all of them."""


class ReviewCommands:
    """What is unanswered, never cited, said twice or otherwise, in what the asker may read."""

    def __init__(
        self, settings: Settings, channels: Channels, library: Library, journal: Journal, notices: Notices
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._library = library
        self._journal = journal
        self._notices = notices

    async def review(self, command: Command, voice: Voice) -> Steps:
        """All of it, of one source or of all."""
        yield Status(text=voice.say("review_running"))
        channel = await self._channels.of(command.channel)
        may = rights(self._settings, channel, command)
        sources = may.sources
        if name := command.arguments.get("source"):
            sources &= {str(name)}
        found = await review(self._library, self._journal, sources, may.readers)
        yield Done(_told(found, voice.phrases), _data(found))

    async def digest(self, command: Command, voice: Voice) -> Steps:
        """The same of what the admins' channel may read, posted there."""
        place = self._settings.admin_channel
        if place is None:
            yield refused(voice.say("digest_nowhere"), "unknown_channel")
            return
        yield Status(text=voice.say("review_running"))
        sources = (await self._channels.of(parse_channel(place))).sources
        found = await review(self._library, self._journal, sources, frozenset())

        def told(phrases: Phrases) -> str:
            return f"**{phrases.render('digest_title')}**\n\n{_told(found, phrases)}"

        await self._notices.admins(command.id, told)
        yield Done(voice.say("digest_posted", channel=place), _data(found))


def _told(found: Review, phrases: Phrases) -> str:
    """What there is to do, each kind under its title, the first few of it."""
    missing = [
        f"- {one.question} ({one.times})"
        + (f" → {phrases.render('review_nearest')}: {'; '.join(one.nearest)}" if one.nearest else "")
        for one in found.missing
    ]
    disagreements = [f"- {_said(one.newer)}\n  ↔ {_said(one.older)}" for one in found.disagreements]
    repeated = [f"- `{one.documents[0]}` = `{one.documents[1]}` ({one.statements})" for one in found.repeated]
    never = [f"- `{source}/{document}`" for source, document in found.never_cited]
    answered = [f"- **{source}**: {times}" for source, times in sorted(found.answered.items())]
    titled = {
        "review_answered": answered,
        "review_missing": missing,
        "review_disagreements": disagreements,
        "review_repeated": repeated,
        "review_never_cited": never,
    }
    return "\n\n".join(_part(phrases.render(key), lines, phrases) for key, lines in titled.items())


def _part(title: str, lines: list[str], phrases: Phrases) -> str:
    shown = lines[:_SHOWN] or [phrases.render("status_none")]
    if len(lines) > _SHOWN:
        shown.append(f"- … ({len(lines) - _SHOWN})")
    return "\n".join([f"**{title}**", *shown])


def _said(one: Statement) -> str:
    when = f", {one.passage.as_of:%Y-%m-%d}" if one.passage.as_of else ""
    return f"«{' '.join(one.text.split())}» (`{one.passage.source}/{one.passage.document}`{when})"


def _data(found: Review) -> dict[str, Any]:
    return {
        "answered": found.answered,
        "missing": [asdict(one) for one in found.missing],
        "disagreements": [_pair(one) for one in found.disagreements],
        "repeated": [asdict(one) for one in found.repeated],
        "never_cited": [{"source": source, "document": document} for source, document in found.never_cited],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        name: {
            "source": one.passage.source,
            "document": one.passage.document,
            "text": one.text,
            "as_of": one.passage.as_of.isoformat() if one.passage.as_of else None,
        }
        for name, one in (("newer", pair.newer), ("older", pair.older))
    }
