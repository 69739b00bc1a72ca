"""Calls with effects: shown, confirmed by the asker alone, made at most once, unknown after a crash."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.journal import Journal
from bot.messages import Channel, Command, Confirmation, Person
from bot.tools.calling import Caller
from bot.tools.confirming import Confirming, Pressed, shown
from bot.tools.ledger import Ledger
from bot.tools.tool import ArgumentsError, Asker, Output, Tool, ToolError
from bot.valkey import EmbeddedValkey
from knowledge.database import open_database

ASKER = Asker("slack:U1", "slack:C1")


class Killed(BaseException):
    """The process dies here."""


class World:
    """A tool that does something, and those who confirm it."""

    def __init__(self, redis: Redis, database_url: str) -> None:
        self.redis = redis
        self.engine = open_database(database_url)
        self.journal = Journal(self.engine)
        self.did: list[tuple[dict[str, Any], str]] = []
        self.behaviour: Callable[[], Awaitable[str]] = self._works
        self.allowed = True
        self.restart()

    def restart(self) -> None:
        """A new process: nothing is kept but Redis and the database."""
        self.confirming = Confirming(self.redis, Ledger(self.engine), Caller(self.redis), self.journal)

    async def _works(self) -> str:
        return "ticket 7"

    def tool(self) -> Tool:
        async def run(arguments: dict[str, Any], asker: Asker) -> Output:
            self.did.append((arguments, asker.key))
            return Output(await self.behaviour())

        def check(arguments: Any) -> dict[str, Any]:
            if set(arguments) != {"title"}:
                raise ArgumentsError("It takes `title`.")
            return dict(arguments)

        return Tool("ticket", "Opens a ticket.", {}, check, run, effects=True, timeout=5.0)

    async def ask(self, title: str = "Se rompió", event: str = "slack:T:C1:1") -> Confirmation:
        return await self.confirming.ask(self.tool(), {"title": title}, event=event, asker=ASKER)

    async def press(
        self,
        confirmation: Confirmation,
        *,
        by: str = "slack:U1",
        name: str = "confirm",
        press: str = "slack:p1",
        late: timedelta = timedelta(),
        channel: str = "C1",
    ) -> Pressed:
        async def find(_: str) -> Tool | None:
            return self.tool() if self.allowed else None

        command = Command(
            id=press,
            thread="t",
            channel=Channel(platform="slack", id=channel),
            author=Person(id=by),
            at=datetime.now(UTC) + late,
            name=name,
            arguments={"token": confirmation.token},
        )
        return await self.confirming.press(command, find)


@pytest.fixture
async def world(redis: Redis, database_url: str) -> AsyncIterator[World]:
    made = World(redis, database_url)
    yield made
    made.engine.dispose()


async def test_nothing_is_done_before_the_asker_says_so(world: World) -> None:
    """What will be done is shown exactly; then it is done once, and the audit knows."""
    waiting = await world.ask('El "A8" `gotea`')
    assert world.did == []
    assert waiting.text == '**ticket**\n```\ntitle: "El \\"A8\\" \\u0060gotea\\u0060"\n```'
    assert await world.press(waiting) == Pressed("done", "ticket 7")
    assert world.did == [({"title": 'El "A8" `gotea`'}, waiting.token)]
    [audited] = await world.journal.audited()
    assert (audited.author, audited.action, audited.outcome) == ("slack:U1", "tool ticket", "done")


async def test_it_is_done_once_however_often_it_is_pressed(world: World) -> None:
    """At the same moment, later, and after a restart."""
    waiting = await world.ask()
    first = await asyncio.gather(*(world.press(waiting, press=f"slack:p{n}") for n in range(5)))
    assert sorted(one.ended for one in first if one.ended == "done") == ["done"]
    assert {one.ended for one in first} <= {"done", "before", "under_way"}
    world.restart()
    assert await world.press(waiting, press="slack:later") == Pressed("before", "ticket 7")
    assert len(world.did) == 1


async def test_the_same_call_of_one_turn_waits_once(world: World) -> None:
    """A turn that is taken over asks for the same thing, not for a second one; another turn does."""
    waiting, again, other = await world.ask(), await world.ask(), await world.ask(event="slack:T:C1:2")
    assert waiting.token == again.token != other.token
    await world.press(waiting)
    assert (await world.press(again, press="slack:p2")).ended == "before"
    assert (await world.press(other, press="slack:p3")).ended == "done"


async def test_only_the_asker_confirms(world: World) -> None:
    """And in the channel where it was asked; who else presses changes nothing."""
    waiting = await world.ask()
    assert (await world.press(waiting, by="slack:U2")).ended == "not_yours"
    assert (await world.press(waiting, by="slack:U2", name="decline")).ended == "not_yours"
    assert (await world.press(waiting, channel="C2")).ended == "not_yours"
    assert world.did == []
    assert (await world.press(waiting)).ended == "done"


async def test_a_no_is_a_no(world: World) -> None:
    """It cannot be confirmed any more."""
    waiting = await world.ask()
    assert (await world.press(waiting, name="decline")).ended == "declined"
    assert (await world.press(waiting, press="slack:p2")).ended == "declined"
    assert world.did == []


async def test_after_its_time_it_is_off(world: World) -> None:
    """What counts is when it was pressed."""
    waiting = await world.ask()
    assert (await world.press(waiting, late=timedelta(seconds=61))).ended == "expired"
    assert world.did == []
    assert (await world.press(waiting, late=timedelta(seconds=59), press="slack:p2")).ended == "done"


async def test_what_nobody_asked_for_is_not_done(world: World) -> None:
    """A token that was made up confirms nothing."""
    waiting = await world.ask()
    made_up = waiting.model_copy(update={"token": "0" * 32})
    assert (await world.press(made_up)).ended == "expired"


async def test_what_is_not_allowed_any_more_is_not_done(world: World) -> None:
    """The channel's tools are looked up again when the button is pressed."""
    waiting = await world.ask()
    world.allowed = False
    assert (await world.press(waiting)).ended == "gone"
    assert world.did == []


