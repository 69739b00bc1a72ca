"""Posts of Discord forums, and threads of channels, that hold knowledge."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from knowledge.documents import Fetched, Listed
from knowledge.errors import UnreadableError
from knowledge.fetching import Response
from knowledge.sources import Surroundings
from knowledge.sources.client import Client
from knowledge.sources.talk import thread_of

_AT_ONCE = 100
_VIEW = 1 << 10
"""The permission to see a channel."""
_WRITTEN = frozenset({0, 19, 21})
"""Types of messages that people wrote: by themselves, as a reply, and the first of a thread."""
_EPOCH = 1_420_070_400_000
"""Milliseconds: Discord's ids count from 2015."""


class DiscordSource:
    """`channels` by id; a document is a thread or post, by its id. What bots wrote is no knowledge.

    Discord tells the text of messages only to applications with the Message Content intent, over REST too.
    A channel that not everybody sees gives its threads to the roles and members that it names.
    """

    def __init__(
        self,
        name: str,
        *,
        channels: Sequence[str],
        token: str,
        surroundings: Surroundings,
        base_url: str = "https://discord.com/api/v10",
    ) -> None:
        self.name = name
        self._channels = tuple(channels)
        headers = {"Authorization": f"Bot {token}"}
        self._client = Client(name, base_url, surroundings, headers=headers)

    def list(self) -> Iterator[Listed]:
        """Every thread of every channel; raises `SourceError` unless that is all."""
        seen: set[str] = set()
        for name in self._channels:
            channel = self._client.json(f"channels/{name.removeprefix('discord:')}")
            readers = self._readers(channel)
            for thread in self._threads(channel):
                if thread["id"] not in seen:
                    seen.add(thread["id"])
                    yield _listed(thread, str(channel["guild_id"]), readers)

    def fetch(self, listed: Listed) -> Fetched:
        """The thread as Markdown."""
        name = listed.document
        thread = self._client.object(name, f"channels/{name}")
        messages = self._messages(name)
        written = [one for one in messages if one.get("type") in _WRITTEN and not _is_bot(one)]
        texts = [str(one.get("content") or "") for one in written]
        if written and not any(texts):
            raise UnreadableError(
                "no_content",
                f"Discord keeps the text of `{name}` from the bot: turn its Message Content intent on in the"
                " developer portal.",
            )
        title = str(thread.get("name") or "")
        body = "\n\n".join(text for text in texts if text.strip())
        text = f"# {title}\n\n{body}\n" if title else thread_of(texts)
        return Fetched(name, text.encode("utf-8", "replace"), "text/markdown")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _threads(self, channel: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Those that are open, then those that are archived."""
        active = self._client.json(f"guilds/{channel['guild_id']}/threads/active")
        yield from (one for one in self._listing(active) if one.get("parent_id") == channel["id"])
        before: dict[str, str] = {}
        while True:
            part = self._client.json(
                f"channels/{channel['id']}/threads/archived/public", {"limit": _AT_ONCE, **before}
            )
            threads = self._listing(part)
            yield from threads
            if not part.get("has_more") or not threads:
                return
            last = str((threads[-1].get("thread_metadata") or {}).get("archive_timestamp") or "")
            if not last or last == before.get("before"):
                raise self._client.trouble("Discord's listing goes round in circles; try again later")
            before = {"before": last}

    def _listing(self, answer: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        threads = answer.get("threads")
        if not isinstance(threads, list):
            raise self._client.trouble("Discord lists no threads; check `base_url`")
        return threads

    def _messages(self, thread: str) -> Iterable[dict[str, Any]]:
        """All messages of a thread, the first one first."""
        found: deque[dict[str, Any]] = deque()
        before: dict[str, str] = {}
        while True:
            response = self._client.document(
                thread, f"channels/{thread}/messages", {"limit": _AT_ONCE, **before}
            )
            part = _rows(response)
            if part is None:
                raise UnreadableError("corrupt", f"`{thread}` is not given as a list; see that it opens.")
            found.extendleft(part)
            if len(part) < _AT_ONCE:
                return found
            before = {"before": str(part[-1]["id"])}

    def _readers(self, channel: Mapping[str, Any]) -> frozenset[str] | None:
        """Who sees a channel that not everybody does, and whoever sees what is said there."""
        guild = str(channel["guild_id"])
        rules = channel.get("permission_overwrites") or ()
        if not any(str(one["id"]) == guild and int(one.get("deny") or 0) & _VIEW for one in rules):
            return None
        readers = {f"discord:{channel['id']}"}
        for one in rules:
            if int(one.get("allow") or 0) & _VIEW:
                # A role by its id: what roles are called, anybody decides in a server of their own.
                role = "role:" if str(one.get("type")) in ("0", "role") else ""
                readers.add(f"discord:{role}{one['id']}")
        return frozenset(readers)


def _listed(thread: Mapping[str, Any], guild: str, readers: frozenset[str] | None) -> Listed:
    last = str(thread.get("last_message_id") or thread["id"])
    signal = f"{last}:{thread.get('total_message_sent')}:{thread.get('message_count')}:{thread.get('name')}"
    changed = datetime.fromtimestamp(((int(last) >> 22) + _EPOCH) / 1000, UTC)
    link = f"https://discord.com/channels/{guild}/{thread['id']}"
    return Listed(str(thread["id"]), signal, link, changed, readers)


def _rows(response: Response) -> Sequence[dict[str, Any]] | None:
    try:
        rows = json.loads(response.body)
    except ValueError:
        return None
    return rows if isinstance(rows, list) else None


def _is_bot(message: Mapping[str, Any]) -> bool:
    return bool((message.get("author") or {}).get("bot") or message.get("webhook_id"))
