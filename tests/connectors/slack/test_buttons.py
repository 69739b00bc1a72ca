"""Conversations with buttons: what pressing them does, for whom it shows, and that it outlives a restart."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.journal_tables import FEEDBACK
from tests.connectors.slack.server import ADMIN, ANA, BEA
from tests.connectors.slack.workspace import Workspace, context, markdown, workspace

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ESCALATION = '[[channels]]\nmatch = "slack:#general"\nescalate_to = "slack:#ayuda"\n'


def opinions(place: Workspace) -> list[dict[str, Any]]:
    """What was said of answers."""
    with place.runtime.library.database.connect() as connection:
        return [dict(row) for row in connection.execute(select(FEEDBACK)).mappings()]


async def asked(place: Workspace, **more: Any) -> dict[str, Any]:
    """An answer to press buttons below."""
    await place.mention(QUESTION, **more)
    return (await place.answered())[-1]


async def test_an_answer_has_its_buttons(tmp_path: Path):
    """In the persona's words; no answer has one that leads nowhere."""
    async with workspace(tmp_path) as place:
        answer = await asked(place)
    blocks = {block["type"]: block for block in answer["blocks"]}
    labels = [one["text"]["text"] for one in blocks["actions"]["elements"]]
    assert labels == ["Otra vez", "Fuentes"]
    (thumbs,) = blocks["context_actions"]["elements"]
    assert thumbs["type"] == "feedback_buttons"
    assert not any(":ask_person:" in one["value"] for one in blocks["actions"]["elements"])


async def test_helpful(tmp_path: Path):
    """It is kept with the answer's id; only who pressed is thanked."""
    async with workspace(tmp_path) as place:
        await place.press("helpful", await asked(place))
        await place.until(lambda: place.slack.responses)
        (kept,) = opinions(place)
    assert (kept["answer"], kept["author"], kept["helpful"]) == (
        "slack:T1:CGEN:1700000000.000100",
        f"slack:{ANA}",
        True,
    )
    (thanks,) = place.slack.responses
    assert (thanks["user"], thanks["thread_ts"]) == (ANA, "1700000000.000100")
    assert len(place.slack.said("CGEN")) == 1


async def test_not_helpful_with_a_reason_and_a_correction(tmp_path: Path):
    """It counts at once; what is sent in the modal is added."""
    async with workspace(tmp_path) as place:
        await place.press("not_helpful", await asked(place))
        await place.until(lambda: place.slack.views)
        await place.until(lambda: opinions(place))
        await place.submit(place.slack.views[0], reason="outdated", correction="Son 20 días.")
        await place.until(lambda: opinions(place)[0]["correction"])
        (kept,) = opinions(place)
    assert (kept["helpful"], kept["reason"], kept["correction"]) == (False, "outdated", "Son 20 días.")


async def test_feedback_after_a_restart(tmp_path: Path):
    """All that a button needs to be known by is in it."""
    async with workspace(tmp_path) as place:
        answer = await asked(place)
    async with workspace(tmp_path) as place:
        await place.press("not_helpful", answer, user=BEA)
        await place.until(lambda: opinions(place))
        (kept,) = opinions(place)
    assert kept["answer"] == "slack:T1:CGEN:1700000000.000100"


async def test_once_more(tmp_path: Path):
    """The new answer takes the place of the old one."""
    async with workspace(tmp_path) as place:
        await place.press("regenerate", await asked(place))
        await place.until(lambda: place.slack.called("chat.update"))
        (answer,) = await place.answered()
    assert "17 días corridos" in markdown(answer)
    assert any(":regenerate:" in str(block) for block in answer["blocks"])


async def test_only_who_asked_has_it_answered_once_more(tmp_path: Path):
    """Anyone else is told so, alone."""
    async with workspace(tmp_path) as place:
        answer = await asked(place)
        before = markdown(answer)
        await place.press("regenerate", answer, user=BEA)
        await place.until(lambda: place.slack.responses)
        (unchanged,) = await place.answered()
    assert place.slack.responses[0]["user"] == BEA
    assert markdown(unchanged) == before


async def test_the_sources(tmp_path: Path):
    """What was cited, with its words, to who wanted to see it."""
    async with workspace(tmp_path) as place:
        await place.press("show_sources", await asked(place), user=BEA)
        await place.until(lambda: place.slack.responses)
    (shown,) = place.slack.responses
    assert shown["user"] == BEA
    assert "17 días corridos" in markdown(shown)
    assert "Política de vacaciones" in context(shown)


async def test_a_person_is_asked(tmp_path: Path):
    """The channel that is set learns of it once: question, answer, and a link back."""
    async with workspace(tmp_path, ESCALATION) as place:
        answer = await asked(place)
        await place.press("ask_person", answer)
        await place.until(lambda: place.slack.responses)
        await place.press("ask_person", answer, user=BEA)
        await place.until(lambda: len(place.slack.responses) == 2)
    (request,) = place.slack.said("CHELP")
    assert QUESTION in markdown(request)
    assert "17 días corridos" in markdown(request)
    assert f"/archives/CGEN/p{answer['ts'].replace('.', '')}" in markdown(request)
    assert (request["unfurl_links"], request["unfurl_media"]) == (False, False)


