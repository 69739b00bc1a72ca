"""How a command goes and ends."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.messages import Citation, Command, Outcome, Status
from bot.voice import Voice


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: what is said, and its result for machines."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "answered"
    reason: str | None = None
    citations: tuple[Citation, ...] = ()


Steps = AsyncIterator[Status | Done]
Run = Callable[[Command, Voice], Steps]
"""Carries one command out, telling how it goes; the last step is how it ended."""


def refused(text: str, reason: str) -> Done:
    """It was not done, and why."""
    return Done(text, outcome="refused", reason=reason)
