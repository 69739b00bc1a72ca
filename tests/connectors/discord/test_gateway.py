"""The gateway: cut, resumed, begun anew; in several shards."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from tests.connectors.discord.alone import connected
from tests.connectors.discord.loopback import refusal
from tests.connectors.discord.loopback.payloads import (
    APPLICATION,
    BOT,
    CHANNEL,
    CLOSED,
    DIRECT,
    THREAD,
    thread,
)
from tests.connectors.discord.server import Server, server, until

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
_PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15


async def test_no_privileged_intent_is_asked_for(tmp_path: Path) -> None:
    """Members, presences and the content of messages stay unseen."""
    async with server(tmp_path) as place:
        [identified] = place.discord.identified
    assert not identified["intents"] & _PRIVILEGED


async def test_a_cut_gateway_loses_nothing(tmp_path: Path) -> None:
    """What is written or pressed meanwhile comes with the RESUME, and is answered once."""
    async with server(tmp_path) as place:
        await place.discord.cut()
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        token = await place.discord.ask(QUESTION)
        [answer] = await place.said()
        assert "17 días" in await place.answer(token)
        assert place.discord.resumed
        assert len(place.discord.said()) == 1
    assert "17 días" in answer


async def test_a_wish_to_reconnect_is_followed(tmp_path: Path) -> None:
    """Op 7: the session goes on elsewhere."""
    async with server(tmp_path) as place:
        await place.discord.request_reconnect()
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert await place.said()
        assert place.discord.resumed


async def test_an_invalid_session_begins_anew(tmp_path: Path) -> None:
    """The bot identifies again and answers."""
    async with server(tmp_path) as place:
        place.discord.refuse_session = True
        await place.discord.cut()
        await until(lambda: len(place.discord.identified) == 2)
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert await place.said()


async def test_a_question_delivered_twice_is_answered_once(tmp_path: Path) -> None:
    """As a RESUME may do it, or a second process that listens; the reason is counted."""
    async with server(tmp_path) as place:
        token = await place.discord.ask(QUESTION, id_="7")
        await place.answer(token)
        await place.discord.ask(QUESTION, id_="7")
        counted = await place.reasons("duplicate")
        await place.idle()
    answers = [sent for sent in place.discord.sent if sent.method == "PATCH"]
    assert len(answers) == 1
    assert counted == {"duplicate": 1}


async def test_shards_are_a_setting(tmp_path: Path) -> None:
    """Each with its number, and no answer twice though both hear it; a process may run some of them."""
    async with server(tmp_path, "[discord]\nshards = 2\n") as place:
        await until(lambda: len(place.discord.identified) == 2)
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await place.said()
        await place.reasons("duplicate")
        await place.idle()
        assert sorted(one["shard"] for one in place.discord.identified) == [[0, 2], [1, 2]]
        assert len(place.discord.said()) == 1


async def test_a_process_runs_the_shards_that_it_is_told_to(tmp_path: Path) -> None:
    """The others are another process's."""
    async with server(tmp_path, "[discord]\nshards = 3\nshard_ids = [2]\n") as place:
        assert [one["shard"] for one in place.discord.identified] == [[2, 3]]


async def test_commands_are_given_to_discord_once(tmp_path: Path) -> None:
    """A restart with the same commands does not sync them again."""
    async with server(tmp_path) as place:
        await until(lambda: place.discord.synced)
        records = place.runtime.connectors["discord"]._records  # type: ignore[attr-defined]
        async with asyncio.timeout(8):
            while not await records.commands(int(APPLICATION)):
                await asyncio.sleep(0.02)
        await again(place)
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await place.said()
        [commands] = place.discord.synced
    assert {command["name"] for command in commands} == {
        "ask",
        "lookup",
        "vocero",
        "Preguntar sobre este mensaje",
    }


async def ended(place: Server) -> None:
    """Ends listening."""
    place.listening.cancel()
    await asyncio.gather(place.listening, return_exceptions=True)


async def again(place: Server) -> None:
    """Ends listening, and begins it anew."""
    await ended(place)
    place.discord.ready.clear()
    listening = place.runtime.connectors["discord"].listen(place.runtime.submit)
    place.listening = asyncio.create_task(listening)
    await asyncio.wait_for(place.discord.ready.wait(), 8)


async def test_commands_that_are_refused_cost_no_answers(tmp_path: Path) -> None:
    """Mentions work without; the next start tries again."""
    async with server(tmp_path) as place:
        await until(lambda: place.discord.synced)
        await ended(place)
        place.discord.faults.append(
            lambda request: refusal(400, 50035) if request.path.endswith("/commands") else None
        )
        await place.runtime.state.redis.flushall()
        await again(place)
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert await place.said()
        place.discord.faults.clear()
        await again(place)
        await until(lambda: len(place.discord.synced) == 2)


async def test_commands_are_given_as_soon_as_discord_can_take_them(tmp_path: Path) -> None:
    """What passes is waited for; a restart is not needed."""
    async with server(tmp_path) as place:
        await until(lambda: place.discord.synced)
        await ended(place)
        left = iter([503])
        place.discord.faults.append(
            lambda request: (
                refusal(status, 0)
                if request.path.endswith("/commands") and (status := next(left, None))
                else None
            )
        )
        await place.runtime.state.redis.flushall()
        place.runtime.connectors["discord"]._rest.insist = impatient(place)  # type: ignore[attr-defined]
        await again(place)
        await until(lambda: len(place.discord.synced) == 2)


