"""The index as the settings say: which sources, which models, where its stores are."""

from typing import Any

from bot.settings import Settings
from knowledge.database import open_database
from knowledge.library import Library, LibrarySettings, SourceSpec
from knowledge.models import Provider


def open_library(settings: Settings, *, writing: bool) -> Library:
    """The index of these settings."""
    sources = tuple(
        SourceSpec(
            source.name,
            source.kind,
            {"path": source.path, "include": source.include, "exclude": source.exclude},
        )
        for source in settings.sources
    )
    database = open_database(secret(settings.env.database_url) or f"sqlite:///{settings.data / 'vocero.db'}")
    return Library(
        LibrarySettings(
            data=settings.data,
            sources=sources,
            embedding=settings.embedding,
            llm=(settings.llm,) if settings.llm else (),
            providers=_providers(settings),
            chroma_url=secret(settings.env.chroma_url),
        ),
        database,
        writing=writing,
    )


def _providers(settings: Settings) -> dict[str, Provider]:
    """Every provider's address and key; VOCERO_LLM_BASE_URL is for the one that `llm` names."""
    env = settings.env
    keys = {
        "openai": env.openai_api_key,
        "openai-like": env.openai_api_key,
        "anthropic": env.anthropic_api_key,
    }
    chosen = (settings.llm or "").partition(":")[0]
    providers = {}
    for name in {*keys, *settings.models, chosen} - {""}:
        configured = settings.models.get(name)  # type: ignore[call-overload]
        base_url = settings.llm_base_url if name == chosen else configured and configured.base_url
        providers[name] = Provider(base_url=base_url, api_key=secret(keys.get(name)))
    return providers


def secret(value: Any) -> str | None:
    """What a secret setting holds."""
    return value.get_secret_value() if value is not None else None
