"""What a model writes is held to the persona: form of address, format, language, JSON for machines."""

import json
import logging
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Answer, Text
from bot.settings import Settings
from tests.bot.company import company, talking
from tests.model_server import CUT, ModelServer, model_server

QUESTION = "¿Cuántos días de vacaciones hay en Rosario?"
FORMAL = "slack:#rrhh"


def with_model(
    folder: Path, server: ModelServer, persona: str = "", head: str = "", **documents: str
) -> Settings:
    """The company with a scripted model, and perhaps a persona of its own for the terminal."""
    extra = f'[models.openai-like]\nbase_url = "{server.url}"\n'
    if persona:
        (folder / "personas").mkdir()
        (folder / "personas" / "propia.md").write_text(f"---\n{head}\n---\n{persona}\n", encoding="utf-8")
        extra = '[[channels]]\nmatch = "terminal:local"\npersona = "propia"\n' + extra
    return company(folder, extra, llm='llm = "openai-like:scripted"', **documents)


def says(server: ModelServer, *answer: str, again: str = "") -> None:
    """The model answers in these pieces, and this when it is asked to say something again."""
    server.script = lambda body: [again] if is_correction(body) else list(answer)


def is_correction(body: dict[str, Any]) -> bool:
    return body["messages"][-1]["content"].startswith("Write the text below again")


def corrections(server: ModelServer) -> list[str]:
    """What the model was asked beside the answer."""
    return [body["messages"][-1]["content"] for body in server.requests if is_correction(body)]


async def asked(settings: Settings, question: str = QUESTION, channel: str = "terminal:local") -> Answer:
    async with talking(settings) as bot:
        return await bot.ask(question, channel)


async def test_a_safe_word_is_put_right_without_asking(tmp_path: Path):
    """Tú in a vos channel becomes vos while it streams, and the score says so."""
    async with model_server() as server:
        says(server, "Si quieres, pue", "des tomarte 17 días [1]. Pídelos en el portal [1].")
        answer = await asked(with_model(tmp_path, server))
        assert corrections(server) == []
    assert answer.text == "Si querés, podés tomarte 17 días [1]. Pedilos en el portal [1]."
    assert answer.register_.score == 1.0


async def test_a_sentence_is_shown_before_the_next_one_is_whole(tmp_path: Path):
    """The reply comes sentence by sentence, not at the end of the answer."""
    async with model_server() as server:
        says(server, "Son 17", " días [1]. Pedi", "los ya [1].")
        async with (
            talking(with_model(tmp_path, server)) as bot,
            aclosing(bot.terminal.ask(QUESTION)) as reply,
        ):
            texts = [chunk.text async for chunk in reply if isinstance(chunk, Text)]
    assert [text.strip() for text in texts if text.strip()] == ["Son 17 días [1].", "Pedilos ya [1]."]


async def test_another_word_is_asked_for_again_once(tmp_path: Path):
    """Each wrong word goes back with its replacement; what else was said stays, citations included."""
    async with model_server() as server:
        says(server, "Son 17 días [1]. Solicítelos ", "en su portal. [1]", again="Solicitalos en tu portal.")
        answer = await asked(with_model(tmp_path, server))
        [request] = corrections(server)
    assert "«Solicítelos» but «Solicitalos»" in request
    assert "17" not in request
    assert answer.text == "Son 17 días [1]. Solicitalos en tu portal. [1]"
    assert answer.register_.score == 1.0


async def test_the_better_of_two_wordings_stands_and_the_rest_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """A model that does not mend its ways is asked once a sentence; the log has the score and the words."""
    async with model_server() as server:
        says(
            server,
            "Complete el formulario y envíelo ya [1].",
            again="Completá el formulario y envíelo ya [1].",
        )
        with caplog.at_level(logging.WARNING, "bot"):
            answer = await asked(with_model(tmp_path, server))
        assert len(corrections(server)) == 1
    assert answer.text == "Completá el formulario y envíelo ya [1]."
    assert answer.register_.score == 0.5
    assert "0.5" in caplog.text and "envíelo" in caplog.text


@pytest.mark.parametrize(
    "again",
    [
        "",
        "Solicitá los 21 días en el portal [1].",
        "«Solicite los 17 días en el portal [1].»",
        "Solicitá los 17 días en el portal,\n\no no [1].",
        "NOT_IN_THE_DOCUMENTS",
        "Solicitá los 17 días en el portal, que es lo mejor que podés hacer, y avisá luego a "
        "todos los demás, que también querrán [1].",
    ],
)
async def test_a_wording_that_says_something_else_is_not_taken(tmp_path: Path, again: str):
    """Figures, quotes, lines and length stay; else the first wording does."""
    async with model_server() as server:
        says(server, "Solicite los 17 días en el portal [1].", again=again)
        answer = await asked(with_model(tmp_path, server))
    assert answer.text == "Solicite los 17 días en el portal [1]."


