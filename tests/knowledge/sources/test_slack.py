"""Slack on loopback: threads of channels, in parts, with people, bots, edits and private channels."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import SourceError
from knowledge.sources import Surroundings
from knowledge.sources.slack import SlackSource
from knowledge.sources.testing import SourceContract, World, listing
from tests.knowledge.sources.serving import Asked, Said, ServedWorld, Server, says, serving

_PAGE = 3


class SlackWorld(ServedWorld):
    """One channel `#faq`; each document is a thread of one message."""

    secret = "xoxb-SECRETSECRET"

    def __init__(self, server: Server, cache: Path) -> None:
        super().__init__(server, cache)
        self.channel: dict[str, Any] = {"id": "C1", "name": "faq", "is_private": False}
        self.threads: dict[str, list[dict[str, Any]]] = {}
        self.times: dict[str, str] = {}

    def answer(self, asked: Asked) -> Said:  # noqa: PLR0911 - a case for each method
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return says({"ok": False, "error": "invalid_auth"})
        wanted = asked.query
        match asked.path.rpartition("/")[2]:
            case "auth.test":
                return says({"ok": True, "url": "https://firma.slack.example/"})
            case "conversations.list":
                return self.part("channels", [self.channel], wanted)
            case "conversations.members":
                return self.part("members", ["U1", "U2"], wanted)
            case "conversations.history":
                if self.failing == "start" or (self.failing == "middle" and wanted.get("cursor")):
                    return Said(status=502)
                return self.part("messages", [one[0] for one in self.threads.values()], wanted)
            case "conversations.replies":
                if f"C1/{wanted['ts']}" in self.broken or wanted["ts"] not in self.threads:
                    return says({"ok": False, "error": "thread_not_found"})
                self.served += 1
                return self.part("messages", self.threads[wanted["ts"]], wanted)
        return says({"ok": False, "error": "unknown_method"})

    def part(self, what: str, things: list[Any], wanted: dict[str, str]) -> Said:
        start = int(wanted.get("cursor") or 0)
        following = str(start + _PAGE) if start + _PAGE < len(things) else ""
        return says(
            {
                "ok": True,
                what: things[start : start + _PAGE],
                "response_metadata": {"next_cursor": following},
            }
        )

    def open(self) -> SlackSource:
        surroundings = Surroundings(self.cache)
        return SlackSource(
            "slack", channels=["#faq"], token=self.secret, surroundings=surroundings, base_url=self.server.url
        )

    def document(self, name: str) -> str:
        return f"C1/{self.times.setdefault(name, f'17000000{len(self.times):02}.000100')}"

    def put(self, name: str, text: str) -> None:
        at = self.document(name).partition("/")[2]
        root = {"ts": at, "user": "U1", "text": text}
        self.threads[at] = [root]

    def reply(self, name: str, text: str, **more: Any) -> None:
        at = self.document(name).partition("/")[2]
        root, *_ = thread = self.threads[at]
        later = f"{float(at) + len(thread):.6f}"
        thread.append({"ts": later, "thread_ts": at, "user": "U2", "text": text, **more})
        root |= {"reply_count": len(thread) - 1, "latest_reply": later}

    def remove(self, name: str) -> None:
        del self.threads[self.document(name).partition("/")[2]]


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackWorld]:
    with serving() as server:
        yield SlackWorld(server, tmp_path / "cache")


class TestSlack(SourceContract):
    @pytest.fixture
    def world(self, slack: SlackWorld) -> World:
        return slack


def read(world: SlackWorld, name: str) -> str:
    listed = listing(world)[world.document(name)]
    with closing(world.open()) as source:
        return source.fetch(listed).content.decode()


def test_a_thread_is_a_document(slack: SlackWorld) -> None:
    """The question is the title; what people answered follows; bots and joins are no knowledge."""
    slack.put("wifi", "¿Cuál es la clave del *wifi* de invitados? &lt;3")
    slack.reply("wifi", "Está en <https://intranet.example/wifi|la intranet>, <@U7|ana>.")
    slack.reply("wifi", "No lo sé.", bot_id="B1")
    slack.reply("wifi", "se unió", subtype="channel_join")
    assert read(slack, "wifi") == (
        "# ¿Cuál es la clave del *wifi* de invitados? <3\n\n"
        "¿Cuál es la clave del **wifi** de invitados? <3\n\n"
        "Está en [la intranet](https://intranet.example/wifi), @ana.\n"
    ).replace("# ¿Cuál es la clave del *wifi*", "# ¿Cuál es la clave del **wifi**")
    assert listing(slack)[slack.document("wifi")].url == (
        "https://firma.slack.example/archives/C1/p1700000000000100"
    )


def test_a_reply_changes_the_signal(slack: SlackWorld) -> None:
    """So does an edit of the first message."""
    slack.put("wifi", "¿La clave?")
    seen = {listing(slack)[slack.document("wifi")].signal}
    slack.reply("wifi", "En la intranet.")
    seen.add(listing(slack)[slack.document("wifi")].signal)
    slack.threads["1700000000.000100"][0] |= {"text": "¿Y la clave?", "edited": {"ts": "1700000009.0"}}
    seen.add(listing(slack)[slack.document("wifi")].signal)
    assert len(seen) == 3


def test_what_a_bot_asks_is_no_document(slack: SlackWorld) -> None:
    """Only threads that people began."""
    slack.put("wifi", "¿La clave?")
    slack.threads["1700000000.000100"][0]["bot_id"] = "B1"
    assert listing(slack) == {}


def test_a_private_channel_is_its_members(slack: SlackWorld) -> None:
    """They read its threads, and whoever sees what is said in it; a public channel is for all."""
    slack.put("wifi", "¿La clave?")
    assert listing(slack)[slack.document("wifi")].readers is None
    slack.channel["is_private"] = True
    assert listing(slack)[slack.document("wifi")].readers == {"slack:C1", "slack:U1", "slack:U2"}


def test_a_channel_that_is_not_there_is_named(slack: SlackWorld) -> None:
    """With what to do about it."""
    slack.channel["name"] = "otro"
    with pytest.raises(SourceError, match=r"no channel `#faq`.*invite the bot"):
        listing(slack)
