"""The queue within one process."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.dispatch import Dispatch
from bot.errors import LeaseLostError, StateError
from bot.lease import Lease
from bot.messages import Command, Feedback, Message, load_event
from tests.bot.queueing import idle, message, short, until, working

Event = Message | Command | Feedback


class Recorder:
    """A handler that notes what it was given."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.events: list[Event] = []

    async def __call__(self, event: Event, lease: Lease) -> None:
        self.ids.append(event.id)
        self.events.append(event)


async def test_an_event_is_handled_as_it_was_submitted(redis: Redis) -> None:
    """What was queued before anyone worked arrives whole, once work begins."""
    dispatch, seen = short(redis), Recorder()
    event = message("t:1", text="¿Y los «días» de 👩‍💻?\n\tNUL")
    assert await dispatch.submit(event)
    async with working(dispatch, seen):
        await until(lambda: seen.ids)
    assert seen.events == [event]


async def test_the_same_id_is_queued_once(redis: Redis) -> None:
    """A second delivery is refused while the first waits, while it runs and after it is done."""
    dispatch, release, ran = short(redis), asyncio.Event(), []

    async def handle(event: Event, lease: Lease) -> None:
        ran.append(event.id)
        await release.wait()

    assert await dispatch.submit(message("t:1"))
    assert not await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: ran)
        assert not await dispatch.submit(message("t:1"))
        release.set()
        await until(lambda: idle(dispatch))
        assert not await dispatch.submit(message("t:1", thread="t:other"))
    assert ran == ["t:1"]


async def test_an_id_is_known_for_a_while_after_the_event_is_done(redis: Redis) -> None:
    """It is forgotten after `known`, so that the store does not grow for ever."""
    dispatch, seen = short(redis, known=timedelta(seconds=1)), Recorder()
    await dispatch.submit(message("t:1"))
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    assert 0 < await redis.ttl(dispatch.job("t:1")) <= 1
    assert not await dispatch.submit(message("t:1"))
    await until(lambda: dispatch.submit(message("t:1")), seconds=5)


async def test_a_waiting_event_never_expires(redis: Redis) -> None:
    """Only what is done is forgotten."""
    dispatch = short(redis)
    await dispatch.submit(message("t:1"))
    keys = [key async for key in redis.scan_iter("*")]
    assert keys
    assert {await redis.ttl(key) for key in keys} == {-1}


