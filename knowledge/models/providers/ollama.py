"""Ollama's wire format: `/api/chat`, a JSON object a line."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.llms.ollama import Ollama
from ollama import AsyncClient

from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part
from knowledge.models.providers import chat_messages
from knowledge.models.providers.functions import functions
from knowledge.models.vocabulary import Prompt, Tool, Usage

_OLLAMA = "http://127.0.0.1:11434"


def connect(provider: str, model: str, settings: Provider) -> Adapter:
    """A model that an Ollama server runs."""
    client = AsyncClient(host=settings.base_url or _OLLAMA, timeout=settings.timeout)
    llm = Ollama(
        model=model,
        base_url=settings.base_url or _OLLAMA,
        request_timeout=settings.timeout,
        context_window=settings.context_window,  # else it asks the server before every call, blocking
        additional_kwargs={"num_predict": settings.max_tokens},
        temperature=0.0,
        async_client=client,
    )
    return Chat(f"{provider}:{model}", llm, client)


class Chat:
    """A model behind `/api/chat`."""

    def __init__(self, spec: str, llm: Ollama, client: AsyncClient) -> None:
        self._spec = spec
        self._llm = llm
        self._client = client

    async def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes."""
        # Ollama has no way to say that tools are there and may not be called.
        options = {"tools": functions(tools)} if tools and not must_answer else {}
        told = 0
        async for response in await self._llm.astream_chat(chat_messages(prompt, self._spec), **options):
            calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
            event: Any = response.raw
            yield Part(
                text=response.delta or "",
                calls=[_fragment(number, calls[number]) for number in range(told, len(calls))],
                finish=(event.get("done_reason") or "stop") if event.get("done") else None,
                usage=_usage(event),
            )
            told = len(calls)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._client.close()  # type: ignore[no-untyped-call]


def _fragment(number: int, call: ToolCallBlock) -> Fragment:
    """A call, which comes whole and without an id."""
    arguments = call.tool_kwargs if isinstance(call.tool_kwargs, dict) else str(call.tool_kwargs)
    return Fragment(number, None, call.tool_name, arguments)


def _usage(event: Any) -> Usage | None:
    if event.get("eval_count") is None and event.get("prompt_eval_count") is None:
        return None
    return Usage(input=event.get("prompt_eval_count") or 0, output=event.get("eval_count") or 0)