@pytest.mark.parametrize(
    "again", ["Pedí los 17 días.", "Pedí los 17 días [2][9].", "«Pedí los 17 días [1].»"]
)
async def test_the_citations_survive_a_new_wording(tmp_path: Path, again: str):
    """Whatever the model does to the numbers, or puts around its reply."""
    async with model_server() as server:
        says(server, "Solicite los 17 días [1].", again=again)
        answer = await asked(with_model(tmp_path, server))
    assert answer.text.startswith("Pedí los 17 días")
    assert answer.text.count("[1]") == 1 and "[2]" not in answer.text
    assert len(answer.citations) == 1


async def test_a_model_that_fails_then_costs_the_correction_alone(tmp_path: Path):
    """The answer stands as it was written, and nothing more is asked of the model."""
    async with model_server() as server:
        written = ["Solicite los días [1]. Complete el formulario [1]."]
        server.script = lambda body: [CUT] if is_correction(body) else written
        answer = await asked(with_model(tmp_path, server))
        assert len(set(corrections(server))) == 1
    assert answer.text == "Solicite los días [1]. Complete el formulario [1]."


TEXTS = [
    "El manual dice «Si quieres, puedes pedirlas. Complete el formulario.» y nada más [1].",
    'Figura como "Tienes 17 días. Complete esto" en el portal [1].',
    "Así:\n\n> Tienes 17 días. Complete el formulario.\n\nEso es todo [1].",
    "Usá esto [1]:\n\n```sh\necho tienes; echo 'Complete usted. Puedes.'\n```\n\nY ya está.",
    "- Esto [1].\n- Aquello, `si quieres. puedes`.\n\n| Días | Qué |\n|---|---|\n| 17 | Hay. Más |\n",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_what_is_quoted_stays_however_it_comes(tmp_path: Path, text: str, size: int):
    """Quotations, quoted lines, code, lists and tables come through as they were written, in any pieces."""
    async with model_server() as server:
        says(server, *(text[start : start + size] for start in range(0, len(text), size)))
        # What it says stands in a document.
        answer = await asked(with_model(tmp_path, server, vacaciones_textual=f"# Vacaciones\n\n{text}"))
        assert corrections(server) == []
    assert answer.text == text.strip()


async def test_what_nothing_backs_leaves_lists_and_code_whole(tmp_path: Path):
    """The number of a list item states nothing; the mark of something unsupported stands behind the code."""
    text = "Así [1]:\n\n1. Pedilos.\n2. Esperá.\n\n```sh\nexport DIAS=99\n```\n\nListo [1]."
    async with model_server() as server:
        says(server, text)
        answer = await asked(with_model(tmp_path, server))
        assert corrections(server) == []
    mark = "*(esto no consta en los documentos)*"
    assert answer.text == text.replace("=99\n```\n", f"=99\n```\n{mark}\n")


async def test_each_channel_is_held_to_its_own_register(tmp_path: Path):
    """What is right in one channel is asked for again in another."""
    async with model_server() as server:
        says(server, "Podés pedirlos [1].", again="Puede pedirlos.")
        settings = with_model(tmp_path, server)
        async with talking(settings) as bot:
            here, there = await bot.ask(QUESTION), await bot.ask(QUESTION, FORMAL)
    assert (here.text, there.text) == ("Podés pedirlos [1].", "Puede pedirlos [1].")


async def test_the_language_follows_the_question(tmp_path: Path):
    """English is answered in English, by the model and in the bot's own words; forms of address fall away."""
    async with model_server() as server:
        says(server, "You have 17 days, if you tienes them [1].")
        settings = with_model(tmp_path, server)
        async with talking(settings) as bot:
            answer = await bot.ask("How many days of holiday are there in Rosario?")
            quoted = await bot.ask("What brand of coffee is in the kitchen?")
            short = await bot.ask("gracias")
        system = server.requests[0]["messages"][0]["content"]
    assert "in English" in system and "Address one person" not in system
    assert (answer.language, answer.register_.score) == ("en", None)
    assert answer.text == "You have 17 days, if you tienes them [1]."
    assert quoted.language == "en"
    assert short.language is None


async def test_a_persona_can_fix_the_language(tmp_path: Path):
    """With one language in its file it answers in that, whatever the question."""
    async with model_server() as server:
        says(server, "Son 17 días [1].")
        settings = with_model(tmp_path, server, "Breve.", "language: es\nregister: {singular: tú}")
        answer = await asked(settings, "How many days of holiday are there in Rosario?")
        system = server.requests[0]["messages"][0]["content"]
    assert "in Spanish" in system
    assert answer.language is None


async def test_quotes_are_framed_in_the_language_of_the_question(tmp_path: Path):
    """Without a model too: the framing is English, the quotation what the document says."""
    answer = await asked(company(tmp_path), "How many days of holiday, vacaciones, are there in Rosario?")
    assert "Quoted from the documents" in answer.text
    assert "17 días corridos" in answer.text


async def test_format_is_held_to(tmp_path: Path):
    """Emoji are taken out, forbidden words asked for again, and the closing is added once."""
    head = "language: es\nformat: {emoji: 0, forbidden: [barato], closing: 'Consulte a Personas.'}"
    async with model_server() as server:
        says(server, "Son 17 días 🎉 [1]. Es barato.", again="Es económico.")
        settings = with_model(tmp_path, server, "Al final: Consulte a Personas.", head)
        async with talking(settings) as bot:
            answer = await bot.ask(QUESTION)
            says(server, "Son 17 días [1]. Consulte a Personas.")
            closed = await bot.ask(QUESTION)
            missing = await bot.ask("¿Qué marca de café hay en la cocina?")
    assert answer.text == "Son 17 días [1]. Es económico.\n\nConsulte a Personas."
    assert closed.text == "Son 17 días [1]. Consulte a Personas."
    assert missing.text.endswith("Consulte a Personas.")


async def test_a_long_answer_is_asked_for_shorter_once(tmp_path: Path):
    """What comes back is taken if it is shorter and says nothing new; its citations are numbered anew."""
    head = "language: es\nformat: {max_words: 6}"
    long = "En Rosario son 17 días corridos [1]. En Valencia son 25 días laborables [2]."
    async with model_server() as server:
        settings = with_model(tmp_path, server, "Breve.", head)
        async with talking(settings) as bot:
            says(server, long, again="En Valencia son 25 días [2].")
            short = await bot.ask(QUESTION)
            says(server, long, again="Son 30 días [1].")
            kept = await bot.ask(QUESTION)
    assert short.text == "En Valencia son 25 días [1]."
    assert len(short.citations) == 1
    assert "25 días" in short.citations[0].excerpt or "17 días" not in short.citations[0].excerpt
    assert kept.text == long


SCHEMA = "{type: object, required: [days], properties: {days: {type: integer}, note: {type: string}}}"
MACHINE = f"language: es\nregister: {{singular: vos}}\nformat: {{json_schema: {SCHEMA}}}"


def machine(folder: Path, server: ModelServer) -> Settings:
    return with_model(folder, server, "Para una máquina.", MACHINE)


async def test_a_machine_gets_json(tmp_path: Path):
    """JSON of the schema alone, its texts in the register, with the citations beside it."""
    async with model_server() as server:
        says(server, '```json\n{"days": 17, "note": "Puedes ', 'pedirlos ya"}\n```\n[1]')
        answer = await asked(machine(tmp_path, server))
        assert len(server.requests) == 1
        assert '"integer"' in server.requests[0]["messages"][0]["content"]
    assert json.loads(answer.text) == {"days": 17, "note": "Podés pedirlos ya"}
    assert (answer.outcome, len(answer.citations), answer.register_.score) == ("answered", 1, 1.0)


async def test_numbers_in_json_are_no_citations(tmp_path: Path):
    """A list of numbers stays; without numbers of documents, what backs the answer is cited."""
    head = "language: es\nformat: {json_schema: {type: object, properties: {days: {type: array}}}}"
    async with model_server() as server:
        says(server, '{"days": [17]}')
        answer = await asked(with_model(tmp_path, server, "Breve.", head))
    assert json.loads(answer.text) == {"days": [17]}
    assert "17 días" in answer.citations[0].excerpt


async def test_json_is_repaired_once(tmp_path: Path):
    """The model learns what was wrong with its answer; the second one is taken."""
    async with model_server() as server:
        replies = iter(['{"days": "diecisiete"} [1]', '{"days": 17} [1]'])
        server.script = lambda _: [next(replies)]
        answer = await asked(machine(tmp_path, server))
        repair = server.requests[1]["messages"][-1]["content"]
    assert json.loads(answer.text) == {"days": 17}
    assert "$.days" in repair


@pytest.mark.parametrize("reply", ["Son 17 días [1].", '{"days": NaN}', '{"days": 1} y más', "[" * 100_000])
async def test_what_cannot_be_repaired_is_an_error_object(tmp_path: Path, reply: str):
    """After a second try the machine gets the reason and the turn's id, never the text."""
    async with model_server() as server:
        server.says(reply)
        answer = await asked(machine(tmp_path, server))
        assert len(server.requests) == 2
    error = json.loads(answer.text)["error"]
    assert (answer.outcome, error["reason"], error["turn"]) == ("failed", "invalid_answer", answer.id)
    assert error["message"]


@pytest.mark.parametrize(
    ("question", "reason"), [("¡Hola!", "greeting"), ("…", "ask_something"), (QUESTION, "not_found")]
)
async def test_what_is_no_answer_is_an_error_object_too(tmp_path: Path, question: str, reason: str):
    """A machine never has to read prose."""
    async with model_server() as server:
        answer = await asked(machine(tmp_path, server), question)
    assert json.loads(answer.text)["error"]["reason"] == reason


async def test_without_a_model_a_machine_is_told_so(tmp_path: Path):
    """Quotes are no JSON of the schema."""
    async with model_server() as server:
        machine(tmp_path, server)
    channel = '[[channels]]\nmatch = "terminal:local"\npersona = "propia"\n'
    answer = await asked(company(tmp_path, channel))
    error = json.loads(answer.text)["error"]
    assert (answer.outcome, error["reason"]) == ("failed", "no_model")
    assert "17 días corridos" in error["message"]
