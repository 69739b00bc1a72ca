"""The queue under violence: processes killed, stopped and continued, the server killed and restarted."""

import asyncio
import contextlib
import os
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis.asyncio import Redis

from bot.dispatch import Dispatch
from bot.errors import StateError
from bot.lease import Lease
from bot.messages import Command, Feedback, Message
from bot.state import open_state
from bot.valkey import EmbeddedValkey
from tests.bot.queueing import SHORT, idle, message, short, until, worker_process, working


class Step(NamedTuple):
    """What a worker process noted in passing."""

    what: str
    event: str
    process: int


async def trace(redis: Redis) -> list[Step]:
    lines: Any = await redis.lrange("trace", 0, -1)
    noted = [line.decode().split() for line in lines]
    return [Step(what, event, int(process)) for what, event, process in noted]


async def begun(redis: Redis, event: str, times: int = 1) -> list[Step]:
    """The beginnings of an event, once there are so many."""

    async def look() -> list[Step]:
        steps = [step for step in await trace(redis) if step.what == "begin" and step.event == event]
        return steps if len(steps) >= times else []

    found: list[Step] = await until(look)
    return found


async def test_a_killed_worker_is_taken_over(redis: Redis, valkey: EmbeddedValkey) -> None:
    """SIGKILL in the middle of a turn: another process runs it, and then the thread's next one."""
    dispatch = short(redis)
    async with worker_process(valkey.url, **SHORT) as first, worker_process(valkey.url, **SHORT) as second:
        await dispatch.submit(message("t:1", text="sleep 2"))
        await dispatch.submit(message("t:2"))
        (start,) = await begun(redis, "t:1")
        doomed, heir = (first, second) if start.process == first.pid else (second, first)
        doomed.kill()
        await until(lambda: idle(dispatch))
        steps = await trace(redis)
    assert [(step.what, step.event, step.process) for step in steps] == [
        ("begin", "t:1", doomed.pid),
        ("begin", "t:1", heir.pid),
        ("end", "t:1", heir.pid),
        ("begin", "t:2", heir.pid),
        ("end", "t:2", heir.pid),
    ]


async def test_a_stalled_worker_learns_that_it_lost_its_turn(redis: Redis, valkey: EmbeddedValkey) -> None:
    """SIGSTOP for longer than the lease, then SIGCONT: it stops before it does anything more."""
    dispatch = short(redis)
    async with worker_process(valkey.url, **SHORT) as first, worker_process(valkey.url, **SHORT) as second:
        await dispatch.submit(message("t:1", text="sleep 1.5"))
        (start,) = await begun(redis, "t:1")
        stalled = first if start.process == first.pid else second
        stalled.send_signal(signal.SIGSTOP)
        await begun(redis, "t:1", times=2)
        stalled.send_signal(signal.SIGCONT)
        await until(lambda: idle(dispatch))

        async def lost() -> list[Step]:
            return [step for step in await trace(redis) if step.what == "lost"]

        assert [step.process for step in await until(lost)] == [stalled.pid]
        ends = [step for step in await trace(redis) if step.what == "end"]
    assert len(ends) == 1
    assert ends[0].process != stalled.pid


async def test_a_worker_that_stalled_alone_goes_on_with_its_turn_or_takes_it_anew(
    redis: Redis, valkey: EmbeddedValkey
) -> None:
    """With nobody there to take over, the turn is still done exactly once."""
    dispatch = short(redis)
    async with worker_process(valkey.url, **SHORT) as worker:
        await dispatch.submit(message("t:1", text="sleep 0.5"))
        await begun(redis, "t:1")
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.5)
        worker.send_signal(signal.SIGCONT)
        await until(lambda: idle(dispatch))
        assert [step.what for step in await trace(redis)].count("end") == 1