async def test_a_submit_whose_reply_was_lost_is_no_duplicate(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client repeats a command after a broken connection; that must not look like a second delivery."""
    dispatch = short(redis)
    script = dispatch._script

    async def twice(**arguments: object) -> object:
        await script(**arguments)  # type: ignore[arg-type]
        return await script(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatch, "_script", twice)
    assert await dispatch.submit(message("t:1"))
    monkeypatch.undo()
    assert not await dispatch.submit(message("t:1"))


async def test_a_queue_that_does_not_answer_is_said_in_words(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connector gets an error of ours, so it does not acknowledge the event to its platform."""
    dispatch = short(redis)

    async def broken(**_: object) -> object:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(dispatch, "_script", broken)
    for asking in (dispatch.submit(message("t:1")), dispatch.amend(message("t:1")), dispatch.cancel("t:1")):
        with pytest.raises(StateError, match=r"does not answer \(refused\)"):
            await asking


async def test_turns_of_a_thread_run_one_at_a_time_in_order(redis: Redis) -> None:
    """Threads run beside each other, the turns of one after each other."""
    dispatch = short(redis)
    running: Counter[str] = Counter()
    most_at_once, order = 0, {f"t:{n}": list[str]() for n in range(10)}

    async def handle(event: Event, lease: Lease) -> None:
        nonlocal most_at_once
        running[event.thread] += 1
        assert running[event.thread] == 1
        most_at_once = max(most_at_once, running.total())
        order[event.thread].append(event.id)
        await asyncio.sleep(0.002)
        running[event.thread] -= 1

    expected = {thread: [f"{thread}:{n}" for n in range(10)] for thread in order}
    async with working(dispatch, handle, concurrency=10):
        for n in range(10):
            for thread in order:
                await dispatch.submit(message(f"{thread}:{n}", thread=thread))
        await until(lambda: idle(dispatch))
    assert order == expected
    assert most_at_once > 1


async def test_hundreds_of_turns_run_at_once_but_never_more_than_allowed(redis: Redis) -> None:
    """`concurrency` is kept to, whether work comes by reading or by sweeping."""
    dispatch, gate = short(redis), asyncio.Event()
    running = 0

    async def handle(event: Event, lease: Lease) -> None:
        nonlocal running
        running += 1
        assert running <= 300
        await lease.check()
        await gate.wait()
        running -= 1

    for n in range(320):
        await dispatch.submit(message(f"t:{n}", thread=f"t:{n}"))
    async with working(dispatch, handle, concurrency=300):
        await until(lambda: running == 300)
        assert (await dispatch.status())["running"] == 300
        gate.set()
        await until(lambda: idle(dispatch))
    assert not await dispatch.dead()


async def test_background_jobs_leave_the_questions_their_slots(redis: Redis) -> None:
    """A question is answered while every background slot is taken and more jobs wait."""
    dispatch, gate, seen = short(redis), asyncio.Event(), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        await seen(event, lease)
        if event.id.startswith("job"):
            await gate.wait()

    async with working(dispatch, handle, concurrency=1, background=1):
        for n in range(3):
            await dispatch.submit(message(f"job:{n}", thread=f"job:{n}"), priority="background")
        await until(lambda: seen.ids == ["job:0"])
        await dispatch.submit(message("t:1"))
        await until(lambda: "t:1" in seen.ids)
        assert seen.ids == ["job:0", "t:1"]
        gate.set()
        await until(lambda: idle(dispatch))


async def test_a_job_ahead_in_the_same_thread_keeps_its_place(redis: Redis) -> None:
    """Order within a thread goes before priority."""
    dispatch, seen = short(redis), Recorder()
    await dispatch.submit(message("t:1"), priority="background")
    await dispatch.submit(message("t:2"))
    await dispatch.submit(message("t:3"), priority="background")
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    assert seen.ids == ["t:1", "t:2", "t:3"]


async def test_a_failing_turn_is_tried_again(redis: Redis) -> None:
    """Twice failed and then done is done."""
    dispatch, tries = short(redis), []

    async def handle(event: Event, lease: Lease) -> None:
        tries.append(event.id)
        if len(tries) < 3:
            raise RuntimeError("the model is away")

    await dispatch.submit(message("t:1"))
    await dispatch.submit(message("t:2"))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert tries == ["t:1", "t:1", "t:1", "t:2"]
    assert not await dispatch.dead()


async def test_a_turn_that_always_fails_becomes_a_dead_letter(redis: Redis) -> None:
    """After its last try the person is told, the letter is kept, and the thread goes on."""
    dispatch, tries, told = short(redis), [], []

    async def handle(event: Event, lease: Lease) -> None:
        tries.append(event.id)
        if event.id == "t:1":
            raise RuntimeError("¡no!")

    async def on_dead(event: Event, error: str, lease: Lease) -> None:
        await lease.check()
        told.append((event.id, error))

    await dispatch.submit(message("t:1"))
    await dispatch.submit(message("t:2"))
    async with working(dispatch, handle, on_dead=on_dead):
        await until(lambda: idle(dispatch))
    assert tries == ["t:1", "t:1", "t:1", "t:2"]
    assert told == [("t:1", "RuntimeError: ¡no!")]
    (letter,) = await dispatch.dead()
    assert (letter.id, letter.thread, letter.error, letter.tries) == ("t:1", "t:1", "RuntimeError: ¡no!", 3)
    assert load_event(letter.payload) == message("t:1")
    assert abs(datetime.now(UTC) - letter.at) < timedelta(minutes=5)
    assert (await dispatch.status())["dead"] == 1
    assert not await dispatch.submit(message("t:1"))


async def test_an_apology_that_fails_does_not_keep_the_letter_alive(redis: Redis) -> None:
    """Even so the event is given up once."""
    dispatch = short(redis, tries=1)

    async def fail(event: Event, *_: object) -> None:
        raise RuntimeError("no")

    await dispatch.submit(message("t:1"))
    async with working(dispatch, fail, on_dead=fail):
        await until(lambda: idle(dispatch))
    assert [letter.id for letter in await dispatch.dead()] == ["t:1"]


async def test_what_cannot_be_read_becomes_a_dead_letter(redis: Redis) -> None:
    """An event of another version stops neither the worker nor its thread."""
    dispatch, seen = short(redis), Recorder()
    await dispatch.submit(message("t:1"))
    await dispatch.submit(message("t:2"))
    await redis.hset(dispatch.job("t:1"), "payload", '{"type": "telepathy"}')
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    assert seen.ids == ["t:2"]
    assert "cannot be read" in (await dispatch.dead())[0].error


async def test_a_handler_that_cancels_itself_has_failed(redis: Redis) -> None:
    """A stray cancellation is no success and no end of the worker."""
    dispatch, tries = short(redis), []

    async def handle(event: Event, lease: Lease) -> None:
        tries.append(event.id)
        raise asyncio.CancelledError

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert len(tries) == 3
    assert (await dispatch.dead())[0].error == "it was cancelled"


async def test_a_turn_that_hangs_has_failed(redis: Redis) -> None:
    """It is cancelled after `limit`, tried again, and given up; a background job may take its time."""
    dispatch, tries = short(redis, limit=0.1), []

    async def handle(event: Event, lease: Lease) -> None:
        tries.append(event.id)
        await asyncio.sleep(0.5 if event.id == "job" else 30)

    await dispatch.submit(message("t:1"))
    await dispatch.submit(message("job", thread="t:job"), priority="background")
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert sorted(tries) == ["job", "t:1", "t:1", "t:1"]
    assert [letter.error for letter in await dispatch.dead()] == ["it took longer than 0.1 seconds"]


async def test_a_cancelled_event_is_never_handled(redis: Redis) -> None:
    """Deleted by its author before it began: first, in the middle or alone in its thread."""
    dispatch, seen = short(redis), Recorder()
    for n in range(5):
        await dispatch.submit(message(f"t:{n}"))
    await dispatch.submit(message("a:1", thread="a"))
    for id_ in ("t:0", "t:2", "t:4", "a:1"):
        assert await dispatch.cancel(id_)
    assert not await dispatch.submit(message("t:0")), "a second delivery does not bring it back"
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
        await dispatch.submit(message("a:2", thread="a"))
        await until(lambda: "a:2" in seen.ids)
    assert seen.ids == ["t:1", "t:3", "a:2"]


async def test_what_has_begun_can_be_neither_cancelled_nor_amended(redis: Redis) -> None:
    """Nor what is done, nor what never was."""
    dispatch, gate, seen = short(redis), asyncio.Event(), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        await seen(event, lease)
        await gate.wait()

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: seen.ids)
        assert not await dispatch.cancel("t:1")
        assert not await dispatch.amend(message("t:1", text="otra cosa"))
        gate.set()
        await until(lambda: idle(dispatch))
    for id_ in ("t:1", "t:unknown"):
        assert not await dispatch.cancel(id_)
        assert not await dispatch.amend(message(id_))
    assert not await redis.exists(dispatch.job("t:unknown"))


