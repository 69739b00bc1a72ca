"""The process is killed while it answers: the next one takes the turn up, and the asker sees one answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.discord.loopback import TOKEN, Loopback, loopback
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL
from tests.connectors.discord.server import discord_settings
from tests.serving import serving

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


def tokens(discord: Loopback) -> dict[str, str]:
    """What the environment of a bot on the loopback server holds."""
    return {
        "DISCORD_TOKEN": TOKEN,
        "VOCERO_DISCORD_API_URL": discord.url,
        "VOCERO_DISCORD_GATEWAY_URL": discord.gateway,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ways", "part"),
    [("command", "/callback"), ("command", "@original"), ("mention", "/typing"), ("mention", "/messages")],
)
async def test_a_process_killed_while_it_answers(tmp_path: Path, ways: str, part: str) -> None:
    """Killed when Discord has taken a request but not yet said so: the question is answered, once."""
    async with loopback() as discord:
        discord_settings(tmp_path, discord)
        async with serving(tmp_path, discord.ready, tokens(discord)) as process:

            def kill(request: Any) -> None:
                if part in request.path and process.returncode is None:
                    process.kill()

            discord.after.append(kill)
            if ways == "mention":
                token = await discord.write(f"<@{BOT}> {QUESTION}")
            else:
                token = await discord.ask(QUESTION)
            await asyncio.wait_for(process.wait(), 60)
        async with serving(tmp_path, discord.ready, tokens(discord)):
            place = CHANNEL if ways == "mention" else f"token:{token}"
            async with asyncio.timeout(60):
                while not all(said := discord.said(place)) or not any("-# [1]" in text for text in said):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(3)  # a second answer would be there by then
        assert len(discord.said(CHANNEL)) == (ways == "mention")
        [answer] = discord.said(place)
    assert "17 días corridos" in answer
