"""What is done about an answer, as conversations: buttons come as events, and leave their traces."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import LABELS, LONGEST, button, first, pressed, read_button, stoppable, successor
from bot.config import load_settings
from bot.messages import Channel, Message
from bot.phrases import Phrases
from tests.bot.company import company
from tests.bot.room import ANA, BETO, HELP, JEFA, Room, room
from tests.model_server import STALL, model_server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ESCALATES = 'admins = ["slack:U1"]'
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = '[[channels]]\nmatch = "slack:*"\npersona = "rioplatense"\nescalate_to = "slack:#personas"\n'


def settings(folder: Path, extra: str = HERE):
    return company(folder, extra, llm=ESCALATES)


async def test_an_answer_offers_what_can_be_done_about_it(tmp_path: Path):
    """Buttons by what there is: sources where some are cited, a person where one can be asked."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        missing = await people.ask("¿Qué marca de café hay en la cocina?")
        greeting = await people.ask("hola")
    assert answer.actions == ("helpful", "not_helpful", "regenerate", "show_sources", "ask_person")
    assert missing.actions == ("helpful", "not_helpful", "ask_person")
    assert greeting.actions == ()


async def test_nobody_to_ask_means_no_button(tmp_path: Path):
    """Without `escalate_to` a person is not offered, and a stale button says so."""
    async with room(settings(tmp_path, "")) as people:
        answer = await people.ask(QUESTION)
        told = await people.press("ask_person", answer.id)
    assert "ask_person" not in answer.actions
    assert told.reason == "nobody_to_ask"


async def test_the_last_word_on_an_answer_stands(tmp_path: Path):
    """Feedback is kept with the answer's id, one opinion a person, with reason and correction."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        await people.press("helpful", answer.id)
        await people.press("not_helpful", answer.id, reason="outdated", correction="Son 18.")
        await people.press("helpful", answer.id, author=BETO)
        opinions = await people.runtime.journal.feedback_on(answer.id)
    assert {one.author: (one.helpful, one.reason, one.correction) for one in opinions} == {
        "slack:ANA": (False, "outdated", "Son 18."),
        "slack:BETO": (True, None, None),
    }


async def test_a_person_is_asked_once_with_question_answer_and_link(tmp_path: Path):
    """However often and by whomever the button is pressed; the asker is told where."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        told = await people.press("ask_person", answer.id)
        again = await people.press("ask_person", answer.id, author=BETO)
        await people.press("regenerate", answer.id)
        await people.answer(successor(answer.id))
        await people.press("ask_person", successor(answer.id))
        [(where, request)] = people.room.said
    assert where == "slack:#personas"
    assert QUESTION in request
    assert "17 días corridos" in request
    assert "https://slack.test/the answer" in request
    assert "#personas" in told.text
    assert again.text != told.text


async def test_who_cannot_be_told_can_be_asked_again(tmp_path: Path):
    """A target that refuses is named with its reason, and the next press tries again."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        people.room.broken = "channel_not_found"
        refused = await people.press("ask_person", answer.id)
        people.room.broken = ""
        told = await people.press("ask_person", answer.id)
    assert (refused.reason, "channel_not_found" in refused.text) == ("escalation_failed", True)
    assert "#personas" in told.text
    assert len(people.room.said) == 1


async def test_a_person_may_be_asked_on_another_platform(tmp_path: Path):
    """What is pressed on one is said on the other, with a link back."""
    async with room(settings(tmp_path, HERE.replace("slack:#personas", "discord:#personas"))) as people:
        other = Room("discord")
        people.runtime.connectors["discord"] = other
        answer = await people.ask(QUESTION)
        told = await people.press("ask_person", answer.id)
        [(where, request)] = other.said
    assert where == "discord:#personas"
    assert "https://slack.test/the answer" in request
    assert "#personas" in told.text
    assert people.room.said == []


async def test_a_person_is_asked_once_though_the_try_failed_after_it(tmp_path: Path):
    """What was said and not heard of is not said again; the one who pressed is told all the same."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        people.room.lost = 1
        told = await people.press("ask_person", answer.id)
    assert "#personas" in told.text
    assert len(people.room.said) == 1


