"""The tools of one turn, as the model that answers it gets them: allowed, counted, written down."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages import Confirmation, Picture, ToolCall
from bot.tools.calling import Caller, clean, plain_arguments, visible
from bot.tools.confirming import Confirming
from bot.tools.tool import ArgumentsError, Asker, Tool
from knowledge import models
from knowledge.calling import Called
from knowledge.hidden import seen

_WRONG = 3
"""Times that a tool may be given arguments it does not take."""
_CALLS = 16
"""In one turn."""
_ASKED = 4
"""Different calls that one answer may put before the asker: more than that nobody reads."""
_PICTURES = 4
_WAITS = (
    "Not done yet. The person is shown exactly this call and asked to confirm it with a button below your "
    "answer; only then it is done. Say so. Do not call it again."
)


class TurnTools:
    """What may be called in one turn. A tool that is not among these does not exist."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        caller: Caller,
        confirming: Confirming,
        *,
        event: str,
        asker: Asker,
    ) -> None:
        self._tools = tools
        self._caller = caller
        self._confirming = confirming
        self._event = event
        self._asker = asker
        self._made: dict[str, asyncio.Future[Called]] = {}
        self._begun = self._asked = 0
        self._wrong: Counter[str] = Counter()
        self._waiting: dict[str, Confirmation] = {}
        self.calls: list[ToolCall] = []
        """Every call that was asked for, in order of its end."""
        self.pictures: list[Picture] = []

    @property
    def offered(self) -> Sequence[models.Tool]:
        """What the model is told of; not what it was unable to call."""
        return tuple(
            models.Tool(tool.name, tool.description, tool.parameters)
            for tool in self._tools.values()
            if self._wrong[tool.name] < _WRONG
        )

    @property
    def given_up(self) -> list[str]:
        """The tools whose arguments were wrong too often."""
        return [name for name, times in self._wrong.items() if times >= _WRONG]

    async def confirmations(self) -> tuple[Confirmation, ...]:
        """What waits for the asker's word; their time begins now."""
        return tuple([await self._confirming.start(one) for one in self._waiting.values()])

    async def call(self, call: models.ToolCall) -> Called:
        """Makes a call; the same one again is the same one."""
        key = json.dumps([call.name, call.arguments], sort_keys=True, default=str)
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(self._call(call))
        return await asyncio.shield(self._made[key])

    async def _call(self, call: models.ToolCall) -> Called:
        tool = self._tools.get(call.name)
        self._begun += 1
        if tool is None:
            self._note(call.name, call.arguments or {}, "no_such_tool")
            names = ", ".join(one.name for one in self.offered)
            return Called(f"There is no tool of that name. There are: {names}.", worked=False)
        if self._begun > _CALLS or self._wrong[tool.name] >= _WRONG:
            self._note(tool.name, call.arguments or {}, "refused")
            return Called("No more calls of this. Answer without it, and say so.", worked=False)
        if call.arguments is None:
            return self._wronged(tool, {}, "The arguments are no JSON object.")
        if tool.effects:
            return await self._ask(tool, call.arguments)
        return await self._make(tool, call.arguments)

    async def _ask(self, tool: Tool, arguments: Mapping[str, Any]) -> Called:
        if self._asked >= _ASKED:
            self._note(tool.name, arguments, "refused")
            return Called("Too much waits for the person already. Say so.", worked=False)
        self._asked += 1
        try:
            waiting = await self._confirming.ask(tool, arguments, event=self._event, asker=self._asker)
        except ArgumentsError as error:
            self._asked -= 1
            return self._wronged(tool, arguments, clean(tool, str(error)))
        self._waiting[waiting.token] = waiting
        self._note(tool.name, tool.check(visible(arguments)), "awaiting_confirmation")
        return Called(f"{_WAITS}\n{waiting.text}")

    async def _make(self, tool: Tool, arguments: Mapping[str, Any]) -> Called:
        called = await self._caller.call(tool, arguments, self._asker)
        output = called.output
        if isinstance(called.error, ArgumentsError):
            return self._wronged(tool, arguments, output.text, seconds=called.record.seconds)
        self.calls.append(called.record)
        self.pictures += output.pictures[: _PICTURES - len(self.pictures)]
        return Called(output.text, worked=called.error is None, hits=output.hits)

    def _wronged(
        self, tool: Tool, arguments: Mapping[str, Any], problem: str, *, seconds: float = 0.0
    ) -> Called:
        """Wrong arguments go back to the model, three times."""
        self._wrong[tool.name] += 1
        self._note(tool.name, arguments, "invalid_arguments", seconds)
        if self._wrong[tool.name] >= _WRONG:
            problem = f"{problem} That was the third time: answer without this tool, and say that it failed."
        return Called(problem, worked=False)

    def _note(self, name: str, arguments: Mapping[str, Any], outcome: str, seconds: float = 0.0) -> None:
        plain = plain_arguments(visible(arguments))
        self.calls.append(ToolCall(name=seen(name)[:100], arguments=plain, outcome=outcome, seconds=seconds))
