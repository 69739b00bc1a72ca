"""Checks everything that is configured, each thing by using it, and says what to put right."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.doctor import machine, models, services, tools
from bot.doctor.findings import SECONDS, Check, Finding
from bot.errors import VoceroError
from bot.settings import Settings
from knowledge.errors import KnowledgeError

__all__ = ["Check", "configuration_failure", "examine"]

Examination = Callable[[], Awaitable[str]]
"""Says what is well, or raises a `Finding`."""


def configuration_failure(error: VoceroError) -> Check:
    """The check that fails when there are no settings to check by."""
    return Check("configuration", "fail", str(error))


async def examine(settings: Settings) -> list[Check]:
    """Checks everything that is configured, side by side."""
    values = (value.get_secret_value() for _, value in settings.env if isinstance(value, SecretStr))
    # Of an address only the password is secret.
    secrets = [
        secret for value in values if (secret := urlsplit(value).password if "://" in value else value)
    ]
    return await asyncio.gather(*(_run(name, check, secrets) for name, check in _examinations(settings)))


def _examinations(settings: Settings) -> Iterator[tuple[str, Examination]]:
    env = settings.env
    yield "python", machine.python
    yield "configuration", partial(machine.configuration, settings)
    yield "personas", partial(machine.personas, settings)
    yield "data", partial(machine.data, settings)
    yield "database", partial(machine.database, settings)
    yield "redis", partial(machine.redis, settings)
    yield "chroma", partial(services.chroma, settings)
    yield "embedding", partial(machine.embedding, settings)
    for source in settings.sources:
        yield f"source {source.name}", partial(machine.source, settings, source)
    for number, spec in enumerate(models.configured(settings)):
        yield f"model {spec}" if number else "model", partial(models.model, settings, spec)
    if models.configured(settings):
        yield "budget", partial(models.budget, settings)
    for tool in settings.tools:
        yield f"tool {tool.name}", partial(tools.tool, settings, tool)
    if env.slack_bot_token or env.slack_app_token or env.slack_client_id:
        yield "slack", partial(services.slack, settings)
    if env.discord_token:
        yield "discord", partial(services.discord, settings)


async def _run(name: str, examination: Examination, secrets: list[str]) -> Check:
    try:
        found = Check(name, "ok", await examination())
    except Finding as finding:
        found = Check(name, finding.status, finding.text, finding.remedy)
    except (VoceroError, KnowledgeError) as error:
        found = Check(name, "fail", str(error))
    except TimeoutError:
        found = Check(name, "fail", f"no answer within {SECONDS:.0f} seconds", "See that it can be reached.")
    except Exception as error:
        # Whatever a client of a service raises: the other checks go on.
        found = Check(name, "fail", f"cannot be checked: {type(error).__name__}: {error}")
    text = found.text
    for secret in secrets:
        text = text.replace(secret, "…")
    return Check(found.name, found.status, text, found.remedy)
