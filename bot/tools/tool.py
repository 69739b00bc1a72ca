"""What a tool is, whatever its kind: a name, arguments, an action, and what comes of it.

ToolError            the call did not work; its text goes to the model and to the person
└── ArgumentsError   what was given is not what it takes: whoever asked may try again
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.errors import VoceroError
from bot.messages import Picture
from knowledge.documents import Hit


class ToolError(VoceroError):
    """A call that did not work. `done`: whether it took effect; None where that is not known."""

    def __init__(self, message: str, *, done: bool | None = False) -> None:
        super().__init__(message)
        self.done = done


class ArgumentsError(ToolError):
    """The arguments are not what the tool takes."""


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a call is made, and what the people who see the answer may read."""

    person: str
    """`slack:U1`."""
    channel: str
    """`slack:C1`."""
    sources: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    key: str = ""
    """For a call with effects: the same whenever it is the same call."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a call brought."""

    text: str
    """For the model and for people; data, never instructions."""
    pictures: tuple[Picture, ...] = ()
    hits: tuple[Hit, ...] = ()
    """Passages found, which an answer may cite."""


Check = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The arguments as the tool takes them; raises `ArgumentsError`."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the bot may call. What may be called where is not its business."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of an object."""
    check: Check
    run: Callable[[dict[str, Any], Asker], Awaitable[Output]]
    """Takes checked arguments; raises `ToolError`."""
    effects: bool = False
    timeout: float = 15.0
    """Seconds."""
    cache: timedelta | None = None
    concurrency: int = 4
    max_chars: int = 6_000
    group: str = ""
    """The `[[tools]]` table it comes from, which channels name."""
    version: str = ""
    """Another one where anything about the table is another: what was kept for it is not told any more."""
    secret: frozenset[str] = field(default=frozenset())
    """Values that must not be told: they are taken out of whatever it says."""
