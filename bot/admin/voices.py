"""Commands about who speaks, and how a question would be answered here: `persona`, `test`."""

import difflib
from dataclasses import asdict
from typing import Any

from bot.access import rights
from bot.admin.steps import Done, Steps, refused
from bot.answering import Answering
from bot.channels import Channels
from bot.messages import Answer, Command, Message
from bot.personas import Persona
from bot.settings import ResolvedChannel, Settings
from bot.voice import Voice, Voices
from knowledge.errors import ModelError


class VoiceCommands:
    """Personas, and trials of them."""

    def __init__(self, settings: Settings, channels: Channels, voices: Voices, answering: Answering) -> None:
        self._settings = settings
        self._channels = channels
        self._voices = voices
        self._answering = answering

    async def persona(self, command: Command, voice: Voice) -> Steps:
        """The personas there are, or one of them whole."""
        names = self._voices.names
        name = command.arguments.get("persona")
        if name and name not in names:
            near = difflib.get_close_matches(name, names, n=1) or names
            shown = ", ".join(f"`{one}`" for one in near)
            yield refused(voice.say("unknown_persona", persona=name, personas=shown), "unknown_persona")
        elif name:
            persona = self._voices.named(name)
            yield Done(_whole(persona, voice), {"persona": persona.model_dump(mode="json", by_alias=True)})
        else:
            here = self._voices.persona(await self._channels.of(command.channel)).name
            lines = [_line(self._voices.named(one), here, voice) for one in names]
            yield Done("\n".join(lines), {"personas": names, "here": here})

    async def test(self, command: Command, voice: Voice) -> Steps:
        """A question as this channel would answer it, or as another persona would; judged if wanted."""
        channel = await self._channels.of(command.channel)
        message = Message(
            id=command.id,
            thread=command.thread,
            channel=command.channel,
            author=command.author,
            at=command.at,
            language=command.language,
            text=str(command.arguments["question"]),
        )
        named = command.arguments.get("persona")
        persona = self._voices.named(named) if named else self._voices.persona(channel)
        trial = Voice(persona, persona.phrases(persona.answers_in(message.text)), command.id)
        async for chunk in self._answering.answer(message, channel, trial, anew=True):
            if isinstance(chunk, Answer):
                sources = sorted(rights(self._settings, channel, message).sources)
                names = ", ".join(f"`{name}`" for name in sources)
                facts = {
                    "status_persona": f"`{chunk.persona}`",
                    "status_sources": names or voice.say("status_none"),
                    "status_outcome": f"`{chunk.outcome}`",
                    "status_confidence": f"{chunk.confidence:.2f}",
                    "status_model": f"`{chunk.model}`" if chunk.model else voice.say("status_none"),
                }
                told = "\n".join(f"- {voice.say(key)}: {value}" for key, value in facts.items())
                data = chunk.model_dump(mode="json", by_alias=True, exclude={"type", "data", "actions"})
                data["sources"] = sources
                if command.arguments.get("judge"):
                    data["judgement"] = await self._judged(message, channel, chunk)
                yield Done(f"{told}\n\n{chunk.text}", data, citations=chunk.citations)
            elif chunk.type == "status":
                yield chunk

    async def _judged(self, message: Message, channel: ResolvedChannel, answer: Answer) -> dict[str, Any]:
        """What a model thinks of a written answer, or why there is no such thing."""
        if answer.outcome != "answered" or answer.model is None:
            return {"problem": "No model wrote this answer."}
        try:
            return asdict(await self._answering.judge(message, channel, answer))
        except ModelError as error:
            return {"problem": str(error)}


def _line(persona: Persona, here: str, voice: Voice) -> str:
    mark = f" ({voice.say('persona_here')})" if persona.name == here else ""
    return f"- `{persona.name}`{mark}: {', '.join(_about(persona))}"


def _about(persona: Persona) -> list[str]:
    register = persona.register_
    parts = [persona.title, persona.language, *((register.singular, register.plural) if register else ())]
    return [part for part in parts if part]


def _whole(persona: Persona, voice: Voice) -> str:
    facts = {
        "status_persona": f"`{persona.name}`, {', '.join(_about(persona))}",
        "status_tone": persona.tone,
        "status_model": persona.model,
    }
    lines = [f"- {voice.say(key)}: {value}" for key, value in facts.items() if value]
    parts = [
        "\n".join(lines),
        *(f"> {line}" for line in ["\n> ".join(persona.instructions.strip().splitlines())]),
    ]
    parts += [f"**{one.question}**\n{one.answer}" for one in persona.examples]
    return "\n\n".join(parts)