def impatient(place: Server) -> Any:
    """A request that is tried once."""
    return place.runtime.connectors["discord"]._rest.call  # type: ignore[attr-defined]


async def test_commands_that_someone_took_away_are_given_again(tmp_path: Path) -> None:
    """Though they are the same as at the last start."""
    async with server(tmp_path) as place:
        await until(lambda: place.discord.synced)
        place.discord.synced.append([])
        await again(place)
        await until(lambda: len(place.discord.synced) == 3)
    assert place.discord.synced[-1] == place.discord.synced[0]


async def test_a_bad_token_is_said_in_one_sentence(tmp_path: Path) -> None:
    """The process ends with the remedy instead of trying for ever."""

    async def submit(_: Any) -> bool:
        return True

    async with connected(tmp_path) as (discord, connector):
        discord.faults.append(lambda _: refusal(401, 0))
        with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
            await connector.listen(submit)


async def test_questions_are_queued_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    """Though what has to be known of the first takes longer: each follows up on those before it."""
    async with server(tmp_path) as place:
        records = place.runtime.connectors["discord"]._records  # type: ignore[attr-defined]
        thread_of, pauses = records.thread_of, iter((0.3, 0.2, 0.1, 0.0))

        async def slow(message: str) -> Any:
            await asyncio.sleep(next(pauses, 0.0))
            return await thread_of(message)

        records.thread_of = slow
        questions = [await place.discord.write(f"<@{BOT}> pregunta {n}", channel=THREAD) for n in range(4)]
        await place.said(THREAD, count=4)
    asked = [post["message_reference"]["message_id"] for post in place.discord.posts(THREAD)]
    assert asked == questions


async def test_an_event_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    """Fields are missing from it: it is counted, and what comes after it is answered."""
    async with server(tmp_path) as place:
        for kind in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "THREAD_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE"):
            await place.discord.dispatch(kind, {"id": "1", "channel_id": CHANNEL})
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        assert await place.said()
        await place.reasons("event_failed")
    assert len(place.discord.identified) == 1


async def test_a_command_that_cannot_be_read_is_apologised_for(tmp_path: Path) -> None:
    """Its author waits: a word that it failed, for them alone."""
    async with server(tmp_path) as place:
        place.discord.places["token-9"] = CHANNEL
        event = {"id": "9", "token": "token-9", "type": 2, "guild_id": "100", "channel_id": CHANNEL}
        await place.discord.dispatch("INTERACTION_CREATE", event)
        assert "discord:100:200:9" in await place.answer("token-9")
    assert place.discord.callbacks["token-9"]["data"]["flags"] == 1 << 6


async def test_a_command_without_what_the_bot_does_not_need_is_answered(tmp_path: Path) -> None:
    """Discord has been adding fields to interactions, and the SDK insists on the newest."""
    async with server(tmp_path) as place:
        dispatch = place.discord.dispatch
        extra = {"attachment_size_limit", "entitlements", "app_permissions", "version"}

        async def older(kind: str, data: dict[str, Any]) -> None:
            await dispatch(kind, {key: one for key, one in data.items() if key not in extra})

        place.discord.dispatch = older  # type: ignore[method-assign]
        assert "17 días" in await place.answer(await place.discord.ask(QUESTION))


async def test_a_gateway_that_says_no_more_than_hello_is_left(tmp_path: Path) -> None:
    """Nothing of it goes on once listening ends: no socket, no heartbeat."""

    async def submit(_: Any) -> bool:
        return True

    async with connected(tmp_path) as (discord, connector):
        discord.mute = True
        listening = asyncio.create_task(connector.listen(submit))
        await until(lambda: discord.greeted)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await until(lambda: not any("keep-alive" in one.name for one in threading.enumerate()))


async def test_a_session_that_ends_as_it_begins_leaves_nothing_behind(tmp_path: Path) -> None:
    """The SDK waits a while after READY before it says so: by then nobody may be there to hear it."""
    async with server(tmp_path) as place:
        begun = [one for one in asyncio.all_tasks() if "_delay_ready" in repr(one)]
        assert begun
        place.listening.cancel()
        await asyncio.wait({place.listening, *begun}, timeout=8)
    assert all(one.cancelled() or one.exception() is None for one in begun)


ENGLISH = '[[channels]]\nmatch = "discord:#interno"\npersona = "english"\nsources = ["docs"]\n'


async def test_a_thread_that_was_not_told_of_has_the_settings_of_its_channel(tmp_path: Path) -> None:
    """It was archived when the connection began, say: Discord is asked where it stands."""
    async with server(tmp_path, ENGLISH) as place:
        place.discord.threads["777"] = thread("777", parent=CLOSED, name="viejo")
        await place.discord.write(f"<@{BOT}>", channel="777")
        [answer] = await place.said("777")
    assert "question" in answer


async def test_a_server_that_was_not_told_of_is_no_direct_conversation(tmp_path: Path) -> None:
    """Where Discord does not say where a message stands, its author's own sources are left alone."""
    async with server(tmp_path) as place:
        place.discord.faults.append(
            lambda request: refusal(403, 50001) if request.path.endswith("/channels/888") else None
        )
        await place.discord.write(f"<@{BOT}> {QUESTION}", channel="888", guild_id="999")
        await place.reasons("unknown_channel")
        assert place.discord.said("888") == place.discord.said(DIRECT) == []