async def test_an_amended_event_is_handled_in_its_new_wording(redis: Redis) -> None:
    """It keeps its place."""
    dispatch, seen = short(redis), Recorder()
    await dispatch.submit(message("t:1", text="¿Cuantos?"))
    await dispatch.submit(message("t:2"))
    assert await dispatch.amend(message("t:1", text="¿Cuántos?"))
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    assert [event.text for event in seen.events if isinstance(event, Message)] == [
        "¿Cuántos?",
        "¿Cuántos días?",
    ]


async def test_a_stop_lets_running_turns_end_and_burns_no_try(redis: Redis) -> None:
    """What ends in the grace period is done; what does not is cancelled and handed back uncounted."""
    dispatch, begun, ended = short(redis, grace=0.3), Recorder(), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        await begun(event, lease)
        await asyncio.sleep(0.05 if event.id == "quick" else 30)
        await ended(event, lease)

    await dispatch.submit(message("quick", thread="a"))
    await dispatch.submit(message("slow", thread="b"))
    await dispatch.submit(message("next", thread="b"))
    async with working(dispatch, handle):
        await until(lambda: len(begun.ids) == 2)
    assert ended.ids == ["quick"]
    status = await dispatch.status()
    assert (status["ready"], status["running"], status["workers"]) == (2, 0, 0)
    assert await redis.hget(dispatch.job("slow"), "tries") == b"0"

    seen = Recorder()
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    assert seen.ids == ["slow", "next"]


async def test_cancelling_the_work_hands_back_at_once(redis: Redis) -> None:
    """A worker that is cancelled leaves its turns to others without waiting for their leases to lapse."""
    dispatch, seen = short(redis, lease=60.0, grace=60.0), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        await seen(event, lease)
        await asyncio.sleep(30)

    await dispatch.submit(message("t:1"))
    work = asyncio.create_task(dispatch.work(handle, concurrency=1, stop=asyncio.Event()))
    await until(lambda: seen.ids)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch), seconds=5)
    assert seen.ids == ["t:1", "t:1"]


