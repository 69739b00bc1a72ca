"""The calls that a model makes for one answer, and what they brought."""

import asyncio
from collections.abc import Sequence

from knowledge import prompts
from knowledge.answers import Question
from knowledge.documents import Hit
from knowledge.errors import KnowledgeError
from knowledge.models import Tool, ToolCall, ToolResult
from knowledge.readers import permits


class Lookups:
    """What an answer may rest on; grows with each call."""

    def __init__(self, question: Question, hits: tuple[Hit, ...]) -> None:
        self._question = question
        self.hits = hits
        """Passages, numbered from 1 as the model is shown them."""
        self.results: list[str] = []
        """What tools told."""

    @property
    def offered(self) -> Sequence[Tool]:
        """What may be called now."""
        return self._question.tools.offered if self._question.tools else ()

    def names(self, calls: Sequence[ToolCall]) -> tuple[str, ...]:
        """Those of the called tools that there are."""
        known = {tool.name for tool in self.offered}
        return tuple(dict.fromkeys(call.name for call in calls if call.name in known))

    async def make(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Makes the calls, all at once; what they found can be cited from now on."""
        tools = self._question.tools
        assert tools is not None, "without tools nothing is called"
        results: list[ToolResult] = []
        for call, called in zip(calls, await asyncio.gather(*map(tools.call, calls)), strict=True):
            known = {hit.passage.id for hit in self.hits}
            new = tuple(hit for hit in called.hits if hit.passage.id not in known)
            question = self._question
            if any(
                hit.passage.source not in question.sources
                or not permits(hit.passage.readers, question.readers)
                for hit in new
            ):
                raise KnowledgeError("A passage outside the allowed sources was found; nothing was shown.")
            text = prompts.result(call.name, called.text, new, len(self.hits) + 1)
            self.hits += new
            results.append(ToolResult(call, text))
            if called.worked and not called.hits:
                self.results.append(called.text)
        return results
