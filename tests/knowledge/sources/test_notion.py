"""Notion on loopback: search in parts, blocks in parts, minutes, trash, tokens."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from knowledge.reading import read
from knowledge.sources import Surroundings
from knowledge.sources.notion import NotionSource
from knowledge.sources.testing import SourceContract, listing
from tests.knowledge.sources.serving import Asked, Said, ServedWorld, Server, says, serving

_PAGE = 3


def text(words: str) -> list[dict[str, Any]]:
    return [{"plain_text": words}]


def block(
    kind: str, words: str = "", children: list[dict[str, Any]] | None = None, **own: Any
) -> dict[str, Any]:
    content = {"rich_text": text(words), **own}
    return {"type": kind, kind: content, "has_children": bool(children), "below": children or []}


class NotionWorld(ServedWorld):
    """Pages, each edited in a minute of its own long ago."""

    secret = "ntn_SECRETSECRET"

    def __init__(self, server: Server, cache: Path) -> None:
        super().__init__(server, cache)
        self.pages: dict[str, dict[str, Any]] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        self.now = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)

    def answer(self, asked: Asked) -> Said:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return says({"message": "API token is invalid."}, 401)
        if not asked.headers.get("notion-version"):
            return says({"message": "no version"}, 400)
        match asked.path.strip("/").split("/"):
            case ["v1", "search"] if asked.method == "POST":
                return self.search(asked.json())
            case ["v1", "pages", id_] if id_ in self.pages:
                return Said(status=500) if id_ in self.broken else says(self.pages[id_])
            case ["v1", "blocks", id_, "children"] if id_ in self.blocks:
                self.served += 1
                return self.part(self.blocks[id_], asked.query)
        return says({"message": "not here"}, 404)

    def search(self, wanted: dict[str, Any]) -> Said:
        if self.failing == "start" or (self.failing == "middle" and wanted.get("start_cursor")):
            return Said(status=502)
        pages = sorted(self.pages.values(), key=lambda page: page["last_edited_time"])
        return self.part([page for page in pages if not page["in_trash"]], wanted)

    def part(self, things: list[dict[str, Any]], wanted: dict[str, Any]) -> Said:
        start = int(wanted.get("start_cursor", 0))
        more = start + _PAGE < len(things)
        cursor = str(start + _PAGE) if more else None
        return says({"results": things[start : start + _PAGE], "has_more": more, "next_cursor": cursor})

    def keep(self, id_: str, blocks: list[dict[str, Any]]) -> None:
        self.blocks[id_] = blocks
        for one in blocks:
            one["id"] = str(uuid.uuid4())
            self.keep(one["id"], one.pop("below"))

    def open(self) -> NotionSource:
        surroundings = Surroundings(self.cache)
        return NotionSource("notion", token=self.secret, surroundings=surroundings, base_url=self.server.url)

    def document(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))

    def put(self, name: str, text_: str) -> None:
        self.now += timedelta(minutes=1)
        id_ = self.document(name)
        self.pages[id_] = {
            "object": "page",
            "id": id_,
            "url": f"https://notion.example/{id_}",
            "last_edited_time": self.now.strftime("%Y-%m-%dT%H:%M:00.000Z"),
            "in_trash": False,
            "properties": {"Name": {"type": "title", "title": text("Título")}},
        }
        self.keep(id_, [block("paragraph", text_)])

    def remove(self, name: str) -> None:
        self.pages[self.document(name)]["in_trash"] = True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[NotionWorld]:
    with serving() as server:
        yield NotionWorld(server, tmp_path)


class TestNotion(SourceContract):
    """Every rule."""


def test_blocks_become_a_document(world: NotionWorld) -> None:
    """Headings, lists in lists, tables, code and what is folded away, over parts of the answer."""
    world.put("a", "")
    row = [
        {"type": "table_row", "table_row": {"cells": [text(a), text(b)]}, "below": []}
        for a, b in (("Plan", "Precio"), ("Base", "10 | mes"))
    ]
    world.keep(
        world.document("a"),
        [
            block("heading_1", "Garantía"),
            block("toggle", "¿Cuánto dura?", [block("paragraph", "Dura 24 meses.")]),
            block("bulleted_list_item", "uno", [block("bulleted_list_item", "dentro")]),
            block("bulleted_list_item", "dos"),
            block("table", children=row),
            block("code", "vocero serve", language="bash"),
            block("child_page", children=[block("paragraph", "De otra página.")], title="Otra"),
        ],
    )
    with closing(world.open()) as source:
        document = read(source.fetch(next(source.list())))
    told = [(one.kind, one.text) for one in document.blocks]
    assert document.title == "Título"
    assert ("heading", "Garantía") in told
    assert ("paragraph", "Dura 24 meses.") in told
    assert ("list", "- uno\n  - dentro\n- dos") in told
    assert ("table", "| Plan | Precio |\n| Base | 10 \\| mes |") in told
    assert ("code", "vocero serve") in told
    assert not any("otra página" in words for _, words in told)


def test_properties_are_told_by_their_names(world: NotionWorld) -> None:
    """A row of a database is a page; what has no value is left out."""
    world.put("a", "Texto.")
    world.pages[world.document("a")]["properties"] |= {
        "Estado": {"type": "status", "status": {"name": "Vigente"}},
        "Áreas": {"type": "multi_select", "multi_select": [{"name": "IT"}, {"name": "RH"}]},
        "Desde": {"type": "date", "date": {"start": "2024-01-01", "end": None}},
        "Monto": {"type": "number", "number": 0},
        "Nada": {"type": "select", "select": None},
    }
    with closing(world.open()) as source:
        content = source.fetch(next(source.list())).content.decode()
    assert "- Estado: Vigente\n- Áreas: IT, RH\n- Desde: 2024-01-01\n- Monto: 0" in content
    assert "Nada" not in content


def test_what_was_edited_this_minute_is_looked_at_again(world: NotionWorld) -> None:
    """By the service's clock: an edit within the same minute would leave the same sign."""
    world.put("old", "Uno.")
    world.now = datetime.now(UTC)
    world.put("new", "Dos.")
    found = listing(world)
    assert found[world.document("old")].signal
    assert not found[world.document("new")].signal


def test_pages_lead_to_where_a_person_reads_them(world: NotionWorld) -> None:
    """With the minute of their last edit."""
    world.put("a", "Uno.")
    (listed,) = listing(world).values()
    assert listed.url == f"https://notion.example/{listed.document}"
    assert str(listed.modified) == "2024-03-01 12:01:00+00:00"
    assert listed.readers is None
