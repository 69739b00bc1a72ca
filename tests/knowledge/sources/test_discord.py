"""Discord on loopback: posts of a forum, open and archived, in parts, with private forums."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import UnreadableError
from knowledge.sources import Surroundings
from knowledge.sources.discord import DiscordSource
from knowledge.sources.testing import SourceContract, World, listing
from tests.knowledge.sources.serving import Asked, Said, ServedWorld, Server, says, serving

GUILD, FORUM = "100", "200"
_PAGE = 3


def _archived(thread: dict[str, Any]) -> str:
    return str(thread["thread_metadata"]["archive_timestamp"])


class DiscordWorld(ServedWorld):
    """One forum; each document is a post of one message, every other one archived."""

    secret = "MTIz.SECRETSECRET"

    def __init__(self, server: Server, cache: Path) -> None:
        super().__init__(server, cache)
        self.forum: dict[str, Any] = {"id": FORUM, "guild_id": GUILD, "type": 15, "permission_overwrites": []}
        self.threads: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.numbers: dict[str, str] = {}
        self.last = 10**18

    def answer(self, asked: Asked) -> Said:  # noqa: PLR0911 - a case for each address
        if asked.headers.get("authorization") != f"Bot {self.token}":
            return says({"message": "401: Unauthorized", "code": 0}, 401)
        match asked.path.strip("/").split("/"):
            case ["channels", id_] if id_ == FORUM:
                return says(self.forum)
            case ["guilds", _, "threads", "active"]:
                return Said(status=502) if self.failing == "start" else says({"threads": self.kept(False)})
            case ["channels", _, "threads", "archived", "public"]:
                return self.archived(asked.query.get("before"))
            case ["channels", id_, "messages"] if id_ in self.messages:
                self.served += 1
                before = int(asked.query.get("before", 2 * 10**18))
                newest = [one for one in self.messages[id_][::-1] if int(one["id"]) < before]
                return Said(json.dumps(newest[:100]).encode(), headers={"Content-Type": "application/json"})
            case ["channels", id_] if id_ in self.threads and id_ not in self.broken:
                return says(self.threads[id_])
        return says({"message": "Unknown Channel", "code": 10003}, 404)

    def kept(self, archived: bool) -> list[dict[str, Any]]:
        return [one for one in self.threads.values() if one["thread_metadata"]["archived"] is archived]

    def archived(self, before: str | None) -> Said:
        if self.failing == "middle":
            return Said(status=502)
        old = sorted(
            self.kept(True), key=lambda one: one["thread_metadata"]["archive_timestamp"], reverse=True
        )
        left = [one for one in old if before is None or one["thread_metadata"]["archive_timestamp"] < before]
        return says({"threads": left[:_PAGE], "has_more": len(left) > _PAGE})

    def open(self) -> DiscordSource:
        surroundings = Surroundings(self.cache)
        return DiscordSource(
            "forum", channels=[FORUM], token=self.secret, surroundings=surroundings, base_url=self.server.url
        )

    def document(self, name: str) -> str:
        return self.numbers.setdefault(name, str(10**17 + len(self.numbers)))

    def put(self, name: str, text: str, **more: Any) -> None:
        id_, number = self.document(name), len(self.numbers)
        self.last += 1 << 22
        self.messages[id_] = [
            {"id": str(self.last), "type": 0, "content": text, "author": {"id": "5"}, **more}
        ]
        self.threads[id_] = {
            "id": id_,
            "parent_id": FORUM,
            "name": name,
            "last_message_id": str(self.last),
            "message_count": 1,
            "total_message_sent": 1,
            "thread_metadata": {
                "archived": number % 2 == 1,
                "archive_timestamp": f"2026-01-{number:02}T00:00:00+00:00",
            },
        }

    def remove(self, name: str) -> None:
        del self.threads[self.document(name)]


@pytest.fixture
def discord(tmp_path: Path) -> Iterator[DiscordWorld]:
    with serving() as server:
        yield DiscordWorld(server, tmp_path / "cache")


class TestDiscord(SourceContract):
    @pytest.fixture
    def world(self, discord: DiscordWorld) -> World:
        return discord


def read(world: DiscordWorld, name: str) -> str:
    listed = listing(world)[world.document(name)]
    with closing(world.open()) as source:
        return source.fetch(listed).content.decode()


def test_a_post_is_a_document(discord: DiscordWorld) -> None:
    """Its title, then what people wrote, oldest first, however many parts that takes; bots are left out."""
    discord.put("¿Cómo pido vacaciones?", "Soy nueva.")
    thread = discord.messages[discord.document("¿Cómo pido vacaciones?")]
    for place in range(150):
        discord.last += 1 << 22
        author = {"id": "9", "bot": place == 7}
        thread.append({"id": str(discord.last), "type": 19, "content": f"r{place}", "author": author})
    told = read(discord, "¿Cómo pido vacaciones?").split("\n\n")
    assert told[:3] == ["# ¿Cómo pido vacaciones?", "Soy nueva.", "r0"]
    assert told[-1] == "r149\n"
    assert (len(told), "r7" in told) == (151, False)


def test_texts_that_discord_keeps_back_are_named(discord: DiscordWorld) -> None:
    """Without the intent every message is empty: the admin is told what to turn on."""
    discord.put("post", "")
    with pytest.raises(UnreadableError, match="Message Content intent"):
        read(discord, "post")


def test_a_private_forum_is_for_those_it_names(discord: DiscordWorld) -> None:
    """Roles by their ids, members, and whoever sees what is said there; an open one is for all."""
    discord.put("post", "Hola.")
    assert listing(discord)[discord.document("post")].readers is None
    discord.forum["permission_overwrites"] = [
        {"id": GUILD, "type": 0, "allow": "0", "deny": "1024"},
        {"id": "31", "type": 0, "allow": "1024", "deny": "0"},
        {"id": "32", "type": 0, "allow": "2048", "deny": "0"},
        {"id": "41", "type": 1, "allow": "3072", "deny": "0"},
    ]
    readers = listing(discord)[discord.document("post")].readers
    assert readers == {f"discord:{FORUM}", "discord:role:31", "discord:41"}
