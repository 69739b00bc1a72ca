"""Ending an answer while it is written: from any process, heard or not, and what stands then."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.lease import Lease
from bot.messages import Answer, RegisterScore, Replace, Reply, Status, Text
from bot.stopping import until as until_stopped
from bot.stopping import without_numbers
from tests.bot.queueing import message, short, until, working


def ended(text: str) -> Answer:
    score = RegisterScore(singular="", plural="", score=None)
    return Answer(
        id="1",
        outcome="answered",
        text=text,
        answer=text,
        confidence=1.0,
        persona="",
        register=score,
        model=None,
    )


async def end(written: str) -> Reply:
    yield Replace(text=f"{written}|")
    yield ended(f"{written}|")


class Waiting:
    """A handler that goes on until it is told to stop, and notes why."""

    def __init__(self) -> None:
        self.why: dict[str, str | None] = {}
        self.begun: set[str] = set()

    async def __call__(self, event: object, lease: Lease) -> None:
        self.begun.add(lease.event_id)
        await lease.stop.wait()
        self.why[lease.event_id] = lease.stopped


async def test_a_stop_reaches_the_process_that_answers(redis: Redis) -> None:
    """Through Redis, at once; it ends that turn alone, and the turn is done."""
    here, there, handler = short(redis), short(redis), Waiting()
    async with working(there, handler):
        for id_ in ("t:1", "t:2"):
            await here.submit(message(id_, thread=id_))
        await until(lambda: len(handler.begun) == 2)
        assert await here.stop("t:1", "deleted_question")
        await until(lambda: handler.why)
        assert handler.why == {"t:1": "deleted_question"}
        assert await here.stop("t:2")
        await until(lambda: len(handler.why) == 2)
    assert not await here.stop("t:1")


async def test_a_stop_that_nobody_heard_is_found_with_the_next_renewal(redis: Redis) -> None:
    """The message may be lost when a connection is; the mark is not."""
    dispatch, handler = short(redis), Waiting()
    async with working(dispatch, handler):
        await dispatch.submit(message("t:1"))
        await until(lambda: handler.begun)
        await redis.hset(dispatch.job("t:1"), "stop", "stopped")
        await until(lambda: handler.why)
    assert handler.why == {"t:1": "stopped"}


async def test_a_turn_that_is_taken_over_knows_that_it_was_stopped(redis: Redis) -> None:
    """Whoever begins it after a failure does not answer to the end, either."""
    dispatch, tries = short(redis), []

    async def handler(event: object, lease: Lease) -> None:
        tries.append(lease.stopped)
        if len(tries) == 1:
            assert await dispatch.stop("t:1")
            await lease.stop.wait()
            raise RuntimeError("while stopping")

    async with working(dispatch, handler):
        await dispatch.submit(message("t:1"))
        await until(lambda: len(tries) == 2)
    assert tries == [None, "stopped"]


async def test_what_waits_is_not_stopped_but_taken_back(redis: Redis) -> None:
    """A stop is for what has begun."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1"))
    assert not await dispatch.stop("t:1")
    assert not await dispatch.stop("t:unknown")
    assert await dispatch.cancel("t:1")


async def test_a_reply_that_nobody_stops_passes_unchanged() -> None:
    """Chunk by chunk, as it comes."""

    async def reply() -> Reply:
        yield Status(text="…")
        yield Text(text="Son ")
        yield Text(text="17.")
        yield ended("Son 17.")

    chunks = [chunk async for chunk in until_stopped(reply(), asyncio.Event(), end)]
    assert [chunk.type for chunk in chunks] == ["status", "text", "text", "answer"]


async def test_a_stopped_reply_is_left_and_ends_with_what_there_was() -> None:
    """Even while nothing comes; what the reply holds open is closed."""
    stop, closed = asyncio.Event(), []

    async def reply() -> Reply:
        try:
            yield Text(text="Eran ")
            yield Replace(text="Son 17. ")
            yield Text(text="Además")
            stop.set()
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    chunks = [chunk async for chunk in until_stopped(reply(), stop, end)]
    assert closed == [True]
    assert isinstance(chunks[-1], Answer)
    assert chunks[-1].text == "Son 17. Además|"


async def test_an_error_of_a_reply_is_not_swallowed() -> None:
    """The turn fails, and is tried again."""

    async def reply() -> Reply:
        yield Text(text="Son ")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        _ = [chunk async for chunk in until_stopped(reply(), asyncio.Event(), end)]


async def test_who_stops_reading_closes_the_reply() -> None:
    """A connector that fails in the middle leaves nothing running behind."""
    closed = []

    async def reply() -> Reply:
        try:
            yield Text(text="Son ")
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    reading = until_stopped(reply(), asyncio.Event(), end)
    await anext(reading)
    task = asyncio.ensure_future(anext(reading))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert closed == [True]


@pytest.mark.parametrize(
    ("broken_off", "left"),
    [
        ("Son 17 días [1]. Y", "Son 17 días. Y"),
        ("Son 17. [1][2] ", "Son 17."),
        ("a[0] = 1 [3]", "a[0] = 1"),
        ("", ""),
    ],
)
def test_numbers_that_lead_nowhere_are_left_out(broken_off: str, left: str) -> None:
    """What they stand for is known only at the end."""
    assert without_numbers(broken_off) == left
