"""Making a call: checked arguments, a place in the line, a time, a size, and a result kept for a while."""

import asyncio
import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.messages import ToolCall
from bot.tools.reading import told
from bot.tools.tool import ArgumentsError, Asker, Output, Tool, ToolError
from knowledge.hidden import seen

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call."""

    record: ToolCall
    output: Output
    """What went wrong, where something did."""
    error: ToolError | None = None


class Caller:
    """Makes the calls of one process."""

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._redis = redis
        self._prefix = f"{prefix}:tool"
        self._places: dict[str, asyncio.Semaphore] = {}

    async def call(self, tool: Tool, arguments: Mapping[str, Any], asker: Asker) -> Called:
        """Makes a call. Whatever goes wrong is in the result, in words."""
        started = time.perf_counter()
        outcome, error = "ok", None
        try:
            arguments = visible(arguments)
            checked = tool.check(arguments)
            arguments = plain_arguments(checked)
            key = self._key(tool, arguments, asker)
            output = await self._kept(tool, key)
            if output is not None:
                outcome = "cached"
            else:
                output = await self._run(tool, checked, asker)
                await self._keep(tool, key, output)
        except ToolError as raised:
            outcome = "invalid_arguments" if isinstance(raised, ArgumentsError) else "failed"
            if time.perf_counter() - started >= tool.timeout and outcome == "failed":
                outcome = "timed_out"
            output, error = Output(clean(tool, str(raised))), raised
        seconds = round(time.perf_counter() - started, 4)
        record = ToolCall(name=tool.name, arguments=dict(arguments), outcome=outcome, seconds=seconds)
        return Called(record, output, error)

    async def _run(self, tool: Tool, arguments: dict[str, Any], asker: Asker) -> Output:
        place = self._places.setdefault(tool.group or tool.name, asyncio.Semaphore(tool.concurrency))
        try:
            await asyncio.wait_for(place.acquire(), tool.timeout)
        except TimeoutError:
            raise ToolError(f"{tool.name} is busy; {tool.concurrency} calls are under way.") from None
        try:
            async with asyncio.timeout(tool.timeout):
                output = await self._unharmed(tool, arguments, asker)
        except TimeoutError:
            raise ToolError(f"{tool.name} took longer than {tool.timeout:g} s.", done=None) from None
        finally:
            place.release()
        return Output(clean(tool, output.text), output.pictures, output.hits)

    async def _unharmed(self, tool: Tool, arguments: dict[str, Any], asker: Asker) -> Output:
        """What a tool brings; a mistake in it is a call that failed, not the end of the turn."""
        try:
            return await tool.run(arguments, asker)
        except ToolError:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # it is we who are cancelled
            cause: BaseException = error
        except (Exception, SystemExit) as error:
            cause = error
        log.warning("The tool %s failed.", tool.name, exc_info=cause)
        raise ToolError(f"{tool.name} failed ({type(cause).__name__}).", done=None) from cause

    async def _kept(self, tool: Tool, key: str) -> Output | None:
        if tool.cache is None or tool.effects:
            return None
        kept = await self._redis.get(key)
        return Output(kept.decode()) if isinstance(kept, bytes) else None

    async def _keep(self, tool: Tool, key: str, output: Output) -> None:
        if tool.cache is None or tool.effects or output.pictures or output.hits:
            return
        await self._redis.set(key, output.text, px=int(tool.cache.total_seconds() * 1000))

    def _key(self, tool: Tool, arguments: Mapping[str, Any], asker: Asker) -> str:
        """One for each tool, what it is, its arguments, and what its asker may read."""
        may = sorted(asker.sources), sorted(asker.readers)
        what = [tool.name, tool.version, arguments, may]
        digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
        return f"{self._prefix}:result:{digest}"


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON has them."""
    plain: dict[str, Any] = json.loads(told(dict(arguments)))
    return plain


def visible(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without signs that nobody sees: what is done is what is shown."""
    return {seen(name): _visible(value) for name, value in arguments.items()}


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return seen(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # which no JSON can say
    if isinstance(value, Mapping):
        return visible(value)
    return [_visible(one) for one in value] if isinstance(value, list) else value


def clean(tool: Tool, text: str) -> str:
    """What may be told of a result: no secrets, nothing hidden, not more than is wanted."""
    for secret in sorted(tool.secret, key=len, reverse=True):
        text = text.replace(secret, "…")
    text = seen(text)
    if len(text) <= tool.max_chars:
        return text
    return f"{text[: tool.max_chars]}\n(cut: {len(text) - tool.max_chars:,} characters more)"
