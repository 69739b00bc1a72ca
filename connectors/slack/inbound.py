"""What arrives from Slack, as the bot's events; or why it is none. Knows payloads, calls nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.messages import Attachment, ChannelKind

_WRITTEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote."""
_KINDS: dict[str, ChannelKind] = {"im": "direct", "mpim": "private", "group": "private"}
_REFERENCE = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^>|\n]+)(?:\|(?P<label>[^>\n]*))?>")
_PERSON = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Myself:
    """Who the bot is in its workspace."""

    team: str
    user: str
    bot: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a person wrote where the bot hears it."""

    team: str
    channel: str
    kind: ChannelKind
    user: str
    at: str
    """Slack's timestamp, the message's id in its channel."""
    thread: str
    text: str
    addressed: bool
    """To the bot: with a mention, or in a direct message. Else it goes on in a thread."""
    user_team: str
    """The workspace of who wrote, which may be another one in a shared channel."""
    attachments: tuple[Attachment, ...] = ()

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
        return moment(self.at)


@dataclass(frozen=True, slots=True)
class Edited:
    """A message that says something else by now."""

    now: Written


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that is not there any more."""

    id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is not for the bot."""

    reason: str


def read_message(body: Mapping[str, Any], myself: Myself) -> Written | Edited | Deleted | Ignored:
    """What an event of the kinds `message` and `app_mention` says, or why it is not for the bot."""
    event = body.get("event") or {}
    match event.get("subtype"):
        case "message_changed":
            return _edited(body, event, myself)
        case "message_deleted":
            return _deleted(body, event, myself)
    return _written(body, event, myself)


def _edited(body: Mapping[str, Any], event: Mapping[str, Any], myself: Myself) -> Edited | Ignored:
    """A link that was unfurled or a thread that grew is an edit for Slack, too: only the text counts."""
    before, after = event.get("previous_message") or {}, event.get("message") or {}
    kept = {key: event[key] for key in ("channel", "channel_type") if key in event}
    if not after:
        return Ignored("edited")
    now = _written(body, {"type": "message", **after, **kept}, myself)
    if isinstance(now, Ignored):
        return now
    return Ignored("edited") if before.get("text") == after.get("text") else Edited(now)


def _deleted(body: Mapping[str, Any], event: Mapping[str, Any], myself: Myself) -> Deleted | Ignored:
    before = event.get("previous_message") or {}
    if before and (reason := _not_a_persons(before, myself)):
        return Ignored(reason)
    at, channel = event.get("deleted_ts") or before.get("ts"), event.get("channel")
    if not at or not channel:
        return Ignored("deleted")
    return Deleted(f"slack:{_team(body) or myself.team}:{channel}:{at}")


def _written(body: Mapping[str, Any], event: Mapping[str, Any], myself: Myself) -> Written | Ignored:
    if reason := _not_a_persons(event, myself):
        return Ignored(reason)
    if not (event.get("user") and event.get("channel") and event.get("ts")):
        return Ignored("not_a_message")
    addressed = _is_addressed(event, myself)
    begins = event.get("thread_ts") in (None, event["ts"])
    if not addressed and (begins or _PERSON.search(event.get("text") or "")):
        return Ignored("not_addressed")  # said to everyone, or to somebody else
    kind = _KINDS.get(event.get("channel_type") or "", "direct" if event["channel"][:1] == "D" else "public")
    if body.get("is_ext_shared_channel"):
        kind = "shared"
    team = _team(body) or myself.team
    return Written(
        team=team,
        channel=event["channel"],
        kind=kind,
        user=event["user"],
        at=event["ts"],
        thread=event.get("thread_ts") or event["ts"],
        text=plain(event.get("text") or "", myself.user),
        addressed=addressed,
        user_team=str(event.get("user_team") or event.get("team") or team),
        attachments=tuple(_attachments(event, team)),
    )


def _not_a_persons(event: Mapping[str, Any], myself: Myself) -> str | None:
    """Why a message is none that a person wrote."""
    if event.get("user") == myself.user or (myself.bot and event.get("bot_id") == myself.bot):
        return "own_message"
    if event.get("bot_id") or event.get("subtype") == "bot_message":
        return "bot_message"
    return None if event.get("subtype") in _WRITTEN else "not_a_message"


def _is_addressed(event: Mapping[str, Any], myself: Myself) -> bool:
    return (
        event.get("type") == "app_mention"
        or event.get("channel_type") == "im"
        or event["channel"].startswith("D")
        or bool(re.search(rf"<@{re.escape(myself.user)}(?:\|[^>]*)?>", event.get("text") or ""))
    )


def _attachments(event: Mapping[str, Any], team: str) -> Iterator[Attachment]:
    for file in event.get("files") or ():
        if file.get("mode") == "tombstone" or not file.get("id"):
            continue
        size = file.get("size")
        yield Attachment(
            name=str(file.get("name") or file.get("title") or file["id"]),
            media_type=file.get("mimetype"),
            size=size if isinstance(size, int) else None,
            reference={
                "team": team,
                "id": str(file["id"]),
                "url": str(file.get("url_private_download") or file.get("url_private") or ""),
            },
        )


def moment(at: str) -> datetime:
    """The time in one of Slack's timestamps."""
    return datetime.fromtimestamp(float(at), UTC)


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
