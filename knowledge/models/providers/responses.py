"""OpenAI's newer wire format, `/responses`: for models that its chat protocol does not offer."""

from collections.abc import Sequence
from typing import Any

from llama_index.llms.openai import OpenAIResponses
from openai import DefaultAsyncHttpxClient

from knowledge.models.failures import CallError
from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part
from knowledge.models.providers.streaming import OpenAIStream
from knowledge.models.vocabulary import Tool, Usage

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


class Responses(OpenAIStream):
    """A model behind `/responses`."""

    def _declared(self, tools: Sequence[Tool]) -> list[dict[str, Any]]:
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

    def _part(self, event: Any) -> Part:
        match event.type:
            case "response.output_text.delta":
                return Part(text=event.delta)
            case "response.refusal.delta":
                raise CallError(self._spec, "blocked")
            case "response.completed" | "response.incomplete" | "response.failed":
                return _end(event.response)
        return Part()


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


def _usage(told: Any) -> Usage:
    cached = getattr(told.input_tokens_details, "cached_tokens", None) or 0
    return Usage(input=told.input_tokens or 0, cached=cached, output=told.output_tokens or 0)
