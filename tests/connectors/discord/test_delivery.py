"""Replies out, against a loopback Discord: how they grow, how long they get, what faults do to them."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.errors import LeaseLostError
from bot.messages import Answer, Message, Reply, Text
from connectors.discord import pace
from connectors.discord.connector import DiscordConnector
from connectors.discord.errors import DiscordError
from connectors.discord.pace import Pace
from connectors.discord.records import Records
from tests.connectors.discord.alone import asked, connected, question, reply
from tests.connectors.discord.loopback import Buckets, refusal
from tests.connectors.discord.server import FakeDelivery, discord_settings

LONG = "\n\n".join(f"Párrafo {n}: " + "palabra " * 60 for n in range(12))


async def test_a_long_answer_is_whole_in_short_messages(tmp_path: Path) -> None:
    """Every paragraph is there, in order, and no message is over the limit."""
    async with connected(tmp_path) as (discord, connector):
        await connector.deliver(question(), reply(LONG), FakeDelivery())
    said = discord.said()
    assert len(said) > 1
    assert all(len(one) <= 2000 for one in said)
    assert "\n\n".join(said).split() == LONG.split()


@pytest.mark.parametrize("lost", range(6))
async def test_a_takeover_leaves_one_answer(tmp_path: Path, lost: int) -> None:
    """Whichever request's answer is lost with the process, another try ends in the same messages."""
    async with connected(tmp_path) as (discord, connector):
        seen = 0

        def die(request: Any) -> Any:
            nonlocal seen
            if "/messages" not in request.path:
                return None
            seen += 1
            return refusal(403, 50013) if seen == lost + 1 else None

        discord.after.append(die)
        delivery = FakeDelivery()
        delivery.failing = lambda _: LeaseLostError("lost") if seen > lost else None
        ended: list[bool] = []
        try:
            await connector.deliver(question(), reply(LONG, ended), delivery)
        except LeaseLostError:
            assert ended
        discord.after.clear()
        again = FakeDelivery(kept=delivery.kept)
        await connector.deliver(question(), reply(LONG), again)
    assert "\n\n".join(discord.said()).split() == LONG.split()


@pytest.mark.parametrize("lost", range(7))
async def test_a_takeover_says_no_part_of_a_private_answer_twice(tmp_path: Path, lost: int) -> None:
    """Through an interaction's token Discord takes no nonce: at worst a sign without words stays behind."""
    async with connected(tmp_path) as (discord, connector):
        seen = 0

        def die(request: Any) -> Any:
            nonlocal seen
            if "/webhooks/" not in request.path:
                return None
            seen += 1
            return refusal(503, 0) if seen == lost + 1 else None

        discord.after.append(die)
        delivery = FakeDelivery()
        delivery.failing = lambda _: LeaseLostError("lost") if seen > lost else None
        event = asked(discord, private=True)
        with contextlib.suppress(LeaseLostError, DiscordError):
            await connector.deliver(event, reply(LONG), delivery)
        discord.after.clear()
        await connector.deliver(event, reply(LONG), FakeDelivery(kept=delivery.kept))
    said = [text for text in discord.hidden("token-7") if text != "…"]
    assert "\n\n".join(said).split() == LONG.split()
    assert discord.said() == []


async def test_a_reply_that_is_lost_is_read_to_its_end_and_not_posted(tmp_path: Path) -> None:
    """Another worker answers; this one stays silent."""
    ended: list[bool] = []
    delivery = FakeDelivery(failing=lambda _: LeaseLostError("lost"))
    async with connected(tmp_path) as (discord, connector):
        with pytest.raises(LeaseLostError):
            await connector.deliver(question(), reply("Corto.", ended), delivery)
    assert ended
    assert discord.said() == []


async def test_a_deleted_answer_is_posted_again(tmp_path: Path) -> None:
    """A takeover that finds its post gone does not stay silent."""
    async with connected(tmp_path) as (discord, connector):
        delivery = FakeDelivery()
        await connector.deliver(question(), reply("Corto."), delivery)
        discord.messages.clear()
        await connector.deliver(question(), reply("Corto."), delivery)
    assert discord.said() == ["Corto."]


async def test_edits_keep_their_distance(tmp_path: Path) -> None:
    """However fast the text grows, there are no more edits than one in 1.2 seconds."""

    async def growing() -> Reply:
        text = ""
        for word in range(30):
            text += f"palabra{word} "
            yield Text(text=f"palabra{word} ")
            await asyncio.sleep(0.1)
        async for chunk in reply(text):
            if isinstance(chunk, Answer):
                yield chunk

    async with connected(tmp_path) as (discord, connector):
        await connector.deliver(question(), growing(), FakeDelivery())
    times = [sent.at for sent in discord.sent if "/messages" in sent.path]
    assert len(times) > 2
    assert len(times) - 2 <= (times[-1] - times[0]) / 1.2
    assert discord.said()[0].startswith("palabra0 palabra1")


def growing_side_by_side(count: int) -> list[tuple[Message, Reply]]:
    """Questions in one channel, with replies that grow for a while."""

    async def growing(number: int) -> Reply:
        text = ""
        for word in range(25):
            text += f"{number}-palabra{word} "
            yield Text(text=f"{number}-palabra{word} ")
            await asyncio.sleep(0.1)
        async for chunk in reply(text):
            if isinstance(chunk, Answer):
                yield chunk

    asked = [question().model_copy(update={"id": f"discord:100:200:{n}"}) for n in range(count)]
    return [(one, growing(number)) for number, one in enumerate(asked)]


@pytest.mark.parametrize("processes", [1, 2])
async def test_answers_that_grow_side_by_side_share_what_a_channel_takes(
    tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """Of posts and of edits it takes so many in so long: no process is refused, and all answers end whole."""
    monkeypatch.setattr(pace, "_SECONDS", 0.8)
    async with connected(tmp_path, redis=redis) as (discord, connector):
        buckets = Buckets(5, 0.6)
        discord.faults.append(buckets)
        connectors = [connector]
        for number in range(1, processes):
            settings = discord_settings(tmp_path / str(number), discord)
            connectors.append(DiscordConnector(settings, Records(redis), Pace(redis), connector.desk))
        await asyncio.gather(
            *(
                connectors[number % processes].deliver(event, reply, FakeDelivery())
                for number, (event, reply) in enumerate(growing_side_by_side(12))
            )
        )
    assert buckets.refused == 0
    assert [sent for sent in discord.sent if sent.method == "PATCH"][:-12]
    assert sorted(len(text.split()) for text in discord.said()) == [25] * 12


async def test_the_end_of_an_answer_goes_before_what_grows(redis: Redis) -> None:
    """Something is kept back for it; while it waits nothing else is shown."""
    pace = Pace(redis)
    shown = [await pace.spare("edit", "200") for _ in range(6)]
    assert shown == [True] * 4 + [False] * 2
    assert await pace.spare("edit", "201")
    assert await pace.spare("edit", "200", begins=True)
    waiting = asyncio.create_task(pace.turn("edit", "200"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert not await pace.spare("edit", "200", begins=True)
    waiting.cancel()


async def test_a_pace_that_is_not_known_costs_no_answer(tmp_path: Path) -> None:
    """Without Redis Discord itself says when it is too much."""
    gone = Redis(unix_socket_path=str(tmp_path / "nothing.sock"), retry=Retry(NoBackoff(), 0))
    async with connected(tmp_path, redis=gone) as (discord, connector):
        await connector.deliver(question(), reply("Corto."), FakeDelivery())
    assert discord.said() == ["Corto."]