async def test_a_blocked_event_loop_does_not_answer_twice(redis: Redis, valkey: EmbeddedValkey) -> None:
    """A handler that blocks its process for longer than the lease finds that out at its next check."""
    dispatch = short(redis, tries=5)
    async with (
        worker_process(valkey.url, **SHORT, tries=5) as first,
        worker_process(valkey.url, **SHORT, tries=5) as second,
    ):
        await dispatch.submit(message("t:1", text="busy 2"))
        await dispatch.submit(message("t:2"))
        await begun(redis, "t:1", times=2)
        first.send_signal(signal.SIGTERM)
        second.send_signal(signal.SIGTERM)
        await first.wait()
        await second.wait()
        steps = await trace(redis)
    assert [step.what for step in steps if step.event == "t:1"].count("end") <= 1


async def test_a_crash_loop_ends_in_the_dead_letters(redis: Redis, valkey: EmbeddedValkey) -> None:
    """An event that kills its process three times is given up; the thread goes on."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1", text="crash"))
    await dispatch.submit(message("t:2"))
    for _ in range(3):
        async with worker_process(valkey.url, **SHORT) as worker:
            assert await worker.wait() == -signal.SIGKILL
    told: list[str] = []

    async def handle(event: Message | Command | Feedback, lease: Lease) -> None:
        assert event.id == "t:2"

    async def on_dead(event: Message | Command | Feedback, error: str, lease: Lease) -> None:
        told.append(event.id)

    async with working(dispatch, handle, on_dead=on_dead):
        await until(lambda: idle(dispatch))
    assert told == ["t:1"]
    (letter,) = await dispatch.dead()
    assert letter.id == "t:1"
    assert "process ended" in letter.error


async def test_an_apology_that_kills_its_process_is_not_tried_for_ever(redis: Redis) -> None:
    """Beyond twice the tries the event goes to the dead letters untold."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1"))
    await redis.hset(dispatch.job("t:1"), "tries", "6")
    called: list[str] = []

    async def never(event: Message | Command | Feedback, *_: object) -> None:
        called.append(event.id)

    async with working(dispatch, never, on_dead=never):
        await until(lambda: idle(dispatch))
    assert not called
    assert [letter.id for letter in await dispatch.dead()] == ["t:1"]


async def test_sigterm_drains(redis: Redis, valkey: EmbeddedValkey) -> None:
    """The running turn ends, nothing new begins, no try is burnt, the process ends by itself."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1", text="sleep 1.5"))
    await dispatch.submit(message("t:2"))
    async with worker_process(valkey.url, **SHORT) as worker:
        await begun(redis, "t:1")
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0
    assert [(step.what, step.event) for step in await trace(redis)] == [("begin", "t:1"), ("end", "t:1")]
    status = await dispatch.status()
    assert (status["ready"], status["running"]) == (1, 0)
    assert await redis.hget(dispatch.job("t:2"), "tries") == b"0"


async def test_sigterm_hands_back_what_outlives_the_grace_period(
    redis: Redis, valkey: EmbeddedValkey
) -> None:
    """It runs again elsewhere at once, with no try burnt."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1", text="sleep 1"))
    async with worker_process(valkey.url, **SHORT | {"grace": 0.1, "lease": 60.0}) as worker:
        await begun(redis, "t:1")
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0
    assert await redis.hget(dispatch.job("t:1"), "tries") == b"0"
    async with worker_process(valkey.url, **SHORT):
        await until(lambda: idle(dispatch))


async def test_a_killed_process_takes_its_embedded_server_with_it_and_loses_nothing(tmp_path: Path) -> None:
    """One process, one folder: started again, it goes on with the turn it was killed in, and the rest."""
    url = EmbeddedValkey(tmp_path / "valkey").url

    async def up() -> bool:
        with contextlib.suppress(StateError):
            async with open_state(url, tmp_path):
                return True
        return False

    async with worker_process(str(tmp_path), **SHORT) as worker:
        await until(up)
        async with open_state(url, tmp_path) as state:
            for n in range(3):
                await short(state.redis).submit(message(f"t:{n}", text="sleep 0.5"))
            await begun(state.redis, "t:1")
        worker.kill()
    async with worker_process(str(tmp_path), **SHORT):
        await until(up)
        async with open_state(url, tmp_path) as state:
            dispatch = short(state.redis)
            assert not await dispatch.submit(message("t:0"))
            await until(lambda: idle(dispatch))
            steps = [(step.what, step.event) for step in await trace(state.redis)]
    expected = [("begin", "t:0"), ("end", "t:0"), ("begin", "t:1"), ("begin", "t:1"), ("end", "t:1")]
    assert steps == [*expected, ("begin", "t:2"), ("end", "t:2")]


