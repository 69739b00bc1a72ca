"""Anthropic's wire format: `/v1/messages`."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.llms.anthropic import Anthropic

from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part
from knowledge.models.providers import chat_messages
from knowledge.models.vocabulary import Prompt, Tool, Usage

_ANTHROPIC = "https://api.anthropic.com"
_CACHED = {"type": "ephemeral"}


def connect(provider: str, model: str, settings: Provider) -> Adapter:
    """A model of Anthropic's."""
    llm = Anthropic(
        model=model,
        api_key=settings.api_key or "none",
        base_url=settings.base_url or _ANTHROPIC,
        max_tokens=settings.max_tokens,
        timeout=settings.timeout,
        max_retries=0,
        temperature=0.0,
    )
    return Messages(f"{provider}:{model}", llm)


class Messages:
    """A model behind `/v1/messages`."""

    def __init__(self, spec: str, llm: Anthropic) -> None:
        self._spec = spec
        self._llm = llm

    async def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes."""
        messages = chat_messages(prompt, self._spec)
        system = [message.content for message in messages if message.role == MessageRole.SYSTEM]
        said = [message for message in messages if message.role != MessageRole.SYSTEM]
        options = _options(tools, must_answer)
        if system:
            # The integration takes the system prompt as text alone. As a block it can be marked: what comes
            # before the mark, tools included, is the same in every turn and is read from the cache.
            block = {"type": "text", "text": "\n\n".join(map(str, system)), "cache_control": _CACHED}
            options["extra_body"] = {"system": [block]}
        if tools:
            _mark_first(said)
        async for response in await self._llm.astream_chat(said, **options):
            calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
            yield _part(response.raw, calls)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._llm._aclient.close()
        self._llm._client.close()


def _options(tools: Sequence[Tool], must_answer: bool) -> dict[str, Any]:
    if not tools:
        return {}
    declared = [
        {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
        for tool in tools
    ]
    return {"tools": declared, "tool_choice": {"type": "none" if must_answer else "auto"}}


def _mark_first(said: list[ChatMessage]) -> None:
    """The documents and the question, which each further call of this turn repeats."""
    if said and said[0].role == MessageRole.USER:
        said[0].additional_kwargs["cache_control"] = _CACHED


def _part(event: Any, calls: list[ToolCallBlock]) -> Part:
    """An event, with the calls begun so far: the last one is the one that is being written."""
    kind, delta = event["type"], event.get("delta")
    if kind == "message_delta":
        return Part(finish=delta.stop_reason, usage=_usage(event["usage"]) if event.get("usage") else None)
    if kind == "content_block_delta" and delta.type == "text_delta":
        return Part(text=delta.text)
    if kind == "content_block_delta" and delta.type == "input_json_delta" and calls:
        return Part(calls=[_fragment(calls[-1], delta.partial_json)])
    return Part(calls=[_fragment(call) for call in calls])


def _fragment(call: ToolCallBlock, arguments: str = "") -> Fragment:
    return Fragment(call.tool_call_id, call.tool_call_id, call.tool_name, arguments)


def _usage(told: Any) -> Usage:
    """Anthropic counts what is read from the cache and written into it besides the input."""
    cached, written = told.cache_read_input_tokens or 0, told.cache_creation_input_tokens or 0
    return Usage(
        input=(told.input_tokens or 0) + cached + written,
        cached=cached,
        cache_written=written,
        output=told.output_tokens or 0,
    )
