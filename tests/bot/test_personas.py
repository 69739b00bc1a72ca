"""Persona files: what is in them, what is wrong with them, what a model is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import run_serve
from bot.errors import ConfigurationError
from bot.personas import BUILT_IN, Persona, load_persona, persona_files, read_persona
from bot.register.examples import examine
from bot.register.tone import check_format
from tests.bot.company import company

BUILT_INS = sorted(persona_files(None))
ENGLISH, SPANISH = "How many days off do I get?", "¿Cuántos días me tocan?"


def written(folder: Path, head: str, body: str = "Breve.") -> Persona:
    """The persona of a file with that front matter."""
    path = folder / "propia.md"
    path.write_text(f"---\n{head}\n---\n{body}\n", encoding="utf-8")
    return load_persona("propia", folder)


def example(answer: str) -> str:
    return f"examples:\n  - question: ¿Qué hago?\n    answer: '{answer}'"


@pytest.mark.parametrize("name", BUILT_INS)
def test_what_comes_with_the_bot_keeps_to_its_own_rules(name: str) -> None:
    """Every built-in persona loads, with its examples checked, and its own phrases keep to its format."""
    persona = load_persona(name, None)
    assert persona.examples
    phrases = persona.phrases()
    rules = persona.format.model_copy(update={"closing": None})
    for key in ("greeting", "thanks", "searching", "answer_intro", "extractive_note", "not_found", "apology"):
        for seed in "abcdefgh":
            assert check_format(phrases.render(key, seed=seed, turn="1"), rules) == ()


def test_the_spanish_voices_follow_the_question_and_the_english_one_does_not() -> None:
    """English is answered in English everywhere; in an English channel everything is."""
    followed = {name: load_persona(name, None).answers_in(ENGLISH) for name in BUILT_INS}
    assert set(followed.values()) == {"en"}
    kept = {name: load_persona(name, None).answers_in(SPANISH) for name in BUILT_INS}
    assert kept == dict.fromkeys(BUILT_INS, "es") | {"english": "en"}


@pytest.mark.parametrize(
    ("language", "question", "answered"),
    [
        ("es", ENGLISH, "es"),
        ("[es, en]", ENGLISH, "en"),
        ("[es, en]", SPANISH, "es"),
        ("[en, es]", "ok", "en"),
        ("[es, en]", "gracias", "es"),
        ("[en, es]", "gracias", "en"),
        ("[es, en]", "Quantos dias de férias eu tenho?", "es"),
        ("[es, pt]", "Quantos dias de férias eu tenho?", "pt"),
    ],
)
def test_one_language_is_fixed_and_several_are_followed(
    tmp_path: Path, language: str, question: str, answered: str
) -> None:
    """A list follows the question as far as it goes; what is too short to tell is in the first."""
    assert written(tmp_path, f"language: {language}").answers_in(question) == answered


@given(st.text())
def test_any_question_has_one_of_the_languages(question: str) -> None:
    """Whatever is asked."""
    assert load_persona("rioplatense", None).answers_in(question) in ("es", "en", "pt")


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (example("Cierre la sesión y vuelva a entrar."), ["example 1", "`register`", "«Cierre»", "«Cerrá»"]),
        (example("Si quieres, entra."), ["«quieres»", "«querés»"]),
        ("format: {emoji: 0}\n" + example("Entrá 🎉"), ["`format.emoji`", "🎉"]),
        ("format: {forbidden: [portal]}\n" + example("Entrá al Portal."), ["`format.forbidden`", "«Portal»"]),
        ("format: {max_words: 2}\n" + example("Entrá al portal."), ["`format.max_words`", "3 words"]),
        (
            "format: {json_schema: {type: object}}\n" + example("Entrá al portal."),
            ["`format.json_schema`", "not JSON"],
        ),
        ("format: {json_schema: {type: text}}", ["format.json_schema", "no JSON Schema", "text"]),
        ("format: {json_schema: {$ref: 'http://x.test/a.json'}}", ["leads nowhere inside the schema"]),
        ("format: {json_schema: {$ref: '#/$defs/none'}}", ["leads nowhere inside the schema"]),
        ("format: {emojis: 0}", ["format.emojis"]),
        ("register: {singular: voseo}", ["register.singular"]),
    ],
)
def test_a_persona_that_breaks_its_own_rules_is_an_error(tmp_path: Path, head: str, named: list[str]) -> None:
    """The sentence names the file, the example or setting, the word, and what to say instead."""
    if "register:" not in head:
        head = f"register: {{singular: vos}}\n{head}"
    with pytest.raises(ConfigurationError) as raised:
        written(tmp_path, f"language: es\n{head}")
    assert [word for word in ["propia.md", *named] if word not in str(raised.value)] == []


def test_what_a_persona_quotes_may_say_anything(tmp_path: Path) -> None:
    """A quotation in an example is the document's; the closing is the bot's to add."""
    head = "language: es\nregister: {singular: vos}\nformat: {closing: Saludos.}\n"
    assert written(tmp_path, head + example("Dice «Cierre la sesión». Cerrala.")).examples


async def test_a_wrong_persona_is_noticed_at_start(tmp_path: Path) -> None:
    """Not when the first person asks in its channel."""
    (tmp_path / "personas").mkdir()
    head = "language: es\nregister: {singular: vos}\n" + example("Cierre la sesión.")
    (tmp_path / "personas" / "propia.md").write_text(f"---\n{head}\n---\nBreve.\n", encoding="utf-8")
    settings = company(tmp_path, '[[channels]]\nmatch = "terminal:local"\npersona = "propia"\n')
    with pytest.raises(ConfigurationError, match="Cierre"):
        await run_serve(settings)


def test_a_model_is_told_the_register_with_examples() -> None:
    """In Spanish: the forms of address and how they sound; in another language neither."""
    persona = load_persona("rioplatense", None)
    spanish, english = persona.prompt("es"), persona.prompt("en")
    assert "one person as vos and several as ustedes" in spanish
    assert persona.examples[0].answer in spanish
    assert "one person as vos" not in english and persona.examples[0].answer not in english
    assert "This answer is in English" in english


@pytest.mark.parametrize(("flag", "said"), [("true", "no hagás"), ("false", "no hagas")])
def test_negative_voseo_is_a_choice(tmp_path: Path, flag: str, said: str) -> None:
    """Both pass the check of a vos persona; the model is told which one to use."""
    head = f"language: es\nregister: {{singular: vos, negative_voseo: {flag}}}\n"
    persona = written(tmp_path, head + example(f"Esperá, {said} nada."))
    assert f": {said}." in persona.prompt()


def test_a_persona_is_read_from_the_company_first(tmp_path: Path) -> None:
    """A file of the same name hides the built-in one."""
    (tmp_path / "formal.md").write_text("---\nlanguage: pt\n---\nBreve.\n", encoding="utf-8")
    assert load_persona("formal", tmp_path).language == "pt"
    assert persona_files(tmp_path)["english"].parent == BUILT_IN


def test_examples_are_told_with_all_that_is_wrong(tmp_path: Path) -> None:
    """`vocero persona test` shows every violation of register and format, with length and language."""
    head = "language: es\nregister: {singular: vos}\nformat: {emoji: 0}\n" + example(
        "Cierre la sesión y entrá. 🎉"
    )
    path = tmp_path / "propia.md"
    path.write_text(f"---\n{head}\n---\nBreve.\n", encoding="utf-8")
    report = examine(read_persona(path))
    [one] = report["examples"]
    assert [violation["rule"] for violation in one["violations"]] == ["register", "format.emoji"]
    assert (one["words"], one["language"], report["score"], report["violations"]) == (6, "es", 0.5, 2)
