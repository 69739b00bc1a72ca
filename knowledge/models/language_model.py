"""The models of one turn: each task's in order, the next one stepping in, and what all of them cost."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from knowledge.models.failures import CallError, Kind
from knowledge.models.opening import Models
from knowledge.models.parts import estimate
from knowledge.models.vocabulary import (
    Delta,
    ModelCall,
    Prompt,
    Reply,
    Restarted,
    Tailored,
    Task,
    Told,
    Tool,
    Usage,
)

log = logging.getLogger(__name__)

_RESTS: dict[Kind, float] = {
    "setup": 300.0, "key": 300.0, "unknown_model": 300.0, "rate_limited": 20.0, "unavailable": 10.0,
    "slow": 30.0,
}  # fmt: skip
"""Seconds for which a model that failed in this way is asked only after all others."""
_LONGEST_REST = 900.0
_AGAIN: dict[Kind, int] = {"rate_limited": 2, "unavailable": 2, "cut": 1, "malformed": 1, "empty": 1}
"""How often the last model left is asked again."""
_HOPELESS = ("setup", "key", "unknown_model", "slow")
"""Whoever failed in one of these ways is not asked again in the same turn."""
_FIRST_WAIT, _LONGEST_WAIT = 0.3, 5.0
"""Seconds before that; a person is not let wait longer for a rate limit to pass."""


class LanguageModel:
    """The models of one turn. `calls` grows with every call, also with those that failed or were left."""

    def __init__(
        self,
        models: Models,
        tasks: Mapping[Task, Sequence[str]],
        enter: Callable[[ModelCall], None] | None = None,
    ) -> None:
        """`enter` is told of each call as it ends, however it ends."""
        self._models = models
        self._tasks = tasks
        self.spec = tasks["answer"][0]
        """`provider:model` that wrote the last answer; before that the first one configured."""
        self.calls: list[ModelCall] = []
        self._tell = enter
        self._failed: dict[str, CallError] = {}
        self._again = 0

    async def respond(
        self,
        prompt: Told,
        tools: Sequence[Tool] = (),
        *,
        must_answer: bool = False,
        task: Task = "answer",
    ) -> AsyncGenerator[Delta | Restarted | Reply]:
        """A reply as it comes, from the first model that brings one to its end.

        `must_answer`: the tools are shown, for what was said before, and none may be called. After
        `Restarted` all that was streamed is void. Raises `ModelError` when no model is left.
        """
        left = self._left(task)
        while left:
            spec = left.pop(0)
            shown = False
            try:
                told = [message.to(spec) if isinstance(message, Tailored) else message for message in prompt]
                async with aclosing(self._once(spec, told, tools, must_answer, task)) as events:
                    async for event in events:
                        shown = True
                        yield event
                return
            except CallError as failed:
                self._failed[spec] = failed
                if not left:
                    pause = _pause(failed, self._again)
                    if pause is None:
                        log.warning("%s No model is left to ask.", failed)
                        raise
                    self._again += 1
                    left.append(spec)
                    await asyncio.sleep(pause)
                log.warning("%s Asking %s.", failed, left[0])
                if shown:
                    yield Restarted(str(failed))

    def _left(self, task: Task) -> list[str]:
        """Whom to ask, in order: who failed in this turn only if nobody else is left and there is hope."""
        specs = self._models.in_order(self._tasks.get(task) or self._tasks["answer"])
        if fresh := [spec for spec in specs if spec not in self._failed]:
            return fresh
        if hopeful := [spec for spec in specs if self._failed[spec].kind not in _HOPELESS]:
            return hopeful
        raise self._failed[specs[-1]]

    async def complete(self, prompt: Told, *, task: Task = "condense") -> str:
        """The text of a reply whole."""
        async with aclosing(self.respond(prompt, task=task)) as events:
            async for event in events:
                if isinstance(event, Reply):
                    return event.text
        raise AssertionError("every reply ends in a Reply")

    async def _once(
        self, spec: str, prompt: Prompt, tools: Sequence[Tool], must_answer: bool, task: Task
    ) -> AsyncGenerator[Delta | Reply]:
        """One call of one model, entered in the books."""
        began, written = time.perf_counter(), ""
        reply: Reply | None = None
        try:
            client = await self._models.client(spec)
            async with aclosing(client.respond(prompt, tools, must_answer=must_answer)) as events:
                async for event in events:
                    if isinstance(event, Reply):
                        reply = event
                    else:
                        written += event.text
                        yield event
        except CallError as failed:
            self._enter(task, spec, failed.usage, began, str(failed))
            self._models.rest(spec, _rest(failed))
            raise
        except (GeneratorExit, asyncio.CancelledError):
            # Nobody wants the rest; the provider charges for it all the same.
            self._enter(task, spec, estimate(prompt, tools, written), began, "The call was left.")
            raise
        assert reply is not None, "a client's events end in a reply"
        self._enter(task, spec, reply.usage, began)
        self._models.woke(spec)
        self.spec = spec if task == "answer" else self.spec
        yield reply

    def _enter(self, task: Task, spec: str, usage: Usage, began: float, problem: str | None = None) -> None:
        price = self._models.price(spec)
        usd = price.of(usage) if price else None
        call = ModelCall(spec, task, usage, time.perf_counter() - began, usd, problem)
        self.calls.append(call)
        if self._tell is not None:
            self._tell(call)


def _pause(failed: CallError, again: int) -> float | None:
    """Seconds after which the last model left is asked again; None: not again."""
    if again >= _AGAIN.get(failed.kind, 0):
        return None
    pause = failed.retry_after if failed.retry_after is not None else _FIRST_WAIT * 3**again
    return pause if pause <= _LONGEST_WAIT else None


def _rest(failed: CallError) -> float:
    """Seconds for which a model that failed is asked only after all others."""
    return min(max(failed.retry_after or 0.0, _RESTS.get(failed.kind, 0.0)), _LONGEST_REST)