async def test_a_reader_that_comes_back_while_a_worker_stops_does_not_break_the_stop(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was away: a reader is on a new connection just when all readers are being woken."""
    own_id, unblock = Redis.client_id, redis.client_unblock
    waking, back = asyncio.Event(), asyncio.Event()
    readers: list[Redis] = []

    async def late(client: Redis) -> Any:
        number = await own_id(client)
        if client not in readers:
            readers.append(client)
        if client in readers[1:]:
            await waking.wait()
            back.set()
        return number

    async def woken(connection: int) -> Any:
        waking.set()
        await back.wait()
        return await unblock(connection)

    monkeypatch.setattr(Redis, "client_id", late)
    monkeypatch.setattr(redis, "client_unblock", woken)
    async with working(short(redis, block=1.0), no_one):
        await until(lambda: len(readers) == 2)
    assert back.is_set()


async def no_one(event: Message | Command | Feedback, lease: Lease) -> None:
    """A handler that nothing comes to."""


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """A server that the test may kill."""
    server = EmbeddedValkey(tmp_path / "v")
    await server.start()
    keeper = asyncio.create_task(server.supervise())
    yield server
    keeper.cancel()
    await asyncio.wait([keeper])
    await server.stop()


async def test_the_server_is_killed_and_restarted_under_the_workers(
    own_server: EmbeddedValkey, tmp_path: Path
) -> None:
    """Turns under way end, what waits is done, and every event is handled; nobody has to be restarted."""
    ended: list[str] = []

    async def handle(event: Message | Command | Feedback, lease: Lease) -> None:
        await asyncio.sleep(0.05)
        await lease.check()
        ended.append(event.id)

    async with open_state(own_server.url, tmp_path) as state:
        dispatch = short(state.redis, lease=5.0)
        async with working(dispatch, handle):
            for n in range(60):
                assert await dispatch.submit(message(f"t:{n}", thread=f"t:{n % 6}"))
                if n in {20, 40}:
                    # What was queued within the last second may be lost to a power cut, never to a kill.
                    assert own_server.pid
                    os.kill(own_server.pid, signal.SIGKILL)
            await until(lambda: idle(dispatch), seconds=30)
        assert not await dispatch.dead()
    assert set(ended) == {f"t:{n}" for n in range(60)}


async def test_a_turn_longer_than_an_outage_survives_it(own_server: EmbeddedValkey, tmp_path: Path) -> None:
    """The server is away for less than the lease while a turn runs: it runs once."""
    begun_: list[str] = []

    async def handle(event: Message | Command | Feedback, lease: Lease) -> None:
        begun_.append(event.id)
        assert own_server.pid
        os.kill(own_server.pid, signal.SIGKILL)
        await asyncio.sleep(1.0)
        await lease.check()

    async with open_state(own_server.url, tmp_path) as state:
        dispatch = short(state.redis, lease=5.0)
        async with working(dispatch, handle):
            await dispatch.submit(message("t:1"))
            await until(lambda: idle(dispatch))
    assert begun_ == ["t:1"]


@pytest.mark.slow
async def test_a_stop_does_not_wait_for_a_server_that_hangs(
    own_server: EmbeddedValkey, tmp_path: Path
) -> None:
    """The process ends all the same; the turn is taken over once the server is back."""
    running = asyncio.Event()

    async def handle(event: Message | Command | Feedback, lease: Lease) -> None:
        running.set()
        await asyncio.sleep(60)

    async with open_state(own_server.url, tmp_path) as state:
        dispatch = short(state.redis, grace=0.1)
        await dispatch.submit(message("t:1"))
        assert own_server.pid
        try:
            async with asyncio.timeout(30), working(dispatch, handle):
                await running.wait()
                os.kill(own_server.pid, signal.SIGSTOP)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        running.clear()
        async with working(dispatch, handle):
            await until(running.is_set)


async def _mayhem(
    redis: Redis, url: str, *, events: int, threads: int, kills: int, workers: int, seed: int
) -> None:
    """Random SIGKILLs of worker processes while events arrive; then what must hold, holds."""
    chance = random.Random(seed)
    dispatch = short(redis)
    submitted: dict[str, list[str]] = defaultdict(list)
    settings = SHORT | {"tries": 50}
    async with AsyncExitStack() as stack:
        alive = [await stack.enter_async_context(worker_process(url, **settings)) for _ in range(workers)]

        async def arrive() -> None:
            for n in range(events):
                thread = f"t:{chance.randrange(threads)}"
                text = f"sleep {chance.choice((0, 0.01, 0.05, 0.2))}"
                await dispatch.submit(message(f"e:{n}", thread=thread, text=text))
                submitted[thread].append(f"e:{n}")
                await asyncio.sleep(0.55 * kills / events)  # kills and arrivals end together

        async def kill() -> None:
            for _ in range(kills):
                await asyncio.sleep(chance.uniform(0.3, 0.8))
                alive.pop(chance.randrange(len(alive))).kill()
                alive.append(await stack.enter_async_context(worker_process(url, **settings)))

        await asyncio.gather(arrive(), kill())
        await until(lambda: idle(dispatch), seconds=90)
    assert not await dispatch.dead()
    steps = await trace(redis)
    ended = {step.event for step in steps if step.what == "end"}
    assert ended == {f"e:{n}" for n in range(events)}, "each is handled at least once"
    thread_of = {event: thread for thread, ids in submitted.items() for event in ids}
    by_thread: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        by_thread[thread_of[step.event]].append(step.event)
    # Tries of one event are neighbours: none begins before the one ahead has ended for good.
    assert {thread: [id_ for id_, _ in groupby(ids)] for thread, ids in by_thread.items()} == submitted


async def test_random_kills_lose_nothing_and_keep_order(redis: Redis, valkey: EmbeddedValkey) -> None:
    """Each event at least once, per-thread order kept, nothing in the dead letters."""
    await _mayhem(redis, valkey.url, events=150, threads=15, kills=3, workers=2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
async def test_many_random_kills_lose_nothing_and_keep_order(
    redis: Redis, valkey: EmbeddedValkey, seed: int
) -> None:
    """The same with hundreds of events over fifty threads."""
    await _mayhem(redis, valkey.url, events=600, threads=50, kills=12, workers=3, seed=seed)


@pytest.mark.slow
async def test_takeover_within_fifteen_seconds_while_a_healthy_turn_runs_once(
    redis: Redis, valkey: EmbeddedValkey
) -> None:
    """With the settings that are shipped."""
    dispatch = Dispatch(redis)
    async with worker_process(valkey.url) as first, worker_process(valkey.url) as second:
        await dispatch.submit(message("long", thread="a", text="sleep 40"))
        (long,) = await begun(redis, "long")
        doomed = second if long.process == first.pid else first
        # Both take what comes: fill until the other one has a turn.
        number = 0
        while True:
            number += 1
            id_ = f"n:{number}"
            await dispatch.submit(message(id_, thread=id_, text="sleep 3"))
            (start,) = await begun(redis, id_)
            if start.process == doomed.pid:
                break
        doomed.kill()
        async with asyncio.timeout(15):
            await begun(redis, id_, times=2)
        await until(lambda: idle(dispatch), seconds=60)
        steps = await trace(redis)
    assert [step.what for step in steps if step.event == "long"] == ["begin", "end"]
