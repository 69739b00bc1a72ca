"""Conversations in a server: the real SDK against a loopback Discord, the whole bot behind it."""

import asyncio
from pathlib import Path

from tests.connectors.discord.loopback import refusal
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, CLOSED, DIRECT, THREAD
from tests.connectors.discord.server import server, until

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


async def test_no_privileged_intent_is_asked_for(tmp_path: Path) -> None:
    """Members, presences and the content of messages stay unseen."""
    async with server(tmp_path) as place:
        [identified] = place.discord.identified
    assert not identified["intents"] & _PRIVILEGED


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


async def test_a_question_delivered_twice_is_answered_once(tmp_path: Path) -> None:
    """As a RESUME may do it."""
    async with server(tmp_path) as place:
        token = await place.discord.ask(QUESTION, id_="7")
        await place.answer(token)
        await place.discord.ask(QUESTION, id_="7")
        await place.reasons("duplicate")
        await place.idle()
    answers = [sent for sent in place.discord.sent if sent.method == "PATCH"]
    assert len(answers) == 1


async def test_a_cut_gateway_loses_nothing(tmp_path: Path) -> None:
    """What is written meanwhile comes with the RESUME."""
    async with server(tmp_path) as place:
        await place.discord.cut()
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        [answer] = await place.said(CHANNEL)
        assert place.discord.resumed
    assert "17 días" in answer


async def test_an_invalid_session_begins_anew(tmp_path: Path) -> None:
    """The bot identifies again and answers."""
    async with server(tmp_path) as place:
        place.discord.refuse_session = True
        await place.discord.cut()
        await until(lambda: len(place.discord.identified) == 2)
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert await place.said(CHANNEL)


async def test_status_is_for_administrators_alone(tmp_path: Path) -> None:
    """Discord's permission and the bot's own list, both; the reply is seen by who gave the command."""
    options = [{"name": "status", "type": 1, "options": []}]
    async with server(tmp_path) as place:
        refused = await place.answer(await place.discord.command("vocero", options))
        token = await place.discord.command("vocero", options, permissions=MANAGE_GUILD)
        told = await place.answer(token)
    assert "docs" not in refused
    assert "docs" in told
    assert place.discord.callbacks[token]["data"]["flags"] & _EPHEMERAL


async def test_the_arguments_of_a_command_arrive(tmp_path: Path) -> None:
    """`/vocero reindex source:docs` reads that source alone."""
    given = [{"name": "source", "type": 3, "value": "docs"}]
    options = [{"name": "reindex", "type": 1, "options": given}]
    async with server(tmp_path) as place:
        told = await place.answer(await place.discord.command("vocero", options, permissions=MANAGE_GUILD))
    assert "docs" in told
    assert "people" not in told


async def test_a_dead_interaction_is_answered_in_the_channel(tmp_path: Path) -> None:
    """Discord did not take the deferral in time: an ordinary message says it, and the reason is counted."""
    async with server(tmp_path) as place:
        place.discord.faults.append(
            lambda request: refusal(404, 10062) if request.path.endswith("/callback") else None
        )
        await place.discord.ask(QUESTION)
        [answer] = await place.said(CHANNEL)
        counted = await place.reasons("unknown_interaction")
    assert "17 días" in answer
    assert counted["unknown_interaction"] == 1


async def test_a_dead_private_interaction_is_answered_directly(tmp_path: Path) -> None:
    """What one person asked for alone is never said in the channel."""
    async with server(tmp_path) as place:
        place.discord.faults.append(
            lambda request: refusal(404, 10062) if request.path.endswith("/callback") else None
        )
        await place.discord.ask(QUESTION, private=True)
        notice, answer = await place.said(DIRECT, count=2)
    assert "#general" in notice
    assert "17 días" in answer
    assert place.discord.said(CHANNEL) == []


async def test_where_the_bot_may_not_write_the_asker_is_told(tmp_path: Path) -> None:
    """The answer comes as a direct message that says why; the reason is counted."""
    async with server(tmp_path) as place:
        place.discord.faults.append(
            lambda request: refusal(403, 50001) if f"/channels/{CLOSED}/" in request.path else None
        )
        await place.discord.write(f"<@{BOT}> {QUESTION}", channel=CLOSED)
        notice, answer = await place.said(DIRECT, count=2)
        await place.reasons("missing_access")
    assert "#interno" in notice
    assert "17 días" in answer


async def test_commands_are_given_to_discord_once(tmp_path: Path) -> None:
    """A restart with the same commands does not sync them again."""
    async with server(tmp_path) as place:
        [commands] = place.discord.synced
        place.listening.cancel()
        place.discord.ready.clear()
        again = place.runtime.connectors["discord"].listen(place.runtime.submit)
        place.listening = asyncio.create_task(again)
        await asyncio.wait_for(place.discord.ready.wait(), 30)
        place.listening.cancel()
        await asyncio.gather(place.listening, return_exceptions=True)
        assert len(place.discord.synced) == 1
    by_name = {command["name"]: command for command in commands}
    assert set(by_name) == {"ask", "vocero", "Preguntar sobre este mensaje"}
    assert by_name["vocero"]["default_member_permissions"] == str(MANAGE_GUILD)
