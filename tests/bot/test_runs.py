"""One run of a source at a time, over all processes."""

import asyncio

from redis.asyncio import Redis

from bot.reindexing.runs import Runs
from tests.bot.queueing import until


async def test_a_source_is_held_by_one_order(redis: Redis) -> None:
    """Another is told whose it is, since when and how far it is; another source is free."""
    runs, others = Runs(redis, renew=0.02), Runs(redis)
    async with runs.begin("docs", order="e1", by="Ana", above=0) as run:
        assert run is not None
        run.done, run.total = 3, 10
        await until(lambda: told(others))
        async with others.begin("docs", order="e2", by="Beto", above=0) as second:
            assert second is None
        async with others.begin("wiki", order="e2", by="Beto", above=0) as second:
            assert second is not None
        seen = await others.underway("docs")
        assert seen is not None
        assert (seen.order, seen.by, seen.at, seen.done, seen.total) == ("e1", "Ana", run.at, 3, 10)
    assert await others.underway("docs") is None


async def told(runs: Runs) -> bool:
    seen = await runs.underway("docs")
    return seen is not None and seen.done == 3


async def test_every_run_has_a_greater_number(redis: Redis) -> None:
    """Greater than what Redis knows, and than what the database knows, should Redis have forgotten."""
    runs = Runs(redis)
    numbers = []
    for above in (0, 0, 40, 0):
        async with runs.begin("docs", order="e", by="b", above=above) as run:
            assert run is not None
            numbers.append(run.number)
    await redis.flushall()
    async with runs.begin("docs", order="e", by="b", above=numbers[-1]) as run:
        assert run is not None
        numbers.append(run.number)
    assert numbers == [1, 2, 41, 42, 43]


async def test_the_same_order_takes_up_what_a_dead_process_left(redis: Redis) -> None:
    """At once, with a greater number and the time at which it had begun; the dead one is told if it lives."""
    first, second = Runs(redis, renew=0.02), Runs(redis)
    async with first.begin("docs", order="e1", by="Ana", above=0) as left:
        assert left is not None
        async with second.begin("docs", order="e1", by="Ana", above=0) as taken:
            assert taken is not None
            assert taken.number > left.number
            seen = await second.underway("docs")
            assert seen is not None
            assert seen.at == left.at
            await asyncio.wait_for(left.lost.wait(), 10)
        # The end of the later run is its own.
    assert await second.underway("docs") is None


async def test_a_run_that_ends_late_does_not_end_its_successor(redis: Redis) -> None:
    """Only its own key is taken away."""
    runs = Runs(redis, renew=60)
    async with runs.begin("docs", order="e1", by="Ana", above=0):
        successor = runs.begin("docs", order="e1", by="Ana", above=0)
        run = await successor.__aenter__()
    seen = await runs.underway("docs")
    assert run is not None
    assert seen is not None
    await successor.__aexit__(None, None, None)


async def test_what_a_dead_process_held_is_free_after_a_while(redis: Redis) -> None:
    """Another order gets it."""
    dead = Runs(redis, lease=0.05, renew=60)
    left = dead.begin("docs", order="e1", by="Ana", above=0)
    await left.__aenter__()

    async def free() -> bool:
        async with Runs(redis).begin("docs", order="e2", by="Beto", above=0) as run:
            return run is not None

    assert await until(free)
    await left.__aexit__(None, None, None)


async def test_a_lapsed_run_that_nobody_took_goes_on(redis: Redis) -> None:
    """Redis was away for longer than the lease, and is back."""
    runs = Runs(redis, lease=5, renew=0.02)
    async with runs.begin("docs", order="e1", by="Ana", above=0) as run:
        assert run is not None
        await redis.delete(runs._keys("docs")[0])
        await until(lambda: runs.underway("docs"))
        assert not run.lost.is_set()
