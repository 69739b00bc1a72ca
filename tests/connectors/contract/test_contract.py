"""What holds on every platform: one conversation gives the same events, one reply the same view."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Command, Feedback, Message
from bot.phrases import Phrases
from tests.bot.company import company, talking
from tests.connectors.contract.platforms import Open, heard, ignored, on_discord, on_slack
from tests.connectors.contract.terminal import on_terminal

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ESCALATES = '[[channels]]\nmatch = "*"\nescalate_to = "{platform}:#interno"\n'


PLATFORMS: dict[str, Open] = {"terminal": on_terminal, "slack": on_slack, "discord": on_discord}


@pytest.fixture(params=PLATFORMS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def opened(name: str) -> Open:
    return PLATFORMS[name]


def told(event: Message | Command | Feedback) -> dict[str, Any]:
    """An event without what each platform names its own way."""
    fields = event.model_dump(exclude={"id", "thread", "at", "author", "reference", "channel", "language"})
    fields.pop("answer", None)
    return fields | {"kind": event.channel.kind}


def check_identity(event: Message | Command | Feedback, platform: str) -> None:
    """What every event has, however the platform names it."""
    assert event.id.startswith(f"{platform}:")
    assert event.channel.platform == platform
    assert event.author.id.startswith(f"{platform}:")
    assert isinstance(event.at, datetime) and event.at.tzinfo is not None


async def test_a_mention_is_a_question(tmp_path: Path, opened: Open) -> None:
    """Its text without the mention, public as the channel is, and nothing else."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        await platform.shown()
    [event] = platform.events
    check_identity(event, event.channel.platform)
    assert told(event) == {
        "type": "message", "private": False, "text": QUESTION, "about": None, "attachments": (),
        "replaces": None, "kind": "public",
    }  # fmt: skip


async def test_a_direct_message_is_private(tmp_path: Path, opened: Open) -> None:
    """It needs no mention, and is answered by what the asker may read."""
    async with opened(tmp_path) as platform:
        await platform.directly(QUESTION)
        [event] = await heard(platform, 1)
    assert (told(event)["kind"], event.private, told(event)["text"]) == ("direct", True, QUESTION)


async def test_what_is_not_for_the_bot_is_counted(tmp_path: Path, opened: Open) -> None:
    """Nothing is submitted, nothing said, and the reason is known."""
    async with opened(tmp_path) as platform:
        await platform.overheard("¿Alguien vio mis llaves?")
        assert await ignored(platform, "not_addressed") == 1
        await platform.mention("hola")
        shown = await platform.shown()
    assert len(platform.events) == len(shown) == 1


async def test_what_is_delivered_again_is_answered_once(tmp_path: Path, opened: Open) -> None:
    """However often, and in whatever shape."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        await platform.repeated()
        await platform.shown()
        await platform.mention("hola")
        shown = await platform.shown(2)
    assert len(platform.events) == 2
    assert len(shown) == 2


async def test_an_answer_is_shown_with_its_sources_and_buttons(tmp_path: Path, opened: Open) -> None:
    """The quote, its number, the source under the same number, and exactly the buttons that are offered."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
    assert "17 días corridos" in shown.text
    assert "[1]" in shown.text
    assert "Política de vacaciones" in shown.sources
    assert platform.heading in shown.sources
    assert tuple(sorted(shown.buttons)) == platform.offers


async def test_every_platform_says_the_same(tmp_path: Path, opened: Open) -> None:
    """What stands in the terminal stands here: the same question, the same words of the documents."""
    async with talking(company(tmp_path / "terminal")) as terminal:
        answer = await terminal.ask(QUESTION)
    async with opened(tmp_path / "platform") as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
    assert answer.answer in shown.text.replace("> ", "")


async def test_a_person_is_offered_where_one_can_be_asked(tmp_path: Path, name: str, opened: Open) -> None:
    """The button is there by the channel's settings alone, wherever there are buttons."""
    async with opened(tmp_path, ESCALATES.format(platform=name)) as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
    assert ("ask_person" in shown.buttons) == bool(platform.offers)


async def test_a_follow_up_belongs_to_the_same_thread(tmp_path: Path, opened: Open) -> None:
    """In the thread, or as a reply: it is understood from what came before."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [first] = await platform.shown()
        await platform.mention("¿y en España?", after=first)
        second = (await platform.shown(2))[-1]
    asked, followed = platform.events
    assert asked.thread == followed.thread
    assert "25 días laborables" in second.text


async def test_an_opinion_is_feedback_on_the_answer(tmp_path: Path, opened: Open) -> None:
    """With the id of the question; who gives it is thanked alone."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
        thanks = await platform.press("helpful", shown)
        after = await platform.shown()
    question, opinion = platform.events
    check_identity(opinion, question.channel.platform)
    assert isinstance(opinion, Feedback)
    assert (opinion.answer, opinion.helpful, opinion.private) == (question.id, True, True)
    assert opinion.thread != question.thread
    assert "racias" in thanks
    assert [one.text for one in after] == [shown.text]


async def test_another_answer_takes_the_place_of_the_first(tmp_path: Path, opened: Open) -> None:
    """The same message, edited; nobody is told anything besides."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [first] = await platform.shown()
        said = await platform.press("regenerate", first)
        [second] = await platform.shown()
    question, press, again = platform.events
    assert isinstance(press, Command)
    assert (press.name, press.arguments) == ("regenerate", {"answer": question.id})
    assert isinstance(again, Message)
    assert again.replaces == question.id
    assert (second.id, said) == (first.id, "")


async def test_sources_are_shown_to_who_asks_for_them(tmp_path: Path, opened: Open) -> None:
    """With the words that were taken from them; the channel sees nothing new."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
        hidden = await platform.press("show_sources", shown, "someone else")
        after = await platform.shown()
    assert "17 días corridos" in hidden
    assert len(after) == 1


async def test_others_may_not_ask_again(tmp_path: Path, opened: Open) -> None:
    """A refusal in the channel's words, for them alone; the answer stays."""
    async with opened(tmp_path) as platform:
        await platform.mention(QUESTION)
        [shown] = await platform.shown()
        refusal = await platform.press("regenerate", shown, "someone else")
        after = await platform.shown()
    assert refusal == Phrases("es").render("not_yours")
    assert [one.text for one in after] == [shown.text]


async def test_orders_are_for_administrators(tmp_path: Path, opened: Open) -> None:
    """Carried out, in private."""
    async with opened(tmp_path) as platform:
        status = await platform.command("status")
    assert "docs" in status
    [event] = platform.events
    assert (told(event)["name"], event.private) == ("status", True)


async def test_orders_of_others_are_refused(tmp_path: Path, opened: Open) -> None:
    """The same command from someone who is no administrator: politely, and in private too."""
    async with opened(tmp_path) as platform:
        refused = await platform.command("status", "someone else")
    assert refused == Phrases("es").render("not_admin")
    [event] = platform.events
    assert (told(event)["name"], event.private) == ("status", True)
