"""One model of one provider: a call streamed, timed, and judged by how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from knowledge.models.failures import CallError, failure
from knowledge.models.parts import Adapter, Gathered, Part, estimate
from knowledge.models.thinking import ThinkingFilter
from knowledge.models.vocabulary import Delta, Prompt, Reply, Tool


class Client:
    """A `provider:model`, opened. Every failure of it is a `CallError`."""

    def __init__(self, spec: str, adapter: Adapter, *, timeout: float, stall: float) -> None:
        self.spec = spec
        self._adapter = adapter
        self._timeout = timeout
        self._stall = stall

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._adapter.aclose()

    async def respond(
        self, prompt: Prompt, tools: Sequence[Tool] = (), *, must_answer: bool = False
    ) -> AsyncGenerator[Delta | Reply]:
        """A reply as it comes; the `Reply` at its end only if that is its proper end."""
        gathered, thinking = Gathered(), ThinkingFilter()
        try:
            async with aclosing(self._timed(prompt, tools, must_answer)) as parts:
                async for part in parts:
                    said = thinking.feed(part.text)
                    gathered.add(replace(part, text=said))
                    if said:
                        yield Delta(said)
            if said := thinking.close():
                gathered.text += said
                yield Delta(said)
            reply = gathered.reply(self.spec, without_calls=must_answer)
        except Exception as error:
            failed = failure(self.spec, error, started=gathered.started)
            if gathered.usage or gathered.started:
                failed.usage = gathered.usage or estimate(prompt, tools, gathered.text)
            raise failed from error
        if gathered.usage is None:
            written = reply.text + "".join(call.name + call.written for call in reply.calls)
            reply = replace(reply, usage=estimate(prompt, tools, written))
        yield reply

    async def _timed(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The parts; raises when one takes longer than `stall`, or all of them longer than `timeout`."""
        clock = asyncio.get_running_loop().time
        ends = clock() + self._timeout
        parts = self._adapter.parts(prompt, tools, must_answer)
        async with aclosing(parts):
            while True:
                try:
                    async with asyncio.timeout_at(min(clock() + self._stall, ends)):
                        part = await anext(parts, None)
                except TimeoutError as error:
                    limit = self._timeout if clock() >= ends else self._stall
                    raise CallError(self.spec, "slow", f"{limit:g} s") from error
                if part is None:
                    return
                yield part
