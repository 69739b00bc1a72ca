"""The manifest to paste: what the bot uses, no more, and all of it explained."""

import json
import re
from pathlib import Path
from typing import Any

from bot.admin import COMMANDS

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = json.loads((ROOT / "connectors/slack/manifest.json").read_text("utf-8"))
GUIDE = (ROOT / "docs/slack.md").read_text("utf-8")


def test_every_scope_is_explained() -> None:
    """docs/slack.md has each scope of the manifest, and none besides."""
    table = GUIDE.partition("## Scopes")[2].partition("\n## ")[0]
    explained = [scope for line in table.splitlines() if line.startswith("| `") for scope in
                 re.findall(r"`([a-z_]+(?::[a-z]+)?)`", line.split("|")[1])]  # fmt: skip
    assert sorted(explained) == sorted(MANIFEST["oauth_config"]["scopes"]["bot"])


def test_every_command_is_offered() -> None:
    """The hint and the guide name each admin command that there is."""
    (command,) = MANIFEST["features"]["slash_commands"]
    assert all(name in command["usage_hint"] and f"`/vocero {name}" in GUIDE for name in COMMANDS)


def test_it_connects_by_socket() -> None:
    """No public address is needed."""
    assert MANIFEST["settings"]["socket_mode_enabled"]
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == {"app_mention", "message.im"}
