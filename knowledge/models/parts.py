"""A reply in the making: the parts that adapters read off their provider's stream, put together."""

import json
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from knowledge.models.failures import CallError, Kind
from knowledge.models.vocabulary import Prompt, Reply, Tool, ToolCall, ToolResult, Usage

# What providers call the end of a reply that is not its proper end. Anything else is one.
_UNFINISHED: dict[str, Kind] = {
    "length": "length", "max_tokens": "length", "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "blocked", "refusal": "blocked", "safety": "blocked", "recitation": "blocked",
    "language": "blocked", "blocklist": "blocked", "prohibited_content": "blocked", "spii": "blocked",
    "malformed_function_call": "malformed", "malformed_response": "malformed",
    "unexpected_tool_call": "malformed", "missing_thought_signature": "malformed",
    "too_many_tool_calls": "malformed", "other": "cut", "error": "cut", "pause_turn": "cut", "load": "empty",
    "unload": "empty", "failed": "cut", "cancelled": "cut", "abort": "cut",
}  # fmt: skip


def unfinished(reason: str) -> Kind | None:
    """How a reply failed that ended for this reason; None: it came to its proper end."""
    return _UNFINISHED.get(reason.lower())


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a tool call."""

    key: object
    """The same for all pieces of a call."""
    id: str | None = None
    name: str | None = None
    arguments: str | dict[str, Any] = ""
    """The next stretch of JSON, or the arguments whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one event of a provider's stream says."""

    text: str = ""
    calls: Sequence[Fragment] = ()
    finish: str | None = None
    """The provider's word for why the reply ends here."""
    usage: Usage | None = None
    native: Any = None


class Adapter(Protocol):
    """One model through LlamaIndex, with its provider's ways."""

    def parts(self, prompt: Prompt, tools: Sequence[Tool], must_answer: bool) -> AsyncGenerator[Part]:
        """The reply as it comes; raises whatever its client raises."""
        ...

    async def aclose(self) -> None:
        """Closes its connections."""
        ...


@dataclass(slots=True)
class _Call:
    key: object
    id: str = ""
    name: str = ""
    written: str = ""
    arguments: dict[str, Any] | None = None

    def add(self, fragment: Fragment) -> None:
        self.id = self.id or fragment.id or ""
        if fragment.name and fragment.name != self.name:  # some servers repeat it in every piece
            self.name += fragment.name
        if isinstance(fragment.arguments, dict):
            self.arguments = fragment.arguments
            self.written = json.dumps(fragment.arguments, ensure_ascii=False, default=str)
        else:
            self.written += fragment.arguments

    def call(self) -> ToolCall:
        arguments = self.arguments
        if arguments is None:
            try:
                arguments = json.loads(self.written or "{}")
            except ValueError:
                arguments = None
        id_ = self.id or f"call_{uuid.uuid4().hex[:16]}"
        return ToolCall(id_, self.name, arguments if isinstance(arguments, dict) else None, self.written)


@dataclass(slots=True)
class Gathered:
    """What has come of a reply so far."""

    text: str = ""
    usage: Usage | None = None
    _calls: list[_Call] = field(default_factory=list)
    _finish: str | None = None
    _native: Any = None

    @property
    def started(self) -> bool:
        """Whether anything of use has come."""
        return bool(self.text or self._calls)

    def add(self, part: Part) -> None:
        """Takes in the next part."""
        self.text += part.text
        self._finish = part.finish or self._finish
        self.usage = part.usage or self.usage
        self._native = part.native or self._native
        for fragment in part.calls:
            self._call(fragment).add(fragment)

    def _call(self, fragment: Fragment) -> _Call:
        """The call a fragment belongs to; another id under a known key is another call."""
        for call in reversed(self._calls):
            if call.key == fragment.key and not (fragment.id and call.id and fragment.id != call.id):
                return call
        self._calls.append(_Call(fragment.key))
        return self._calls[-1]

    def reply(self, spec: str, *, without_calls: bool) -> Reply:
        """The reply, if this is its proper end; else raises `CallError`."""
        if self._finish is None:
            raise CallError(spec, "cut" if self.started else "empty")
        if kind := unfinished(self._finish):
            raise CallError(spec, kind)
        calls = () if without_calls else tuple(call.call() for call in self._calls)
        if not calls and not self.text.strip():
            raise CallError(spec, "empty")
        return Reply(self.text, calls, spec, self.usage or Usage(), self._native)


def estimate(prompt: Prompt, tools: Sequence[Tool], written: str) -> Usage:
    """Tokens where the provider gives no numbers."""
    said = sum(len(_text(message)) for message in prompt)
    said += sum(len(tool.description) + len(json.dumps(dict(tool.parameters), default=str)) for tool in tools)
    return Usage(input=said // 4 + 1, output=-(-len(written) // 4), estimated=True)


def _text(message: tuple[str, str] | Reply | ToolResult) -> str:
    if isinstance(message, Reply):
        return message.text + "".join(call.written for call in message.calls)
    return message.text if isinstance(message, ToolResult) else message[1]
