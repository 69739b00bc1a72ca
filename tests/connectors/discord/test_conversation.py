"""Conversations in a server: the real SDK against a loopback Discord, the whole bot behind it."""

from pathlib import Path

from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, DIRECT, THREAD
from tests.connectors.discord.server import server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
MANAGE_GUILD = 1 << 5
_PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
_SUPPRESS, _EPHEMERAL = 1 << 2, 1 << 6


async def test_ask_is_deferred_and_answered_in_its_place(tmp_path: Path) -> None:
    """The quote with its number, the source with the same number; nobody is notified, no link unfolds."""
    async with server(tmp_path) as place:
        token = await place.discord.ask(QUESTION)
        answer = await place.answer(token)
    assert "17 días corridos" in answer
    assert "[1]" in answer.split("**")[0]
    assert "-# [1] Política de vacaciones, Argentina" in answer
    assert place.discord.callbacks[token]["type"] == 5
    edit = next(sent for sent in place.discord.sent if sent.method == "PATCH")
    assert edit.body["allowed_mentions"]["parse"] == []
    assert edit.body["flags"] & _SUPPRESS
    assert place.discord.said(CHANNEL) == []


async def test_a_private_question_is_answered_in_private(tmp_path: Path) -> None:
    """Only the asker sees it, from the deferral on."""
    async with server(tmp_path) as place:
        token = await place.discord.ask(QUESTION, private=True)
        assert "17 días" in await place.answer(token)
    assert place.discord.callbacks[token]["data"]["flags"] & _EPHEMERAL


async def test_a_mention_is_answered_by_a_reply(tmp_path: Path) -> None:
    """Under the question, once, while the channel shows that the bot is writing."""
    async with server(tmp_path) as place:
        question = await place.discord.write(f"<@{BOT}> {QUESTION}")
        [answer] = await place.said(CHANNEL)
    assert "17 días corridos" in answer
    post = next(sent for sent in place.discord.sent if sent.path.endswith("/messages"))
    assert post.body["message_reference"]["message_id"] == question
    assert post.body["enforce_nonce"] is True


async def test_a_reply_goes_on_where_the_answer_left_off(tmp_path: Path) -> None:
    """A follow-up refers to what was asked before, however many conversations there are in the channel."""
    async with server(tmp_path) as place:
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await place.said(CHANNEL)
        first = place.discord.posts()[0]["id"]
        await place.discord.write(
            f"<@{BOT}> ¿y en España?",
            type=19,
            message_reference={"message_id": first, "channel_id": CHANNEL},
        )
        _, second = await place.said(count=2)
    assert "25 días laborables" in second


async def test_a_thread_and_a_direct_conversation_remember(tmp_path: Path) -> None:
    """In both, what follows is taken as a follow-up; direct messages need no mention."""
    async with server(tmp_path) as place:
        for channel, mention in ((THREAD, f"<@{BOT}> "), (DIRECT, "")):
            await place.discord.write(f"{mention}{QUESTION}", channel=channel)
            await place.said(channel)
            await place.discord.write(f"{mention}¿y en España?", channel=channel)
            _, second = await place.said(channel, count=2)
            assert "25 días laborables" in second


async def test_what_is_not_for_the_bot_is_counted(tmp_path: Path) -> None:
    """Its own messages, other bots' and other people's talk: each with its reason, none answered."""
    async with server(tmp_path) as place:
        own = await place.discord.write(f"<@{BOT}> {QUESTION}", author=BOT, bot=True)
        await place.discord.write(f"<@{BOT}> {QUESTION}", author="401", bot=True)
        await place.discord.write("¿comemos?")
        counted = await place.reasons("own_message", "bot_message", "not_addressed")
        await place.idle()
        assert [post["id"] for post in place.discord.posts()] == [own]
    assert counted == {"own_message": 1, "bot_message": 1, "not_addressed": 1}
