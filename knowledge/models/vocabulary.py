"""What is said to a language model and what comes back, in no provider's terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Task = Literal["answer", "condense", "judge"]
"""What a model is wanted for; each may have models of its own."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may ask to be called."""

    name: str
    """Letters without accents, digits, `-` and `_`, 64 at most."""
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of an object."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asks to be called. The name is as the model wrote it: it may be none that was offered."""

    id: str
    """Unique in a conversation; made up where the provider gives none."""
    name: str
    arguments: dict[str, Any] | None
    """None: what the model wrote is no JSON object."""
    written: str = ""
    """The arguments as the model wrote them."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to, for the model to read."""

    call: ToolCall
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call."""

    input: int = 0
    """Of the prompt, all of it."""
    cached: int = 0
    """Of `input`: read from the provider's cache."""
    cache_written: int = 0
    """Of `input`: written into the provider's cache, where it charges for that."""
    output: int = 0
    """Written by the model, its thinking included."""
    estimated: bool = False
    """The provider gave no numbers: counted as four characters a token."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of a reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """What was streamed of this reply is void: another model begins it anew."""

    problem: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that came to its end. One with calls wants their results before it says more."""

    text: str
    calls: tuple[ToolCall, ...]
    model: str
    """`provider:model` that wrote it."""
    usage: Usage
    native: Any = field(default=None, repr=False, compare=False)
    """The reply as its provider wants it back; of use to the same model alone."""


Prompt = Sequence[tuple[str, str] | Reply | ToolResult]
"""Messages in order: (role, text) with the role `system`, `user` or `assistant`; a reply as it came; after a
reply with calls a result for each of them."""


@dataclass(frozen=True, slots=True)
class Tailored:
    """A message of a prompt that says more to some models."""

    role: str
    text: str
    more: Sequence[tuple[str, str]] = ()
    """Globs over `provider:model`, each with what is added at the end for the models that fit it."""

    def to(self, spec: str) -> tuple[str, str]:
        """The message for one model; what several globs add alike is added once."""
        added = dict.fromkeys(text for glob, text in self.more if fnmatchcase(spec.lower(), glob.lower()))
        return self.role, "\n\n".join((self.text, *added))


Message = tuple[str, str] | Tailored | Reply | ToolResult
Told = Sequence[Message]
"""A prompt, whichever model it is for."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float
    cached: float | None = None
    """For input read from the provider's cache; None: as other input."""
    cache_written: float | None = None
    """For input written into it; None: as other input."""

    def of(self, usage: Usage) -> float:
        """What a call cost, in US dollars."""
        plain = usage.input - usage.cached - usage.cache_written
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.cache_written is None else self.cache_written
        dollars = plain * self.input + usage.cached * cached
        return (dollars + usage.cache_written * written + usage.output * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model in a turn, for the books."""

    model: str
    task: Task
    usage: Usage
    seconds: float
    usd: float | None
    """None: the model has no price."""
    problem: str | None = None
    """Why its reply was not used."""
