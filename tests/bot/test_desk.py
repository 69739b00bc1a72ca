"""What connectors ask outside a turn, and files that come with a question, as conversations."""

from pathlib import Path

import pytest

from bot.attachments import MAX_BYTES, MOST
from bot.messages import Attachment, Channel
from tests.bot.company import company
from tests.bot.room import ANA, BETO, HELP, JEFA, room
from tests.bot.tools.shop import furnish
from tests.model_server import STALL, model_server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
ADMINS = 'admins = ["slack:U1"]'
HR = Channel(platform="slack", id="C9", name="rrhh", kind="private")
SHOP = Channel(platform="terminal", id="#shop", name="shop")
DIRECT = Channel(platform="slack", id="D1", kind="direct")


@pytest.mark.parametrize(("setting", "ana", "beto"), [("off", 0, 0), ("asker", 1, 0), ("thread", 1, 1)])
async def test_who_may_go_on_without_a_mention(tmp_path: Path, setting: str, ana: bool, beto: bool):
    """By the channel's setting: nobody, who asked in the thread, or everyone in it."""
    extra = f'[[channels]]\nmatch = "slack:*"\nfollow_ups = "{setting}"\n'
    async with room(company(tmp_path, extra)) as people:
        desk = people.runtime.desk
        answer = await people.ask(QUESTION)
        assert await desk.follows_up(answer.id, HELP, ANA) == bool(ana)
        assert await desk.follows_up(answer.id, HELP, BETO) == bool(beto)
        assert not await desk.follows_up("slack:T1:C1:a thread without us", HELP, ANA)


async def test_follow_ups_are_chosen_from_chat(tmp_path: Path):
    """What an admin chooses holds for the next message; who asks later belongs to the askers, too."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        desk = people.runtime.desk
        answer = await people.ask(QUESTION)
        assert not await desk.follows_up(answer.id, HELP, BETO)
        await people.command("channel set", setting="follow_ups", value="thread")
        assert await desk.follows_up(answer.id, HELP, BETO)
        await people.command("channel set", setting="follow_ups", value="asker")
        await people.ask("¿y en España?", author=BETO, thread=answer.id)
        assert await desk.follows_up(answer.id, HELP, BETO)


async def test_good_questions_and_titles_are_suggested(tmp_path: Path):
    """What was answered, without what was found at fault; in any order of words, with or without accents."""
    async with room(company(tmp_path)) as people:
        good = await people.ask(QUESTION)
        bad = await people.ask("¿Cuántos días de vacaciones hay en Valencia?")
        await people.ask("¿Qué marca de café hay?")
        await people.press("not_helpful", bad.id)
        desk = people.runtime.desk
        found = await desk.suggest("", BETO, HELP)
        assert await desk.suggest("rosario DIAS", BETO, HELP) == [QUESTION]
        assert await desk.suggest("vacac", BETO, HELP, limit=1) == ["Política de vacaciones"] or good
    assert found == [QUESTION, "Política de vacaciones"]


async def test_nothing_is_suggested_that_may_not_be_seen(tmp_path: Path):
    """Titles of what is not read here, questions of other channels, and what others asked in private."""
    async with room(company(tmp_path)) as people:
        await people.ask("¿Cuánto cobra una analista?", channel=HR)
        await people.ask(QUESTION, channel=HELP, private=True)
        desk = people.runtime.desk
        here = await desk.suggest("", BETO, HELP)
        in_hr = await desk.suggest("", BETO, HR)
        own = await desk.suggest("", ANA, HELP)
    assert here == ["Política de vacaciones"]
    assert "Bandas salariales" in in_hr
    assert "¿Cuánto cobra una analista?" in in_hr
    assert QUESTION in own


async def test_arguments_of_commands_are_completed(tmp_path: Path):
    """From what there is: sources, personas, and values of the setting that is being set."""
    async with room(company(tmp_path)) as people:
        desk = people.runtime.desk
        assert await desk.complete("source", "pe") == ["people"]
        assert "rioplatense" in await desk.complete("persona", "")
        chosen = {"setting": "sources"}
        assert await desk.complete("setting_value", "docs, p", given=chosen) == ["docs, people"]
        assert await desk.complete("setting_value", "", given={"setting": "follow_ups"}) == [
            "off", "asker", "thread",
        ]  # fmt: skip
        assert await desk.complete("setting_value", "") == []


async def test_lookups_are_completed(tmp_path: Path):
    """With what this channel may call, as it is called; then with its parameters and their choices."""
    async with room(company(tmp_path, furnish(tmp_path))) as people:

        async def offered(parameter: str, typed: str, channel: Channel = SHOP, **given: str) -> list[str]:
            desk = people.runtime.desk
            return await desk.complete("lookup", typed, given=given, parameter=parameter, channel=channel)

        assert await offered("tool", "") == ["search", "stock", "ticket"]
        assert await offered("tool", "sto") == ["stock"]
        assert await offered("tool", "", HELP) == []
        assert await offered("arguments", "", tool="stock") == ["product=", "country="]
        assert await offered("arguments", "product=A8 country=", tool="stock") == [
            "product=A8 country=AR", "product=A8 country=ES",
        ]  # fmt: skip
        assert await offered("arguments", "", tool="salaries") == []
        assert await offered("arguments", "") == []


async def test_the_overview_shows_admins_more(tmp_path: Path):
    """Sources with their freshness for all, limited ones and the day's questions for admins."""
    async with room(company(tmp_path, llm=ADMINS)) as people:
        await people.ask(QUESTION)
        await people.ask("¿Qué marca de café hay en la cocina?")
        admin = await people.runtime.desk.home(JEFA, "slack")
        anyone = await people.runtime.desk.home(ANA, "slack")
    assert [source.source for source in admin.sources] == ["docs", "people"]
    assert admin.today == {"answered": 1, "not_found": 1}
    assert [one.question for one in admin.unanswered] == ["¿Qué marca de café hay en la cocina?"]
    assert [source.source for source in anyone.sources] == ["docs"]
    assert (anyone.today, anyone.unanswered) == ({}, ())
    assert all(source.finished for source in admin.sources)


