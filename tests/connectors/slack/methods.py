"""The methods of the loopback Slack's Web API, and the limits that Slack keeps."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

_A_MINUTE = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "chat.update": 50,
    "assistant.threads.setStatus": 100,
    "agents.sessions.setStatus": 50,
}
_POSTING = {"chat.postMessage", "chat.startStream", "files.completeUploadExternal"}


@dataclass
class Methods:
    """What stands in the workspace, and what calls do to it."""

    channels: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "CGEN": {"id": "CGEN", "name": "general"},
            "CMAD": {"id": "CMAD", "name": "madrid"},
            "CHELP": {"id": "CHELP", "name": "ayuda"},
            "GHR": {"id": "GHR", "name": "rrhh", "is_private": True},
            "CEXT": {"id": "CEXT", "name": "con-socios", "is_ext_shared": True},
            "DANA": {"id": "DANA", "is_im": True, "user": "UANA"},
        }
    )
    posts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What stands in the channels, by channel and timestamp; what is streamed has `streaming`."""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What there is to be told of people besides."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """User groups by handle, and who is in them."""
    administrators: set[str] = field(default_factory=lambda: {"UADMIN"})
    """Of the workspace."""
    views: list[dict[str, Any]] = field(default_factory=list)
    """Modals and Home tabs as they were opened and published."""
    files: dict[str, bytes | str] = field(default_factory=dict)
    """Content, or where they are said to be, by name."""
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Files of the app's, by id."""
    contents: dict[str, bytes] = field(default_factory=dict)
    """What was uploaded, by the file's id."""
    streams: bool = True
    """Whether there is streaming here."""
    gap: float | None = None
    """Seconds between two messages in a channel; with it, haste is refused, by the methods' tiers, too."""
    refused: list[str] = field(default_factory=list)
    """Methods that were called too fast."""
    installed: dict[str, str] = field(default_factory=dict)
    """What OAuth gives for a code: the team."""
    renewed: dict[str, str] = field(default_factory=dict)
    """Tokens by team, where they are not the usual ones."""
    _last: dict[str, float] = field(default_factory=dict)
    _recent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def said(self, channel: str) -> list[dict[str, Any]]:
        """The app's messages in a channel, in order."""
        return [post for (where, _), post in sorted(self.posts.items()) if where == channel]

    def number(self) -> int:
        raise NotImplementedError

    def open_socket(self) -> str:
        raise NotImplementedError

    def too_fast(self, method: str, arguments: dict[str, Any]) -> int:
        """Seconds that Slack wants to be left alone, if it is strict."""
        if self.gap is None:
            return 0
        now = time.monotonic()
        recent = [at for at in self._recent[method] if now - at < 60]
        where = arguments.get("channel") or arguments.get("channel_id") or ""
        early = method in _POSTING and now - self._last.get(where, -10.0) < self.gap
        if early or len(recent) >= _A_MINUTE.get(method, 10_000):
            self.refused.append(method)
            return 1
        self._recent[method] = [*recent, now]
        if method in _POSTING:
            self._last[where] = now
        return 0

    def carry_out(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        carry_out = getattr(self, "_" + method.replace(".", "_"), None)
        if carry_out is None or (method.endswith("Stream") and not self.streams):
            return {"ok": False, "error": "unknown_method"}
        try:
            return {"ok": True} | carry_out(**arguments)
        except LookupError as error:
            return {"ok": False, "error": str(error.args[0])}

    def _auth_test(self) -> dict[str, Any]:
        return {"user_id": "UBOT", "user": "vocero", "team_id": "T1", "team": "Ejemplo", "bot_id": "BBOT"}

    def _apps_connections_open(self, **_: Any) -> dict[str, Any]:
        return {"url": self.open_socket()}

    def _oauth_v2_access(self, code: str, **_: Any) -> dict[str, Any]:
        if code not in self.installed:
            raise LookupError("invalid_code")
        team = self.installed[code]
        return {
            "app_id": "A1",
            "access_token": self.renewed.get(team, f"xoxb-{team}"),
            "token_type": "bot",
            "scope": "chat:write",
            "bot_user_id": f"UBOT{team}",
            "team": {"id": team, "name": team},
            "authed_user": {"id": "UADMIN"},
        }

    def _usergroups_list(self, include_users: bool = False, **_: Any) -> dict[str, Any]:
        groups = [
            {"id": f"S{number:08}", "handle": handle, "users": users if include_users else None}
            for number, (handle, users) in enumerate(self.groups.items())
        ]
        return {"usergroups": groups}

    def _users_info(self, user: str, **_: Any) -> dict[str, Any]:
        locales = {"UANA": "es-AR", "UADMIN": "es-ES"}
        more = dict(self.people.get(user, {}))
        profile = {"display_name": user.lower()} | more.pop("profile", {})
        info = {
            "id": user,
            "is_admin": user in self.administrators,
            "locale": locales.get(user),
            "profile": profile,
        }
        return {"user": info | more}

    def _conversations_info(self, channel: str, **_: Any) -> dict[str, Any]:
        if channel not in self.channels:
            raise LookupError("channel_not_found")
        return {"channel": self.channels[channel]}

    def _conversations_list(self, **_: Any) -> dict[str, Any]:
        return {"channels": [one for one in self.channels.values() if not one.get("is_im")]}

    def _conversations_replies(
        self, channel: str, ts: str, limit: str, oldest: str = "0", **more: Any
    ) -> dict[str, Any]:
        latest, inclusive = more.get("latest") or "9", more.get("inclusive") in ("1", "true", "True")
        thread = [
            post
            for post in self.said(channel)
            if post.get("thread_ts") == ts
            and (oldest < post["ts"] < latest or (inclusive and post["ts"] in (oldest, latest)))
        ]
        return {"messages": thread[: int(limit)]}

    def _conversations_history(self, channel: str, limit: str, oldest: str = "0", **_: Any) -> dict[str, Any]:
        found = [post for post in self.said(channel) if not post.get("thread_ts") and post["ts"] > oldest]
        return {"messages": found[: int(limit)]}

    def _chat_postMessage(self, channel: str, **message: Any) -> dict[str, Any]:  # noqa: N802 - Slack's name
        if channel.startswith("U"):
            channel = "D" + channel[1:]
        valid(message)
        at = f"1800000000.{self.number():06}"
        self.posts[channel, at] = message | {"ts": at, "user": "UBOT", "bot_id": "BBOT"}
        return {"channel": channel, "ts": at}

    def _chat_update(self, channel: str, ts: str, **message: Any) -> dict[str, Any]:
        post = self._post(channel, ts)
        if post.get("streaming"):
            raise LookupError("streaming_state_conflict")
        valid(message)
        post |= message
        return {"channel": channel, "ts": ts}

    def _chat_delete(self, channel: str, ts: str) -> dict[str, Any]:
        del self.posts[channel, ts]
        return {}

    def _chat_getPermalink(self, channel: str, message_ts: str) -> dict[str, Any]:  # noqa: N802
        self._post(channel, message_ts)
        return {"permalink": f"https://ejemplo.slack.com/archives/{channel}/p{message_ts.replace('.', '')}"}

    def _chat_postEphemeral(self, **message: Any) -> dict[str, Any]:  # noqa: N802
        valid(message)
        self.responses.append(message)  # type: ignore[attr-defined]
        return {}

    def _chat_startStream(self, channel: str, thread_ts: str, **more: Any) -> dict[str, Any]:  # noqa: N802
        if not channel.startswith("D") and not (
            more.get("recipient_team_id") and more.get("recipient_user_id")
        ):
            raise LookupError("missing_recipient_user_id")
        at = f"1800000000.{self.number():06}"
        blocks = [{"type": "markdown", "text": streamed(more)}]
        self.posts[channel, at] = {
            "ts": at,
            "user": "UBOT",
            "bot_id": "BBOT",
            "thread_ts": thread_ts,
            "blocks": blocks,
            "streaming": True,
        }
        return {"channel": channel, "ts": at}

    def _chat_appendStream(self, channel: str, ts: str, **more: Any) -> dict[str, Any]:  # noqa: N802
        post = self._post(channel, ts)
        if not post.get("streaming"):
            raise LookupError("message_not_in_streaming_state")
        post["blocks"][0]["text"] += streamed(more)
        return {"channel": channel, "ts": ts}

    def _chat_stopStream(self, channel: str, ts: str, **more: Any) -> dict[str, Any]:  # noqa: N802
        post = self._post(channel, ts)
        if not post.get("streaming"):
            raise LookupError("message_not_in_streaming_state")
        blocks = [{"type": "markdown", "text": post["blocks"][0]["text"] + streamed(more)}]
        valid({"blocks": [*blocks, *(more.get("blocks") or ())]})
        post["blocks"] = [*blocks, *(more.get("blocks") or ())]
        post["text"] = blocks[0]["text"]
        post["streaming"] = False
        if more.get("metadata"):
            post["metadata"] = more["metadata"]
        return {"channel": channel, "ts": ts, "message": post}

    def _post(self, channel: str, ts: str) -> dict[str, Any]:
        if (channel, ts) not in self.posts:
            raise LookupError("message_not_found")
        return self.posts[channel, ts]

    def _assistant_threads_setStatus(self, **_: Any) -> dict[str, Any]:  # noqa: N802
        return {}

    def _assistant_threads_setSuggestedPrompts(self, **_: Any) -> dict[str, Any]:  # noqa: N802
        return {}

    def _agents_sessions_setStatus(self, **_: Any) -> dict[str, Any]:  # noqa: N802
        return {}

    def _views_open(self, trigger_id: str, view: Any) -> dict[str, Any]:
        opened = json.loads(view) if isinstance(view, str) else view
        valid_view(opened)
        opened |= {"id": f"V{self.number()}"}
        self.views.append(opened)
        return {"view": opened}

    def _views_publish(self, user_id: str, view: Any) -> dict[str, Any]:
        published = json.loads(view) if isinstance(view, str) else view
        valid_view(published)
        self.views.append(published | {"user": user_id})
        return {"view": published}

    def _files_getUploadURLExternal(self, filename: str, length: str, **more: Any) -> dict[str, Any]:  # noqa: N802
        id_ = f"F{self.number()}"
        self.uploads[id_] = {"id": id_, "name": filename, "size": int(length), "alt": more.get("alt_txt")}
        return {"file_id": id_, "upload_url": self.url.replace("/api/", f"/upload/{id_}")}  # type: ignore[attr-defined]

    def _files_completeUploadExternal(  # noqa: N802
        self, files: Any, channel_id: str, thread_ts: str | None = None, **_: Any
    ) -> dict[str, Any]:
        if channel_id not in self.channels:
            raise LookupError("channel_not_found")
        named = json.loads(files) if isinstance(files, str) else files
        uploaded = [self.uploads[one["id"]] for one in named]
        if any(len(self.contents.get(one["id"], b"")) != one["size"] for one in uploaded):
            raise LookupError("file_not_found")
        at = f"1800000000.{self.number():06}"
        post = {"ts": at, "user": "UBOT", "bot_id": "BBOT", "files": uploaded}
        self.posts[channel_id, at] = post | ({"thread_ts": thread_ts} if thread_ts else {})
        return {"files": [{"id": one["id"]} for one in uploaded]}

    def _files_info(self, file: str) -> dict[str, Any]:
        return {"file": {"id": file, "url_private": self.url.replace("/api/", f"/files/{file}")}}  # type: ignore[attr-defined]


def streamed(more: dict[str, Any]) -> str:
    """The text in a call of the streaming methods."""
    chunks = more.get("chunks") or []
    texts = [
        more.get("markdown_text") or "",
        *(one["text"] for one in chunks if one["type"] == "markdown_text"),
    ]
    if any(len(text) > 12_000 for text in texts):
        raise LookupError("msg_too_long")
    return "".join(texts)


def valid(message: dict[str, Any]) -> None:
    """Slack's limits, as far as they are known to silence bots."""
    blocks = message.get("blocks") or []
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > 12_000 or len(json.dumps(blocks, ensure_ascii=False)) > 13_200 or len(blocks) > 50:
        raise LookupError("msg_blocks_too_long")
    for block in blocks:
        _valid_block(block)
    if len(message.get("text") or "") > 40_000:
        raise LookupError("msg_too_long")
    if not blocks and not message.get("text"):
        raise LookupError("no_text")


def _valid_block(block: dict[str, Any]) -> None:
    limits = {"actions": 25, "context": 10, "context_actions": 5}
    elements = block.get("elements") or []
    texts = [block["text"]["text"]] if block["type"] in ("section", "header") else []
    texts += [one["text"] for one in elements if one["type"] == "mrkdwn"]
    fits = all(len(text) <= (150 if block["type"] == "header" else 3_000) for text in texts)
    ids = [one["action_id"] for one in elements if "action_id" in one]
    if not fits or len(elements) > limits.get(block["type"], 0) or len(ids) != len(set(ids)):
        raise LookupError("invalid_blocks")
    if any(len(id_) > 255 for id_ in ids):
        raise LookupError("invalid_blocks")


def valid_view(view: dict[str, Any]) -> None:
    """Slack's limits of modals and Home tabs."""
    titles = [view[part]["text"] for part in ("title", "submit", "close") if part in view]
    if any(len(title) > 24 for title in titles) or len(view["blocks"]) > 100:
        raise LookupError("invalid_arguments")
    if len(view.get("private_metadata", "")) > 3_000 or any(
        one["type"] == "markdown" for one in view["blocks"]
    ):
        raise LookupError("invalid_arguments")
    for block in view["blocks"]:
        if block["type"] != "input":
            _valid_block(block)
