"""Pages of Notion that an integration was given."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from knowledge.documents import Fetched, Listed
from knowledge.errors import UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.blocks import Blocks, markdown_of, plain
from knowledge.sources.client import Client
from knowledge.sources.pages import moment

_VERSION = "2022-06-28"
_AT_ONCE = 100
_DEEPEST = 12
_SETTLED = timedelta(minutes=2)
"""Notion tells the minute of an edit: until it has passed, another edit looks the same."""


class NotionSource:
    """Pages by their ids; when a page was edited last is the signal, once that minute has passed."""

    def __init__(
        self, name: str, *, token: str, surroundings: Surroundings, base_url: str = "https://api.notion.com"
    ) -> None:
        self.name = name
        headers = {"Authorization": f"Bearer {token}", "Notion-Version": _VERSION}
        self._client = Client(name, base_url, surroundings, headers=headers)

    def list(self) -> Iterator[Listed]:
        """Every page that the integration sees; raises `SourceError` unless that is all."""
        wanted: dict[str, Any] = {
            "filter": {"property": "object", "value": "page"},
            # New pages come last: none is pushed over to a part that was listed before.
            "sort": {"timestamp": "last_edited_time", "direction": "ascending"},
            "page_size": _AT_ONCE,
        }
        seen: set[str] = set()
        while True:
            answer = self._client.json("v1/search", body=wanted)
            if not isinstance(answer.get("results"), list):
                raise self._client.trouble("Notion lists no results; check `base_url`")
            now = self._client.clock or datetime.now(UTC)
            for page in answer["results"]:
                if page["id"] not in seen and not _is_gone(page):
                    seen.add(page["id"])
                    edited = moment(str(page.get("last_edited_time", "")))
                    settled = edited is not None and now - edited > _SETTLED
                    signal = str(page["last_edited_time"]) if settled else ""
                    yield Listed(page["id"], signal, page.get("url"), edited)
            following = answer.get("next_cursor")
            if not answer.get("has_more") or not following:
                return
            if following == wanted.get("start_cursor"):
                raise self._client.trouble("Notion's listing goes round in circles; try again later")
            wanted["start_cursor"] = following

    def fetch(self, listed: Listed) -> Fetched:
        """The page as Markdown: its title, its properties, its blocks."""
        name = listed.document
        page = self._client.object(name, f"v1/pages/{name}")
        if _is_gone(page):
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        title, properties = "", []
        for label, value in (page.get("properties") or {}).items():
            said = plain(value)
            if value.get("type") == "title":
                title = said
            elif said:
                properties.append(f"- {label}: {said}")
        body = markdown_of(self._blocks(name, name, 0))
        parts = (f"# {title}" if title else "", "\n".join(properties), body)
        return Fetched(name, "\n\n".join(filter(None, parts)).encode("utf-8", "replace"), "text/markdown")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _blocks(self, name: str, parent: str, depth: int) -> Blocks:
        """The blocks below a block, each with its own under `children`."""
        found: Blocks = []
        parameters: dict[str, Any] = {"page_size": _AT_ONCE}
        while True:
            answer = self._client.object(name, f"v1/blocks/{parent}/children", parameters)
            for block in answer.get("results") or ():
                own = block.get("type") not in ("child_page", "child_database")
                if own and block.get("has_children") and depth < _DEEPEST:
                    block["children"] = self._blocks(name, block["id"], depth + 1)
                found.append(block)
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return found
            parameters["start_cursor"] = answer["next_cursor"]


def _is_gone(page: dict[str, Any]) -> bool:
    return bool(page.get("archived") or page.get("in_trash"))
