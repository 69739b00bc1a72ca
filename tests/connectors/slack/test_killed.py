"""The process is killed while it answers: the next one takes the turn up, and the asker sees one answer."""

import asyncio
from pathlib import Path

import pytest

from tests.connectors.slack.server import BOT, slack_server
from tests.connectors.slack.workspace import event, markdown, slack_settings, tokens
from tests.serving import serving

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["assistant.threads.setStatus", "chat.postMessage"])
async def test_a_process_killed_while_it_answers(tmp_path: Path, method: str):
    """Killed when the status is set, or when Slack has taken the post but not yet said so: one answer."""
    async with slack_server() as server:
        slack_settings(tmp_path, server)
        async with serving(tmp_path, server.connected, tokens(server)) as process:
            server.then[method] = process.kill
            await server.send(event("app_mention", f"<@{BOT}> {QUESTION}"))
            await asyncio.wait_for(process.wait(), 60)
        async with serving(tmp_path, server.connected, tokens(server)):
            # Turns of a thread keep their order: this one is answered after the first one has ended.
            thanks = event("app_mention", f"<@{BOT}> gracias", ts="1700000001.000100")
            thanks["event"]["thread_ts"] = "1700000000.000100"
            await server.send(thanks)
            async with asyncio.timeout(60):
                while not any("17 días" not in markdown(post) for post in server.said("CGEN")):
                    await asyncio.sleep(0.1)
        answer, _ = server.said("CGEN")
    assert "17 días corridos" in markdown(answer)
