"""`provider:model` → a language model, through LlamaIndex's integrations."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.errors import ModelError

PROVIDERS = ("openai-like", "openai", "anthropic", "gemini", "ollama")
_AVAILABLE = ("openai-like", "openai")

Prompt = Sequence[tuple[str, str]]
"""Messages as (role, text), role `system`, `user` or `assistant`."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where and how a provider is reached."""

    base_url: str | None = None
    api_key: str | None = None
    context_window: int = 32_768
    """Tokens; what an OpenAI-compatible server's own models take is not known from outside."""
    max_tokens: int = 1_024
    timeout: float = 60.0
    """Seconds for a whole call."""
    stall: float = 20.0
    """Seconds without a token after which a stream counts as dead."""


class LanguageModel:
    """A LlamaIndex LLM by its `provider:model`, with the failures of its client told as `ModelError`."""

    def __init__(self, spec: str, llm: Any, http: Any, *, stall: float) -> None:
        self.spec = spec
        self.llm = llm
        self._http = http
        self._stall = stall

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The reply in pieces as they come; raises `ModelError` when it breaks off."""
        try:
            async with asyncio.timeout(self._stall):
                response = await self.llm.astream_chat(_messages(prompt))
            pieces = aiter(response)
            while True:
                async with asyncio.timeout(self._stall):
                    part = await anext(pieces, None)
                if part is None:
                    return
                if part.delta:
                    yield part.delta
        except TimeoutError as error:
            raise ModelError(f"The model {self.spec} said nothing for {self._stall:.0f} s.") from error
        except Exception as error:
            raise self._failure(error) from error

    async def complete(self, prompt: Prompt) -> str:
        """The reply whole."""
        try:
            response = await self.llm.achat(_messages(prompt))
        except Exception as error:
            raise self._failure(error) from error
        return str(response.message.content or "")

    def _failure(self, error: Exception) -> ModelError:
        # Clients put addresses and parts of keys into their messages; the class says enough here.
        status = getattr(error, "status_code", None)
        what = f"answered with HTTP {status}" if status else f"failed ({type(error).__name__})"
        return ModelError(f"The model {self.spec} {what}; `vocero doctor` checks its address and key.")


def open_model(spec: str | None, providers: Mapping[str, Provider]) -> LanguageModel | None:
    """The model that `llm = "provider:model"` names; None without one: answers are then extracts."""
    if spec is None:
        return None
    name, _, model = spec.partition(":")
    if name not in PROVIDERS or not model:
        raise ModelError(
            f"`llm = {spec!r}` names no model: write provider:model with one of {', '.join(PROVIDERS)}."
        )
    if name not in _AVAILABLE:
        raise ModelError(
            f"The provider `{name}` is not available in this version; use `openai-like:{model}`."
        )
    # Imported here: 2 CPU seconds that extractive answers do not need.
    from openai import DefaultAsyncHttpxClient

    provider = providers.get(name, Provider())
    http = DefaultAsyncHttpxClient(timeout=provider.timeout)
    return LanguageModel(spec, _open_llm(name, model, provider, http), http, stall=provider.stall)


def _open_llm(name: str, model: str, provider: Provider, http: Any) -> Any:
    options: dict[str, Any] = {
        "model": model,
        "api_key": provider.api_key,
        "api_base": provider.base_url,
        "max_tokens": provider.max_tokens,
        "timeout": provider.timeout,
        "max_retries": 2,
        "temperature": 0.0,
        "async_http_client": http,
    }
    if name == "openai":
        from llama_index.llms.openai import OpenAI

        if not provider.api_key:
            raise ModelError(f'`llm = "{name}:{model}"` needs a key: set OPENAI_API_KEY in .env.')
        return OpenAI(**options)
    from llama_index.llms.openai_like import OpenAILike

    if not provider.base_url:
        raise ModelError(
            f'`llm = "{name}:{model}"` needs an address: set `base_url` under [models.openai-like] '
            "or VOCERO_LLM_BASE_URL."
        )
    options |= {
        "api_key": provider.api_key or "none",
        "is_chat_model": True,
        "is_function_calling_model": True,
        "context_window": provider.context_window,
    }
    return OpenAILike(**options)


def _messages(prompt: Prompt) -> list[Any]:
    from llama_index.core.llms import ChatMessage

    return [ChatMessage(role=role, content=text) for role, text in prompt]
