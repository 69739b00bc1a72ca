"""Conversations in a workspace: the real Bolt and SDK against a loopback Slack, the whole bot behind them."""

import asyncio
from pathlib import Path

import pytest

from bot.lease import Lease
from connectors.slack import pace
from tests.connectors.slack.server import ADMIN, ANA, BEA, BOT, Fault
from tests.connectors.slack.workspace import Workspace, context, markdown, workspace

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


async def reasons(place: Workspace, *expected: str) -> dict[str, int]:
    """Counted reasons, once these are among them."""
    async with asyncio.timeout(20):
        while not set(expected) <= set(counted := await place.runtime.dispatch.reasons()):
            await asyncio.sleep(0.02)
    return counted


async def test_a_mention_is_answered_in_the_thread(tmp_path: Path):
    """One message under the question, with the quote, its number and the source; nothing unfurls."""
    async with workspace(tmp_path) as place:
        await place.mention(QUESTION)
        (answer,) = await place.answered()
    assert answer["thread_ts"] == "1700000000.000100"
    assert "17 días corridos" in markdown(answer)
    assert "[1]" in markdown(answer)
    assert "[1] Política de vacaciones, Argentina" in context(answer)
    assert (answer["unfurl_links"], answer["unfurl_media"]) == (False, False)
    assert "17 días" in answer["text"]
    assert place.slack.called("assistant.threads.setStatus")[0]["thread_ts"] == "1700000000.000100"


async def test_a_direct_message_is_answered_and_followed_up(tmp_path: Path):
    """No mention is needed; what is asked in the same thread refers to what was asked before."""
    async with workspace(tmp_path) as place:
        await place.write(QUESTION, "DANA")
        await place.answered("DANA")
        await place.write("¿y en España?", "DANA", ts="1700000001.000100", thread_ts="1700000000.000100")
        await place.until(lambda: len(place.slack.said("DANA")) == 2)
        _, second = await place.answered("DANA")
    assert "25 días laborables" in markdown(second)
    assert second["thread_ts"] == "1700000000.000100"


async def test_each_channel_has_its_documents_and_voice(tmp_path: Path):
    """Channels are told by the names that Slack gives: what #rrhh reads is not read elsewhere."""
    async with workspace(tmp_path) as place:
        await place.mention("¿Cuánto cobra una analista?", "CGEN")
        await place.mention("¿Cuánto cobra una analista?", "GHR", ts="1700000001.000100")
        (outside,), (inside,) = await place.answered("CGEN"), await place.answered("GHR")
    assert "900" not in str(outside)
    assert "900 y 1.200" in markdown(inside)


async def test_one_post_in_two_shapes_and_redelivered_is_answered_once(tmp_path: Path):
    """`message`, `app_mention` and a retry are one question; each is acknowledged."""
    async with workspace(tmp_path) as place:
        envelopes = [
            await place.write(f"<@{BOT}> {QUESTION}", "CGEN"),
            await place.mention(QUESTION),
            await place.mention(QUESTION),
        ]
        answers = await place.answered()
        await place.until(lambda: set(envelopes) <= set(place.slack.acknowledged))
        assert (await reasons(place, "duplicate"))["duplicate"] == 2
    assert len(answers) == 1


async def test_an_administrator_asks_for_the_status(tmp_path: Path):
    """The answer is seen by who asked alone, and says what is indexed."""
    async with workspace(tmp_path) as place:
        await place.command("status", user=ADMIN)
        await place.until(lambda: place.slack.responses)
    (response,) = place.slack.responses
    assert response["response_type"] == "ephemeral"
    assert "**docs**" in markdown(response)
    assert "En cola: 0" in markdown(response)
    assert place.slack.posts == {}


async def test_the_status_is_told_in_the_channels_language(tmp_path: Path):
    """What was asked counts by how it ended, in words."""
    async with workspace(tmp_path) as place:
        await place.mention(QUESTION)
        await place.answered()
        await place.command("status", user=ADMIN)
        await place.until(lambda: place.slack.responses)
    assert "Contestadas 1" in markdown(place.slack.responses[0])
    assert "answered" not in markdown(place.slack.responses[0])


