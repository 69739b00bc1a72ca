"""Conversations with the whole bot but a platform: queue, turn, engine and index are the real ones."""

from pathlib import Path

from bot.app import open_runtime
from tests.bot.company import company, talking


async def test_an_answer_quotes_the_documents_and_says_which(tmp_path: Path):
    """A question is answered in the documents' own words, with a number that the citation has too."""
    async with talking(company(tmp_path)) as bot:
        answer = await bot.ask("¿Cuántos días de vacaciones hay en Rosario?")
    assert answer.outcome == "answered"
    assert "17 días corridos" in answer.answer
    assert "[1]" in answer.text
    assert answer.citations[0].number == 1
    assert (answer.citations[0].document, answer.citations[0].location) == ("vacaciones.md", "Argentina")
    assert answer.model is None


async def test_what_the_documents_do_not_say_is_not_made_up(tmp_path: Path):
    """Without an answer in the documents it says so, quotes nothing and cites nothing."""
    async with talking(company(tmp_path)) as bot:
        answer = await bot.ask("¿Qué marca de café hay en la cocina?")
    assert answer.outcome == "not_found"
    assert answer.answer == ""
    assert answer.citations == ()


async def test_a_follow_up_refers_to_what_was_asked(tmp_path: Path):
    """In the same thread a fragment is understood; in another it stands for itself."""
    async with talking(company(tmp_path)) as bot:
        await bot.ask("¿Cuántos días de vacaciones hay en Argentina?", thread="uno")
        answer = await bot.ask("¿y en España?", thread="uno")
    assert "25 días laborables" in answer.answer


async def test_each_channel_has_its_voice(tmp_path: Path):
    """Personas go by channel, and what is quoted is the same in all of them."""
    async with talking(company(tmp_path)) as bot:
        here = await bot.ask("¿Cuántos días de vacaciones hay en Rosario?")
        madrid = await bot.ask("¿Cuántos días de vacaciones hay en Rosario?", "slack:#madrid")
    assert (here.persona, here.register_.singular) == ("rioplatense", "vos")
    assert (madrid.persona, madrid.register_.plural) == ("peninsular", "vosotros")
    assert here.answer == madrid.answer


async def test_a_thread_keeps_the_persona_it_began_with(tmp_path: Path):
    """When the channel's persona changes, threads that are under way do not change voice."""
    async with talking(company(tmp_path)) as bot:
        await bot.ask("¿Cuántos días de vacaciones hay en España?", thread="largo")
    changed = company(tmp_path, extra='[[channels]]\nmatch = "terminal:local"\npersona = "formal"\n')
    async with talking(changed) as bot:
        old = await bot.ask("¿y en Argentina?", thread="largo")
        new = await bot.ask("¿Cuántos días de vacaciones hay en España?", thread="otro")
    assert (old.persona, new.persona) == ("rioplatense", "formal")


async def test_a_private_source_stays_in_its_channel(tmp_path: Path):
    """What only one channel may read is not found from another, not even as a suggestion."""
    async with talking(company(tmp_path)) as bot:
        outside = await bot.ask("¿Cuánto cobra una analista?")
        inside = await bot.ask("¿Cuánto cobra una analista?", "slack:#rrhh")
    assert outside.outcome == "not_found"
    assert "salarial" not in outside.text
    assert "900 y 1.200" in inside.answer


async def test_small_talk_needs_no_documents(tmp_path: Path):
    """A greeting is greeted, thanks are welcomed, and nothing at all is asked back."""
    async with talking(company(tmp_path)) as bot:
        greeting, thanks, nothing = [await bot.ask(said) for said in ("¡Hola!", "muchas gracias", "…?")]
    assert (greeting.outcome, greeting.citations) == ("answered", ())
    assert thanks.reason == "thanks"
    assert (nothing.outcome, nothing.reason) == ("refused", "ask_something")


async def test_every_question_is_journalled_and_what_was_not_answered_counted(tmp_path: Path):
    """The journal has each turn once, and `status` counts the reasons of those without an answer."""
    settings = company(tmp_path)
    async with talking(settings) as bot:
        for said in (
            "¿Cuántos días de vacaciones hay en Rosario?",
            "¿Qué marca de café hay en la cocina?",
            "gracias",
        ):
            await bot.ask(said)
    async with open_runtime(settings) as runtime:
        assert await runtime.journal.outcomes() == {"answered": 2, "not_found": 1}
        assert await runtime.dispatch.reasons() == {"not_found": 1}
        (unanswered,) = await runtime.journal.unanswered()
    assert "café" in unanswered.question
