"""How calls of models fail: what every client raises, as one kind of error with a sentence and a reason."""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from knowledge.errors import ModelError
from knowledge.models.vocabulary import Usage

Kind = Literal[
    "setup",  # its package, key or address is missing
    "key",  # the provider refuses the key
    "unknown_model",
    "request",  # the provider refuses the request
    "too_long",  # the prompt does not fit
    "rate_limited",
    "unavailable",  # nobody answers, or the provider has a fault of its own
    "slow",
    "cut",  # the stream broke off
    "malformed",  # what came cannot be read
    "empty",
    "length",  # the reply hit its limit in mid-sentence
    "blocked",  # the provider's filter, or the model itself, refuses
]

_SAYS: dict[Kind, str] = {
    "key": "its provider refuses the key; correct it in .env",
    "unknown_model": "its provider has no such model, or not for this key; correct its name",
    "request": "its provider refuses the request",
    "too_long": "the prompt is longer than it takes",
    "rate_limited": "its provider's rate limit or credit is used up",
    "unavailable": "its provider cannot be reached or has a fault",
    "slow": "it took too long",
    "cut": "its reply broke off",
    "malformed": "its reply could not be read",
    "empty": "it replied nothing",
    "length": "its reply hit the limit of its length; raise `max_tokens`",
    "blocked": "it or its provider's filter refused to answer",
}
_BY_STATUS: dict[int, Kind] = {
    401: "key", 402: "rate_limited", 403: "key", 404: "unknown_model", 408: "unavailable",
    413: "too_long", 425: "unavailable", 429: "rate_limited",
}  # fmt: skip
# Words in the codes and types that providers put into error bodies, also in mid-stream under status 200.
_BY_WORD: tuple[tuple[str, Kind], ...] = (
    ("overloaded", "unavailable"),
    ("rate_limit", "rate_limited"),
    ("insufficient_quota", "rate_limited"),
    ("resource_exhausted", "rate_limited"),
    ("context_length", "too_long"),
    ("content_filter", "blocked"),
    ("content_policy", "blocked"),
    ("authentication", "key"),
    ("api_key_invalid", "key"),
    ("permission", "key"),
    ("not_found", "unknown_model"),
)
_CONNECTION = ("Connect", "Connection", "Transport", "RemoteProtocol", "Read", "Write", "Network", "Closed")


class CallError(ModelError):
    """A call that came to nothing; `usage` is what it cost all the same."""

    def __init__(self, spec: str, kind: Kind, detail: str = "", *, retry_after: float | None = None) -> None:
        if kind == "setup":
            says = f"cannot be used: {detail}"
        else:
            says = f"did not answer: {_SAYS[kind]}" + (f" ({detail})" if detail else "")
        super().__init__(f"The model {spec} {says}.")
        self.spec, self.kind, self.retry_after = spec, kind, retry_after
        self.usage = Usage()


def failure(spec: str, error: Exception, *, started: bool) -> CallError:
    """What a client raised. `started`: a part of the reply had come by then."""
    if isinstance(error, CallError):
        return error
    status, words = _status(error), _words(error)
    # Clients put addresses, prompts and parts of keys into their messages; status and class say enough.
    detail = f"HTTP {status}" if status else type(error).__name__
    if kind := next((kind for word, kind in _BY_WORD if word in words), None):
        pass
    elif status is not None and status >= 400:
        kind = _BY_STATUS.get(status, "unavailable" if status >= 500 else "request")
    elif "timeout" in type(error).__name__.lower():
        kind = "slow"
    elif isinstance(error, OSError) or any(name in type(error).__name__ for name in _CONNECTION):
        kind = "cut" if started else "unavailable"
    else:
        kind = "cut" if words else "malformed"
    return CallError(spec, kind, detail, retry_after=_retry_after(error))


def _status(error: Exception) -> int | None:
    for name in ("status_code", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 300 <= status < 600:
            return status
    return None


def _words(error: Exception) -> str:
    """The codes and types in the body of an error, in small letters."""
    body = getattr(error, "body", None) or getattr(error, "details", None) or getattr(error, "error", None)
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return "error"
    return " ".join(_codes(body)).lower()


def _codes(body: Any) -> list[str]:
    if isinstance(body, list):
        return [code for part in body for code in _codes(part)]
    if not isinstance(body, dict):
        return []
    own = [str(body[key]) for key in ("type", "code", "status", "reason") if isinstance(body.get(key), str)]
    return own + _codes(body.get("error")) + _codes(body.get("details"))


def _retry_after(error: Exception) -> float | None:
    """Seconds that the provider asks to wait."""
    # Ollama's client keeps the response with the error that it raised its own instead of.
    responses = (getattr(one, "response", None) for one in (error, error.__context__))
    headers: Mapping[str, str] = next((one.headers for one in responses if one is not None), {})
    told = str(headers.get("retry-after") or _retry_delay(getattr(error, "details", None)) or "")
    try:
        return max(0.0, float(told.removesuffix("s")))
    except ValueError:
        return _until(told)


def _until(written: str) -> float | None:
    """Seconds until a date as HTTP writes it; None for what is none."""
    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - time.time())
    except ValueError:
        return None


def _retry_delay(body: Any) -> str | None:
    """Google's way of telling it: `retryDelay` in the details of the error."""
    if isinstance(body, dict):
        if isinstance(delay := body.get("retryDelay"), str):
            return delay
        return next((found for part in body.values() if (found := _retry_delay(part))), None)
    if isinstance(body, list):
        return next((found for part in body if (found := _retry_delay(part))), None)
    return None
