"""Something that a model wrote, said again by it because of what is wrong with it; within a time."""

import asyncio
import re
import time
from collections.abc import Iterable

from knowledge import prompts
from knowledge.errors import ModelError
from knowledge.models import LanguageModel

_WRAPPED = re.compile(r"""```\w*\n(.*?)\n?```|["“«](.*)["”»]""", re.DOTALL)


class Again:
    """What is asked for again for one answer, all together in so many seconds."""

    def __init__(
        self, model: LanguageModel, instructions: str, timings: dict[str, float], stage: str, patience: float
    ) -> None:
        """`stage`: the entry of `timings` that it is added to. `patience`: seconds the answer is held up."""
        self._model = model
        self._instructions = instructions
        self._timings = timings
        self._stage = stage
        self._left = patience

    async def say(self, text: str, problems: Iterable[str]) -> str | None:
        """The text as the model says it now; None when it says nothing in time, and from then on."""
        if self._left <= 0:
            return None
        prompt = (("system", self._instructions), ("user", prompts.say_again(text, problems)))
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._left):
                again = await self._model.complete(prompt, task="answer")
        except (TimeoutError, ModelError):
            self._left = 0.0
            return None
        finally:
            spent = time.perf_counter() - started
            self._left -= spent
            self._timings[self._stage] = self._timings.get(self._stage, 0.0) + spent
        return unwrapped(again, text)


def unwrapped(reply: str, text: str) -> str:
    """The reply without the fence or the quotes that a model puts around what it was asked for."""
    reply = reply.strip()
    wrapped = _WRAPPED.fullmatch(reply)
    if wrapped and not _WRAPPED.fullmatch(text.strip()):
        return (wrapped[1] or wrapped[2] or "").strip()
    return reply
