import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.followups import standalone


@pytest.mark.parametrize(
    ("before", "question", "kept", "gone"),
    [
        (
            "¿Cuántos días de vacaciones hay en Argentina?",
            "¿y para los de Chile?",
            ["vacaciones", "Chile"],
            ["Argentina"],
        ),
        ("What is the warranty period in Mexico?", "And in Spain?", ["warranty", "Spain"], ["Mexico"]),
        ("¿Cuánto cuesta el Faro 2?", "¿y el Faro 3?", ["cuesta", "Faro 3"], []),
        ("¿Quién aprueba las compras?", "¿y eso cuánto tarda?", ["compras", "tarda"], []),
    ],
)
def test_a_follow_up_is_completed(before: str, question: str, kept: list[str], gone: list[str]):
    """What a follow-up leaves out comes from the question before; a new country replaces the old one."""
    asked = standalone(question, before)
    assert all(word in asked for word in kept)
    assert not any(word in asked for word in gone)


@pytest.mark.parametrize(
    "question",
    [
        "¿Cómo pido un reembolso de viaje?",
        "Where is the parental leave policy?",
        "horario de atención al cliente",
    ],
)
def test_a_question_of_its_own_stays(question: str):
    """A new subject is not mixed with the old one."""
    assert standalone(question, "¿Cuántos días de vacaciones hay en Argentina?") == question


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_asked_is_lost(question: str, before: str):
    """Whatever was typed is still in the completed question."""
    assert question.strip() in standalone(question, before)
