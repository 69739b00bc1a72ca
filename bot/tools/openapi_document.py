"""An OpenAPI document: its operations, whatever else may be wrong with it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from bot.tools.schemas import Inliner, SchemaError

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_SLOT = re.compile(r"\{([^{}/]+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One of a document's operations, its references written out."""

    method: str
    path: str
    id: str
    summary: str
    parameters: tuple[Mapping[str, Any], ...]
    """Each with `name`, `in` and a `schema` that is a mapping, if it has one."""
    body: Mapping[str, Any] | None
    """Schema of the JSON body."""
    needs_body: bool


@dataclass(frozen=True, slots=True)
class Document:
    """The document as it was read; `SchemaError` for what it cannot say."""

    _content: Mapping[str, Any]

    @classmethod
    def of(cls, text: str) -> Self:
        """A document in JSON or YAML."""
        import yaml

        # Not libyaml's loader: what is nested deep enough takes the process down with it.
        try:
            content = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
        except (ValueError, RecursionError, yaml.YAMLError):
            raise SchemaError("`document` is neither JSON nor YAML") from None
        if not isinstance(content, dict) or not str(content.get("openapi", "")).startswith("3"):
            raise SchemaError("`document` is no OpenAPI 3 document")
        return cls(content)

    @property
    def server(self) -> str:
        """Where the service is, perhaps relative to the document; empty: it does not say."""
        servers = self._content.get("servers")
        first = _mapping(servers[0]) if isinstance(servers, list) and servers else {}
        url = str(first.get("url", ""))
        for name, variable in _mapping(first.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", "")))
        return url

    def operations(self, wanted: str) -> list[Operation]:
        """Those called `getOrder` or `GET /orders/{id}`; raises `SchemaError` where there is none."""
        known: list[str] = []
        found: list[Operation] = []
        for method, path, item, described in self._described():
            id_ = str(described.get("operationId") or re.sub(r"[\W_]+", "_", f"{method}_{path}").strip("_"))
            known.append(id_)
            if wanted in (id_, f"{method.upper()} {path}"):
                found.append(self._operation(method, path, id_, item, described))
        if not found:
            raise SchemaError(
                f"there is no operation `{wanted}`; the document has {', '.join(known[:20]) or 'none'}"
            )
        return found

    def _described(self) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
        for path, item in _mapping(self._content.get("paths")).items():
            # What does not begin with a slash would become part of the host.
            if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict):
                continue
            for method in _METHODS:
                if isinstance(described := item.get(method), dict):
                    yield method, path, item, described

    def _operation(
        self, method: str, path: str, id_: str, item: Mapping[str, Any], described: Mapping[str, Any]
    ) -> Operation:
        inliner = Inliner(self._content)
        given = [*_list(item.get("parameters")), *_list(described.get("parameters"))]
        parameters: dict[tuple[str, str], Mapping[str, Any]] = {
            (name, "path"): {"name": name, "in": "path"} for name in _SLOT.findall(path)
        }
        for one in map(inliner.schema, given):
            name, where = _mapping(one).get("name"), _mapping(one).get("in")
            if (
                isinstance(name, str)
                and isinstance(where, str)
                and (where != "path" or (name, where) in parameters)
            ):
                parameters[name, where] = {**one, "schema": _mapping(one.get("schema"))}
        body = _mapping(inliner.schema(described.get("requestBody")))
        json_body = _mapping(_mapping(body.get("content")).get("application/json"))
        summary = described.get("summary") or described.get("description") or ""
        return Operation(
            method=method.upper(),
            path=path,
            id=id_,
            summary=str(summary),
            parameters=tuple(parameters.values()),
            body=_mapping(json_body.get("schema")) if json_body else None,
            needs_body=body.get("required") is True,
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
