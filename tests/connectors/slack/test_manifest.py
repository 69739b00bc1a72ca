"""The manifest to paste: what the bot uses, no more, and all of it explained."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = json.loads((ROOT / "connectors/slack/manifest.json").read_text("utf-8"))
GUIDE = (ROOT / "docs/slack.md").read_text("utf-8")


def test_every_scope_is_explained() -> None:
    """docs/slack.md has each scope of the manifest, and none besides."""
    table = GUIDE.partition("## Scopes")[2].partition("\n## ")[0]
    explained = [scope for line in table.splitlines() if line.startswith("| `") for scope in
                 re.findall(r"`([a-z_]+(?::[a-z]+)?)`", line.split("|")[1])]  # fmt: skip
    assert sorted(explained) == sorted(MANIFEST["oauth_config"]["scopes"]["bot"])


def test_it_connects_by_socket() -> None:
    """No public address is needed."""
    assert MANIFEST["settings"]["socket_mode_enabled"]


def test_every_event_is_handled_and_explained() -> None:
    """What the app subscribes to is listened to, and docs/slack.md says what for."""
    listened = (ROOT / "connectors/slack/listening.py").read_text("utf-8")
    for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        assert f'app.event("{event.partition(".")[0]}")' in listened
        assert f"`{event}`" in GUIDE


def test_the_shortcut_is_the_one_that_is_handled() -> None:
    """Its name is short enough for Slack."""
    (shortcut,) = MANIFEST["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", "ask_about_message")
    assert len(shortcut["name"]) <= 24


def test_texts_are_short_enough_for_slack() -> None:
    """A manifest that is too long is refused when it is pasted."""
    features = MANIFEST["features"]
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert len(features["slash_commands"][0]["description"]) <= 2_000
    assert len(features["slash_commands"][0]["usage_hint"]) <= 1_000
