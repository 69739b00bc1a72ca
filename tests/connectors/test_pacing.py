"""Pacing: edits that skip what came in between, and a place that takes one message after the other."""

import asyncio

import pytest

from connectors.pacing import Paced


class Screen:
    """Where texts are shown."""

    def __init__(self, slow: float = 0.0) -> None:
        self.shown: list[str] = []
        self.times: list[float] = []
        self.slow = slow

    async def show(self, text: str) -> None:
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.slow)
        self.shown.append(text)


async def test_what_is_whole_within_the_lead_is_not_shown() -> None:
    """Whoever knows the end shows it; nothing is shown after that."""
    screen = Screen()
    async with Paced(screen.show, lead=0.05, interval=0.01) as paced:
        paced.update("a")
    await asyncio.sleep(0.1)
    assert screen.shown == []


async def test_the_newest_text_is_shown_and_none_twice() -> None:
    """What came while it was not yet time is left out."""
    screen = Screen()
    async with Paced(screen.show, lead=0.01, interval=0.05) as paced:
        for text in ("a", "ab", "abc"):
            paced.update(text)
        await asyncio.sleep(0.2)
        paced.update("abcd")
        await asyncio.sleep(0.1)
    assert screen.shown == ["abc", "abcd"]


async def test_two_showings_keep_their_distance() -> None:
    """However fast the text grows and however late it ends."""
    screen = Screen()
    async with Paced(screen.show, lead=0.0, interval=0.05) as paced:
        for number in range(20):
            paced.update(str(number))
            await asyncio.sleep(0.01)
    await paced.due()
    await screen.show("end")
    distances = [after - before for before, after in zip(screen.times, screen.times[1:], strict=False)]
    assert len(distances) > 1
    assert min(distances) >= 0.049


async def test_a_slow_showing_does_not_keep_the_writer_waiting_and_is_waited_for_at_the_end() -> None:
    """The last one must not be overtaken by one before it."""
    screen = Screen(slow=0.1)
    async with Paced(screen.show, lead=0.0, interval=0.0) as paced:
        paced.update("a")
        await asyncio.sleep(0.02)
        paced.update("b")
        assert screen.shown == []
    assert screen.shown == ["a"]


async def test_an_error_of_showing_is_raised() -> None:
    """It does not disappear in the background."""

    async def fails(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="a"):
        async with Paced(fails, lead=0.0, interval=0.0) as paced:
            paced.update("a")
            await asyncio.sleep(0.02)


async def test_an_error_inside_ends_the_showing() -> None:
    """Nothing is shown after the writer failed."""
    screen = Screen()
    with pytest.raises(ValueError, match="broken"):
        async with Paced(screen.show, lead=0.01, interval=0.0) as paced:
            paced.update("a")
            raise ValueError("broken")
    await asyncio.sleep(0.03)
    assert screen.shown == []


async def test_what_is_said_meanwhile_does_not_hold_up_the_text() -> None:
    """The first words come as soon as they are there, though something else has just been shown."""
    screen = Screen()
    async with Paced(screen.show, lead=0.0, interval=3600.0) as paced:
        paced.meanwhile("searching")
        await asyncio.sleep(0.02)
        paced.update("a")
        await asyncio.sleep(0.02)
        paced.meanwhile("still searching")
        await asyncio.sleep(0.02)
    assert screen.shown == ["searching", "a"]
