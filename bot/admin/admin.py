"""Carries the admin commands out, for those who may; every one is audited, refused ones too."""

import asyncio
import difflib
from collections.abc import AsyncIterator, Mapping

from bot.access import is_admin
from bot.admin.reading import read_command
from bot.admin.registry import COMMANDS, AdminCommand
from bot.admin.steps import Done, Run, SlowRun, Steps, refused
from bot.errors import VoceroError
from bot.journal import Journal
from bot.messages import Answer, Command, Confirm, RegisterScore, Reply, Status, Text
from bot.settings import Settings
from bot.tools.names import PRESSES
from bot.voice import Voice
from knowledge.errors import KnowledgeError


class Admin:
    """The admin commands."""

    def __init__(
        self, settings: Settings, journal: Journal, runs: Mapping[str, Run], slow: Mapping[str, SlowRun]
    ) -> None:
        """`runs`, `slow`: what carries out each command of the registry but `help`, and an admin's word."""
        orders = {name for name, command in COMMANDS.items() if not command.everybody}
        assert runs.keys() | slow.keys() == orders - {"help"} | PRESSES
        self._settings = settings
        self._journal = journal
        self._runs = runs
        self._slow = slow

    async def run(self, command: Command, voice: Voice, stop: asyncio.Event) -> Reply:
        """Carries out a command, telling how it goes; what takes long ends early once `stop` is set."""
        command = _named(command)
        ended = Done("", outcome="failed", reason="command_failed")
        try:
            async for step in self._steps(command, voice, stop):
                if isinstance(step, Status):
                    yield step
                else:
                    ended = step
        except (VoceroError, KnowledgeError) as error:
            ended = Done(str(error), outcome="failed", reason="command_failed")
        if ended.audited:
            await self._journal.audit(
                command.author.id,
                command.name,
                command.arguments,
                ended.outcome,
                channel=command.channel.key,
                result=ended.result,
            )
        for confirmation in ended.confirmations:
            yield Confirm(confirmation=confirmation)
        yield Text(text=ended.text)
        yield Answer(
            id=command.id,
            outcome=ended.outcome,
            text=ended.text,
            answer=ended.text,
            reason=ended.reason,
            confidence=1.0,
            citations=ended.citations,
            confirmations=ended.confirmations,
            persona=voice.persona.name,
            register=RegisterScore(singular="", plural="", score=None),
            model=None,
            data=ended.data,
        )

    def _steps(self, command: Command, voice: Voice, stop: asyncio.Event) -> Steps:
        known = COMMANDS.get(command.name)
        word = command.name in PRESSES
        if not is_admin(self._settings, command.author, command.channel.platform):
            # The buttons stay for those who may press them.
            return _just(refused(voice.say("not_admin"), "not_yours" if word else "not_admin"))
        if word:
            return self._slow[command.name](command, voice, stop)
        if known is None:
            return _just(_unknown(command.name, voice))
        if (wrong := self._wrong(known, command, voice)) is not None:
            return _just(wrong)
        if known.name in self._slow:
            return self._slow[known.name](command, voice, stop)
        return self._runs[known.name](command, voice) if known.name != "help" else _just(Done(_help(voice)))

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


def _named(command: Command) -> Command:
    """The command by its name in the registry: `sources pause` is `sources` with something to do."""
    if command.name in COMMANDS or command.name in PRESSES:
        return command
    name, arguments = read_command(command.name)
    if name not in COMMANDS:
        return command
    return command.model_copy(update={"name": name, "arguments": arguments | command.arguments})


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
