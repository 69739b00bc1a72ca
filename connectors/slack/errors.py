"""What Slack says when it refuses, by what can be done about it."""

from typing import Literal

from slack_sdk.errors import SlackApiError

Kind = Literal["passing", "too_long", "no_place", "gone", "refused"]

_TOO_LONG = frozenset(
    "msg_blocks_too_long msg_too_long invalid_blocks invalid_blocks_format too_many_blocks"
    " markdown_text_conflict metadata_too_large block_mismatch".split()
)
_NO_PLACE = frozenset(
    "not_in_channel channel_not_found is_archived restricted_action restricted_action_thread_locked"
    " restricted_action_read_only_channel restricted_action_non_threadable_channel is_inactive"
    " messages_tab_disabled thread_not_found cannot_reply_to_message as_user_not_supported"
    " external_channel_migrating team_access_not_granted".split()
)
_GONE = frozenset("message_not_found cant_update_message edit_window_closed cant_delete_message".split())
_PASSING = frozenset(
    "ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout"
    " team_added_to_org accesslimited".split()
)


class SlackError(Exception):
    """A call that failed; `code` is Slack's own word for why.

    passing   may work later
    too_long  the message is too much for Slack, or not to its liking: a plainer one may do
    no_place  nothing can be written there
    gone      the message that was to be edited is not there any more
    refused   the token, its scopes or the call itself; a person has to put it right
    """

    def __init__(self, method: str, code: str, kind: Kind) -> None:
        super().__init__(f"{method}: {code}")
        self.method = method
        self.code = code
        self.kind: Kind = kind


def told(method: str, error: SlackApiError) -> SlackError:
    """Slack's refusal of a call."""
    response = error.response
    # Where the body cannot be read, the SDK gives the HTTP client's response instead of its own.
    status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 200)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if status == 429 or status >= 500:
        return SlackError(method, code or f"http_{status}", "passing")
    return SlackError(method, code or f"http_{status}", _kind(code))


def _kind(code: str | None) -> Kind:
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("too_long", _TOO_LONG),
        ("no_place", _NO_PLACE),
        ("gone", _GONE),
        ("passing", _PASSING),
    )
    return next((kind for kind, codes in kinds if code in codes), "refused")