async def test_what_the_others_may_not_read_is_not_shown_to_them(tmp_path: Path):
    """An answer from a limited source goes to the target without its text."""
    path = settings(tmp_path, "").path
    path.write_text(path.read_text().replace('"formal"\n', '"formal"\nescalate_to = "slack:#personas"\n'))
    hr = Channel(platform="slack", id="C9", name="rrhh", kind="private")
    async with room(load_settings(path, environ={})) as people:
        answer = await people.ask("¿Cuánto cobra una analista?", channel=hr)
        await people.press("ask_person", answer.id, channel=hr)
        [(_, request)] = people.room.said
    assert "900" in answer.text
    assert "900" not in request
    assert "analista" in request


async def test_sources_are_shown_from_the_journal(tmp_path: Path):
    """What was cited, with the words taken from there, also after a restart."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
    async with room(settings(tmp_path)) as people:
        told = await people.press("show_sources", answer.id, author=BETO)
    assert told.citations == answer.citations
    assert "17 días corridos" in told.text


async def test_an_answer_is_replaced_by_another(tmp_path: Path):
    """Without a model other passages are quoted, in the same place; what it says is remembered once."""
    more = (
        "siempre que el viaje haya sido aprobado antes por quien dirige el área y conste en el portal, " * 2
    )
    docs = {
        "uno": f"# Viáticos\n\n## Comidas\n\nEl viático por comidas es de 30 euros por día {more}sin más.\n",
        "dos": f"# Gastos\n\n## Viajes\n\nEl viático por comidas se pide con ticket {more}y nada más.\n",
    }
    async with room(company(tmp_path, HERE, llm=ESCALATES, **docs)) as people:
        answer = await people.ask("¿Cómo es el viático por comidas?")
        told = await people.press("regenerate", answer.id)
        other = await people.answer(successor(answer.id))
        turns = await people.runtime.bot._memory.turns(answer.id)
    assert told.text == ""
    assert other.answer != answer.answer
    assert people.room.place[other.id] == people.room.place[answer.id]
    assert [turn.answer for turn in turns] == [other.answer]


async def test_pressing_twice_asks_once(tmp_path: Path):
    """Two presses on one answer are one new answer; the new one can be asked again itself."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        await people.press("regenerate", answer.id)
        await people.press("regenerate", answer.id)
        once = await people.answer(successor(answer.id))
        await people.press("regenerate", once.id)
        twice = await people.answer(successor(once.id))
    assert (once.id, twice.id) == (f"{answer.id}~1", f"{answer.id}~2")
    assert len({people.room.place[id_] for id_ in (answer.id, once.id, twice.id)}) == 1


async def test_where_nothing_else_is_found_it_says_so(tmp_path: Path):
    """The same passages again, and a word that there is nothing else."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask("¿Con cuánta anticipación se piden las vacaciones en el portal?")
        await people.press("regenerate", answer.id)
        again = await people.answer(successor(answer.id))
    if again.answer == answer.answer:
        assert "No encontré otra cosa" in again.text


async def test_only_the_asker_or_an_admin_asks_again(tmp_path: Path):
    """Others are refused politely, they alone."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        refused = await people.press("regenerate", answer.id, author=BETO)
        allowed = await people.press("regenerate", answer.id, author=JEFA)
        await people.answer(successor(answer.id))
    assert (refused.outcome, refused.reason) == ("refused", "not_yours")
    assert allowed.outcome == "answered"


