"""Events that read otherwise than the SDK expects: each costs no more than itself.

The SDK ends the whole connection, and with it the process, over a field that is missing from one event.
"""

from collections.abc import Callable
from typing import Any

import discord

Failed = Callable[[str, Any, Exception], None]
"""Told of an event that was not understood: its kind, its data, the error."""

_BEGINNING = "READY"
"""Without it there is no session: what is wrong with it ends the attempt."""
_ASSUMED: dict[str, dict[str, Any]] = {"INTERACTION_CREATE": {"version": 1, "attachment_size_limit": 0}}
"""Fields that the SDK insists on, and that nothing here depends on."""


def tolerate(client: discord.Client, failed: Failed) -> None:
    """Has a client go on after an event that it cannot read."""
    parsers = client._connection.parsers
    for kind in parsers.keys() - {_BEGINNING}:
        parsers[kind] = _guarded(kind, parsers[kind], failed)


def _guarded(kind: str, parse: Callable[[Any], None], failed: Failed) -> Callable[[Any], None]:
    def parse_or_tell(data: Any) -> None:
        try:
            parse(_ASSUMED.get(kind, {}) | data if isinstance(data, dict) else data)
        except Exception as error:
            failed(kind, data, error)

    return parse_or_tell
