"""One HTTP request as a tool."""

import json
from collections.abc import Mapping
from typing import Any

from bot.tools.arguments import check_by_model, model_of_settings, schema_of
from bot.tools.reading import Variables, filled, filled_url, picked, secrets_in, told, with_variables
from bot.tools.settings import HttpTool, ParameterSettings
from bot.tools.tool import Asker, Output, Tool, ToolError
from knowledge.fetching import Fetcher, FetchError, Limits, Response

READS = ("GET", "HEAD")
_SIZE = 2_000_000


def open_http(settings: HttpTool, fetcher: Fetcher, variables: Variables) -> Tool:
    """The tool."""
    parameters = {name: ParameterSettings() for name in settings.used_parameters()} | settings.parameters
    model = model_of_settings(parameters)
    headers = {name: with_variables(value, variables) for name, value in settings.headers.items()}
    effects = settings.method not in READS if settings.effects is None else bool(settings.effects)

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        url = filled_url(with_variables(settings.url, variables), arguments)
        body = None if settings.body is None else filled(settings.body, arguments)
        response = await send(
            fetcher,
            settings.name,
            settings.method,
            url,
            headers=headers,
            body=body,
            seconds=settings.timeout.total_seconds(),
            key=asker.key if effects else None,
        )
        return Output(told(picked(settings.result, response.text(), name=settings.name)))

    return Tool(
        name=settings.name,
        description=settings.description or f"Looks up {settings.name.replace('_', ' ')}.",
        parameters=schema_of(model),
        check=check_by_model(model),
        run=run,
        effects=effects,
        secret=secrets_in([settings.url, settings.headers], variables),
    )


async def send(
    fetcher: Fetcher,
    name: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any,
    seconds: float,
    key: str | None = None,
) -> Response:
    """The response of a service that said yes; raises `ToolError` with whether the request took effect.

    `key`: of a call with effects, which is sent once.
    """
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    kind = {} if content is None else {"Content-Type": "application/json"}
    keyed = {} if key is None else {"Idempotency-Key": key}
    try:
        response = await fetcher.fetch(
            url,
            method=method,
            headers={"Accept": "application/json", **kind, **headers, **keyed},
            body=content,
            limits=Limits(seconds=seconds, size=_SIZE),
            once=key is not None,
        )
    except FetchError as error:
        raise ToolError(f"{name}: {error}", done=None if error.sent else False) from None
    if response.status >= 300:  # a redirect that was not followed counts as a no
        said = " ".join(response.text()[:200].split()) if response.status < 500 else ""
        told_ = f": {said}" if said else ""
        # 4xx: refused, so nothing was done. 5xx: nobody knows.
        done = False if response.status < 500 else None
        raise ToolError(f"{name} answered with HTTP {response.status}{told_}.", done=done)
    return response