async def test_a_button_from_elsewhere_tells_nothing(tmp_path: Path):
    """A press in another channel does not open an answer that was given in this one, or to one person."""
    async with room(settings(tmp_path)) as people:
        answer = await people.ask(QUESTION)
        elsewhere = Channel(platform="slack", id="C2", name="otro")
        told = await people.press("show_sources", answer.id, author=BETO, channel=elsewhere)
        unknown = await people.press("show_sources", "slack:T1:C1:nothing")
        hidden = await people.ask(QUESTION, private=True)
        seen = await people.press("show_sources", hidden.id, author=BETO)
    assert (told.reason, told.citations) == ("not_yours", ())
    assert unknown.reason == "answer_unknown"
    assert (seen.reason, seen.citations) == ("not_yours", ())


async def test_an_answer_is_stopped_while_it_is_written(tmp_path: Path):
    """What there was stands, marked, without numbers that lead nowhere; the turn is not tried again."""
    async with model_server() as server:
        server.says("Son 17 días corridos [1]. ", "Además", STALL)
        extra = f'{HERE}[models.openai-like]\nbase_url = "{server.url}"\n'
        head = f'{ESCALATES}\nllm = "openai-like:scripted"'
        async with room(company(tmp_path, extra, llm=head)) as people:
            id_ = await people.write(QUESTION)
            await people.until(lambda: any("17 días" in post.text for post in people.room.posts.values()))
            refused = await people.press("stop", id_, author=BETO)
            told = await people.press("stop", id_)
            answer = await people.answer(id_)
            late = await people.press("stop", id_)
            assert await people.runtime.journal.answered(id_)
            assert await people.runtime.journal.unanswered() == []
    assert refused.reason == "not_yours"
    assert told.text == ""
    assert (answer.outcome, answer.reason) == ("refused", "stopped")
    assert answer.text.startswith("Son 17 días corridos.")
    assert "Detenido" in answer.text
    assert "[1]" not in answer.text
    assert answer.actions == ("regenerate", "ask_person")
    assert late.reason == "not_running"


async def test_a_deleted_question_is_not_answered_to_the_end(tmp_path: Path):
    """While it waits it is taken back; while it is answered, that ends."""
    async with model_server() as server:
        server.says("Son 17 días corridos [1]. ", "Además", STALL)
        extra = f'{HERE}[models.openai-like]\nbase_url = "{server.url}"\n'
        async with room(company(tmp_path, extra, llm='llm = "openai-like:scripted"')) as people:
            running = await people.write(QUESTION, thread="slack:T1:C1:t")
            waiting = await people.write(QUESTION, thread="slack:T1:C1:t")
            await people.until(lambda: any("17 días" in post.text for post in people.room.posts.values()))
            assert await people.runtime.desk.withdraw(waiting)
            assert await people.runtime.desk.withdraw(running)
            answer = await people.answer(running)
            assert waiting not in people.room.place
    assert answer.reason == "deleted_question"


@pytest.mark.parametrize("action", LABELS)
def test_buttons_say_what_they_are_about(action):
    """The id alone tells action and answer, and fits both platforms for the longest ids that they make."""
    answer = "discord:1234567890123456789:1234567890123456789:1234567890123456789~12"
    assert read_button(button(action, answer)) == (action, answer)
    assert len(button(action, answer)) <= LONGEST
    assert Phrases("en").render(LABELS[action])


@given(st.text(max_size=60))
def test_what_is_no_button_of_ours_is_none(text: str):
    """Whatever else is pressed is not mistaken for one; and what is read was written."""
    read = read_button(text)
    assert read is None or button(*read) == text


@given(st.text(alphabet="abc:~0123", min_size=1, max_size=20))
def test_asked_again_is_told_from_asked(answer: str):
    """Each answer has one successor, and both belong to the same question."""
    assert successor(answer) != answer
    assert first(successor(answer)) == first(answer)


def test_only_questions_can_be_stopped():
    """A command ends by itself."""
    event = pressed("regenerate", "a", id="p", channel=HELP, author=ANA, at=NOON, reference={})
    asked = Message(id="slack:1", thread="t", channel=HELP, author=ANA, at=NOON, text="¿?")
    assert stoppable(asked)
    assert not stoppable(event)
