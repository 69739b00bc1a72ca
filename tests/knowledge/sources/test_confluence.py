"""Confluence on loopback, in both editions: pages of listings, versions, restrictions, tokens."""

import base64
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import SourceError
from knowledge.sources import Surroundings
from knowledge.sources.confluence import ConfluenceSource
from knowledge.sources.testing import SourceContract, listing
from tests.knowledge.sources.serving import Asked, Said, ServedWorld, Server, says, serving

_PAGE = 3


@dataclass
class Page:
    id: str
    text: str
    version: int = 1
    parent: str | None = None
    restrictions: dict[str, Any] = field(default_factory=dict)
    status: str = "current"


class ConfluenceWorld(ServedWorld):
    """A space of pages."""

    secret = "ATATT-SECRETSECRET"

    def __init__(self, server: Server, cache: Path, edition: str) -> None:
        super().__init__(server, cache)
        self.edition = edition
        self.pages: dict[str, Page] = {}
        self.options: dict[str, Any] = {"spaces": ["RH"]}

    @property
    def context(self) -> str:
        return "/wiki" if self.edition == "cloud" else "/confluence"

    def answer(self, asked: Asked) -> Said:
        basic = base64.b64encode(f"bot@empresa.example:{self.token}".encode()).decode()
        wanted = f"Basic {basic}" if self.edition == "cloud" else f"Bearer {self.token}"
        if asked.headers.get("authorization") != wanted:
            return says({"message": "no"}, 401)
        path = asked.path.removeprefix(self.context)
        match path.strip("/").split("/"):
            case ["api", "v2", "spaces"]:
                return says({"results": [{"key": "RH", "id": "7"}], "_links": {}})
            case ["api", "v2", "spaces", "7", "pages"] | ["rest", "api", "content"]:
                return self.page(asked, path)
            case ["rest", "api", "content", id_, "restriction", "byOperation", "read"]:
                return says({"operation": "read", "restrictions": self.pages[id_].restrictions})
            case ["api", "v2", "pages", id_] | ["rest", "api", "content", id_]:
                return self.content(id_)
        return says({"message": "not here"}, 404)

    def page(self, asked: Asked, path: str) -> Said:
        start = int(asked.query.get("cursor", "0"))
        if self.failing == "start" or (self.failing == "middle" and start):
            return Said(status=500)
        current = [page for page in self.pages.values() if page.status == "current"]
        following = f"{path}?cursor={start + _PAGE}" if start + _PAGE < len(current) else None
        if following and self.edition == "cloud":
            following = self.context + following
        results = [self.told(page) for page in current[start : start + _PAGE]]
        return says({"results": results, "_links": {"next": following} if following else {}})

    def told(self, page: Page) -> dict[str, Any]:
        links = {"webui": f"/spaces/RH/pages/{page.id}"}
        common = {"id": page.id, "status": page.status, "title": "Título", "_links": links}
        if self.edition == "cloud":
            version = {"number": page.version, "createdAt": "2024-03-01T12:00:00.000Z"}
            return {**common, "version": version, "parentId": page.parent}
        version = {"number": page.version, "when": "2024-03-01T12:00:00.000Z"}
        read = {"operation": "read", "restrictions": page.restrictions}
        ancestors = [{"id": page.parent}] if page.parent else []
        return {**common, "version": version, "ancestors": ancestors, "restrictions": {"read": read}}

    def content(self, id_: str) -> Said:
        if id_ in self.broken:
            return Said(status=500)
        if id_ not in self.pages:
            return says({"message": "gone"}, 404)
        self.served += 1
        body = {"export_view": {"value": f"<p>{self.pages[id_].text}</p>"}}
        return says({**self.told(self.pages[id_]), "body": body})

    def open(self) -> ConfluenceSource:
        user = {"user": "bot@empresa.example"} if self.edition == "cloud" else {}
        return ConfluenceSource(
            "confluence",
            base_url=self.server.url + self.context,
            token=self.secret,
            surroundings=Surroundings(self.cache),
            edition=self.edition,  # type: ignore[arg-type]
            **user,
            **self.options,
        )

    def document(self, name: str) -> str:
        return str(sum(map(ord, name)))

    def put(self, name: str, text: str) -> None:
        id_ = self.document(name)
        known = self.pages.get(id_)
        self.pages[id_] = Page(id_, text, known.version + 1 if known else 1)

    def remove(self, name: str) -> None:
        self.pages[self.document(name)].status = "trashed"

    def spoil(self, name: str) -> None:
        self.broken.add(self.document(name))


@pytest.fixture(params=["cloud", "data-center"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ConfluenceWorld]:
    with serving() as server:
        yield ConfluenceWorld(server, tmp_path, request.param)


class TestConfluence(SourceContract):
    """Every rule, in both editions."""


def test_restrictions_are_the_readers(world: ConfluenceWorld) -> None:
    """People by their address where it is told, groups by name; what is below is as restricted."""
    for name in ("open", "shut", "below", "both"):
        world.put(name, "Texto.")
    page = {name: world.pages[world.document(name)] for name in ("open", "shut", "below", "both")}
    people = {"results": [{"accountId": "5b10", "email": "Ana@empresa.example"}, {"accountId": "77"}]}
    page["shut"].restrictions = {"user": people, "group": {"results": [{"name": "rrhh"}]}}
    page["below"].parent = page["shut"].id
    page["both"].parent = page["below"].id
    page["both"].restrictions = {"user": {"results": []}, "group": {"results": [{"name": "rrhh"}]}}
    found = listing(world)
    readers = {name: found[one.id].permitted for name, one in page.items()}
    shut = frozenset({"mail:ana@empresa.example", "confluence:user:77", "group:rrhh"})
    both = (shut, frozenset({"group:rrhh"}))
    assert readers == {"open": (), "shut": (shut,), "below": (shut,), "both": both}


def test_pages_lead_to_where_a_person_reads_them(world: ConfluenceWorld) -> None:
    """With the date of their version."""
    world.put("a", "Texto.")
    (listed,) = listing(world).values()
    assert listed.url == f"{world.server.url}{world.context}/spaces/RH/pages/{listed.document}"
    assert str(listed.modified) == "2024-03-01 12:00:00+00:00"


def test_a_space_that_is_not_there_is_named(world: ConfluenceWorld) -> None:
    """On the cloud, where spaces are asked for first."""
    if world.edition != "cloud":
        pytest.skip("a data center lists none instead")
    world.options = {"spaces": ["RH", "NADA"]}
    with pytest.raises(SourceError, match="`NADA`"):
        listing(world)


def test_a_listing_in_circles_ends(world: ConfluenceWorld) -> None:
    """A service that names the same page again is in error."""
    for number in range(5):
        world.put(f"p{number}", "Texto.")

    def circle(asked: Asked) -> Said | None:
        if asked.path.endswith(("/pages", "/rest/api/content")):
            return says({"results": [], "_links": {"next": asked.path + "?cursor=1"}})
        return None

    world.server.always = circle
    with closing(world.open()) as source, pytest.raises(SourceError, match="circles"):
        list(source.list())
