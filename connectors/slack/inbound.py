"""What arrives from Slack, as the bot's events; or why it is none. Knows payloads, calls nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.admin import COMMANDS
from bot.messages import ChannelKind

_WRITTEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote."""
_REASONS = {"message_changed": "edited", "message_deleted": "deleted", "bot_message": "bot_message"}
_KINDS: dict[str, ChannelKind] = {"im": "direct", "mpim": "private", "group": "private"}
_REFERENCE = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^>|\n]+)(?:\|(?P<label>[^>\n]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Myself:
    """Who the bot is in its workspace."""

    team: str
    user: str
    bot: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A message that asks the bot something."""

    team: str
    channel: str
    kind: ChannelKind
    user: str
    at: str
    """Slack's timestamp, the message's id in its channel."""
    thread: str
    text: str

    @property
    def id(self) -> str:
        """The same for every shape in which the message arrives."""
        return f"slack:{self.team}:{self.channel}:{self.at}"

    @property
    def thread_id(self) -> str:
        """Of the thread it stands in, or begins."""
        return f"slack:{self.team}:{self.channel}:{self.thread}"

    @property
    def date(self) -> datetime:
        """When it was written."""
        return datetime.fromtimestamp(float(self.at), UTC)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is not for the bot."""

    reason: str


def read_message(body: Mapping[str, Any], myself: Myself) -> Written | Ignored:
    """The question in an event's body, or the reason why there is none."""
    event = body.get("event") or {}
    if reason := _not_a_question(event, myself):
        return Ignored(reason)
    kind = _KINDS.get(event.get("channel_type", ""), "public")
    if body.get("is_ext_shared_channel"):
        kind = "shared"
    return Written(
        team=_team(body) or myself.team,
        channel=event["channel"],
        kind=kind,
        user=event["user"],
        at=event["ts"],
        thread=event.get("thread_ts") or event["ts"],
        text=plain(event.get("text") or "", myself.user),
    )


def _not_a_question(event: Mapping[str, Any], myself: Myself) -> str | None:
    if event.get("user") == myself.user or (myself.bot and event.get("bot_id") == myself.bot):
        return "own_message"
    if event.get("bot_id"):
        return "bot_message"
    if event.get("subtype") not in _WRITTEN:
        return _REASONS.get(event["subtype"], "not_a_message")
    if not (event.get("user") and event.get("channel") and event.get("ts")):
        return "not_a_message"
    addressed = (
        event.get("type") == "app_mention"
        or event.get("channel_type") == "im"
        or re.search(rf"<@{re.escape(myself.user)}(?:\|[^>]*)?>", event.get("text") or "")
    )
    return None if addressed else "not_addressed"


def _team(body: Mapping[str, Any]) -> str | None:
    """The workspace that the bot is installed in; `team_id` may be another's in a shared channel."""
    for authorization in body.get("authorizations") or ():
        if team := authorization.get("team_id"):
            return str(team)
    return body.get("team_id")


def plain(text: str, myself: str = "") -> str:
    """Slack's text as a person reads it, without the mention of the bot."""

    def read(found: re.Match[str]) -> str:
        sign, target, label = found["sign"], found["target"], found["label"]
        if sign == "@" and target == myself:
            return " "
        if sign == "!":
            return label or f"@{target.partition('^')[0]}"
        if sign:
            return f"{sign}{(label or target).lstrip(sign)}"
        target = target.removeprefix("mailto:")
        return target if not label or target.endswith(label) else f"{label} ({target})"

    text = _REFERENCE.sub(read, text)
    for entity, sign in _ENTITIES:
        text = text.replace(entity, sign)
    return re.sub(r"[^\S\n]{2,}", " ", text).strip()


def read_command(text: str) -> tuple[str, dict[str, Any]]:
    """Name and arguments of what follows `/vocero`: words for what it is about, and `--flag`s."""
    name, _, rest = plain(text).partition(" ")
    name = name.lower() or "help"
    if name not in COMMANDS:
        return f"{name} {rest}".strip(), {}
    given: dict[str, Any] = {}
    words = []
    for word in rest.split():
        flag = word.lstrip("-—").replace("-", "_")
        if word != flag and any(one.name == flag and one.kind is bool for one in COMMANDS[name].parameters):
            given[flag] = True
        else:
            words.append(word)
    takes = next((one.name for one in COMMANDS[name].parameters if one.kind is str), None)
    if words and takes is None:
        return f"{name} {rest}", {}
    return name, given | ({takes: " ".join(words)} if words and takes else {})
