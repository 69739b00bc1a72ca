"""`provider:model` → a client, opened when it is first asked; what all turns of a process share of models."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec

from knowledge.models.client import Client
from knowledge.models.failures import CallError
from knowledge.models.vocabulary import Price


@dataclass(frozen=True, slots=True)
class Provider:
    """Where and how a provider is reached."""

    base_url: str | None = None
    """As its own client takes it; None: the provider's own."""
    api_key: str | None = None
    context_window: int = 16_384
    """Tokens that a model of one's own server takes: asked of Ollama, told to LlamaIndex of the others."""
    max_tokens: int = 4_096
    """Of a reply, its thinking included."""
    timeout: float = 60.0
    """Seconds for a whole call."""
    stall: float = 20.0
    """Seconds without a token after which a call counts as failed."""


@dataclass(frozen=True, slots=True)
class _Kind:
    adapter: str
    package: str
    """What the extra installs."""
    key: str | None
    """The variable with its key, where the provider's own address wants one."""


_KINDS = {
    "openai": _Kind("openai", "llama_index.llms.openai", "OPENAI_API_KEY"),
    "anthropic": _Kind("anthropic", "llama_index.llms.anthropic", "ANTHROPIC_API_KEY"),
    "gemini": _Kind("gemini", "llama_index.llms.google_genai", "GEMINI_API_KEY"),
    "ollama": _Kind("ollama", "llama_index.llms.ollama", None),
    "openai-like": _Kind("openai", "llama_index.llms.openai_like", None),
}
PROVIDERS = tuple(_KINDS)


def parse(spec: str) -> tuple[str, str]:
    """Provider and model of `provider:model`; `CallError` in words."""
    provider, _, model = spec.partition(":")
    if provider not in _KINDS or not model.strip():
        raise CallError(
            spec, "setup", f"write it as provider:model, a provider being one of {', '.join(PROVIDERS)}"
        )
    return provider, model


def check(spec: str, providers: Mapping[str, Provider]) -> None:
    """Raises `CallError` when a model's package, key or address is missing."""
    name, _ = parse(spec)
    kind, provider = _KINDS[name], providers.get(name, Provider())
    if not _installed(kind.package):
        raise CallError(
            spec, "setup", f"its client is not installed; install it with `pip install 'vocero[{name}]'`"
        )
    if name == "openai-like" and not provider.base_url:
        raise CallError(
            spec,
            "setup",
            "it has no address; set `base_url` under [models.openai-like], or VOCERO_LLM_BASE_URL",
        )
    if kind.key and not (provider.api_key or provider.base_url):
        raise CallError(spec, "setup", f"it needs a key; set {kind.key} in the environment or in .env")


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def price_of(spec: str, prices: Mapping[str, Price]) -> Price | None:
    """What a model costs: of the patterns that fit its name, the last one's."""
    fitting = [price for pattern, price in prices.items() if fnmatchcase(spec, pattern)]
    return fitting[-1] if fitting else None


class Models:
    """Every model of a process: opened on first use, and remembered while it rests after a failure."""

    def __init__(self, providers: Mapping[str, Provider], prices: Mapping[str, Price] | None = None) -> None:
        self._providers = providers
        self._prices = prices or {}
        self._clients: dict[str, Client] = {}
        self._opening = asyncio.Lock()
        self._resting: dict[str, float] = {}

    async def client(self, spec: str) -> Client:
        """The model, open; raises `CallError` with what is missing."""
        async with self._opening:
            if spec not in self._clients:
                # Importing a provider's client takes a second or two of computing.
                self._clients[spec] = await asyncio.to_thread(open_client, spec, self._providers)
            return self._clients[spec]

    def price(self, spec: str) -> Price | None:
        """What a model costs."""
        return price_of(spec, self._prices)

    def in_order(self, specs: Sequence[str]) -> list[str]:
        """The order to ask these in: those that failed a moment ago after all others."""
        now = time.monotonic()
        return sorted(dict.fromkeys(specs), key=lambda spec: self._resting.get(spec, now) > now)

    def rest(self, spec: str, seconds: float) -> None:
        """Lets a model that failed be."""
        self._resting[spec] = time.monotonic() + seconds

    def woke(self, spec: str) -> None:
        """A model has answered again."""
        self._resting.pop(spec, None)

    async def aclose(self) -> None:
        """Closes every model's connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


def open_client(spec: str, providers: Mapping[str, Provider]) -> Client:
    """One model, without a call to anybody; raises `CallError` with what is missing."""
    check(spec, providers)
    name, model = parse(spec)
    provider = providers.get(name, Provider())
    # Here alone are provider's clients loaded: seconds that extractive answers do not need.
    adapter = import_module(f"knowledge.models.providers.{_KINDS[name].adapter}")
    return Client(
        spec, adapter.connect(name, model, provider), timeout=provider.timeout, stall=provider.stall
    )
