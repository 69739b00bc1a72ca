"""Conversations in a workspace: the real Bolt and SDK against a loopback Slack, the whole bot behind them."""

from pathlib import Path

from tests.connectors.slack.workspace import context, markdown, workspace

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


async def test_a_mention_is_answered_in_the_thread(tmp_path: Path):
    """One message, under the question, with the quote, its number and the numbered source."""
    async with workspace(tmp_path) as place:
        await place.mention(QUESTION)
        (answer,) = await place.answered()
    assert answer["thread_ts"] == "1700000000.000100"
    assert "17 días corridos" in markdown(answer)
    assert "[1]" in markdown(answer)
    assert "[1] Política de vacaciones, Argentina" in context(answer)
    assert (answer["unfurl_links"], answer["unfurl_media"]) == (False, False)
    assert "17 días" in answer["text"]
