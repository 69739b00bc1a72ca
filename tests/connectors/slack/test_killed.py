"""The process is killed while it answers: the next one takes the turn up, and the asker sees one answer."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.connectors.slack.server import APP_TOKEN, BOT, TOKEN, SlackServer, slack_server
from tests.connectors.slack.workspace import event, markdown, slack_settings

ROOT = Path(__file__).parents[3]
QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


@asynccontextmanager
async def serving(folder: Path, server: SlackServer) -> AsyncIterator[asyncio.subprocess.Process]:
    """`vocero serve`, connected."""
    tokens = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "VOCERO_SLACK_API_URL": server.url}
    server.connected.clear()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "--config", str(folder / "vocero.toml"), "serve",
        cwd=ROOT, env=os.environ | tokens, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.wait_for(server.connected.wait(), 60)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["assistant.threads.setStatus", "chat.postMessage"])
async def test_a_process_killed_while_it_answers(tmp_path: Path, method: str):
    """Killed when the status is set, or when Slack has taken the post but not yet said so: one answer."""
    async with slack_server() as server:
        slack_settings(tmp_path, server)
        async with serving(tmp_path, server) as process:
            server.then[method] = process.kill
            await server.send(event("app_mention", f"<@{BOT}> {QUESTION}"))
            await asyncio.wait_for(process.wait(), 60)
        async with serving(tmp_path, server):
            # Turns of a thread keep their order: this one is answered after the first one has ended.
            thanks = event("app_mention", f"<@{BOT}> gracias", ts="1700000001.000100")
            thanks["event"]["thread_ts"] = "1700000000.000100"
            await server.send(thanks)
            async with asyncio.timeout(60):
                while not any("17 días" not in markdown(post) for post in server.said("CGEN")):
                    await asyncio.sleep(0.1)
        answer, _ = server.said("CGEN")
    assert "17 días corridos" in markdown(answer)
