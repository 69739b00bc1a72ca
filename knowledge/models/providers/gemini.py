"""Google's wire format: `streamGenerateContent`."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import httpx
from google.genai import types
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.llms.google_genai import GoogleGenAI

from knowledge.models.failures import CallError, Kind
from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part, unfinished
from knowledge.models.providers import chat_messages
from knowledge.models.vocabulary import Prompt, Tool, Usage

_GEMINI = "https://generativelanguage.googleapis.com"


def connect(provider: str, model: str, settings: Provider) -> Adapter:
    """A model of Google's."""
    # With a client of its own it would take aiohttp, and sleep up to ten seconds before it says that
    # nobody answers.
    http = httpx.AsyncClient(timeout=settings.timeout)
    llm = GoogleGenAI(
        model=model,
        api_key=settings.api_key or "none",
        max_tokens=settings.max_tokens,
        context_window=settings.context_window,  # else it asks Google when it is made
        max_retries=0,
        http_options={"base_url": settings.base_url or _GEMINI, "httpx_async_client": http},  # type: ignore[arg-type]
    )
    spec = f"{provider}:{model}"
    _tell_how_it_ends(llm._client.aio.models, spec)
    return GenerateContent(spec, llm, http)


class GenerateContent:
    """A model behind `streamGenerateContent`."""

    def __init__(self, spec: str, llm: GoogleGenAI, http: httpx.AsyncClient) -> None:
        self._spec = spec
        self._llm = llm
        self._http = http

    async def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes."""
        seen: set[int] = set()
        async for response in await self._llm.astream_chat(
            chat_messages(prompt, self._spec), **_options(tools, must_answer)
        ):
            fragments = []
            for block in response.message.blocks:
                if isinstance(block, ToolCallBlock) and id(block) not in seen:
                    seen.add(id(block))
                    fragments.append(_fragment(block))
            reason = response.raw.get("finish_reason")
            yield Part(
                text=response.delta or "",
                calls=fragments,
                finish=reason.name if reason else None,
                usage=_usage(response.raw.get("usage_metadata")),
                native=response.message,
            )

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._http.aclose()
        self._llm._client.close()


def _options(tools: Sequence[Tool], must_answer: bool) -> dict[str, Any]:
    if not tools:
        return {}
    declared = [
        types.FunctionDeclaration(
            name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
        )
        for tool in tools
    ]
    mode = types.FunctionCallingConfigMode.NONE if must_answer else types.FunctionCallingConfigMode.AUTO
    return {
        "tools": [types.Tool(function_declarations=declared)],
        "tool_config": types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode)),
    }


def _fragment(block: ToolCallBlock) -> Fragment:
    """A call, which comes whole; parallel ones may all have no id but their tool's name."""
    if block.tool_call_id in (None, "", block.tool_name):
        # Also where it is kept for the way back: the result is paired with its call by it.
        block.tool_call_id = f"call_{uuid.uuid4().hex[:16]}"
    arguments = block.tool_kwargs if isinstance(block.tool_kwargs, dict) else str(block.tool_kwargs)
    return Fragment(block.tool_call_id, block.tool_call_id, block.tool_name, arguments)


def _usage(told: dict[str, Any] | None) -> Usage | None:
    if not told:
        return None
    return Usage(
        input=told.get("prompt_token_count") or 0,
        cached=told.get("cached_content_token_count") or 0,
        output=(told.get("candidates_token_count") or 0) + (told.get("thoughts_token_count") or 0),
    )


def _tell_how_it_ends(models: Any, spec: str) -> None:
    """Lets the integration see the events it passes over: a last one without text, and a refusal.

    It drops every event that has no content, and with it the reason why the reply ended.
    """
    stream = models.generate_content_stream

    async def observed(**arguments: Any) -> AsyncIterator[types.GenerateContentResponse]:
        return _with_ends(await stream(**arguments), spec)

    models.generate_content_stream = observed


async def _with_ends(
    chunks: AsyncIterator[types.GenerateContentResponse], spec: str
) -> AsyncIterator[types.GenerateContentResponse]:
    async for chunk in chunks:
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            raise CallError(spec, "blocked", chunk.prompt_feedback.block_reason.name.lower())
        failed: Kind | None = None
        for candidate in chunk.candidates or ():
            if not (candidate.content and candidate.content.parts):
                candidate.content = types.Content(role="model", parts=[types.Part(text="")])
            if reason := candidate.finish_reason:
                failed = unfinished(reason.name)
                # At any other reason the integration raises an error of no kind.
                candidate.finish_reason = types.FinishReason.STOP
        yield chunk
        if failed:
            raise CallError(spec, failed)
