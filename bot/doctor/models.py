"""Checks of language models: each one that is configured, by a reply of it."""

import asyncio
from collections.abc import Iterator

from bot.doctor.findings import Finding, fail, warn
from bot.doctor.services import get_json
from bot.errors import VoceroError
from bot.opening import model_prices, model_providers
from bot.personas import load_persona
from bot.settings import Settings
from knowledge.models import CallError, Models, Provider, Reply
from knowledge.models.failures import Kind

_SECONDS = 30.0
_PROMPT = (("user", "Answer with the word ok."),)
_OPENAI = "https://api.openai.com/v1"
_KEYS = {
    "openai": "OPENAI_API_KEY",
    "openai-like": "OPENAI_LIKE_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
}
_REMEDIES: dict[Kind, str] = {
    "unknown_model": "Correct the name after the colon, or ask the provider for access.",
    "unavailable": "Start the server, or correct `base_url` under [models.{name}]; else try again later.",
    "slow": "Try again, or give it more time: `stall` and `timeout` under [models.{name}].",
    "rate_limited": "Look at the credit and limits of the account, or name a second model in `llm`.",
}


def configured(settings: Settings) -> list[str]:
    """Every model that anything names, the first one that answers first."""
    tasks = (*settings.tasks.condense, *settings.tasks.judge, *settings.budget.model)
    return list(dict.fromkeys((*settings.llm, *tasks, *_of_personas(settings))))


def _of_personas(settings: Settings) -> Iterator[str]:
    for name in dict.fromkeys(channel.persona for channel in settings.channels if channel.persona):
        try:
            persona = load_persona(name, settings.path.parent / "personas")
        except VoceroError:
            continue  # told by the check of personas
        yield from persona.model


async def model(settings: Settings, spec: str) -> str:
    """That the model is offered to this key, or else that it replies."""
    name, _, wanted = spec.partition(":")
    provider = model_providers(settings)[name]
    offered = await _offered(name, provider) if name in ("openai", "openai-like") else []
    where = f" at {provider.base_url}" if provider.base_url else ""
    if wanted in offered:
        return f"{spec}{where}"
    models = Models({name: provider})
    try:
        client = await models.client(spec)
        async with asyncio.timeout(_SECONDS):
            async for event in client.respond(_PROMPT):
                if isinstance(event, Reply):
                    return f"{spec}{where}, answers"
        raise AssertionError("every reply ends in a Reply")
    except CallError as failed:
        if failed.kind == "length":
            return f"{spec}{where}, answers"
        if failed.kind == "unknown_model" and offered:
            shown = ", ".join(offered[:10])
            raise fail(
                f"{provider.base_url or name} has no model {wanted!r}.", f"Choose one of: {shown}."
            ) from None
        raise _finding(failed, name) from None
    finally:
        await models.aclose()


async def _offered(name: str, provider: Provider) -> list[str]:
    """The models that a server of OpenAI's kind says it has; many say nothing."""
    base = provider.base_url or (_OPENAI if name == "openai" and provider.api_key else None)
    if base is None:
        return []
    headers = {"Authorization": f"Bearer {provider.api_key}"} if provider.api_key else {}
    remedy = f"Start the server, or correct `base_url` under [models.{name}]."
    status, body = await get_json(f"{base.rstrip('/')}/models", headers, remedy)
    if status in (401, 403):
        if provider.api_key is None:
            raise fail(f"{base} needs a key (HTTP {status}).", f"Set {_KEYS[name]} in .env.")
        raise fail(f"{base} refuses the key (HTTP {status}).", f"Correct {_KEYS[name]} in .env.")
    entries = body.get("data")
    return (
        [str(entry.get("id")) for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else []
    )


def _finding(failed: CallError, name: str) -> Finding:
    """What failed and what to do about it."""
    if failed.kind == "setup":
        text, _, remedy = str(failed).partition("; ")
        return fail(f"{text}.", remedy[:1].upper() + remedy[1:])
    if failed.kind == "key":
        return fail(str(failed), f"Correct {_KEYS.get(name, 'the key')} in the environment or in .env.")
    return fail(str(failed), _REMEDIES.get(failed.kind, "").format(name=name) or None)


async def budget(settings: Settings) -> str:
    """That what a limit counts has a price."""
    limits = [settings.budget, *(channel.budget for channel in settings.channels)]
    if all(limit.day_usd is None and limit.user_day_usd is None for limit in limits):
        return "no limits"
    models = Models({}, model_prices(settings))
    unpriced = [spec for spec in configured(settings) if _hosted(spec) and models.price(spec) is None]
    if unpriced:
        raise warn(
            f"there are limits, and no price for {', '.join(unpriced)}: calls of it count as free.",
            f'Add `"{unpriced[0]}" = {{ input = …, output = … }}` under [prices].',
        )
    return "every model that costs money has a price"


def _hosted(spec: str) -> bool:
    return spec.partition(":")[0] in ("openai", "anthropic", "gemini")
