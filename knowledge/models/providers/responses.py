"""OpenAI's newer wire format, `/responses`: for models that its chat protocol does not offer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from llama_index.llms.openai import OpenAIResponses
from openai import DefaultAsyncHttpxClient

from knowledge.models.failures import CallError
from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part
from knowledge.models.providers import chat_messages
from knowledge.models.vocabulary import Prompt, Tool, Usage

_OPENAI = "https://api.openai.com/v1"


def connect(provider: str, model: str, settings: Provider) -> Adapter:
    """A model of OpenAI's."""
    http = DefaultAsyncHttpxClient(timeout=settings.timeout)
    llm = OpenAIResponses(
        model=model,
        api_key=settings.api_key or "none",
        api_base=settings.base_url or _OPENAI,
        max_output_tokens=settings.max_tokens,
        context_window=settings.context_window,
        timeout=settings.timeout,
        max_retries=0,
        async_http_client=http,
    )
    return Responses(f"{provider}:{model}", llm, http)


class Responses:
    """A model behind `/responses`."""

    def __init__(self, spec: str, llm: OpenAIResponses, http: Any) -> None:
        self._spec = spec
        self._llm = llm
        self._http = http

    async def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes."""
        options: dict[str, Any] = {}
        if tools:
            options = {"tools": _functions(tools), "tool_choice": "none" if must_answer else "auto"}
        async for response in await self._llm.astream_chat(chat_messages(prompt, self._spec), **options):
            yield self._part(response.raw)

    def _part(self, event: Any) -> Part:
        match event.type:
            case "response.output_text.delta":
                return Part(text=event.delta)
            case "response.refusal.delta":
                raise CallError(self._spec, "blocked")
            case "response.completed" | "response.incomplete" | "response.failed":
                return _end(event.response)
        return Part()

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._http.aclose()


def _end(response: Any) -> Part:
    """The last event, which holds the reply whole."""
    why = getattr(response.incomplete_details, "reason", None)
    return Part(
        calls=[
            Fragment(item.call_id, item.call_id, item.name, item.arguments)
            for item in response.output
            if item.type == "function_call"
        ],
        finish=why or response.status,
        usage=_usage(response.usage) if response.usage else None,
    )


def _functions(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
            "strict": False,
        }
        for tool in tools
    ]


def _usage(told: Any) -> Usage:
    cached = getattr(told.input_tokens_details, "cached_tokens", None) or 0
    return Usage(input=told.input_tokens or 0, cached=cached, output=told.output_tokens or 0)
