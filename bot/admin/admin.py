"""Carries the admin commands out, for those who may; every one is audited, refused ones too."""

import difflib
from collections.abc import AsyncIterator, Mapping

from bot.access import is_admin
from bot.admin.registry import COMMANDS, AdminCommand
from bot.admin.steps import Done, Run, Steps, refused
from bot.errors import VoceroError
from bot.journal import Journal
from bot.messages import Answer, Command, RegisterScore, Reply, Status, Text
from bot.settings import Settings
from bot.voice import Voice
from knowledge.errors import KnowledgeError


class Admin:
    """The admin commands."""

    def __init__(self, settings: Settings, journal: Journal, runs: Mapping[str, Run]) -> None:
        """`runs`: what carries out each command of the registry but `help`."""
        orders = {name for name, command in COMMANDS.items() if not command.everybody}
        assert runs.keys() == orders - {"help"}
        self._settings = settings
        self._journal = journal
        self._runs = runs

    async def run(self, command: Command, voice: Voice) -> Reply:
        """Carries out a command, telling how it goes."""
        ended = Done("", outcome="failed", reason="command_failed")
        try:
            async for step in self._steps(command, voice):
                if isinstance(step, Status):
                    yield step
                else:
                    ended = step
        except (VoceroError, KnowledgeError) as error:
            ended = Done(str(error), outcome="failed", reason="command_failed")
        await self._journal.audit(
            command.author.id, command.name, command.arguments, ended.outcome, channel=command.channel.key
        )
        yield Text(text=ended.text)
        yield Answer(
            id=command.id,
            outcome=ended.outcome,
            text=ended.text,
            answer=ended.text,
            reason=ended.reason,
            confidence=1.0,
            citations=ended.citations,
            persona=voice.persona.name,
            register=RegisterScore(singular="", plural="", score=None),
            model=None,
            data=ended.data,
        )

    def _steps(self, command: Command, voice: Voice) -> Steps:
        known = COMMANDS.get(command.name)
        if not is_admin(self._settings, command.author, command.channel.platform):
            return _just(refused(voice.say("not_admin"), "not_admin"))
        if known is None:
            return _just(_unknown(command.name, voice))
        if (wrong := self._wrong(known, command, voice)) is not None:
            return _just(wrong)
        if known.name == "help":
            return _just(Done(_help(voice)))
        return self._runs[known.name](command, voice)

    def _wrong(self, known: AdminCommand, command: Command, voice: Voice) -> Done | None:
        """What is wrong with the arguments, if anything."""
        for parameter in known.parameters:
            value = command.arguments.get(parameter.name)
            if value in (None, ""):
                if parameter.required:
                    usage = _usage(known)
                    return refused(voice.say("missing_argument", command=usage), "missing_argument")
            elif parameter.choices and value not in parameter.choices:
                choices = ", ".join(f"`{one}`" for one in parameter.choices)
                told = voice.say("bad_choice", value=value, argument=parameter.name, choices=choices)
                return refused(told, "bad_argument")
            elif parameter.completes == "source" and self._settings.source(str(value)) is None:
                names = ", ".join(f"`{source.name}`" for source in self._settings.sources)
                told = voice.say("unknown_source", source=value, sources=names or voice.say("status_none"))
                return refused(told, "unknown_source")
        return None


async def _just(done: Done) -> AsyncIterator[Status | Done]:
    yield done


def _unknown(name: str, voice: Voice) -> Done:
    told = voice.say("unknown_command", command=name)
    if near := difflib.get_close_matches(name.casefold(), list(COMMANDS), n=1):
        told = f"{told} {voice.say('nearest_command', command=near[0])}"
    return refused(told, "unknown_command")


def _usage(command: AdminCommand) -> str:
    """`channel set <setting> <value>`."""
    parts = [
        f"--{one.name.replace('_', '-')}" if one.kind is bool else f"<{one.name}>"
        for one in command.parameters
    ]
    shown = [
        part if one.required else f"[{part}]" for one, part in zip(command.parameters, parts, strict=True)
    ]
    return " ".join([command.name, *shown])


def _help(voice: Voice) -> str:
    """Every command, with how it is written and what it does."""
    return "\n".join(f"- `{_usage(one)}`: {voice.say(one.description)}" for one in COMMANDS.values())
