"""OpenAI's wire format: OpenAI itself, and every server that speaks its chat protocol."""

from collections.abc import Sequence
from typing import Any

from llama_index.llms.openai import OpenAI
from llama_index.llms.openai.utils import ALL_AVAILABLE_MODELS, is_chatcomp_api_supported
from llama_index.llms.openai_like import OpenAILike
from openai import DefaultAsyncHttpxClient

from knowledge.models.failures import CallError
from knowledge.models.opening import Provider
from knowledge.models.parts import Adapter, Fragment, Part
from knowledge.models.providers.functions import functions
from knowledge.models.providers.streaming import OpenAIStream
from knowledge.models.vocabulary import Tool, Usage

_OPENAI = "https://api.openai.com/v1"


def connect(provider: str, model: str, settings: Provider) -> Adapter:
    """A model of OpenAI's or of a server that speaks its protocol."""
    if provider == "openai" and not is_chatcomp_api_supported(model):
        from knowledge.models.providers import responses

        return responses.connect(provider, model, settings)
    http = DefaultAsyncHttpxClient(timeout=settings.timeout)
    options: dict[str, Any] = {
        "model": model,
        "api_key": settings.api_key or "none",
        "api_base": settings.base_url or _OPENAI,
        "timeout": settings.timeout,
        "max_retries": 0,
        "async_http_client": http,
        "temperature": 0.0,
        "additional_kwargs": {"stream_options": {"include_usage": True}},
    }
    own: dict[str, Any] = {
        "is_chat_model": True,
        "is_function_calling_model": True,
        "context_window": settings.context_window,
    }
    if provider == "openai-like":
        llm = OpenAILike(max_tokens=settings.max_tokens, **options, **own)
        return ChatCompletions(f"{provider}:{model}", llm, http)
    options["additional_kwargs"]["max_completion_tokens"] = settings.max_tokens
    if model.removeprefix("ft:").partition(":")[0] in ALL_AVAILABLE_MODELS:
        return ChatCompletions(f"{provider}:{model}", OpenAI(**options), http)
    # A model newer than the integration, which refuses names it does not know. Newer ones take no temperature
    # but their own.
    return ChatCompletions(f"{provider}:{model}", OpenAILike(**(options | {"temperature": 1.0}), **own), http)


class ChatCompletions(OpenAIStream):
    """A model behind `/chat/completions`."""

    def _declared(self, tools: Sequence[Tool]) -> list[dict[str, Any]]:
        return functions(tools)

    def _part(self, event: Any) -> Part:
        usage = _usage(event.usage) if getattr(event, "usage", None) else None
        if not event.choices:
            return Part(usage=usage)
        choice = event.choices[0]
        if getattr(choice.delta, "refusal", None):
            raise CallError(self._spec, "blocked")
        return Part(
            text=choice.delta.content or "",
            calls=[_fragment(call) for call in choice.delta.tool_calls or ()],
            finish=choice.finish_reason,
            usage=usage,
        )


def _fragment(call: Any) -> Fragment:
    function = call.function
    return Fragment(
        call.index if call.index is not None else call.id,
        call.id,
        function.name if function else None,
        (function.arguments if function else None) or "",
    )


def _usage(told: Any) -> Usage:
    details = getattr(told, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    return Usage(input=told.prompt_tokens or 0, cached=cached, output=told.completion_tokens or 0)
