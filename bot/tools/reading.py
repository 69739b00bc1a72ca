"""What tools send and bring: templates filled in, and results as text."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from bot.tools.tool import ArgumentsError, ToolError

_SLOT = re.compile(r"(?<!\$)\{(\w+)\}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SHORTEST = 4
"""Characters of a secret: what is shorter stands in many a word."""
Variables = Mapping[str, SecretStr]


def with_variables(text: str, variables: Variables) -> str:
    """The text with `${NAME}` filled in."""
    return _VARIABLE.sub(lambda match: variables[match[1]].get_secret_value(), text)


def secrets_in(value: Any, variables: Variables) -> frozenset[str]:
    """The values of the variables that a setting refers to, in each form they may come back in."""
    names = _VARIABLE.findall(json.dumps(value, default=str))
    values = [one for name in names if len(one := variables[name].get_secret_value()) >= _SHORTEST]
    return frozenset(
        form
        for one in values
        for form in (one, quote(one, safe=""), json.dumps(one, ensure_ascii=False)[1:-1])
    )


def filled_url(template: str, arguments: Mapping[str, Any]) -> str:
    """A URL with its parameters escaped; a part of the query whose parameter has no value is left out."""
    base, question, query = template.partition("?")
    path = _SLOT.sub(lambda match: _segment(match[1], arguments), base)
    kept = [
        _SLOT.sub(lambda match: quote(plain(arguments.get(match[1])), safe=""), part)
        for part in query.split("&")
        if all(arguments.get(slot) is not None for slot in _SLOT.findall(part))
    ]
    return path + (question + "&".join(kept) if kept and query else "")


def _segment(name: str, arguments: Mapping[str, Any]) -> str:
    value = plain(arguments.get(name))
    if value in ("", ".", ".."):
        # A client would climb up the path, or call another address altogether.
        raise ArgumentsError(f"`{name}` is {value!r}, which cannot stand in an address.")
    return quote(value, safe="")


def filled(template: Any, arguments: Mapping[str, Any]) -> Any:
    """A body with its parameters: a slot alone becomes the value itself, within text its text."""
    if isinstance(template, dict):
        return {key: filled(value, arguments) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, arguments) for value in template]
    if not isinstance(template, str):
        return template
    if alone := _SLOT.fullmatch(template):
        value = arguments.get(alone[1])
        return value.isoformat() if isinstance(value, date) else value
    return _SLOT.sub(lambda match: plain(arguments.get(match[1])), template)


def plain(value: Any) -> str:
    """A value as an address or a text holds it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def picked(expression: str | None, body: str, *, name: str) -> Any:
    """The part that matters of a JSON body; the body itself where nothing is picked and it is no JSON."""
    try:
        data = json.loads(body)
    except ValueError:
        if expression is None:
            return body
        raise ToolError(f"{name} did not answer with JSON.", done=None) from None
    if expression is None:
        return data
    import jmespath

    try:
        return jmespath.search(expression, data)
    except jmespath.exceptions.JMESPathError:
        raise ToolError(f"{name} answered with something else than was expected.", done=None) from None


def told(value: Any) -> str:
    """A result as text: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_plain_json)


def _plain_json(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return f"{len(value)} bytes" if isinstance(value, bytes | memoryview) else str(value)