async def test_a_stop_between_two_tries_keeps_the_count(redis: Redis) -> None:
    """Tries that failed stay counted, and what waits for its next try is handed back."""
    dispatch, seen = short(redis, backoff=60.0), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        await seen(event, lease)
        raise RuntimeError("no")

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: seen.ids)
    assert await redis.hget(dispatch.job("t:1"), "tries") == b"1"
    async with working(short(redis), handle):
        await until(lambda: idle(dispatch))
    assert len(seen.ids) == 3
    assert (await dispatch.dead())[0].error == "RuntimeError: no"


async def test_a_turn_longer_than_its_lease_runs_once(redis: Redis) -> None:
    """Renewal keeps it, while two others look for something to take over."""
    seen, dispatch = Recorder(), short(redis, lease=0.5, renew=0.1, sweep=0.1)

    async def handle(event: Event, lease: Lease) -> None:
        await seen(event, lease)
        await asyncio.sleep(1.5)
        await lease.check()

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle), working(dispatch, handle), working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert seen.ids == ["t:1"]


async def _take_over(redis: Redis, dispatch: Dispatch, lease: Lease) -> None:
    """As another worker does once a lease has lapsed."""
    await redis.xclaim(
        dispatch.stream(lease.fence.priority),
        "workers",
        "other",
        min_idle_time=0,
        message_ids=[lease.fence.entry],
    )


async def test_a_handler_learns_that_its_lease_is_lost(redis: Redis) -> None:
    """Its check raises, its post is refused, it is cancelled, and its return acknowledges nothing."""
    dispatch, checked = short(redis, renew=5.0, sweep=5.0, lease=10.0), []

    async def handle(event: Event, lease: Lease) -> None:
        await _take_over(redis, dispatch, lease)
        for ask in (lease.check(), lease.check(), lease.remember("1700.1")):
            with pytest.raises(LeaseLostError, match="t:1"):
                await ask
            checked.append(lease.lost.is_set())

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: len(checked) == 3)
    assert checked == [True, True, True]
    status = await dispatch.status()
    assert status["running"] == 1, "it is the other's"


async def test_a_lost_turn_is_cancelled_by_the_renewer(redis: Redis) -> None:
    """A handler that never asks is told all the same, and the turn is left alone."""
    dispatch, cancelled = short(redis), asyncio.Event()

    async def handle(event: Event, lease: Lease) -> None:
        await _take_over(redis, dispatch, lease)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(cancelled.is_set)
    assert await redis.hget(dispatch.job("t:1"), "tries") == b"1"


async def test_a_placeholder_survives_its_worker(redis: Redis) -> None:
    """The next try edits what the first one posted."""
    dispatch, found = short(redis), []

    async def handle(event: Event, lease: Lease) -> None:
        found.append(await lease.placeholder())
        if len(found) == 1:
            await lease.remember("1700.1")
            raise RuntimeError("after the post")

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert found == [None, "1700.1"]


async def test_a_post_made_while_the_lease_was_lost_is_remembered_for_the_new_owner(redis: Redis) -> None:
    """Unless that one has posted already: its own post stands."""
    dispatch, lost = short(redis, renew=5.0, sweep=5.0, lease=10.0), []

    async def handle(event: Event, lease: Lease) -> None:
        if event.id == "t:2":
            await redis.hset(dispatch.job("t:2"), "placeholder", "theirs")
        await _take_over(redis, dispatch, lease)
        with pytest.raises(LeaseLostError):
            await lease.remember("ours")
        lost.append(await lease.placeholder())

    await dispatch.submit(message("t:1", thread="a"))
    await dispatch.submit(message("t:2", thread="b"))
    async with working(dispatch, handle):
        await until(lambda: len(lost) == 2)
    assert set(lost) == {"ours", "theirs"}


