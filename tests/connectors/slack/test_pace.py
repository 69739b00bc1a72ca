"""Slack's limits: who posts when, that no haste is refused, and that nobody waits for a slow answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.messages import Answer, Message, Status, Text
from connectors.slack import delivery as module
from connectors.slack import pace
from connectors.slack import tiers as tiers_
from connectors.slack.pace import Line, Pace
from connectors.slack.tiers import Tiers
from tests.connectors.slack.test_delivery import MESSAGE, Queue, answer
from tests.connectors.slack.workspace import Heard, connected, markdown

START = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def heard(tmp_path: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Heard]:
    monkeypatch.setattr(module, "_EDIT", 0.1)
    monkeypatch.setattr(pace, "_INTERVAL", 0.1)
    async with connected(tmp_path, redis) as heard:
        heard.slack.gap = 0.1
        yield heard


def question(number: int, channel: str = "CGEN") -> Message:
    """The questions of a channel, in the order of asking."""
    at = f"17000000{number:02}.000100"
    return MESSAGE.model_copy(
        update={
            "id": f"slack:T1:{channel}:{at}",
            "thread": f"slack:T1:{channel}:{at}",
            "at": START + timedelta(seconds=number),
            "reference": MESSAGE.reference | {"channel": channel, "thread": at},
        }
    )


async def reply(number: int, seconds: float) -> AsyncIterator[Status | Text | Answer]:
    """An answer that takes so long."""
    yield Status(text="Busco…")
    await asyncio.sleep(seconds)
    yield Text(text=f"Respuesta {number}. ")
    await asyncio.sleep(seconds)
    yield answer(f"Respuesta {number}. Fin.")


async def test_all_of_many_come_out_in_order_and_none_is_refused(heard: Heard):
    """Thirty at once in one channel, some of them slow: posted in the order of asking, whole in the end."""
    order = [*range(0, 30, 2), *range(1, 30, 2)]
    asked = [question(number) for number in range(30)]
    await asyncio.gather(
        *(
            heard.connector.deliver(asked[n], reply(n, 2.0 if n % 7 == 3 else 0.1), Queue())  # type: ignore[arg-type]
            for n in order
        )
    )
    posts = heard.slack.said("CGEN")
    assert heard.slack.refused == []
    assert [post["thread_ts"] for post in posts] == [one.reference["thread"] for one in asked]
    assert [markdown(post) for post in posts] == [f"Respuesta {n}. Fin." for n in range(30)]


async def test_a_slow_answer_holds_up_only_its_own_thread(heard: Heard):
    """Who waits for it sees that it is being worked on; the next question is answered before it."""
    slow = asyncio.create_task(heard.connector.deliver(question(0), reply(0, 3.0), Queue()))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    await heard.connector.deliver(question(1), reply(1, 0.05), Queue())  # type: ignore[arg-type]
    waiting, answered = heard.slack.said("CGEN")
    assert "Busco…" in markdown(waiting)
    assert markdown(answered) == "Respuesta 1. Fin."
    assert any(":stop:" in str(block) for block in waiting["blocks"])
    await slow
    assert markdown(heard.slack.said("CGEN")[0]) == "Respuesta 0. Fin."


async def test_channels_do_not_wait_for_each_other(heard: Heard):
    """A line in one is none in another."""
    await asyncio.gather(
        *(heard.connector.deliver(question(n), reply(n, 0.05), Queue()) for n in range(5)),  # type: ignore[arg-type]
        heard.connector.deliver(question(9, "CMAD"), reply(9, 0.05), Queue()),  # type: ignore[arg-type]
    )
    order = [
        call["channel"]
        for method, call in heard.slack.calls
        if method in ("chat.postMessage", "chat.startStream")
    ]
    assert "CMAD" in order[:2]


async def test_who_asked_first_may_come_a_moment_late(redis: Redis):
    """Of three that come at once, the order of asking decides; one that is gone holds nobody up."""
    line = Pace(redis, "w").line
    posted: list[int] = []

    async def post(number: int) -> None:
        slot = await line.enter("C1", START + timedelta(seconds=number))
        try:
            await asyncio.sleep(0)  # the others come meanwhile
            await slot.ready()
            posted.append(number)
        finally:
            slot.leave()

    second, third, first, gone = (asyncio.create_task(post(number)) for number in (2, 3, 1, 0))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(second, third, first)
    assert posted == [1, 2, 3]
    assert line._places == {}


async def post_in_turn(line: Line, number: int, posted: list[int]) -> None:
    """A turn that posts as soon as it may."""
    slot = await line.enter("C1", START + timedelta(seconds=number), f"turn {number}")
    await slot.ready()
    posted.append(number)
    await slot.posted()


async def test_a_question_that_has_come_in_is_waited_for(redis: Redis):
    """Its turn begins later than that of the next question, perhaps in another process: it is first still."""
    one, other = Pace(redis, "w"), Pace(redis, "w")
    posted: list[int] = []
    for number in (1, 2):
        await other.announce("C1", f"turn {number}", START + timedelta(seconds=number))
    second = asyncio.create_task(post_in_turn(one.line, 2, posted))
    await asyncio.sleep(0.3)
    assert posted == []
    await asyncio.gather(post_in_turn(one.line, 1, posted), second)
    assert posted == [1, 2]


async def test_a_question_whose_turn_does_not_come_holds_nobody_up(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """It is waited for a moment, and once, in however many shapes it is delivered."""
    monkeypatch.setattr(pace, "_ANNOUNCED", 0.2)
    one, posted = Pace(redis, "w"), list[int]()
    await one.announce("C1", "turn 1", START)
    await asyncio.wait_for(post_in_turn(one.line, 2, posted), 1)
    await one.announce("C1", "turn 1", START)
    assert not await one.awaits("C1", START + timedelta(seconds=3))
    assert posted == [2]


async def test_who_has_given_way_and_is_gone_takes_nobody_s_turn(redis: Redis):
    """One at a time is let in, and the line goes on."""
    line = Pace(redis, "w").line
    late, early, last = (
        asyncio.create_task(line.enter("C1", START + timedelta(seconds=number))) for number in (2, 1, 3)
    )
    await asyncio.sleep(0)
    slot = await late
    giving = asyncio.create_task(line.give_way(slot))
    first = await early
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)
    slot.leave()
    await asyncio.sleep(0)
    assert not last.done()
    first.leave()
    (await last).leave()
    assert line._places == {}


async def test_processes_share_a_channel(redis: Redis):
    """What one has posted, the other waits for."""
    one, other = Pace(redis, "w"), Pace(redis, "w")
    assert await one.reserve("C1", START) == 0
    assert 0.5 < await other.reserve("C1", START) <= 1.0
    assert await other.reserve("C2", START) == 0
    await other.settle("C2")
    assert await one.reserve("C2", START) > 0.5


async def test_of_several_processes_whoever_was_asked_first_posts(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """However their requests come; a process that is there no more holds nobody up."""
    monkeypatch.setattr(pace, "_INTERVAL", 0.2)
    monkeypatch.setattr(pace, "_ALIVE", 0.5)
    one, other, posted = Pace(redis, "w"), Pace(redis, "w"), list[int]()
    turns = [post_in_turn((one if n in (0, 3, 4) else other).line, n, posted) for n in (5, 3, 4, 1, 2)]
    gone = Pace(redis, "w")
    assert await gone.reserve("C1", START + timedelta(seconds=9)) == 0
    assert await gone.reserve("C1", START) > 0
    await asyncio.gather(*turns)
    assert posted == [1, 2, 3, 4, 5]


async def test_what_another_process_is_posting_is_waited_for(redis: Redis, monkeypatch: pytest.MonkeyPatch):
    """Its message may arrive late, and the pause runs from there; nobody waits for it for ever."""
    monkeypatch.setattr(pace, "_INTERVAL", 0.1)
    monkeypatch.setattr(pace, "_POSTING", 0.5)
    one, other = Pace(redis, "w"), Pace(redis, "w")
    assert await one.reserve("C1", START) == 0
    await asyncio.sleep(0.2)
    assert await other.reserve("C1", START) > 0
    await one.settle("C1")
    assert 0 < await other.reserve("C1", START) <= 0.1
    await asyncio.sleep(0.15)
    assert await other.reserve("C1", START) == 0
    await asyncio.sleep(0.6)
    assert await one.reserve("C1", START) == 0


async def test_a_process_that_is_killed_or_stopped_holds_nobody_up(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """Not by many questions that it has announced, nor as the next one, nor by a message it never posts."""
    for name in ("_ANNOUNCED", "_ALIVE", "_POSTING"):
        monkeypatch.setattr(pace, name, 0.3)
    monkeypatch.setattr(pace, "_INTERVAL", 0.01)
    gone, stays, posted = Pace(redis, "w"), Pace(redis, "w"), list[int]()
    for number in range(50):
        await gone.announce("C1", f"turn {number}", START + timedelta(seconds=number))
    assert await gone.reserve("C1", START) == 0
    assert await gone.reserve("C1", START) > 0
    async with asyncio.timeout(5):
        await asyncio.gather(*(post_in_turn(stays.line, number, posted) for number in (61, 60)))
    assert posted == [60, 61]


async def test_a_clock_set_back_holds_nobody_up(redis: Redis):
    """What Redis has written of a time to come counts for nothing."""
    root, later = "vocero:slack:w", (await redis.time())[0] + 3_600
    for part, value in (("post", later), ("posting", "another")):
        await redis.set(f"{root}:{part}:C1", value, ex=3_600)
    for order, until_ in (("heads", "alive"), ("asked", "known")):
        await redis.zadd(f"{root}:{order}:C1", {"another": 0})
        await redis.zadd(f"{root}:{until_}:C1", {"another": later})
    posted: list[int] = []
    async with asyncio.timeout(5):
        await post_in_turn(Pace(redis, "w").line, 1, posted)
    assert posted == [1]


async def test_processes_share_a_minutes_calls(redis: Redis):
    """What is only worth a try is left out before the calls are used up; what must arrive is not."""
    one, other = Tiers(redis, "w"), Tiers(redis, "w")
    taken = [await (one, other)[n % 2].spare("chat.update") for n in range(50)]
    assert taken.count(True) == 30
    assert [await one.spend("chat.update") for _ in range(20)] == [0.0] * 20
    assert await other.spare("chat.appendStream")


async def test_a_minute_has_no_more_calls_than_slack_takes(redis: Redis):
    """However they are spread over it: room comes back only as the calls grow old."""
    tiers = Tiers(redis, "w")
    taken = [await tiers.spare("chat.startStream") for _ in range(40)]
    await asyncio.sleep(0.2)
    assert taken.count(True) == 20
    assert not await tiers.spare("chat.startStream")


async def test_room_is_kept_for_what_is_to_follow(redis: Redis):
    """A call is not begun that could not be ended; one that was promised has its room."""
    tiers = Tiers(redis, "w")
    begun = [n for n in range(50) if await tiers.spare("agents.sessions.setStatus", then=f"turn {n}")]
    assert len(begun) == 25
    assert [await tiers.spend("agents.sessions.setStatus", f"turn {n}") for n in begun] == [0.0] * 25
    assert not await tiers.spare("agents.sessions.setStatus")


async def test_edits_that_are_to_come_leave_no_room_for_drafts(redis: Redis):
    """Fifty answers that will be edited in the end are edited then, and not before."""
    tiers = Tiers(redis, "w")
    for n in range(50):
        assert await tiers.promise("chat.update", f"turn {n}", surely=True)
    assert not await tiers.spare("chat.update")
    assert [await tiers.spend("chat.update", f"turn {n}") for n in range(50)] == [0.0] * 50


async def test_what_must_arrive_waits_for_room_where_that_is_near(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    """A moment; where room is far off, Slack is asked all the same."""
    monkeypatch.setattr(tiers_, "_MINUTE", 3.0)
    tiers = Tiers(redis, "w")
    waits = [await tiers.spend("chat.stopStream") for _ in range(50)]
    assert waits[:20] == [0.0] * 20
    assert all(2.0 < wait <= 3.0 for wait in waits[20:40])
    assert all(5.0 < wait <= 6.0 for wait in waits[40:])
    monkeypatch.setattr(tiers_, "_PATIENCE", 1.0)
    assert await tiers.spend("chat.stopStream") == 0.0


async def test_who_was_told_to_wait_has_the_others_wait(redis: Redis):
    """A Retry-After that one process got counts in all of them."""
    one, other = Tiers(redis, "w"), Tiers(redis, "w")
    await one.exhausted("chat.appendStream", 30)
    assert not await other.spare("chat.appendStream")


async def test_without_redis_the_answers_come_all_the_same(redis: Redis):
    """Better a refusal by Slack than none."""

    class Broken:
        def register_script(self, _: str) -> "Broken":
            return self

        async def __call__(self, **_: object) -> None:
            raise OSError("connection refused")

    assert await Pace(Broken(), "w").reserve("C1", START) == 0
    broken = Tiers(Broken(), "w")
    assert await broken.spare("chat.update")
    assert await broken.spend("chat.update") == 0
