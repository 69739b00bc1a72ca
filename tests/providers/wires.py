"""The wire formats: what a turn of a script looks like in each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

End = Literal["stop", "length", "refused"]


@dataclass(frozen=True)
class Turn:
    """What a model does in one reply. `close`: the stream ends without a word about why."""

    pieces: tuple[str, ...] = ()
    calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    end: End = "stop"
    fault: Literal["cut", "malformed", "stall", "close"] | None = None
    pause: float = 0.0
    """Seconds before each event."""
    bytes_sent: int | None = None
    """With `close`: how many bytes of the whole reply are sent; None: all but its end."""
    usage: tuple[int, int, int] | None = (100, 40, 7)
    """Tokens of the prompt, those of them from the cache, and those written."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """The events of a turn, and those that end it."""

    events: list[bytes]
    end: list[bytes]


class Wire:
    """One wire format."""

    base_path = ""
    media_type = "text/event-stream"
    malformed = b'data: {"oops": \n\n'
    path = ""

    def serves(self, path: str) -> bool:
        return path == self.path

    def body(self, turn: Turn) -> Body:
        raise NotImplementedError

    def error(self, status: int) -> dict[str, Any]:
        return {"error": {"message": "no", "type": "scripted", "code": None}}


def written(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def data(event: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def named(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\n".encode() + data(event)


class ChatCompletions(Wire):
    """OpenAI's chat protocol."""

    base_path = "/v1"
    path = "/v1/chat/completions"

    def body(self, turn: Turn) -> Body:
        events = [self._chunk({"role": "assistant", "content": ""})]
        events += [self._chunk({"content": piece}) for piece in turn.pieces]
        events += [self._chunk({"tool_calls": [delta]}) for delta in self._calls(turn)]
        reason = {"stop": "tool_calls" if turn.calls else "stop", "length": "length"}
        end = [self._chunk({}, reason.get(turn.end, "content_filter"))]
        if turn.usage:
            sent, cached, wrote = turn.usage
            usage = {"prompt_tokens": sent, "completion_tokens": wrote, "total_tokens": sent + wrote}
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
            end.append(data(self._envelope(choices=[], usage=usage)))
        return Body(events, [*end, b"data: [DONE]\n\n"])

    def _calls(self, turn: Turn) -> Iterator[dict[str, Any]]:
        for index, (name, arguments) in enumerate(turn.calls):
            text = written(arguments)
            yield {
                "index": index,
                "id": f"call_{index}",
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }
            for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
                yield {"index": index, "function": {"arguments": piece}}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        return data(self._envelope(choices=[{"index": 0, "delta": delta, "finish_reason": reason}]))

    def _envelope(self, **fields: Any) -> dict[str, Any]:
        return {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", **fields}


class Responses(Wire):
    """OpenAI's newer protocol."""

    base_path = "/v1"
    path = "/v1/responses"

    def body(self, turn: Turn) -> Body:
        item = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        events = [named({"type": "response.created", "response": self._response("in_progress")})]
        events += [
            named({"type": "response.output_text.delta", "delta": piece, **item}) for piece in turn.pieces
        ]
        output: list[dict[str, Any]] = []
        if turn.pieces:
            content = [{"type": "output_text", "text": "".join(turn.pieces), "annotations": []}]
            output.append(
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": content,
                }
            )
        for index, (name, arguments) in enumerate(turn.calls):
            call = {"type": "function_call", "id": f"fc_{index}", "call_id": f"call_{index}", "name": name}
            place = {"item_id": f"fc_{index}", "output_index": index + 1}
            text = written(arguments)
            done = {"arguments": text, "name": name}
            events += [
                named(
                    {
                        "type": "response.output_item.added",
                        "output_index": index + 1,
                        "item": call | {"arguments": "", "status": "in_progress"},
                    }
                ),
                named({"type": "response.function_call_arguments.delta", "delta": text, **place}),
                named({"type": "response.function_call_arguments.done", **done, **place}),
            ]
            output.append(call | {"arguments": text, "status": "completed"})
        why = {"length": "max_output_tokens", "refused": "content_filter"}.get(turn.end)
        status = "incomplete" if why else "completed"
        response = self._response(status, output, turn.usage, why)
        return Body(events, [named({"type": f"response.{status}", "response": response})])

    def _response(
        self,
        status: str,
        output: list[dict[str, Any]] | None = None,
        usage: tuple[int, int, int] | None = None,
        why: str | None = None,
    ) -> dict[str, Any]:
        told = usage and {
            "input_tokens": usage[0],
            "input_tokens_details": {"cached_tokens": usage[1], "cache_write_tokens": 0},
            "output_tokens": usage[2],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage[0] + usage[2],
        }
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 0,
            "model": "m",
            "status": status,
            "output": output or [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": told,
            "incomplete_details": why and {"reason": why},
        }