async def test_prompts_are_the_personas_examples(tmp_path: Path):
    """And loading messages are in the channel's own words."""
    async with room(
        company(tmp_path, '[[channels]]\nmatch = "slack:*"\npersona = "rioplatense"\n')
    ) as people:
        prompts = await people.runtime.desk.prompts(HELP)
        loading = await people.runtime.desk.loading(HELP)
        persona = people.runtime.bot._voices.named("rioplatense")
    assert list(prompts) == [example.question for example in persona.examples][:4]
    assert 0 < len(loading) <= 10


async def test_a_file_is_read_for_its_question_alone(tmp_path: Path):
    """It is quoted and cited by its name; the next question knows nothing of it."""
    async with room(company(tmp_path)) as people:
        people.room.files["menu.md"] = b"# Comedor\n\nEl comedor abre a las 13:15 y cierra a las 15:45.\n"
        question = "¿A qué hora abre el comedor?"
        answer = await people.ask(question, attachments=(Attachment(name="menu.md"),))
        again = await people.ask(question)
        found = await people.runtime.desk.suggest("comedor", BETO, HELP)
    assert "13:15" in answer.answer
    assert [(cited.title, cited.document) for cited in answer.citations] == [("menu.md", "menu.md")]
    assert again.outcome == "not_found"
    assert found == []


async def test_documents_are_searched_beside_files(tmp_path: Path):
    """A file that does not answer leaves the word to the documents."""
    async with room(company(tmp_path)) as people:
        people.room.files["otro.txt"] = b"La impresora del segundo piso no anda."
        answer = await people.ask(QUESTION, attachments=(Attachment(name="otro.txt"),))
    assert "17 días corridos" in answer.answer
    assert answer.citations[0].document == "vacaciones.md"


async def test_files_are_enough_where_no_source_may_be_read(tmp_path: Path):
    """Who brings the text is answered from it."""
    extra = '[[channels]]\nmatch = "slack:*"\nsources = []\n'
    async with room(company(tmp_path, extra)) as people:
        people.room.files["menu.md"] = b"# Comedor\n\nEl comedor abre a las 13:15.\n"
        answer = await people.ask("¿A qué hora abre el comedor?", attachments=(Attachment(name="menu.md"),))
    assert "13:15" in answer.answer


async def test_a_file_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path):
    """The rest of the question is answered all the same; the boundary of each cap is told."""
    async with room(company(tmp_path)) as people:
        people.room.files["foto.heic"] = b"\x00\x01"
        people.room.files["vacio.txt"] = b"  \n"
        people.room.files["roto.pdf"] = b"%PDF-1.7 no more"
        names = ("foto.heic", "vacio.txt", "roto.pdf", "ida.txt")
        files = [Attachment(name=name) for name in names]
        files.append(Attachment(name="enorme.pdf", size=MAX_BYTES + 1))
        files.append(Attachment(name="sexto.txt"))
        answer = await people.ask(QUESTION, attachments=tuple(files))
    assert len(files) == MOST + 1
    assert "17 días corridos" in answer.text
    said = [line for line in answer.text.splitlines() if "«" in line]
    assert [next(name for name in (*names, "enorme.pdf", "sexto.txt") if name in line) for line in said] == [
        *names, "enorme.pdf", "sexto.txt",
    ]  # fmt: skip
    assert len(set(said)) == len(said)


async def test_a_file_without_a_question_is_asked_about(tmp_path: Path):
    """It is not kept for later, and that is said."""
    async with room(company(tmp_path)) as people:
        people.room.files["menu.md"] = b"# Comedor"
        answer = await people.ask("", attachments=(Attachment(name="menu.md"),))
    assert (answer.outcome, answer.reason) == ("refused", "ask_something")
    assert "archivo" in answer.text


async def test_an_edited_question_is_answered_as_it_stands(tmp_path: Path):
    """Edited while it waits or is answered, in the same place; once answered, no more."""
    async with model_server() as server:
        server.says("Hay café [1]. ", "Además", STALL)
        extra = f'[models.openai-like]\nbase_url = "{server.url}"\n'
        async with room(company(tmp_path, extra, llm='llm = "openai-like:scripted"')) as people:
            desk = people.runtime.desk
            running = await people.write("¿Cuántos días hay en Valencia?", thread="t")
            waiting = await people.write("¿Qué marca de café hay?", thread="t")
            await people.until(lambda: any("café" in post.text for post in people.room.posts.values()))
            server.says("Son 17 días corridos [1].")
            assert await desk.amend(people.message(QUESTION, id_=waiting, thread="t"))
            assert await desk.amend(people.message(QUESTION, id_=running, thread="t"))
            assert await desk.amend(people.message(f"{QUESTION} ¡Gracias!", id_=running, thread="t"))
            answers = [await people.answer(id_) for id_ in (waiting, f"{running}~1")]
            assert not await desk.amend(people.message("¿Y ahora?", id_=running, thread="t"))
            past = await people.runtime.journal.past(f"{running}~1")
    assert all("17 días corridos" in answer.text for answer in answers)
    assert people.room.place[running] == people.room.place[f"{running}~1"]
    assert past is not None and past.message.text == f"{QUESTION} ¡Gracias!"
