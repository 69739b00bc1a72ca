"""What Discord says when it refuses, by what can be done about it."""

from typing import Literal

import discord

Kind = Literal["passing", "too_long", "no_place", "gone", "refused"]

_REASONS = {
    10003: "unknown_channel",
    10004: "unknown_guild",
    10008: "unknown_message",
    10015: "unknown_webhook",
    10062: "unknown_interaction",
    50001: "missing_access",
    50007: "cannot_send_to_user",
    50013: "missing_permissions",
    50027: "invalid_webhook_token",
    50035: "invalid_form_body",
    50083: "thread_archived",
    160002: "cannot_reply",
    160004: "thread_exists",
    160005: "thread_locked",
}
_TIMED_OUT = 408
_RATE_LIMITED = 429


class DiscordError(Exception):
    """A request that failed; `reason` is the word that it is counted under.

    passing   may work later
    too_long  the message is not to Discord's liking: a shorter one may do
    no_place  nothing can be written there, or not any more
    gone      the message that was to be edited is not there any more
    refused   the token or the request itself; a person has to put it right
    """

    def __init__(
        self, request: str, reason: str, kind: Kind, detail: str = "", *, retry_after: float = 0.0
    ) -> None:
        """`retry_after`: seconds that Discord wants to be left alone."""
        super().__init__(f"{request}: {reason}{f' ({detail})' if detail else ''}")
        self.reason = reason
        self.kind: Kind = kind
        self.retry_after = retry_after


def told(request: str, error: discord.HTTPException) -> DiscordError:
    """Discord's refusal of a request."""
    reason = _REASONS.get(error.code, f"discord_{error.code or error.status}")
    wanted = error.response.headers.get("Retry-After", "")
    seconds = float(wanted) if wanted.replace(".", "", 1).isdigit() else 0.0
    return DiscordError(request, reason, _kind(error.status, error.code), error.text, retry_after=seconds)


def _kind(status: int, code: int) -> Kind:
    if status >= 500 or status in (_TIMED_OUT, _RATE_LIMITED):
        return "passing"
    if code == 10008:
        return "gone"
    if code == 50035:
        return "too_long"
    if status in (403, 404) or code in _REASONS:
        return "no_place"
    return "refused"
