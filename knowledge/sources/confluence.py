"""Pages of Confluence, on Atlassian's cloud or in a data center."""

import base64
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from knowledge.documents import Fetched, Listed
from knowledge.errors import UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.client import Client
from knowledge.sources.pages import moment

Edition = Literal["cloud", "data-center"]

_AT_ONCE = 100
_FORMATS = ("export_view", "view", "storage")
_READ = "restrictions.read.restrictions"


@dataclass(frozen=True, slots=True)
class _Page:
    id: str
    version: str
    changed: str
    link: str
    above: tuple[str, ...]
    """Ids of the pages above it, as far as they are told."""
    readers: frozenset[str] | None
    """Whom its own restrictions let read it."""


class ConfluenceSource:
    """Current pages by their ids; the version is the signal.

    A restricted page has readers, and so has what is below it. The cloud is asked through its API v2, and for
    each page's restrictions; a data center through `rest/api`, which lists both.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str,
        token: str,
        surroundings: Surroundings,
        spaces: Sequence[str] = (),
        user: str | None = None,
        edition: Edition | None = None,
    ) -> None:
        self.name = name
        parts = urlsplit(base_url)
        hosted = (parts.hostname or "").endswith(".atlassian.net")
        self._edition = edition or ("cloud" if hosted else "data-center")
        if hosted and not parts.path.strip("/"):
            base_url = base_url.rstrip("/") + "/wiki"
        self._base = base_url.rstrip("/")
        self._spaces = tuple(spaces)
        key = base64.b64encode(f"{user}:{token}".encode()).decode() if user else token
        headers = {"Authorization": f"{'Basic' if user else 'Bearer'} {key}", "Accept": "application/json"}
        self._client = Client(name, base_url, surroundings, headers=headers)

    def list(self) -> Iterator[Listed]:
        """Every current page; raises `SourceError` unless that is all."""
        pages = {
            page.id: page for page in (self._cloud() if self._edition == "cloud" else self._data_center())
        }
        for page in pages.values():
            # Both the page and what it is below must let a person through.
            within = tuple(one.readers for one in self._above(page, pages) if one.readers is not None)
            changed = moment(page.changed)
            yield Listed(page.id, f"v{page.version}", page.link, changed, page.readers, within)

    def fetch(self, listed: Listed) -> Fetched:
        """The page as a person sees it."""
        name = listed.document
        if self._edition == "cloud":
            page = self._client.object(name, f"api/v2/pages/{name}", {"body-format": _FORMATS[0]})
        else:
            page = self._client.object(name, f"rest/api/content/{name}", {"expand": f"body.{_FORMATS[0]}"})
        if page.get("status", "current") != "current":
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.")
        bodies = page.get("body") or {}
        body = next((bodies[form]["value"] for form in _FORMATS if bodies.get(form)), "")
        title = html.escape(str(page.get("title", "")))
        whole = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
        return Fetched(name, whole.encode("utf-8", "replace"), "text/html")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _above(self, page: _Page, pages: dict[str, _Page]) -> Iterator[_Page]:
        """The pages above a page, each once, also where only the next one is told."""
        seen, pending = {page.id}, [*page.above]
        while pending:
            above = pages.get(pending.pop())
            if above is not None and above.id not in seen:
                seen.add(above.id)
                pending.extend(above.above)
                yield above

    def _cloud(self) -> Iterator[_Page]:
        if self._spaces:
            keys = {"keys": ",".join(self._spaces), "limit": _AT_ONCE}
            found = {space["key"]: space["id"] for space in self._results("api/v2/spaces", keys)}
            if missing := [key for key in self._spaces if key not in found]:
                raise self._client.trouble(
                    f"there is no space `{missing[0]}` for this token; check `spaces` and its rights"
                )
            places = [f"api/v2/spaces/{id_}/pages" for id_ in found.values()]
        else:
            places = ["api/v2/pages"]
        for place in places:
            for page in self._results(place, {"status": "current", "limit": _AT_ONCE}):
                id_ = str(page["id"])
                restrictions = self._client.json(
                    f"rest/api/content/{id_}/restriction/byOperation/read",
                    {"expand": "restrictions.user,restrictions.group"},
                )
                version = page.get("version") or {}
                yield _Page(
                    id_,
                    str(version.get("number", "")),
                    str(version.get("createdAt", "")),
                    self._link(page),
                    (str(page["parentId"]),) if page.get("parentId") else (),
                    _readers(restrictions.get("restrictions") or {}),
                )

    def _data_center(self) -> Iterator[_Page]:
        expand = f"version,ancestors,{_READ}.user,{_READ}.group"
        common = {"type": "page", "status": "current", "expand": expand, "limit": _AT_ONCE}
        for space in self._spaces or (None,):
            for page in self._results(
                "rest/api/content", {**common, **({"spaceKey": space} if space else {})}
            ):
                read = (page.get("restrictions") or {}).get("read") or {}
                version = page.get("version") or {}
                yield _Page(
                    str(page["id"]),
                    str(version.get("number", "")),
                    str(version.get("when", "")),
                    self._link(page),
                    tuple(str(above["id"]) for above in page.get("ancestors") or ()),
                    _readers(read.get("restrictions") or {}),
                )

    def _results(self, path: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What a listing holds, over all its pages."""
        asked: set[str] = set()
        answer = self._client.json(path, parameters)
        while True:
            if not isinstance(answer.get("results"), list):
                raise self._client.trouble(
                    f"`{path}` is listed without results; check `base_url` and `edition`"
                )
            yield from answer["results"]
            following = str((answer.get("_links") or {}).get("next") or "")
            if not following:
                return
            if following in asked:
                raise self._client.trouble(f"the listing of `{path}` goes round in circles; try again later")
            asked.add(following)
            context = urlsplit(self._base).path
            inside = following.startswith(("http://", "https://", f"{context}/"))
            answer = self._client.json(following if inside else context + following)

    def _link(self, page: dict[str, Any]) -> str:
        return self._base + str((page.get("_links") or {}).get("webui") or f"/pages/{page['id']}")


def _readers(restrictions: dict[str, Any]) -> frozenset[str] | None:
    """Whom restrictions name; None where there are none."""
    users = (restrictions.get("user") or {}).get("results") or []
    groups = (restrictions.get("group") or {}).get("results") or []
    found = {
        f"mail:{user['email'].lower()}"
        if user.get("email")
        else f"confluence:user:{user.get('accountId') or user.get('username') or user.get('userKey')}"
        for user in users
    } | {f"group:{group.get('name') or group.get('id')}" for group in groups}
    return frozenset(found) or None
