"""What a thread remembers."""

import asyncio
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.memory import Memory, Remembered


def turn(id_: str, question: str = "¿y en Chile?", answer: str = "15 días") -> Remembered:
    return Remembered(id_, question, answer, (("docs", "vacaciones.md"), ("docs", "chile.md")), "slack:U1")


async def test_a_thread_keeps_the_persona_it_began_with(redis: Redis) -> None:
    """A later change of the channel's persona is for new threads."""
    memory = Memory(redis)
    assert await memory.persona("t:1", default="rioplatense") == "rioplatense"
    assert await memory.persona("t:1", default="formal") == "rioplatense"
    assert await memory.persona("t:2", default="formal") == "formal"


async def test_a_thread_begun_twice_at_once_has_one_persona(redis: Redis) -> None:
    """Whoever comes first decides, for all."""
    memory = Memory(redis)
    names = await asyncio.gather(*(memory.persona("t:1", default=f"p{n}") for n in range(20)))
    assert len(set(names)) == 1


async def test_turns_come_back_as_they_were_oldest_first(redis: Redis) -> None:
    """A new thread remembers nothing; threads do not see each other's turns."""
    memory = Memory(redis)
    assert await memory.turns("t:1") == []
    await memory.add("t:1", turn("e:1"))
    await memory.add("t:1", turn("e:2", question="…"))
    await memory.add("t:2", turn("e:3"))
    assert await memory.turns("t:1") == [turn("e:1"), turn("e:2", question="…")]


async def test_only_the_last_turns_are_remembered(redis: Redis) -> None:
    """The oldest leaves first."""
    memory = Memory(redis, turns=3)
    for n in range(5):
        await memory.add("t:1", turn(f"e:{n}"))
    assert [kept.id for kept in await memory.turns("t:1")] == ["e:2", "e:3", "e:4"]


async def test_a_turn_tried_again_is_remembered_once(redis: Redis) -> None:
    """In its place, as its last try left it."""
    memory = Memory(redis)
    for id_ in ("e:1", "e:2"):
        await memory.add("t:1", turn(id_))
    await memory.add("t:1", turn("e:1", answer="20 días"))
    assert await memory.turns("t:1") == [turn("e:1", answer="20 días"), turn("e:2")]


async def test_long_texts_are_cut(redis: Redis) -> None:
    """A pasted log does not fill every later prompt."""
    memory = Memory(redis)
    await memory.add("t:1", turn("e:1", question="x" * 100_000, answer="y" * 100_000))
    (kept,) = await memory.turns("t:1")
    assert len(kept.question) == len(kept.answer) == 4_000


async def test_a_thread_fades_when_nothing_is_said(redis: Redis) -> None:
    """Each turn renews it: persona and turns."""
    memory = Memory(redis, lifetime=timedelta(hours=1))
    await memory.persona("t:1", default="formal")
    await memory.add("t:1", turn("e:1"))
    keys = [key async for key in redis.scan_iter("*")]
    assert len(keys) == 2
    for key in keys:
        assert 3_590 < await redis.ttl(key) <= 3_600
        await redis.expire(key, 10)
    await memory.persona("t:1", default="formal")
    await memory.add("t:1", turn("e:2"))
    for key in keys:
        assert await redis.ttl(key) > 3_590


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_text_survives(redis: Redis, data: st.DataObject) -> None:
    """Quotes, emoji, NULs and line ends in ids, threads, questions and answers."""
    text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50)
    thread, id_ = data.draw(text), data.draw(text)
    memory, said = (
        Memory(redis),
        Remembered(id_, data.draw(text), data.draw(text), ((data.draw(text), data.draw(text)),)),
    )
    await redis.flushall()
    await memory.add(thread, said)
    await memory.add(thread, said)
    assert await memory.turns(thread) == [said]
