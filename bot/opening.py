"""The index as the settings say: which sources, which models, where its stores are."""

from typing import Any

from bot.model_settings import PROVIDERS, ProviderSettings
from bot.settings import Settings
from bot.source_settings import SourceSettings
from bot.tools.reading import Variables, with_variables
from knowledge.database import open_database
from knowledge.library import Library, LibrarySettings, SourceSpec
from knowledge.models import Price, Provider, Task
from knowledge.sources import Surroundings


def open_library(settings: Settings, *, writing: bool, answering: bool = False) -> Library:
    """The index of these settings; `answering`: questions come while it is written."""
    sources = tuple(source_spec(settings, source) for source in settings.sources)
    database = open_database(database_url(settings))
    return Library(
        LibrarySettings(
            data=settings.data,
            sources=sources,
            embedding=settings.embedding,
            llm=settings.llm,
            tasks=_tasks(settings),
            prices=model_prices(settings),
            providers=model_providers(settings),
            chroma_url=secret(settings.env.chroma_url),
            generations=settings.generations,
        ),
        database,
        writing=writing,
        answering=answering,
    )


def source_spec(settings: Settings, source: SourceSettings) -> SourceSpec:
    """A source with its secrets filled in, and the address where the bot itself reaches that service."""
    env = settings.env
    ours = {"slack": env.vocero_slack_api_url, "discord": env.vocero_discord_api_url}
    options = {name: _filled(value, settings.variables) for name, value in source.options.items()}
    if source.kind in ours:
        options.setdefault("base_url", ours[source.kind])
    return SourceSpec(
        source.name,
        source.kind,
        options,
        Surroundings(settings.data / "sources" / source.name, settings.fetch.allow, database_url(settings)),
        source.max_deleted,
    )


def _filled(value: Any, variables: Variables) -> Any:
    """A setting with `${NAME}` filled in, however deep."""
    if isinstance(value, str):
        return with_variables(value, variables)
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    return type(value)(_filled(one, variables) for one in value) if isinstance(value, list | tuple) else value


def database_url(settings: Settings) -> str:
    """Where the relational database is."""
    return secret(settings.env.database_url) or f"sqlite:///{settings.data / 'vocero.db'}"


def model_providers(settings: Settings) -> dict[str, Provider]:
    """Every provider's address, key and limits; VOCERO_LLM_BASE_URL is for that of the first model."""
    env = settings.env
    keys = {
        "openai": env.openai_api_key,
        "openai-like": env.openai_like_api_key or env.openai_api_key,
        "anthropic": env.anthropic_api_key,
        "gemini": env.gemini_api_key,
    }
    first = settings.llm[0].partition(":")[0] if settings.llm else None
    providers: dict[str, Provider] = {}
    for name in PROVIDERS:
        own = settings.models.get(name, ProviderSettings())
        limits: dict[str, Any] = {
            "timeout": own.timeout and own.timeout.total_seconds(),
            "stall": own.stall and own.stall.total_seconds(),
            "max_tokens": own.max_tokens,
            "context_window": own.context_window,
        }
        providers[name] = Provider(
            base_url=settings.llm_base_url if name == first else own.base_url,
            api_key=secret(keys.get(name)),
            **{limit: value for limit, value in limits.items() if value is not None},
        )
    return providers


def _tasks(settings: Settings) -> dict[Task, tuple[str, ...]]:
    """Models for what is not answering, where they are others."""
    tasks: dict[Task, tuple[str, ...]] = {"condense": settings.tasks.condense, "judge": settings.tasks.judge}
    return {task: models for task, models in tasks.items() if models}


def model_prices(settings: Settings) -> dict[str, Price]:
    """What models cost, by glob."""
    return {
        pattern: Price(price.input, price.output, price.cached, price.cache_written)
        for pattern, price in settings.prices.items()
    }


def secret(value: Any) -> str | None:
    """What a secret setting holds."""
    return value.get_secret_value() if value is not None else None
