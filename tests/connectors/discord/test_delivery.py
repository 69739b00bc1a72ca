"""Replies out, against a loopback Discord: how they grow, how long they get, what faults do to them."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LeaseLostError
from bot.messages import Answer, Reply, Text
from connectors.discord.errors import DiscordError
from tests.connectors.discord.alone import asked, connected, question, reply
from tests.connectors.discord.loopback import refusal
from tests.connectors.discord.server import FakeDelivery

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


async def test_answers_that_grow_side_by_side_share_the_edits(tmp_path: Path) -> None:
    """A channel takes five edits in five seconds: ten answers at once stay below, and all end whole."""

    async def growing(number: int) -> Reply:
        text = ""
        for word in range(25):
            text += f"{number}-palabra{word} "
            yield Text(text=f"{number}-palabra{word} ")
            await asyncio.sleep(0.1)
        async for chunk in reply(text):
            if isinstance(chunk, Answer):
                yield chunk

    async with connected(tmp_path) as (discord, connector):
        events = [question().model_copy(update={"id": f"discord:100:200:{n}"}) for n in range(10)]
        await asyncio.gather(
            *(connector.deliver(event, growing(n), FakeDelivery()) for n, event in enumerate(events))
        )
    edits = [sent for sent in discord.sent if sent.method == "PATCH"]
    drafts = edits[:-10]
    assert len(drafts) <= 3
    assert sorted(len(text.split()) for text in discord.said()) == [25] * 10
