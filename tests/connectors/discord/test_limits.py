"""Limits are kept, and nobody waits on for who has given up: a request, a process, a clock set back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from connectors.discord import pace, rest
from connectors.discord.limits import Limit
from connectors.discord.pace import Pace
from tests.connectors.discord.alone import connected, question, reply
from tests.connectors.discord.loopback import overloaded
from tests.connectors.discord.server import FakeDelivery

LONG = 3_600


class Answered:
    """An answer of Discord, as far as a limit looks at it."""

    def __init__(self, remaining: int, seconds: float) -> None:
        self.headers = {
            "X-Ratelimit-Limit": "5",
            "X-Ratelimit-Remaining": str(remaining),
            "X-Ratelimit-Reset-After": str(seconds),
        }


async def call(limit: Limit, answer: Any, sent: asyncio.Event, gate: asyncio.Event | None = None) -> None:
    """A request within a limit, answered once the gate is open."""
    async with limit:
        sent.set()
        if gate is not None:
            await gate.wait()
        limit.update(answer)


async def test_who_has_an_answer_does_not_wait_for_the_limit_s_end() -> None:
    """Nor does its being given up take longer."""
    limit, sent = Limit(None), asyncio.Event()
    async with asyncio.timeout(5):
        await call(limit, Answered(0, LONG), sent)
    assert sent.is_set()


@pytest.mark.parametrize("behind", [1, 7])
async def test_those_behind_go_on_when_who_is_before_them_gives_up(behind: int) -> None:
    """Whether that is still at its request, or has met the limit's end."""
    limit, first, gate = Limit(None), asyncio.Event(), asyncio.Event()
    ahead = asyncio.create_task(call(limit, Answered(0, 0.05), first, gate))
    await first.wait()
    given_up = asyncio.create_task(call(limit, Answered(4, 0.05), asyncio.Event()))
    waiting = [asyncio.create_task(call(limit, Answered(4, 0.05), asyncio.Event())) for _ in range(behind)]
    await asyncio.sleep(0)
    gate.set()
    while limit.outgoing:
        await asyncio.sleep(0)
    ahead.cancel()
    given_up.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
        await asyncio.wait([ahead, given_up])
    assert limit.outgoing == 0


async def test_a_request_given_up_before_its_answer_lets_the_next_one_go() -> None:
    """What it would have told of the limit is not waited for."""
    limit, first = Limit(None), asyncio.Event()
    ahead = asyncio.create_task(call(limit, Answered(0, LONG), first, asyncio.Event()))
    await first.wait()
    waiting = asyncio.create_task(call(limit, Answered(4, 0.05), asyncio.Event()))
    await asyncio.sleep(0)
    ahead.cancel()
    async with asyncio.timeout(5):
        await waiting


async def test_a_global_limit_is_over_when_nobody_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the bot is writing is not told for long: after it was given up, the answer comes."""
    monkeypatch.setattr(rest, "_HASTY_SECONDS", 0.2)
    met: list[str] = []

    def typing(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/typing") or met:
            return None
        met.append(request.path)
        return overloaded(LONG, scope="global", everywhere=True)

    async with connected(tmp_path) as (discord, connector):
        discord.faults.append(typing)
        async with asyncio.timeout(10), connector._rest.opened():
            await connector._rest.attempt("POST", "/channels/{channel_id}/typing", channel_id="200")
            await connector.deliver(question(), reply("Corto."), FakeDelivery())
    assert met
    assert discord.said() == ["Corto."]


async def test_a_process_that_is_gone_has_taken_no_turns(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of its answers waited when it was killed or stopped, the others' turn comes."""
    monkeypatch.setattr(pace, "_SECONDS", 0.3)
    gone, stays = Pace(redis), Pace(redis)
    waiting = [asyncio.create_task(gone.turn("post", "200")) for _ in range(500)]
    await asyncio.wait(waiting[:6])
    for one in waiting:
        one.cancel()
    async with asyncio.timeout(5):
        for _ in range(6):
            await stays.turn("post", "200")
    assert await redis.llen("vocero:discord:pace:post:200") == 5


async def test_turns_come_in_order_and_through_one_that_is_given_up(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process, whoever came first is first."""
    monkeypatch.setattr(pace, "_SECONDS", 0.1)
    pace_, came = Pace(redis), list[int]()

    async def turn(number: int) -> None:
        await pace_.turn("post", "200")
        came.append(number)

    turns = [asyncio.create_task(turn(number)) for number in range(12)]
    await asyncio.wait(turns[:1])
    turns[7].cancel()
    async with asyncio.timeout(5):
        await asyncio.wait(turns)
    assert came == [number for number in range(12) if number != 7]


async def test_a_clock_set_back_holds_nobody_up(redis: Redis) -> None:
    """What Redis has written of a time to come counts for nothing; nor does a key that is lost."""
    pace_ = Pace(redis)
    [key, seconds] = ["vocero:discord:pace:edit:200", (await redis.time())[0]]
    await redis.lpush(key, *(seconds + LONG for _ in range(5)))
    await redis.set(f"{key}:waited", seconds + LONG)
    async with asyncio.timeout(5):
        assert await pace_.spare("edit", "200")
        for _ in range(4):
            await pace_.turn("edit", "200")
        assert not await pace_.spare("edit", "200", begins=True)
        await redis.flushdb()
        await pace_.turn("edit", "200")
