"""The commands about official answers: `answers show | approve | remove`."""

import asyncio
from typing import Any

from bot.admin.steps import Done, Steps, refused
from bot.messages import Command, Status
from bot.reindexing.reindexing import Reindexing
from bot.settings import Settings
from bot.voice import Voice
from knowledge.official import OfficialAnswers, Saved, State
from knowledge.sources import OFFICIAL


class OfficialCommands:
    """What was put up for approval, what was approved of, and deciding it."""

    def __init__(self, settings: Settings, official: OfficialAnswers, reindexing: Reindexing) -> None:
        self._settings = settings
        self._official = official
        self._reindexing = reindexing

    async def show(self, command: Command, voice: Voice) -> Steps:
        """Those that wait, then those that are said."""
        yield await self._told("", voice)

    async def approve(self, command: Command, voice: Voice) -> Steps:
        """Makes one that waits an official answer, or one that was taken out."""
        async for step in self._decided(command, "approved", "official_approved", voice):
            yield step

    async def remove(self, command: Command, voice: Voice) -> Steps:
        """Takes one out, or turns down one that waits."""
        async for step in self._decided(command, "rejected", "official_removed", voice):
            yield step

    async def _decided(self, command: Command, state: State, key: str, voice: Voice) -> Steps:
        written = str(command.arguments["number"]).lstrip("#")
        lists = [source.name for source in self._settings.sources if source.kind == OFFICIAL]
        if not lists:
            yield refused(voice.say("official_nowhere"), "unknown_source")
            return
        found: Saved | None = None
        if written.isdecimal():
            found = await asyncio.to_thread(self._official.decide, int(written[:9]), state, command.author.id)
        if found is None:
            yield refused(voice.say("official_unknown", number=written), "bad_argument")
            return
        reading = command.model_copy(update={"arguments": {"source": found.source}})
        async for step in self._reindexing.run(reading, voice, asyncio.Event()):
            if isinstance(step, Status):
                yield step
            elif step.outcome != "answered":  # the answer is kept, and read with the next run
                yield step
                return
        yield await self._told(voice.say(key, question=found.question), voice)

    async def _told(self, done: str, voice: Voice) -> Done:
        saved = await asyncio.to_thread(self._official.saved, ("proposed", "approved"))
        parts = [done] if done else []
        for state, key in (("proposed", "official_waiting"), ("approved", "official_said")):
            lines = [_line(one) for one in saved if one.state == state] or [voice.say("status_none")]
            parts.append("\n".join([f"**{voice.say(key)}**", *lines]))
        return Done("\n\n".join(parts), {"answers": [_data(one) for one in saved]})


def _line(one: Saved) -> str:
    """`- **#3** ¿Hay comedor? → Sí, en el segundo piso. (U123)`."""
    answer = " ".join(one.answer.split())
    return f"- **#{one.number}** {one.question} → {answer} ({one.author.partition(':')[2] or one.author})"


def _data(one: Saved) -> dict[str, Any]:
    return {
        "number": one.number,
        "source": one.source,
        "question": one.question,
        "answer": one.answer,
        "state": one.state,
        "author": one.author,
        "changed": one.changed.isoformat(),
    }
