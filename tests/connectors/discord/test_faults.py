"""What goes wrong in Discord: nothing is lost, nothing is said twice, and someone sees it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Reply, Text
from tests.connectors.discord.alone import asked, connected, question, reply
from tests.connectors.discord.loopback import banned, overloaded, page, refusal
from tests.connectors.discord.loopback.payloads import BOT, CHANNEL, CLOSED, DIRECT
from tests.connectors.discord.server import FakeDelivery, server, until

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"


def once(*answers: Any) -> Any:
    """A fault that gives these answers to messages, then none."""
    left: Iterator[Any] = iter(answers)
    return lambda request: next(left, None) if "/messages" in request.path else None


def when(part: str, status: int, code: int) -> Any:
    """A fault that refuses every request whose path has this in it."""
    return lambda request: refusal(status, code) if part in request.path else None


@pytest.mark.parametrize(
    "answers",
    [
        [lambda: overloaded(0.05)],
        [lambda: overloaded(0.05, scope="shared")],
        [lambda: overloaded(0.05, scope="global", everywhere=True)],
        [lambda: banned(1)],
        [lambda: refusal(503, 0), lambda: refusal(503, 0)],
        [lambda: refusal(500, 0)],
        [lambda: page(500)],
        [lambda: page(502)],
        [lambda: page(503)],
        [lambda: page(504)],
        [lambda: page(520)],
        [lambda: page(408)],
    ],
    ids=["429", "shared 429", "global 429", "banned", "503", "500"]
    + [f"page {status}" for status in (500, 502, 503, 504, 520, 408)],
)
async def test_what_passes_delays_the_answer_alone(tmp_path: Path, answers: list[Any]) -> None:
    """The answer is there once."""
    async with connected(tmp_path) as (discord, connector):
        discord.faults.append(once(*(answer() for answer in answers)))
        await connector.deliver(question(), reply("Corto."), FakeDelivery())
    assert discord.said() == ["Corto."]


async def test_an_answer_that_was_posted_unheard_is_posted_once(tmp_path: Path) -> None:
    """The message stands, its acknowledgement is lost: Discord knows the next try by its nonce."""
    async with connected(tmp_path) as (discord, connector):
        discord.after.append(once(refusal(503, 0)))
        await connector.deliver(question(), reply("Corto."), FakeDelivery())
    assert discord.said() == ["Corto."]


async def test_a_dead_interaction_is_answered_in_the_channel(tmp_path: Path) -> None:
    """Discord did not take the deferral in time: an ordinary message says it, and the reason is counted."""
    async with server(tmp_path) as place:
        place.discord.faults.append(when("/callback", 404, 10062))
        await place.discord.ask(QUESTION)
        [answer] = await place.said(CHANNEL)
        counted = await place.reasons("unknown_interaction")
    assert "17 días" in answer
    assert counted["unknown_interaction"] == 1


async def test_a_dead_private_interaction_is_answered_directly(tmp_path: Path) -> None:
    """What one person asked for alone is never said in the channel."""
    async with server(tmp_path) as place:
        place.discord.faults.append(when("/callback", 404, 10062))
        await place.discord.ask(QUESTION, private=True)
        notice, answer = await place.said(DIRECT, count=2)
    assert "#general" in notice
    assert "17 días" in answer
    assert place.discord.said(CHANNEL) == []


async def test_a_refused_deferral_is_not_waited_for(tmp_path: Path) -> None:
    """That the interaction is unknown was said at once: nothing is tried through its token."""
    async with server(tmp_path) as place:
        place.discord.faults.append(when("/callback", 404, 10062))
        token = await place.discord.ask(QUESTION)
        await place.said(CHANNEL)
    assert not [sent for sent in place.discord.sent if f"/{token}/messages" in sent.path]


async def test_what_is_refused_for_good_while_an_answer_grows_is_not_asked_again(tmp_path: Path) -> None:
    """The channel was closed in mid-answer: Discord counts such requests. The whole comes directly."""

    async def growing() -> Reply:
        text = ""
        for word in range(30):
            text += f"palabra{word} "
            yield Text(text=f"palabra{word} ")
            await asyncio.sleep(0.15)
        async for chunk in reply(text):
            if not isinstance(chunk, Text):
                yield chunk

    async with connected(tmp_path) as (discord, connector):
        edits = []

        def closed(request: Any) -> Any:
            if not discord.said() or f"/channels/{CHANNEL}/messages" not in request.path:
                return None
            edits.append(request.method)
            return refusal(403, 50001)

        discord.faults.append(closed)
        await connector.deliver(question(), growing(), FakeDelivery())
        assert discord.said(DIRECT)[-1].endswith("palabra29")
    assert edits.count("PATCH") == 2


async def test_an_interaction_that_another_process_deferred_is_answered_in_its_place(
    tmp_path: Path,
) -> None:
    """Two listen, one is first; neither counts as a failure."""
    async with server(tmp_path) as place:
        token = "token-77"
        place.discord.places[token] = CHANNEL
        place.discord.callbacks[token] = {"type": 5}
        place.discord.originals[token] = place.discord.own_message(f"token:{token}", {})["id"]
        await place.discord.ask(QUESTION, id_="77")
        await until(lambda: place.discord.answer(token))
        assert "17 días" in await place.answer(token)
        assert await place.runtime.dispatch.reasons() == {}


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (50001, 403, "missing_access"),
        (50013, 403, "missing_permissions"),
        (10003, 404, "unknown_channel"),
    ],
)
async def test_where_the_bot_cannot_write_the_asker_is_told(
    tmp_path: Path, code: int, status: int, reason: str
) -> None:
    """The answer comes as a direct message that says why; the reason is counted."""
    async with server(tmp_path) as place:
        place.discord.faults.append(when(f"/channels/{CLOSED}/", status, code))
        await place.discord.write(f"<@{BOT}> {QUESTION}", channel=CLOSED)
        notice, answer = await place.said(DIRECT, count=2)
        await place.reasons(reason)
    assert "#interno" in notice
    assert "17 días" in answer


async def test_who_takes_no_direct_messages_is_told_of_in_the_status(tmp_path: Path) -> None:
    """Nobody in Discord can be told: the turn ends, and its reason is counted."""
    async with connected(tmp_path) as (discord, connector):
        discord.faults += [
            when(f"/channels/{CHANNEL}/", 403, 50013),
            when(f"/channels/{DIRECT}/", 403, 50007),
        ]
        await connector.deliver(question(), reply("Corto."), FakeDelivery())
    assert connector.desk.counted == ["missing_permissions", "cannot_send_to_user"]


async def test_after_a_quarter_of_an_hour_an_ordinary_message_is_left(tmp_path: Path) -> None:
    """The token is dead: what stood there is edited as the message that it is, or posted anew."""
    long_ago = datetime.now(UTC) - timedelta(minutes=16)
    async with connected(tmp_path) as (discord, connector):
        discord.dead_tokens.add("token-7")
        await connector.deliver(asked(discord, since=long_ago), reply("Corto."), FakeDelivery())
        assert discord.said(CHANNEL) == ["Corto."]


async def test_a_private_answer_that_takes_too_long_comes_directly(tmp_path: Path) -> None:
    """Where it was asked it says so before the token dies; the answer follows as a direct message."""
    event_at = datetime.now(UTC) - timedelta(minutes=14, seconds=24)
    gate = asyncio.Event()

    async def slow() -> Reply:
        yield Text(text="Un momento más. ")
        await gate.wait()
        async for chunk in reply("Al fin."):
            yield chunk

    async with connected(tmp_path) as (discord, connector):
        event = asked(discord, private=True, since=event_at)
        delivering = asyncio.create_task(connector.deliver(event, slow(), FakeDelivery()))
        await until(lambda: "mensaje directo" in (discord.answer("token-7") or ""))
        discord.dead_tokens.add("token-7")
        await until(lambda: datetime.now(UTC) > event_at + timedelta(minutes=14, seconds=30))
        gate.set()
        await delivering
    assert discord.said(CHANNEL) == []
    assert discord.said(DIRECT)[-1] == "Al fin."


async def test_what_takes_long_can_be_stopped(tmp_path: Path) -> None:
    """The button stands under what grows; what there was by then stays, and says that it was stopped."""
    async with server(tmp_path) as place:
        handle = place.runtime.bot.handle

        async def endless(event: Any) -> Any:
            if type(event).__name__ != "Message":
                async for chunk in handle(event):
                    yield chunk
                return
            yield Text(text="Para empezar, esto.")
            await asyncio.Event().wait()

        place.runtime.bot.handle = endless  # type: ignore[method-assign]
        await place.discord.write(f"<@{BOT}> {QUESTION}")
        await until(place.discord.posts)
        [growing] = place.discord.posts()
        other = await place.discord.press(growing, "Detener", person="401")
        await until(lambda: place.discord.hidden(other))
        await place.discord.press(growing, "Detener")
        await place.idle()
        assert growing["content"].startswith("Para empezar, esto.")
        assert "etuve" in growing["content"] or "etenid" in growing["content"]
        assert all(
            "stop" not in one["custom_id"] for row in growing["components"] for one in row["components"]
        )


async def test_what_cannot_be_queued_is_apologised_for(tmp_path: Path) -> None:
    """The gateway does not deliver a question again: its author is told."""
    async with connected(tmp_path) as (discord, connector):
        await connector._apologise(question())
        [apology] = discord.said()
    assert "discord:100:200:1" in apology


async def test_records_that_cannot_be_read_cost_no_question(tmp_path: Path) -> None:
    """A reply is then a new question, and the answer is posted all the same."""
    async with server(tmp_path) as place:

        async def away(*_: Any, **__: Any) -> Any:
            raise ConnectionError("Redis is away")

        records = place.runtime.connectors["discord"]._records  # type: ignore[attr-defined]
        records._redis = type("Away", (), {"get": away, "set": away})()
        reference = {"message_id": "1", "channel_id": CHANNEL}
        await place.discord.write(f"<@{BOT}> {QUESTION}", type=19, message_reference=reference)
        assert "17 días" in (await place.said())[0]


async def test_a_command_that_cannot_be_taken_is_apologised_for(tmp_path: Path) -> None:
    """Whatever goes wrong in between: its author reads a word, the reason is counted."""
    async with server(tmp_path) as place:
        connector = place.runtime.connectors["discord"]

        async def broken(*_: Any) -> Any:
            raise RuntimeError("broken")

        connector._desk.phrases_in = broken  # type: ignore[attr-defined]
        token = await place.discord.command("unheard-of", [])
        assert "discord:100:200:" in await place.answer(token)
        await place.reasons("interaction_failed")
