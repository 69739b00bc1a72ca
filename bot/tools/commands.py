"""What people ask of tools themselves: `/lookup`, and the two buttons below what waits for their word."""

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.access import granted, may_ask, rights
from bot.channels import Channels
from bot.framing import spoken
from bot.messages import Channel, Command, Confirm, Confirmation, Outcome, Picture, Reply, ToolCall
from bot.personas import Persona
from bot.settings import ResolvedChannel, Settings
from bot.tools.calling import Caller, plain_arguments, visible
from bot.tools.completing import completions
from bot.tools.confirming import Confirming, Ended
from bot.tools.names import PRESSES
from bot.tools.showing import readable as as_markdown
from bot.tools.tool import ArgumentsError, Asker, Tool
from bot.tools.toolbox import Toolbox
from bot.voice import Voice

_SAID: dict[Ended, str] = {
    "done": "action_done",
    "failed": "action_failed",
    "unknown": "action_unknown",
    "declined": "cancelled",
    "before": "action_before",
    "under_way": "action_under_way",
    "expired": "confirmation_expired",
    "not_yours": "confirmation_not_yours",
    "gone": "refused_not_allowed",
}
_REFUSED: frozenset[Ended] = frozenset({"expired", "not_yours", "gone", "under_way", "declined"})
_FAILED: frozenset[Ended] = frozenset({"failed", "unknown"})
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
"""What phones make of quotes."""