async def test_an_answer_that_is_being_written_is_stopped(tmp_path: Path):
    """By Slack's own stop button; what there is by then stays, and says so."""
    async with workspace(tmp_path) as place:
        place.slack.slow["assistant.threads.setStatus"] = 1.5
        await place.mention(QUESTION)
        await place.until(lambda: place.slack.called("assistant.threads.setStatus"))
        stop = {"type": "agent_session_stopped", "channel": "CGEN", "user": ANA, "streaming_message_ts": []}
        envelope = {
            "type": "event_callback",
            "team_id": "T1",
            "event": stop | {"thread_ts": "1700000000.000100"},
        }
        await place.send(envelope)
        (answer,) = await place.answered()
    assert answer["thread_ts"] == "1700000000.000100"


async def test_an_administrator_sees_how_things_stand(tmp_path: Path):
    """Under Home: the sources, today's questions, and those without an answer; others see the sources."""
    async with workspace(tmp_path) as place:
        await asked(place)
        await place.mention("¿Cuál es la capital de Mongolia?", ts="1700000001.000100")
        await place.until(lambda: len(place.slack.said("CGEN")) == 2)
        await place.answered()
        for user in (ADMIN, ANA):
            opened = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home"}
            await place.send({"type": "event_callback", "team_id": "T1", "event": opened})
            await place.until(lambda user=user: [v for v in place.slack.views if v["user"] == user])
    views = {view["user"]: str(view["blocks"]) for view in place.slack.views}
    assert "docs" in views[ADMIN]
    assert "Mongolia" in views[ADMIN]
    assert "docs" in views[ANA]
    assert "Mongolia" not in views[ANA]
    assert "people" not in views[ANA]


async def test_a_file_is_read_for_its_question(tmp_path: Path):
    """It is fetched with the token, answered from, and not kept."""
    async with workspace(tmp_path) as place:
        place.slack.files["nota.txt"] = b"La clave del wifi de invitados cambia cada lunes.\n"
        url = place.slack.url.replace("/api/", "/files/nota.txt")
        file = {"id": "F1", "name": "nota.txt", "mimetype": "text/plain", "size": 50, "url_private": url}
        await place.write("¿Cuándo cambia la clave del wifi?", "DANA", files=[file], subtype="file_share")
        (answer,) = await place.answered("DANA")
        await place.write("¿Cuándo cambia la clave del wifi?", "DANA", ts="1700000009.000100")
        await place.until(lambda: len(place.slack.said("DANA")) == 2)
        _, later = await place.answered("DANA")
    assert "cada lunes" in markdown(answer)
    assert "cada lunes" not in markdown(later)


async def test_a_question_about_a_message(tmp_path: Path):
    """The shortcut asks for the question; the answer comes in that message's thread."""
    async with workspace(tmp_path) as place:
        shortcut = {
            "type": "message_action",
            "callback_id": "ask_about_message",
            "trigger_id": "1.shortcut",
            "user": {"id": ANA, "team_id": "T1"},
            "team": {"id": "T1"},
            "channel": {"id": "CGEN"},
            "message_ts": "1690000000.000100",
            "message": {"ts": "1690000000.000100", "user": BEA, "text": "Me mudo a Rosario en mayo."},
        }
        await place.send(shortcut, "interactive")
        await place.until(lambda: place.slack.views)
        await place.submit(place.slack.views[0], question="¿Cuántos días de vacaciones tiene?")
        (answer,) = await place.answered()
    assert answer["thread_ts"] == "1690000000.000100"


async def test_a_question_about_a_message_with_much_beside_it(tmp_path: Path):
    """What else a colleague wrote does not keep a question that stands by itself from its answer."""
    said = (
        "Che, @bea, me preguntaron otra vez lo de las vacaciones & no sé qué decirle al del taller de motos"
    )
    async with workspace(tmp_path) as place:
        message = {"ts": "1690000000.000100", "user": BEA, "text": said}
        shortcut = {
            "type": "message_action",
            "callback_id": "ask_about_message",
            "trigger_id": "1.shortcut",
            "user": {"id": ANA, "team_id": "T1"},
            "team": {"id": "T1"},
            "channel": {"id": "CGEN"},
            "message_ts": "1690000000.000100",
            "message": message,
        }
        await place.send(shortcut, "interactive")
        await place.until(lambda: place.slack.views)
        await place.submit(place.slack.views[0], question="¿Cuántos días de vacaciones hay en Rosario?")
        (answer,) = await place.answered()
    assert "17 días corridos" in markdown(answer)


async def test_questions_without_a_mention(tmp_path: Path):
    """In a thread that one has asked in, going on needs no mention; a colleague's talk is left alone."""
    async with workspace(tmp_path) as place:
        await asked(place)
        more = {"thread_ts": "1700000000.000100"}
        await place.write("yo también quiero saber", "CGEN", ts="1700000001.000100", user=BEA, **more)
        await place.write("¿y en España?", "CGEN", ts="1700000002.000100", **more)
        await place.until(lambda: len(place.slack.said("CGEN")) == 2)
        await place.answered()
        reasons = await place.runtime.dispatch.reasons()
    assert "25 días laborables" in markdown(place.slack.said("CGEN")[1])
    assert reasons["not_addressed"] == 1
    assert len(place.slack.said("CGEN")) == 2
