"""Completion of a lookup that is being typed: `stock prod` → `product=`."""

from collections.abc import Mapping
from typing import Any


def completions(tools: Mapping[str, Mapping[str, Any]], typed: str) -> list[str]:
    """What the last word of a lookup may become: a tool, a parameter, a choice.

    `tools`: the JSON Schema of each one's parameters, by its name.
    """
    before, blank, last = typed.lstrip().rpartition(" ")
    if not blank:
        return [name for name in tools if last.casefold() in name.casefold()]
    name, *given = before.split()
    if name not in tools:
        return []
    properties: Mapping[str, Any] = tools[name].get("properties", {})
    parameter, equals, value = last.partition("=")
    if equals:
        choices = _choices(properties.get(parameter, {}))
        return [
            f"{parameter}={_quoted(one)}" for one in choices if one.casefold().startswith(value.casefold())
        ]
    taken = {word.partition("=")[0] for word in given}
    return [f"{one}=" for one in properties if one not in taken and one.startswith(last)]


def _choices(schema: Any) -> list[str]:
    if not isinstance(schema, Mapping):
        return []  # `true`: anything goes
    for one in (schema, *schema.get("anyOf", ())):
        if "enum" in one:
            return [str(choice) for choice in one["enum"] if choice is not None]
        if one.get("type") == "boolean":
            return ["true", "false"]
    return []


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