class ToolCommands:
    """Carries them out."""

    def __init__(
        self, settings: Settings, channels: Channels, toolbox: Toolbox, caller: Caller, confirming: Confirming
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._toolbox = toolbox
        self._caller = caller
        self._confirming = confirming

    async def complete(
        self, tool: str | None, typed: str, channel: Channel, persona: Persona, limit: int = 25
    ) -> list[str]:
        """Ways to go on with a lookup: names of tools; behind one, parameters and then their choices."""
        allowed = await self._toolbox.tools(granted(await self._channels.of(channel), persona))
        schemas = {name: one.parameters for name, one in allowed.items()}
        if tool is None:
            return completions(schemas, typed.strip())[:limit]
        if tool not in schemas:
            return []
        before, blank, _ = typed.rpartition(" ")
        return [f"{before}{blank}{one}" for one in completions(schemas, f"{tool} {typed}")][:limit]

    async def run(self, command: Command, channel: ResolvedChannel, voice: Voice) -> Reply:
        """Carries a command out."""
        if command.name in PRESSES:
            said = await self._press(command, voice)
        elif not may_ask(channel, command.author):
            said = _Said(voice.say("refused_asker"), "refused", "not_allowed")
        else:
            said = await self._lookup(command, channel, voice)
        for confirmation in said.confirmations:
            yield Confirm(confirmation=confirmation)
        text, answer = spoken(command.id, voice, said.text, said.outcome, said.reason)
        yield text
        yield answer.model_copy(
            update={
                "tool_calls": said.calls,
                "pictures": said.pictures,
                "confirmations": said.confirmations,
                "data": said.data,
            }
        )

    async def _lookup(self, command: Command, channel: ResolvedChannel, voice: Voice) -> "_Said":
        tools = await self._toolbox.tools(granted(channel, voice.persona))
        data = {"tools": [described(tool) for tool in tools.values()]}
        name = str(command.arguments.get("tool") or "").strip()
        if not name:
            return _Said(_list(tools, voice), reason="lookup", data=data)
        tool = tools.get(name)
        if tool is None:
            said = voice.say("lookup_unknown", tool=name)
            if near := difflib.get_close_matches(name, tools, n=1):
                said = f"{said} {voice.say('nearest_command', command=near[0])}"
            return _Said(said, "refused", "unknown_tool", data=data)
        may = rights(self._settings, channel, command)
        asker = Asker(command.author.id, command.channel.key, may.sources, may.readers)
        try:
            given = read_arguments(command.arguments.get("arguments") or {}, tool)
            if tool.effects:
                return await self._ask(command, tool, given, asker, voice)
        except ArgumentsError as error:
            return _Said(
                voice.say("tool_failed", tool=name, reason=str(error).removesuffix(".")),
                "failed",
                "bad_argument",
            )
        return await self._call(tool, given, asker, voice)

    async def _ask(
        self, command: Command, tool: Tool, given: Mapping[str, Any], asker: Asker, voice: Voice
    ) -> "_Said":
        waiting = await self._confirming.ask(tool, given, event=command.id, asker=asker)
        arguments = plain_arguments(tool.check(visible(given)))
        record = ToolCall(name=tool.name, arguments=arguments, outcome="awaiting_confirmation", seconds=0.0)
        text = f"{voice.say('action_waits')}\n\n{waiting.text}"
        return _Said(text, reason="lookup", calls=(record,), confirmations=(waiting,))

    async def _call(self, tool: Tool, given: Mapping[str, Any], asker: Asker, voice: Voice) -> "_Said":
        called = await self._caller.call(tool, given, asker)
        output, calls = called.output, (called.record,)
        if called.error is not None:
            reason = output.text.removeprefix(f"{tool.name}: ").removesuffix(".")
            said = voice.say("tool_failed", tool=tool.name, reason=reason)
            return _Said(said, "failed", "tool_failed", calls=calls)
        found = "\n\n".join(f"**{hit.passage.title}**\n\n{hit.passage.text}" for hit in output.hits)
        drawn = "\n".join(picture.alt for picture in output.pictures)
        data = {"result": output.text}
        return _Said(
            found or drawn or as_markdown(output.text),
            reason="lookup",
            calls=calls,
            pictures=output.pictures,
            data=data,
        )

    async def _press(self, command: Command, voice: Voice) -> "_Said":
        async def find(name: str) -> Tool | None:
            channel = await self._channels.of(command.channel)
            return (await self._toolbox.tools(channel.tools)).get(name)

        pressed = await self._confirming.press(command, find)
        told = "\n".join(one.alt for one in pressed.pictures) or as_markdown(pressed.told)
        if told.startswith(("- ", "| ")):
            told = f"\n\n{told}"  # a list or a table begins on a line of its own
        said = voice.say(_SAID[pressed.ended], result=told, reason=told)
        outcome: Outcome = "answered"
        if pressed.ended in _REFUSED:
            outcome = "refused"
        elif pressed.ended in _FAILED:
            outcome = "failed"
        data = {"ended": pressed.ended}
        return _Said(said, outcome, pressed.ended, pictures=pressed.pictures, data=data)


@dataclass(frozen=True, slots=True)
class _Said:
    """How a command ended."""

    text: str
    outcome: Outcome = "answered"
    reason: str = ""
    calls: tuple[ToolCall, ...] = ()
    pictures: tuple[Picture, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    data: dict[str, Any] | None = None


def described(tool: Tool) -> dict[str, Any]:
    """A tool for machines."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "effects": tool.effects,
    }


def read_arguments(given: Any, tool: Tool) -> dict[str, Any]:
    """Arguments as an object, or as `name=value` words; what has no name is the one that is needed."""
    if isinstance(given, Mapping):
        return dict(given)
    try:
        words = given if isinstance(given, list) else shlex.split(str(given).translate(_QUOTES))
    except ValueError:
        raise ArgumentsError("A quote is not closed.") from None
    named = {name: value for name, equals, value in (word.partition("=") for word in words) if equals}
    loose = " ".join(word for word in words if "=" not in word)
    if not loose:
        return named
    free = [name for name in tool.parameters.get("required", ()) if name not in named]
    if len(free) != 1:
        takes = ", ".join(f"`{name}=…`" for name in tool.parameters.get("properties", {}))
        raise ArgumentsError(f"Write what each value is: {takes or 'it takes nothing'}.")
    return named | {free[0]: loose}


def _list(tools: Mapping[str, Tool], voice: Voice) -> str:
    if not tools:
        return voice.say("lookup_none")
    lines = []
    for tool in tools.values():
        required = tool.parameters.get("required", ())
        names = [name if name in required else f"[{name}]" for name in tool.parameters.get("properties", {})]
        lines.append(f"- `{' '.join([tool.name, *names])}`: {tool.description}")
    return "\n".join([voice.say("lookup_tools"), "", *lines])
