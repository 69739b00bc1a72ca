"""What Slack says when it refuses, by what can be done about it."""

from collections.abc import Mapping
from typing import Any, Literal

from slack_sdk.errors import SlackApiError

Kind = Literal["passing", "unfit", "no_place", "gone", "refused"]

_NO_PLACE = frozenset(
    "not_in_channel channel_not_found is_archived restricted_action restricted_action_thread_locked"
    " restricted_action_read_only_channel restricted_action_non_threadable_channel is_inactive"
    " messages_tab_disabled thread_not_found cannot_reply_to_message as_user_not_supported"
    " external_channel_migrating".split()
)
_GONE = frozenset("message_not_found cant_update_message edit_window_closed cant_delete_message".split())
_PASSING = frozenset(
    "ratelimited rate_limited internal_error fatal_error service_unavailable request_timeout"
    " team_added_to_org accesslimited".split()
)
_REFUSED = frozenset(
    "token_revoked token_expired invalid_auth not_authed account_inactive missing_scope no_permission"
    " not_allowed_token_type access_denied ekm_access_denied org_login_required enterprise_is_restricted"
    " team_access_not_granted two_factor_setup_required method_deprecated".split()
)


class SlackError(Exception):
    """A call that failed; `code` is Slack's own word for why.

    passing   may work later
    unfit     the message is too long, or otherwise not to Slack's liking: a plainer one may do
    no_place  nothing can be written there
    gone      the message that was to be edited is not there any more
    refused   the token or its scopes: a person has to put it right
    """

    def __init__(self, method: str, code: str, kind: Kind, retry_after: float | None = None) -> None:
        super().__init__(f"{method}: {code}")
        self.retry_after = retry_after
        """Seconds that Slack wants to be left alone, where it said so."""
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
    if code is None or status == 429 or status >= 500:  # without a word of Slack's, something between us
        wait = retry_after(getattr(response, "headers", {})) if status == 429 else None
        return SlackError(method, code or f"http_{status}", "passing", wait)
    return SlackError(method, code, _kind(code))


def retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds in the header of that name; one without it."""
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        return float(found[0] if isinstance(found, list) else found)
    except ValueError:
        return 1.0


def _kind(code: str) -> Kind:
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("no_place", _NO_PLACE),
        ("gone", _GONE),
        ("passing", _PASSING),
        ("refused", _REFUSED),
    )
    return next((kind for kind, codes in kinds if code in codes), "unfit")
