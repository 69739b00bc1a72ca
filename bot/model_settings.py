"""What can be set about language models: which ones for what, where they are, what they may cost."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bot.fields import Base, Duration, Table

Provider = Literal["openai", "anthropic", "gemini", "ollama", "openai-like"]
PROVIDERS: tuple[Provider, ...] = ("openai", "anthropic", "gemini", "ollama", "openai-like")


def model_parts(value: str, providers: Sequence[str]) -> tuple[str, str]:
    """Provider and model of `provider:model`; ValueError in words."""
    provider, colon, model = value.partition(":")
    if not colon or not model.strip() or provider not in providers:
        raise ValueError(f"is {value!r}; write 'provider:model', a provider being {', '.join(providers)}")
    return provider, model


def _known(value: str) -> str:
    model_parts(value, PROVIDERS)
    return value


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Model = Annotated[str, AfterValidator(_known)]
"""`provider:model`."""
ModelsInOrder = Annotated[tuple[Model, ...], BeforeValidator(_several)]
"""One or several: the next one steps in where one fails."""
Dollars = Annotated[float, Field(ge=0)]


class ProviderSettings(Table):
    """`[models.<provider>]`: where a provider of models is reached, and how long it is waited for."""

    base_url: Base | None = None
    timeout: Duration | None = None
    """For a whole call."""
    stall: Duration | None = None
    """Without a sign of life from a call."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    context_window: Annotated[int, Field(ge=1)] | None = None


class TaskSettings(Table):
    """`[tasks]`: models for what is not answering; none: those that answer."""

    condense: ModelsInOrder = ()
    """Completing a question from what was said before."""
    judge: ModelsInOrder = ()
    """Judging what a persona answers, in `vocero persona test --ask`."""


class PriceSettings(Table):
    """`[prices]`: US dollars for a million tokens."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    """Input read from the provider's cache; None: as other input."""
    cache_written: Dollars | None = None
    """Input written into it; None: as other input."""


class BudgetSettings(Table):
    """`budget` of a channel: what its questions may cost."""

    day_usd: Dollars | None = None
    user_day_usd: Dollars | None = None


class DeploymentBudgetSettings(BudgetSettings):
    """`[budget]`: what all questions may cost, and what happens before that is reached."""

    soft: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Of any limit: from there on `model` answers."""
    model: ModelsInOrder = ()


class CacheSettings(Table):
    """`[cache]`: answers that are given again to who asks the same."""

    lifetime: Duration | None = None
    """None: none is."""
