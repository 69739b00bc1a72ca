"""What is done about an answer when a button below it is pressed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.access import Rights, Shelf, is_admin, readable, rights
from bot.actions import first, successor
from bot.channels import Channels
from bot.errors import VoceroError
from bot.journal import Journal, Past
from bot.messages import Citation, Command, Connector, Feedback, Message, Person, parse_channel
from bot.settings import Settings
from bot.voice import Voice

log = logging.getLogger(__name__)

_SHOWN = 1_500
"""Characters of an answer that are shown to the person who is asked to look at it."""


class Queue(Protocol):
    """What a press needs of the queue."""

    async def submit(self, event: Message) -> bool:
        """Queues a turn."""
        ...

    async def pending(self, event_id: str) -> Message | Command | Feedback | None:
        """An event that is not done yet."""
        ...

    async def cancel(self, event_id: str) -> bool:
        """Takes back an event that has not begun."""
        ...

    async def stop(self, event_id: str) -> bool:
        """Has the answering of an event ended."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What the one who pressed is told, they alone; empty where the press shows by itself."""

    text: str = ""
    citations: tuple[Citation, ...] = ()
    refused: str | None = None
    """Reason code, where it was not done."""


class Presses:
    """Carries out what buttons ask for. A press that comes twice is done once."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        journal: Journal,
        queue: Queue,
        connectors: Mapping[str, Connector],
        *,
        shelf: Shelf,
    ) -> None:
        """`connectors`: by platform, filled by the time that anything is pressed."""
        self._settings = settings
        self._channels = channels
        self._journal = journal
        self._queue = queue
        self._connectors = connectors
        self._shelf = shelf

    async def run(self, press: Command, voice: Voice) -> Told:
        """Does what was asked for, and says what there is to be said about it."""
        answer = str(press.arguments.get("answer", ""))
        if press.name == "stop":
            return await self._stop(press, answer, voice)
        past = await self._journal.past(answer)
        if past is None:
            return Told(voice.say("answer_unknown"), refused="answer_unknown")
        # What was said to one person, or in another channel, is not opened by whoever knows its id.
        closed = past.message.private or past.message.channel.key != press.channel.key
        if (closed or press.name == "regenerate") and not self._may(press, past.message.author):
            return Told(voice.say("not_yours"), refused="not_yours")
        match press.name:
            case "show_sources":
                return await self._sources(press, past, voice)
            case "regenerate":
                return await self._regenerate(press, past)
            case _:
                return await self._ask_person(press, past, voice)

    async def _stop(self, press: Command, answer: str, voice: Voice) -> Told:
        asked = await self._queue.pending(answer)
        if asked is None:
            return Told(voice.say("not_running"), refused="not_running")
        if not self._may(press, asked.author):
            return Told(voice.say("not_yours"), refused="not_yours")
        # It may begin between the two.
        if not await self._queue.stop(answer) and await self._queue.cancel(answer):
            return Told(voice.say("cancelled"))
        await self._queue.stop(answer)
        return Told()

    async def _regenerate(self, press: Command, past: Past) -> Told:
        again = past.message.model_copy(
            update={
                "id": successor(past.message.id),
                "replaces": past.message.id,
                "reference": past.message.reference | press.reference,
                "at": press.at,
                # What they may read is what holds now.
                "author": press.author if press.author.id == past.message.author.id else past.message.author,
            }
        )
        await self._queue.submit(again)
        return Told()

    async def _ask_person(self, press: Command, past: Past, voice: Voice) -> Told:
        target = (await self._channels.of(past.message.channel)).escalate_to
        platform = (target or "").partition(":")[0]
        if target is None or platform not in self._connectors:
            return Told(voice.say("escalation_unavailable"), refused="nobody_to_ask")
        shown = target.partition(":")[2]
        # Once for a question, however often it was answered.
        question = first(past.message.id)
        asked = await self._journal.escalate(question, press.author.id, target, press.id)
        if asked != press.id:
            return Told(voice.say("escalated_already", channel=shown))
        try:
            request = await self._request(press, past, target, voice)
            await self._connectors[platform].post(target, request, key=f"escalation:{question}")
        except VoceroError as error:
            log.error("Nobody could be asked in %s about %s: %s", target, question, error)
            await self._journal.forget_escalation(question)
            told = voice.say("escalation_failed", channel=shown, reason=str(error))
            return Told(told, refused="escalation_failed")
        return Told(voice.say("escalated", channel=shown))

    async def _request(self, press: Command, past: Past, target: str, voice: Voice) -> str:
        """What the people in the target are told; of an answer they may not read, only that there was one."""
        there = await self._channels.of(parse_channel(target))
        # Who reads there is not known here: no more than anybody may.
        may = Rights(there.sources, self._settings.known.of_channel(parse_channel(target)))
        cited = {(citation.source, citation.document) for citation in past.citations}
        told = len(await readable(self._settings, self._shelf, cited, may)) == len(cited)
        link = await self._connectors[press.channel.platform].link(press)
        person = press.author.name or press.author.id
        parts = [voice.say("escalation_request", person=person, question=past.message.text)]
        if told and past.tools <= there.tools:
            parts.append(voice.say("escalation_context", answer=_short(past.text)))
        else:
            parts.append(voice.say("escalation_withheld"))
        if link:
            parts.append(voice.say("escalation_link", link=link))
        return "\n\n".join(parts)

    async def _sources(self, press: Command, past: Past, voice: Voice) -> Told:
        """What was cited, with the words that were taken from there, as far as who presses may read it."""
        if not past.citations:
            return Told(voice.say("sources_none"))
        may = rights(self._settings, await self._channels.of(press.channel), press)
        cited = {(one.source, one.document) for one in past.citations}
        left = await readable(self._settings, self._shelf, cited, may)
        shown = tuple(one for one in past.citations if (one.source, one.document) in left)
        if not shown:
            return Told(voice.say("sources_withheld"), refused="not_allowed")
        excerpts = [f"[{one.number}] {' '.join(one.excerpt.split())}" for one in shown]
        return Told("\n\n".join(excerpts), shown)

    def _may(self, press: Command, asker: Person) -> bool:
        """Whether who presses is who asked, or an admin."""
        return press.author.id == asker.id or is_admin(self._settings, press.author, press.channel.platform)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
