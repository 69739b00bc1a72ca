"""How a command goes and ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.messages import Citation, Command, Confirmation, Outcome, Status
from bot.voice import Voice


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: what is said, and its result for machines."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "answered"
    reason: str | None = None
    citations: tuple[Citation, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    """What it asks an admin for."""
    result: dict[str, Any] | None = None
    """What it did, for the audit."""
    audited: bool = True
    """False for what goes on by itself and changed nothing."""


Steps = AsyncIterator[Status | Done]
Run = Callable[[Command, Voice], Steps]
"""Carries one command out, telling how it goes; the last step is how it ended."""
SlowRun = Callable[[Command, Voice, asyncio.Event], Steps]
"""The same for one that takes minutes: once the event is set it comes to an end, and says how far it came."""


def refused(text: str, reason: str) -> Done:
    """It was not done, and why."""
    return Done(text, outcome="refused", reason=reason)