class Messages(Wire):
    """Anthropic's protocol."""

    path = "/v1/messages"
    malformed = b'event: content_block_delta\ndata: {"oops": \n\n'

    def body(self, turn: Turn) -> Body:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
        message |= {"stop_reason": None, "stop_sequence": None, "usage": self._usage(turn, 1)}
        events = [named({"type": "message_start", "message": message}), named({"type": "ping"})]
        place = 0
        if turn.pieces:
            start = {"type": "text", "text": ""}
            events.append(named({"type": "content_block_start", "index": 0, "content_block": start}))
            deltas = ({"type": "text_delta", "text": piece} for piece in turn.pieces)
            events += [named({"type": "content_block_delta", "index": 0, "delta": delta}) for delta in deltas]
            events.append(named({"type": "content_block_stop", "index": 0}))
            place = 1
        for index, (name, arguments) in enumerate(turn.calls, start=place):
            block = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
            events.append(named({"type": "content_block_start", "index": index, "content_block": block}))
            text = written(arguments)
            for piece in ("", text[: len(text) // 2], text[len(text) // 2 :]):
                delta = {"type": "input_json_delta", "partial_json": piece}
                events.append(named({"type": "content_block_delta", "index": index, "delta": delta}))
            events.append(named({"type": "content_block_stop", "index": index}))
        reason = {"stop": "tool_use" if turn.calls else "end_turn", "length": "max_tokens"}
        stop = {"stop_reason": reason.get(turn.end, "refusal"), "stop_sequence": None}
        wrote = turn.usage[2] if turn.usage else 0
        end = [named({"type": "message_delta", "delta": stop, "usage": self._usage(turn, wrote)})]
        return Body(events, [*end, named({"type": "message_stop"})])

    def _usage(self, turn: Turn, wrote: int) -> dict[str, Any]:
        sent, cached, _ = turn.usage or (0, 0, 0)
        return {
            "input_tokens": sent - cached,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": wrote,
        }

    def error(self, status: int) -> dict[str, Any]:
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
        kinds |= {400: "invalid_request_error", 403: "permission_error", 529: "overloaded_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": "no"}}


class GenerateContent(Wire):
    """Google's protocol."""

    def serves(self, path: str) -> bool:
        return path.startswith("/v1beta/models/") and path.endswith(":streamGenerateContent")

    def body(self, turn: Turn) -> Body:
        events = [self._chunk([{"text": piece}]) for piece in turn.pieces]
        if turn.calls:
            parts = [{"functionCall": {"name": name, "args": args}} for name, args in turn.calls]
            parts[0]["thoughtSignature"] = "c2lnbmF0dXJl"
            events.append(self._chunk(parts))
        # The last event has no content, which is how it comes from Google, too.
        last: dict[str, Any] = {
            "index": 0,
            "content": {"role": "model"},
            "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}.get(turn.end, "SAFETY"),
        }
        told: dict[str, Any] = {"candidates": [last]}
        if turn.usage:
            sent, cached, wrote = turn.usage
            told["usageMetadata"] = {
                "promptTokenCount": sent,
                "cachedContentTokenCount": cached,
                "candidatesTokenCount": wrote,
                "totalTokenCount": sent + wrote,
            }
        return Body(events, [data(told)])

    def _chunk(self, parts: list[dict[str, Any]]) -> bytes:
        return data({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}]})

    def error(self, status: int) -> dict[str, Any]:
        word = {401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}.get(status, "INTERNAL")
        return {"error": {"code": status, "message": "no", "status": word}}


class OllamaChat(Wire):
    """Ollama's protocol."""

    path = "/api/chat"
    media_type = "application/x-ndjson"
    malformed = b'{"oops": \n'

    def body(self, turn: Turn) -> Body:
        events = [self._line({"content": piece}) for piece in turn.pieces]
        if turn.calls:
            wanted = [{"function": {"name": name, "arguments": args}} for name, args in turn.calls]
            events.append(self._line({"content": "", "tool_calls": wanted}))
        last: dict[str, Any] = {"done": True, "done_reason": {"stop": "stop"}.get(turn.end, "length")}
        if turn.usage:
            last |= {"prompt_eval_count": turn.usage[0], "eval_count": turn.usage[2]}
        return Body(events, [self._line({"content": ""}, **last)])

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        line = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": False}
        return (json.dumps(line | {"message": {"role": "assistant", **message}} | more) + "\n").encode()

    def error(self, status: int) -> dict[str, Any]:
        return {"error": "no"}


WIRES: dict[str, Wire] = {
    "openai": ChatCompletions(),
    "openai-like": ChatCompletions(),
    "responses": Responses(),
    "anthropic": Messages(),
    "gemini": GenerateContent(),
    "ollama": OllamaChat(),
}
