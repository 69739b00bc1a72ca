"""Operations of a service that describes itself in an OpenAPI document, each a tool.

The document may come from elsewhere, so it decides little: what is not in the table's list does not exist,
what it says is checked, and a secret of the configuration goes to the document's own host or to `base_url`.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from bot.errors import ConfigurationError, VoceroError
from bot.tools.arguments import check_by_schema
from bot.tools.http import READS, send
from bot.tools.openapi_document import Document, Operation
from bot.tools.reading import Variables, picked, plain, secrets_in, told, with_variables
from bot.tools.schemas import SchemaError, description, usable
from bot.tools.settings import OpenApiTool
from bot.tools.settings import variables as named_variables
from bot.tools.tool import ArgumentsError, Asker, Output, Tool
from knowledge.fetching import Fetcher, FetchError

_OURS = frozenset(
    "accept authorization connection content-length content-type cookie host idempotency-key "
    "proxy-authorization transfer-encoding upgrade user-agent".split()
)
"""Headers that no document sets."""


async def open_openapi(settings: OpenApiTool, fetcher: Fetcher, variables: Variables) -> list[Tool]:
    """A tool for each allowed operation; raises `VoceroError` when the document cannot be had."""
    place = f'[[tools]] "{settings.name}"'
    text = await _text(settings, fetcher, place)
    # A document may be long, and references make it longer.
    return await asyncio.to_thread(_tools, settings, text, place, fetcher, variables)


async def _text(settings: OpenApiTool, fetcher: Fetcher, place: str) -> str:
    try:
        if settings.document.startswith(("http://", "https://")):
            response = await fetcher.fetch(settings.document)
            if response.status != 200:
                raise VoceroError(f"{place}: the document answered with HTTP {response.status}.")
            return response.text()
        return await asyncio.to_thread(Path(settings.document).read_text, encoding="utf-8")
    except FetchError as error:
        raise VoceroError(f"{place}: {error}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{place}: `document` is not written in UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"{place}: `document` cannot be read: {error.strerror}.") from None


def _tools(
    settings: OpenApiTool, text: str, place: str, fetcher: Fetcher, variables: Variables
) -> list[Tool]:
    try:
        document = Document.of(text)
        base = settings.base_url or _server(document, settings, place)
        chosen = [one for wanted in settings.operations for one in document.operations(wanted)]
        return [_tool(settings, one, base, fetcher, variables) for one in chosen]
    except SchemaError as error:
        raise ConfigurationError(f"{place}: {error}.") from None


def _server(document: Document, settings: OpenApiTool, place: str) -> str:
    """Where the service is, as the document says."""
    fetched = settings.document if settings.document.startswith("http") else ""
    url = urljoin(fetched, document.server or "/")
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"{place}: the document does not say where the service is; set `base_url`.")
    if fetched and named_variables(settings.headers) and _host(url) != _host(fetched):
        raise ConfigurationError(
            f"{place}: the document sends calls with their secrets to {_host(url)}; if that is right, set "
            "`base_url`."
        )
    return url


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _tool(
    settings: OpenApiTool, operation: Operation, base: str, fetcher: Fetcher, variables: Variables
) -> Tool:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{settings.name}_{operation.id}")[:64]
    headers = {key: with_variables(value, variables) for key, value in settings.headers.items()}
    schema = usable(_schema(operation))
    effects = _has_effects(settings, operation)

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        url, own = _request(operation, base, arguments)
        response = await send(
            fetcher,
            name,
            operation.method,
            url,
            headers=own | headers,
            body=arguments.get("body"),
            seconds=settings.timeout.total_seconds(),
            key=asker.key if effects else None,
        )
        return Output(told(picked(settings.result, response.text(), name=name)))

    return Tool(
        name=name,
        description=description(settings.description, operation.summary) or operation.id,
        parameters=schema,
        check=check_by_schema(schema),
        run=run,
        effects=effects,
        secret=secrets_in(settings.headers, variables),
    )


def _has_effects(settings: OpenApiTool, operation: Operation) -> bool:
    if settings.effects is None:
        return operation.method not in READS
    if isinstance(settings.effects, bool):
        return settings.effects
    return not {operation.id, f"{operation.method} {operation.path}"}.isdisjoint(settings.effects)


def _schema(operation: Operation) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for one in operation.parameters:
        if one["in"] not in ("path", "query"):
            continue  # headers and cookies are not for a model to write
        described = {"description": description(one["description"])} if one.get("description") else {}
        properties[one["name"]] = {"type": "string"} | (one.get("schema") or {}) | described
        if one.get("required") is True or one["in"] == "path":
            required.append(one["name"])
    if operation.body is not None:
        properties["body"] = operation.body
        if operation.needs_body:
            required.append("body")
    return {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))}


def _request(operation: Operation, base: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The URL of a call, and the headers that the operation itself asks for with a fixed value."""
    path, query = operation.path, []
    for one in operation.parameters:
        name, value = one["name"], arguments.get(one["name"])
        if one["in"] == "path":
            written = _written(value)
            if written in ("", ".", ".."):
                raise ArgumentsError(f"`{name}` is {written!r}, which cannot stand in an address.")
            path = path.replace(f"{{{name}}}", quote(written, safe=""))
        elif one["in"] == "query" and value is not None:
            several = value if isinstance(value, list) else [value]
            parts = [quote(_written(part), safe="") for part in several]
            parts = [",".join(parts)] if one.get("explode") is False else parts
            query += [f"{quote(name, safe='')}={part}" for part in parts]
    url = base.rstrip("/") + path + ("?" + "&".join(query) if query else "")
    fixed = {
        one["name"]: str(one["schema"]["default"])
        for one in operation.parameters
        if one["in"] == "header" and one["name"].lower() not in _OURS and "default" in one.get("schema", {})
    }
    return url, fixed


def _written(value: Any) -> str:
    """A value in an address; one with parts as JSON."""
    return told(value) if isinstance(value, dict | list) else plain(value)
