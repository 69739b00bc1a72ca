"""The commands about generations of the index: `generations show | use | drop`."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime

from bot.admin.steps import Done, Steps
from bot.messages import Command, Status
from bot.voice import Voice
from knowledge.library import Library
from knowledge.succession import GenerationStatus


class GenerationCommands:
    """Which generations there are, and which one answers."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def show(self, command: Command, voice: Voice) -> Steps:
        """Every generation, with what is in it."""
        yield await self._told("", voice)

    async def use(self, command: Command, voice: Voice) -> Steps:
        """Has another generation answer, once it is up to date."""
        name = str(command.arguments["generation"])
        yield Status(text=voice.say("generation_updating", generation=name))
        await asyncio.to_thread(self._library.use_generation, name)
        yield await self._told(voice.say("generation_used", generation=name), voice)

    async def drop(self, command: Command, voice: Voice) -> Steps:
        """Deletes a generation that does not answer."""
        name = str(command.arguments["generation"])
        await asyncio.to_thread(self._library.drop_generation, name)
        yield await self._told(voice.say("generation_dropped", generation=name), voice)

    async def _told(self, done: str, voice: Voice) -> Done:
        generations = await asyncio.to_thread(self._library.generations)
        title = f"**{voice.say('generations_title')}**"
        lines = [_line(one, voice) for one in generations]
        text = "\n\n".join(part for part in (done, title, "\n".join(lines)) if part)
        return Done(text, {"generations": [asdict(one) for one in generations]})


def _line(one: GenerationStatus, voice: Voice) -> str:
    """`- **g2** (contesta): local · Documentos 31 · Pasajes 240 · Vectores 240 · 1.2 MB · 2026-11-22`."""
    state = "generation_active" if one.active else "generation_next" if one.next else ""
    counts = {"documents": one.documents, "passages": one.chunks, "vectors": one.vectors}
    told = (
        one.embedding,
        *(f"{voice.say(f'status_{name}')} {count}" for name, count in counts.items()),
        f"{one.bytes / 1_000_000:.1f} MB",
        f"{datetime.fromtimestamp(one.created, UTC).astimezone():%Y-%m-%d %H:%M}",
    )
    return f"- **{one.name}**{f' ({voice.say(state)})' if state else ''}: {' · '.join(told)}"
