"""Operations of a service that describes itself in an OpenAPI document, each a tool."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from bot.errors import ConfigurationError, VoceroError
from bot.tools.arguments import check_by_schema
from bot.tools.http import READS, send
from bot.tools.reading import Variables, picked, plain, secrets_in, told, with_variables
from bot.tools.settings import OpenApiTool
from bot.tools.tool import ArgumentsError, Asker, Output, Tool
from knowledge.fetching import Fetcher, FetchError

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_DEPTH = 12
"""How deep references are followed; a schema that contains itself ends there."""


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    id: str
    described: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None
    """Schema of the JSON body."""


async def open_openapi(settings: OpenApiTool, fetcher: Fetcher, variables: Variables) -> list[Tool]:
    """A tool for each allowed operation; raises `VoceroError` when the document cannot be had."""
    place = f'[[tools]] "{settings.name}"'
    document = await _document(settings, fetcher, place)
    operations = list(_operations(document))
    chosen: list[_Operation] = []
    for wanted in settings.operations:
        found = [one for one in operations if wanted in (one.id, f"{one.method} {one.path}")]
        if not found:
            known = ", ".join(one.id for one in operations[:20])
            raise ConfigurationError(f"{place}: there is no operation `{wanted}`; the document has {known}.")
        chosen += found
    base = settings.base_url or _server(document, settings.document, place)
    return [_tool(settings, operation, base, fetcher, variables) for operation in chosen]


async def _document(settings: OpenApiTool, fetcher: Fetcher, place: str) -> Mapping[str, Any]:
    try:
        if settings.document.startswith(("http://", "https://")):
            response = await fetcher.fetch(settings.document)
            if response.status != 200:
                raise VoceroError(f"{place}: the document answered with HTTP {response.status}.")
            text = response.text()
        else:
            text = await asyncio.to_thread(Path(settings.document).read_text, encoding="utf-8")
    except FetchError as error:
        raise VoceroError(f"{place}: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{place}: `document` cannot be read: {error.strerror}.") from None
    import yaml

    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        raise ConfigurationError(f"{place}: `document` is neither JSON nor YAML.") from None
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3"):
        raise ConfigurationError(f"{place}: `document` is no OpenAPI 3 document.")
    return document


def _server(document: Mapping[str, Any], source: str, place: str) -> str:
    servers = document.get("servers") or [{}]
    url = str(servers[0].get("url", "/"))
    for name, variable in servers[0].get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    url = urljoin(source, url) if source.startswith("http") else url
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"{place}: the document does not say where the service is; set `base_url`.")
    return url


def _operations(document: Mapping[str, Any]) -> Iterator[_Operation]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if not isinstance(described := item.get(method), dict):
                continue
            given = [*item.get("parameters", ()), *described.get("parameters", ())]
            resolved = [_resolved(one, document) for one in given]
            by_name = {(one["name"], one["in"]): one for one in resolved if "name" in one}
            content = _resolved(described.get("requestBody", {}), document).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            id_ = described.get("operationId") or re.sub(r"\W+", "_", f"{method}_{path}").strip("_")
            yield _Operation(method.upper(), path, id_, described, tuple(by_name.values()), schema)


def _resolved(value: Any, document: Mapping[str, Any], depth: int = _DEPTH) -> Any:
    """The value with its references within the document replaced by what they name."""
    if depth == 0:
        return {}
    if isinstance(value, list):
        return [_resolved(one, document, depth) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(reference := value.get("$ref"), str):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name, {}) if isinstance(target, dict) else {}
        return _resolved(target, document, depth - 1)
    return {key: _resolved(one, document, depth) for key, one in value.items()}


def _tool(
    settings: OpenApiTool, operation: _Operation, base: str, fetcher: Fetcher, variables: Variables
) -> Tool:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{settings.name}_{operation.id}")[:64]
    headers = {key: with_variables(value, variables) for key, value in settings.headers.items()}
    schema = _schema(operation)
    effects = _has_effects(settings, operation)

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        url, own = _request(operation, base, arguments)
        keyed = {"Idempotency-Key": asker.key} if effects else {}
        response = await send(
            fetcher,
            name,
            operation.method,
            url,
            headers=own | headers | keyed,
            body=arguments.get("body"),
            seconds=settings.timeout.total_seconds(),
        )
        return Output(told(picked(settings.result, response.text(), name=name)))

    described = operation.described.get("summary") or operation.described.get("description")
    return Tool(
        name=name,
        description=" ".join(filter(None, (settings.description, described))) or operation.id,
        parameters=schema,
        check=check_by_schema(schema),
        run=run,
        effects=effects,
        secret=secrets_in(settings.headers, variables),
    )


def _has_effects(settings: OpenApiTool, operation: _Operation) -> bool:
    if settings.effects is None:
        return operation.method not in READS
    if isinstance(settings.effects, bool):
        return settings.effects
    return not {operation.id, f"{operation.method} {operation.path}"}.isdisjoint(settings.effects)


def _schema(operation: _Operation) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for one in operation.parameters:
        if one["in"] not in ("path", "query"):
            continue  # headers and cookies are not for a model to write
        described = {"description": one["description"]} if one.get("description") else {}
        properties[one["name"]] = one.get("schema", {"type": "string"}) | described
        if one.get("required") or one["in"] == "path":
            required.append(one["name"])
    if operation.body is not None:
        properties["body"] = operation.body
        if operation.described.get("requestBody", {}).get("required"):
            required.append("body")
    return {"type": "object", "properties": properties, "required": required}


def _request(operation: _Operation, base: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The URL of a call, and the headers that the operation itself asks for with a fixed value."""
    path, query = operation.path, []
    for one in operation.parameters:
        value = arguments.get(one["name"])
        if one["in"] == "path":
            written = plain(value)
            if written in ("", ".", ".."):
                raise ArgumentsError(f"`{one['name']}` is {written!r}, which cannot stand in an address.")
            path = path.replace(f"{{{one['name']}}}", quote(written, safe=""))
        elif one["in"] == "query" and value is not None:
            several = value if isinstance(value, list) else [value]
            query += [f"{quote(one['name'], safe='')}={quote(plain(part), safe='')}" for part in several]
    url = base.rstrip("/") + path + ("?" + "&".join(query) if query else "")
    fixed = {
        one["name"]: str(one["schema"]["default"])
        for one in operation.parameters
        if one["in"] == "header" and "default" in one.get("schema", {})
    }
    return url, fixed
