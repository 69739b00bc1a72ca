"""What OpenAI's two wire formats have in common."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from llama_index.llms.openai import OpenAI, OpenAIResponses

from knowledge.models.parts import Part
from knowledge.models.providers import chat_messages
from knowledge.models.vocabulary import Prompt, Tool


class OpenAIStream(ABC):
    """A model behind one of them."""

    def __init__(self, spec: str, llm: OpenAI | OpenAIResponses, http: Any) -> None:
        """`http`: the client's own connections, closed with it."""
        self._spec = spec
        self._llm = llm
        self._http = http

    async def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes."""
        options: dict[str, Any] = {}
        if tools:
            options = {"tools": self._declared(tools), "tool_choice": "none" if must_answer else "auto"}
        async for response in await self._llm.astream_chat(chat_messages(prompt, self._spec), **options):
            yield self._part(response.raw)

    @abstractmethod
    def _declared(self, tools: Sequence[Tool]) -> list[dict[str, Any]]:
        """The tools as this format declares them."""

    @abstractmethod
    def _part(self, event: Any) -> Part:
        """What an event says."""

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._http.aclose()