async def test_an_administrator_has_a_source_read_again(tmp_path: Path):
    """`/vocero reindex docs` takes in what changed, and says so."""
    async with workspace(tmp_path) as place:
        (tmp_path / "docs" / "nuevo.md").write_text("# Café\n\nLa cafetera está en el piso 3.\n", "utf-8")
        await place.command("reindex docs", user=ADMIN)
        await place.until(lambda: place.slack.responses)
    assert "1 documento nuevo" in markdown(place.slack.responses[-1])


async def test_who_is_no_administrator_is_refused_politely(tmp_path: Path):
    """Both Slack and the bot's own list must say so; the refusal is seen by who tried alone, and audited."""
    async with workspace(tmp_path) as place:
        await place.command("reindex docs", user=ANA)
        await place.until(lambda: place.slack.responses)
        (refused,) = await place.runtime.journal.audited()
    (response,) = place.slack.responses
    assert markdown(response) == "Eso lo puede hacer solo un administrador del bot."
    assert response["response_type"] == "ephemeral"
    assert place.slack.posts == {}
    assert (refused.author, refused.action, refused.outcome) == (f"slack:{ANA}", "reindex", "refused")
    assert (refused.arguments, refused.channel) == ({"source": "docs"}, "slack:CGEN")


async def test_an_administrator_of_slack_alone_is_refused(tmp_path: Path):
    """Who is not in the bot's own list gives it no orders."""
    async with workspace(tmp_path) as place:
        path = tmp_path / "vocero.toml"
        assert 'admins = ["slack:UADMIN"]' in path.read_text("utf-8")
        place.slack.administrators.add(BEA)
        await place.command("status", user=BEA)
        await place.until(lambda: place.slack.responses)
    assert "administrador" in markdown(place.slack.responses[0])


async def test_fifty_questions_at_once_are_all_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Slack's refusals for haste are obeyed, and nothing is lost or said twice."""
    monkeypatch.setattr(pace, "_INTERVAL", 0.01)
    async with workspace(tmp_path) as place:
        place.slack.faults["chat.postMessage"] = [Fault("ratelimited", 429, retry_after=0)] * 5
        for number in range(50):
            await place.mention(QUESTION, ts=f"17000000{number:02}.000100")
        await place.until(lambda: len(place.slack.said("CGEN")) == 50)
        answers = await place.answered()
    assert len({answer["thread_ts"] for answer in answers}) == 50


@pytest.mark.slow
async def test_slack_refuses_none_of_fifty_questions_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where haste is refused: all come out whole, once, in the order of asking, and no call was too fast."""
    monkeypatch.setattr(pace, "_INTERVAL", 0.1)
    async with workspace(tmp_path) as place:
        place.slack.gap = 0.1
        place.slack.slow["conversations.info"] = 0.3  # the first question's turn begins late
        asked = [f"17000000{number:02}.000100" for number in range(50)]
        for ts in asked:
            await place.mention(QUESTION, ts=ts)
        await place.until(lambda: len(place.slack.said("CGEN")) == 50)
        answers = await place.answered()
        counted = await place.runtime.dispatch.reasons()
    assert place.slack.refused == []
    assert [answer["thread_ts"] for answer in answers] == asked
    assert all("17 días corridos" in markdown(answer) for answer in answers)
    assert "ratelimited" not in counted


async def test_a_process_that_ended_before_it_remembered_its_post_does_not_post_twice(tmp_path: Path):
    """The post is found by the turn's id in its metadata, and edited."""
    async with workspace(tmp_path) as place:
        remember = Lease.remember
        broken = []

        async def dies(self: Lease, placeholder: str) -> None:
            if not placeholder.endswith((":", ",")) and not broken:
                broken.append(placeholder)
                raise RuntimeError("the power went")
            await remember(self, placeholder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Lease, "remember", dies)
            await place.mention(QUESTION)
            await place.until(lambda: place.slack.called("conversations.replies"))
            answers = await place.answered()
    assert broken
    assert len(answers) == 1
    assert "17 días corridos" in markdown(answers[0])
