"""Threads of Slack channels that hold knowledge: a question asked there, and what people answered."""

import hashlib
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.client import Client
from knowledge.sources.talk import thread_of

_AT_ONCE = 200
_WRITTEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that people wrote."""
_REFERENCE = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^>|\n]+)(?:\|(?P<label>[^>\n]*))?>")
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")


class SlackSource:
    """`channels` by name or id; a document is a thread, `channel id/timestamp` of its first message.

    What bots wrote is no knowledge. Of a private channel its members alone may read the threads. That a reply
    was edited Slack does not tell where it lists: it is seen with the next reply, or when all is read again.
    """

    def __init__(
        self,
        name: str,
        *,
        channels: Sequence[str],
        token: str,
        surroundings: Surroundings,
        base_url: str = "https://slack.com/api",
    ) -> None:
        self.name = name
        self._channels = tuple(channels)
        self._client = Client(name, base_url, surroundings, headers={"Authorization": f"Bearer {token}"})

    def list(self) -> Iterator[Listed]:
        """Every thread of every channel; raises `SourceError` unless that is all."""
        home = str(self._ask("auth.test").get("url") or "")
        for channel in self._resolved():
            readers = self._members(channel["id"]) if channel.get("is_private") else None
            for message in self._pages("conversations.history", "messages", channel=channel["id"]):
                if not _is_written(message):
                    continue
                at = str(message["ts"])
                link = urljoin(home, f"archives/{channel['id']}/p{at.replace('.', '')}") if home else None
                changed = datetime.fromtimestamp(float(message.get("latest_reply") or at), UTC)
                yield Listed(f"{channel['id']}/{at}", _signal(message), link, changed, readers)

    def fetch(self, listed: Listed) -> Fetched:
        """The thread as Markdown."""
        channel, _, at = listed.document.partition("/")
        try:
            messages = list(self._pages("conversations.replies", "messages", channel=channel, ts=at))
        except _SaidNoError as error:
            if error.code == "thread_not_found":
                raise UnreadableError(
                    "vanished", f"`{listed.document}` is gone since it was listed."
                ) from None
            raise
        texts = [_markdown(str(one.get("text") or "")) for one in messages if _is_written(one)]
        return Fetched(listed.document, thread_of(texts).encode("utf-8", "replace"), "text/markdown")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _resolved(self) -> Iterator[Mapping[str, Any]]:
        """The channels that were named; one that is not there is an error that names it."""
        known = {
            name: one
            for one in self._pages("conversations.list", "channels", types="public_channel,private_channel")
            for name in (one["id"], f"#{one.get('name')}")
        }
        for name in self._channels:
            wanted = name.removeprefix("slack:")
            found = known.get(wanted) or known.get(f"#{wanted}")
            if found is None:
                raise self._client.trouble(
                    f"Slack shows no channel `{name}`: correct its name, and invite the bot to it"
                )
            yield found

    def _members(self, channel: str) -> frozenset[str]:
        """Who is in a private channel, and whoever sees what is said there."""
        members = self._pages("conversations.members", "members", channel=channel)
        return frozenset({f"slack:{channel}", *(f"slack:{member}" for member in members)})

    def _pages(self, method: str, what: str, **parameters: str) -> Iterator[Any]:
        """What a method lists, in all its parts."""
        cursor = ""
        while True:
            asked = {**parameters, "limit": str(_AT_ONCE), **({"cursor": cursor} if cursor else {})}
            answer = self._ask(method, asked)
            if not isinstance(answer.get(what), list):
                raise self._client.trouble(f"Slack lists no {what}; check `base_url`")
            yield from answer[what]
            following = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not following:
                return
            if following == cursor:
                raise self._client.trouble("Slack's listing goes round in circles; try again later")
            cursor = following

    def _ask(self, method: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = self._client.json(method, parameters)
        if not answer.get("ok"):
            code = str(answer.get("error") or "unknown_error")
            needed = f" (it needs `{answer['needed']}`)" if answer.get("needed") else ""
            raise _SaidNoError(
                f"Source `{self.name}`: Slack refuses `{method}`: `{code}`{needed}; give the token the rights"
                " that docs/sources.md names, and invite the bot to the channels.",
                code,
            )
        return answer


class _SaidNoError(SourceError):
    """Slack answers, and says no."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def _is_written(message: Mapping[str, Any]) -> bool:
    return message.get("subtype") in _WRITTEN and not message.get("bot_id") and bool(message.get("text"))


def _signal(message: Mapping[str, Any]) -> str:
    edited = (message.get("edited") or {}).get("ts", "")
    told = [message["ts"], message.get("latest_reply"), message.get("reply_count"), edited, message["text"]]
    return hashlib.blake2b(repr(told).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _markdown(text: str) -> str:
    """Slack's mrkdwn as Markdown; people and channels by the names that stand there."""

    def shown(match: re.Match[str]) -> str:
        sign, target, label = match["sign"], match["target"], match["label"]
        if sign:
            return f"{'#' if sign == '#' else '@'}{label}" if label else ""
        return f"[{label}]({target})" if label and label != target else target

    plain = html.unescape(_REFERENCE.sub(shown, text))
    return _BOLD.sub(r"**\1**", plain).strip()
