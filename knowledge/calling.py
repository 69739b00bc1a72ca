"""What a model may call while it answers. Who makes the calls is the bot's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.documents import Hit
from knowledge.models import Tool, ToolCall

ROUNDS = 5
"""Replies of a model with calls in them; after that it must answer."""


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call."""

    text: str
    """For the model; data, whatever it says."""
    worked: bool = True
    """It told something that an answer may rest on."""
    hits: tuple[Hit, ...] = ()
    """Passages it found, which an answer may cite."""


class Tools(Protocol):
    """The tools of one turn. What is not among them does not exist."""

    @property
    def offered(self) -> Sequence[Tool]:
        """What may be called now."""
        ...

    async def call(self, call: ToolCall) -> Called:
        """Makes a call; whatever goes wrong is said in the result."""
        ...