async def test_a_check_trusts_a_fresh_lease_through_an_outage_but_not_an_old_one(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can have taken over what was renewed a moment ago; after a while it counts as lost."""
    dispatch, outcomes = short(redis, lease=2.0, renew=5.0, sweep=5.0), []
    script = dispatch._script

    async def broken(**_: object) -> object:
        raise RedisConnectionError("refused")

    async def handle(event: Event, lease: Lease) -> None:
        monkeypatch.setattr(dispatch, "_script", broken)
        await lease.check()
        outcomes.append("trusted")
        await asyncio.sleep(1.7)
        with pytest.raises(LeaseLostError):
            await lease.check()
        outcomes.append("lost")
        monkeypatch.setattr(dispatch, "_script", script)

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert outcomes[:2] == ["trusted", "lost"]


async def test_a_lease_that_cannot_be_renewed_is_given_up_in_time(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off from Redis, a handler that never asks is cancelled before another worker may begin."""
    dispatch, outcomes = short(redis), []
    script = dispatch._script

    async def broken(**_: object) -> object:
        raise RedisConnectionError("refused")

    async def handle(event: Event, lease: Lease) -> None:
        outcomes.append("begun")
        if len(outcomes) > 1:
            return
        monkeypatch.setattr(dispatch, "_script", broken)
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            outcomes.append("lost" if lease.lost.is_set() else "cancelled")
            monkeypatch.setattr(dispatch, "_script", script)
            raise

    await dispatch.submit(message("t:1"))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert outcomes == ["begun", "lost", "begun"]


async def test_work_goes_on_after_the_store_was_emptied(redis: Redis) -> None:
    """Someone flushes Redis under a running worker: the groups are made anew."""
    dispatch, seen = short(redis), Recorder()
    async with working(dispatch, seen):
        await dispatch.submit(message("t:1"))
        await until(lambda: seen.ids == ["t:1"])
        await redis.flushall()
        await dispatch.submit(message("t:2"))
        await until(lambda: seen.ids == ["t:1", "t:2"])


async def test_an_error_in_one_turn_leaves_the_others_alone(redis: Redis) -> None:
    """Half of the turns fail for good while the other half is done."""
    dispatch, seen = short(redis, tries=1), Recorder()

    async def handle(event: Event, lease: Lease) -> None:
        if int(event.id) % 2:
            raise ValueError(event.id)
        await seen(event, lease)

    for n in range(40):
        await dispatch.submit(message(str(n), thread=str(n)))
    async with working(dispatch, handle):
        await until(lambda: idle(dispatch))
    assert sorted(map(int, seen.ids)) == list(range(0, 40, 2))
    assert sorted(int(letter.id) for letter in await dispatch.dead()) == list(range(1, 40, 2))


async def test_nothing_is_left_behind_but_the_known_ids(redis: Redis) -> None:
    """When all is done, what remains expires."""
    dispatch, seen = short(redis), Recorder()
    for n in range(20):
        await dispatch.submit(
            message(str(n), thread=str(n % 3)), priority="background" if n % 2 else "question"
        )
    async with working(dispatch, seen):
        await until(lambda: idle(dispatch))
    lasting = [key async for key in redis.scan_iter("*") if await redis.ttl(key) == -1]
    assert sorted(lasting) == sorted(dispatch.stream(p).encode() for p in ("question", "background"))
    assert await redis.xlen(dispatch.stream("question")) == 0
    assert await redis.xinfo_consumers(dispatch.stream("question"), "workers") == []


async def test_status_tells_what_waits_and_for_how_long(redis: Redis) -> None:
    """Before any worker has ever run, too."""
    dispatch = short(redis)
    empty = await dispatch.status()
    assert (empty["ready"], empty["running"], empty["dead"], empty["oldest"]) == (0, 0, 0, None)
    await dispatch.submit(message("t:1"))
    await dispatch.submit(message("t:2"))
    await dispatch.submit(message("j:1", thread="j"), priority="background")
    status = await dispatch.status()
    assert status["ready"] == 3
    assert status["threads"] == {"question": 1, "background": 1}
    assert status["oldest"] >= 0


async def test_reasons_are_counted_by_day_and_kept_a_month(redis: Redis) -> None:
    """What is not answered is never silent; old counts leave by themselves."""
    dispatch = short(redis)
    for reason in ("duplicate", "duplicate", "own_message"):
        await dispatch.count(reason)
    assert await dispatch.reasons() == {"duplicate": 2, "own_message": 1}
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await redis.hincrby(dispatch._reasons(yesterday), "duplicate", 5)
    assert (await dispatch.reasons())["duplicate"] == 7
    assert (await dispatch.reasons(days=1))["duplicate"] == 2
    assert 29 < (await redis.ttl(dispatch._reasons(datetime.now(UTC)))) / 86_400 <= 30


async def test_a_count_that_fails_stops_nothing(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting is not worth a turn."""
    dispatch = short(redis)

    def broken(**_: object) -> object:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(redis, "pipeline", broken)
    await dispatch.count("duplicate")


async def test_two_prefixes_do_not_meet(redis: Redis) -> None:
    """Several instances may share one Redis."""
    one, two, seen = short(redis), short(redis, prefix="other"), Recorder()
    await one.submit(message("t:1"))
    assert await two.submit(message("t:1"))
    async with working(two, seen):
        await until(lambda: idle(two))
    assert seen.ids == ["t:1"]
    assert (await one.status())["ready"] == 1
