"""The editor of a persona: what it rewrites, what it leaves, what it asks for."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.editing import PersonaEditor, searchable
from bot.personas import Register
from bot.phrases import Phrases, Plural, Singular
from bot.register import check
from bot.register.tone import Format
from tests.bot.register.labelled import load

REGISTERS = list(product(get_args(Singular), get_args(Plural)))
SENTENCES = [one.text for one in load()]


def editor(singular: str, plural: str = "ustedes", **rules: object) -> PersonaEditor:
    register = Register.model_validate({"singular": singular, "plural": plural})
    return PersonaEditor(register, Format.model_validate(rules))


@pytest.mark.parametrize("register", REGISTERS, ids="-".join)
def test_a_sentence_that_conforms_is_let_through(register: tuple[Singular, Plural]) -> None:
    """It is neither changed nor asked for again, whatever stands before it."""
    review = editor(*register).review
    for text in SENTENCES:
        if not check(text, *register).violations:
            assert review(text) == type(review(text))(text)


@given(st.sampled_from(SENTENCES), st.sampled_from(REGISTERS))
def test_what_is_not_rewritten_is_named(text: str, register: tuple[Singular, Plural]) -> None:
    """Either the reviewed sentence keeps to the register, or each wrong word is named."""
    review = editor(*register).review(text)
    left = check(review.text, *register).violations
    assert bool(review.problems) or not left
    assert all(f"«{one.text}»" in "\n".join(review.problems) for one in left)


@given(st.text(), st.text(), st.sampled_from(REGISTERS))
def test_any_text_is_survived(before: str, text: str, register: tuple[Singular, Plural]) -> None:
    """No crash on any Unicode, and what is reviewed twice stays."""
    review = editor(*register, emoji=0).review(text, before)
    assert editor(*register, emoji=0).review(review.text, before).text == review.text


def test_only_the_sentence_is_changed() -> None:
    """What stands before it helps to understand it, and is not part of the answer."""
    review = editor("vos").review(" Luego puedes irte.", "Si quieres, hazlo.")
    assert review.text == " Luego podés irte."


def test_what_stands_before_makes_a_doubtful_word_clear() -> None:
    """«Actualiza» alone may be what a program does; after «tienes» it is an order."""
    alone, after = (
        editor("vos").review("Actualiza los datos."),
        editor("vos").review(" Actualiza los datos.", "Tienes que hacer esto."),
    )
    assert alone.text == "Actualiza los datos."
    assert after.text == " Actualizá los datos."


def test_words_of_the_format_are_asked_for() -> None:
    """Forbidden words and slang, but not inside a quotation."""
    review = editor("usted", formality="formal", forbidden=["portal"]).review
    assert review("Entre al Portal, ¡ya!").problems == ("not «Portal»", "not «!»")
    assert review("Dice «portal, ¡che!»").problems == ()


def test_a_long_answer_is_asked_for_shorter() -> None:
    """Citations are no words."""
    review = editor("vos", max_words=3).review_answer
    assert review("Son 17 días. [1][2]").problems == ()
    assert "at most 3 words; these are 4" in review("Son 17 días corridos. [1]").problems[0]


def test_another_language_has_no_forms_of_address() -> None:
    """Nothing of an English answer is Spanish."""
    assert PersonaEditor(None, Format()).review("If tienes time, complete it.").problems == ()


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("¿Cuántos días tenés?", "¿Cuántos días tiene?"),
        ("How many days do you have?", "How many days do you have?"),
        ("vacaciones", "vacaciones"),
    ],
)
def test_a_question_is_searched_without_its_address(question: str, searched: str) -> None:
    """Only Spanish is changed."""
    assert searchable(question, "es") == searched


def test_phrases_of_a_persona_speak_its_register() -> None:
    """The bot's own words and the editor go by the same forms."""
    for singular, plural in REGISTERS:
        text = Phrases("es", singular, plural).render("ask_something")
        assert editor(singular, plural).review(text).text == text