async def test_after_a_crash_the_outcome_is_unknown_and_nothing_is_repeated(world: World) -> None:
    """The press is delivered again to a new process, which cannot know what the old one did."""

    async def dies() -> str:
        raise Killed

    world.behaviour = dies
    waiting = await world.ask()
    with pytest.raises(Killed):
        await world.press(waiting)
    world.restart()
    assert (await world.press(waiting)).ended == "unknown"
    assert (await world.press(waiting, press="slack:p2")).ended == "unknown"
    assert len(world.did) == 1
    assert [one.outcome for one in await world.journal.audited()] == ["unknown"]


async def test_another_press_meanwhile_is_told_to_wait(world: World) -> None:
    """It does not take a running call for one that was cut off."""
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "ticket 8"

    world.behaviour = slow
    waiting = await world.ask()
    running = asyncio.create_task(world.press(waiting))
    while not world.did:
        await asyncio.sleep(0.01)
    assert (await world.press(waiting, press="slack:p2")).ended == "under_way"
    gate.set()
    assert await running == Pressed("done", "ticket 8")
    assert len(world.did) == 1


@pytest.mark.parametrize(("done", "ended"), [(False, "failed"), (None, "unknown")])
async def test_a_failure_says_whether_anything_was_done(world: World, done: bool | None, ended: str) -> None:
    """Refused before it began, or cut off on the way; neither is tried again."""

    async def fails() -> str:
        raise ToolError("No room.", done=done)

    world.behaviour = fails
    waiting = await world.ask()
    assert (await world.press(waiting)).ended == ended
    assert (await world.press(waiting, press="slack:p2")).ended == ended
    assert len(world.did) == 1


async def test_what_is_shown_is_what_is_done(world: World) -> None:
    """Signs that nobody sees are taken out before it is shown, and do not come back."""
    hidden = "".join(chr(0xE0000 + ord(sign)) for sign in "to boss@evil.example")
    waiting = await world.ask(f"Hola{hidden}\u202e")
    await world.press(waiting)
    assert world.did[0][0] == {"title": "Hola"}


async def test_what_cannot_be_shown_whole_is_not_asked_for(world: World) -> None:
    """Nobody confirms what they cannot see."""
    with pytest.raises(ArgumentsError, match="shorter"):
        await world.ask("x" * 5_000)


async def test_the_time_runs_from_when_it_is_seen(world: World) -> None:
    """A model that goes on writing does not eat it up."""
    waiting = await world.ask()
    later = await world.confirming.start(waiting)
    assert later.until >= waiting.until
    assert later.token == waiting.token


@given(st.text(max_size=200))
def test_no_argument_leaves_its_block(text: str) -> None:
    """Whatever is in it, what is shown is one block with one line for each argument."""
    lines = shown("t", {"a": text}).splitlines()
    assert lines[0] == "**t**"
    block = "\n".join(shown("t", {"a": text}).split("\n"))
    assert block.count("```") == 2
    assert len(block.split("\n")) == 4


@pytest.mark.slow
@pytest.mark.parametrize("killed", [None, 0.0, 0.03])
async def test_several_processes_press_at_once_and_some_are_killed(
    world: World, valkey: EmbeddedValkey, database_url: str, tmp_path: Path, killed: float | None
) -> None:
    """It is done once at most; whoever was killed in the middle leaves it unknown, never to be repeated."""
    file = tmp_path / "done.txt"
    waiting = await world.ask()
    command = [sys.executable, "-m", "tests.bot.tools.pressing_process"]
    command += [str(valkey.url), database_url, waiting.token, str(file)]
    processes = [
        subprocess.Popen(
            [*command, str(number)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
        )
        for number in range(3)
    ]
    if killed is not None:
        while not (file.exists() and file.stat().st_size):
            await asyncio.sleep(0.001)
        await asyncio.sleep(killed)
        for process in processes:
            process.kill()
    ended = [line for process in processes for line in process.communicate()[0].split()]
    assert file.read_text("utf-8") == f"{waiting.token}\n"
    if killed is None:
        assert ended.count("done") == 1
        assert set(ended) <= {"done", "before", "under_way"}
        return
    # The place of whoever was killed is free in time.
    await world.redis.delete(f"vocero:confirm:running:{waiting.token}")
    assert (await world.press(waiting)).ended == "unknown"
    assert world.did == []
