"""Which questions ask the same: few ways of saying it, and never anything else."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from knowledge.sameness import Gist

SAME = [
    (
        "¿Cuántos días de vacaciones tengo en Rosario?",
        "cuantos dias de vacaciones tengo en rosario".replace("dias", "días"),
    ),
    (
        "¿Cuántos días de vacaciones tengo en Rosario?",
        "Hola, ¿cuántos días de vacaciones tengo en Rosario? ¡Gracias!",
    ),
    ("¿Cuántos días de vacaciones tengo en Rosario?", "En Rosario, ¿cuántos días de vacaciones tengo?"),
    ("¿Cuántos días de vacaciones tengo?", "¿Me podrías decir cuántos días de vacaciones me corresponden?"),
    ("¿Cuántos días de vacaciones tengo?", "¿Cuántos días de vacaciones nos tocan?"),
    ("¿Cómo pido un certificado?", "Buenas tardes. Quisiera saber cómo pido un certificado, por favor."),
    ("¿Cómo pido un certificado?", "consulta: ¿Cómo pido un certificado?"),
    ("¿Cómo pido un certificado?", "¿Alguien sabe cómo pido un certificado?"),
    ("¿Dónde está la oficina de Lima?", "¿donde está la oficina de Lima"),
    ("How many vacation days do I have?", "Could you tell me how many vacation days do I get?"),
    ("How many vacation days do I have in Spain?", "In Spain, how many vacation days am I entitled to?"),
    ("Where is the office?", "Hi all, where is the office? Thanks in advance!"),
    ("What is the deadline?", "Hello! Please, what is the deadline?"),
    ("¿CÓMO PIDO VACACIONES?", "¿Cómo pido vacaciones?"),
]
"""Pairs that are one question."""

DIFFERENT = [
    ("¿Cuántos días de vacaciones tengo en Rosario?", "¿Cuántos días de vacaciones tengo en Valencia?"),
    ("¿Cuántos días de vacaciones tengo en 2025?", "¿Cuántos días de vacaciones tengo en 2026?"),
    ("¿Qué feriados hay en El Salvador?", "¿Qué feriados hay en Salvador?"),
    ("¿Hay soporte en español?", "¿Hay soporte en España?"),
    ("¿Puedo viajar el 12/3?", "¿Puedo viajar el 13/3?"),
    ("¿Puedo viajar el 12 de marzo?", "¿Puedo viajar el 12 de mayo?"),
    ("¿Puedo llevar comida?", "¿No puedo llevar comida?"),
    ("¿Puedo cobrar con factura?", "¿Puedo cobrar sin factura?"),
    ("¿Qué pasa antes del viaje?", "¿Qué pasa después del viaje?"),
    ("¿Cuál es el máximo de días?", "¿Cuál es el mínimo de días?"),
    ("¿Quién aprueba las vacaciones?", "¿Cuándo se aprueban las vacaciones?"),
    ("¿Cuánto me pagan?", "¿Cuánto pago?"),
    ("¿Quién me paga?", "¿Quién le paga?"),
    ("¿Puede el gerente reemplazar al analista?", "¿Puede el analista reemplazar al gerente?"),
    ("¿Cuánto cuesta el modelo A?", "¿Cuánto cuesta el modelo B?"),
    ("¿Cuánto cuesta el modelo A?", "¿Cuánto cuesta el modelo?"),
    ("¿Cuánto cuesta la cuña?", "¿Cuánto cuesta la cuna?"),
    ("¿Hay papa?", "¿Hay papá?"),
    ("¿Cuánto cuesta el X-200?", "¿Cuánto cuesta el X-200+?"),
    ("¿Cuánto es el 5 % de descuento?", "¿Cuánto es el 5 de descuento?"),
    ("¿Cuánto vale con 1,5?", "¿Cuánto vale con 15?"),
    ("¿Hay frío a -5?", "¿Hay frío a 5?"),
    ("¿Qué tiene el plan?", "¿Qué es el plan?"),
    ("¿Tengo que pedir turno?", "¿Tengo turno?"),
    ("¿Cómo se dice gracias?", "¿Cómo se dice por favor?"),
    ("Buenas prácticas: ¿cuáles son?", "Prácticas: ¿cuáles son?"),
    ("Marta, ¿cuándo cobra?", "¿Cuándo cobra Marta?"),
    ("¿Quiero saber más?", "¿Más?"),
    ("¿Debo avisar?", "¿Puedo avisar?"),
    ("¿Está Carlos?", "¿Está Carlo?"),
    ("Do I have to work on Sundays?", "Do I get to work on Sundays?"),
    ("Do you know Ana?", "Does anyone know Ana?"),
    ("Who can I contact in IT?", "Who can I contact in it?"),
    ("Is it sold in the US?", "Is it sold to us?"),
    ("Can I work from home?", "Can't I work from home?"),
    ("Can I carry over days?", "Can I not carry over days?"),
    ("When does it open?", "When does it close?"),
    ("What was the limit?", "What is the limit?"),
    ("How long is the notice?", "How is the notice?"),
    ("Who approves Ana's leave?", "Who approves Ben's leave?"),
    ("Can Ana replace Ben?", "Can Ben replace Ana?"),
    ("Is a visa required for Austria?", "Is a visa required for Australia?"),
    ("What does the Pro plan include?", "What does the Pro+ plan include?"),
    ("Flights from Lima to Quito?", "Flights from Quito to Lima?"),
    ("In Spain, how many days?", "In Peru, how many days?"),
    ("Hi-Fi equipment?", "Fi equipment?"),
    ("¿Cuántos días tengo por año?", "¿Cuántos días tengo por mes?"),
    ("¿Todos cobran bono?", "¿Algunos cobran bono?"),
]
"""Near misses: pairs that are two questions."""


@pytest.mark.parametrize(("one", "other"), SAME, ids=lambda text: text[:40])
def test_what_asks_the_same_is_the_same(one: str, other: str) -> None:
    """Courtesy, capitals, a clause in front, *me corresponden*."""
    assert Gist.of(one).core == Gist.of(other).core


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=lambda text: text[:40])
def test_a_near_miss_is_not_the_same(one: str, other: str) -> None:
    """Another number, date, country, product, person, negation, direction; not even its core."""
    assert Gist.of(one).core != Gist.of(other).core


QUESTIONS = st.sampled_from([one for pair in (*SAME, *DIFFERENT) for one in pair])
WORDS = st.sampled_from(
    "no not never sin without 12 2026 12,5 España Spain Perú IT antes after máximo minimum Pro + % B un la "
    "gracias hola hay es".split()
)


@given(QUESTIONS, WORDS, st.data())
def test_one_more_word_is_another_question(question: str, word: str, data: st.DataObject) -> None:
    """Wherever it stands inside the question, whatever it is."""
    parts = re.findall(r"\S+", question)
    place = data.draw(st.integers(1, len(parts) - 1)) if len(parts) > 1 else 1
    assume(not re.search(r"[,;.!?:¡¿]", " ".join(parts[max(0, place - 1) : place + 1])))
    changed = " ".join((*parts[:place], word, *parts[place:]))
    assert Gist.of(changed).whole != Gist.of(question).whole


@given(QUESTIONS, st.data())
def test_another_word_is_another_question(question: str, data: st.DataObject) -> None:
    """Any word of what is asked, put in the place of another."""
    words = list(Gist.of(question).whole)
    place = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from("rosario 17 never sin España X-200 quién".split()))
    assume(words[place] not in (other, other.lower(), "quien"))
    changed = [*words[:place], other, *words[place + 1 :]]
    assert Gist.of(" ".join(changed)).whole != Gist.of(" ".join(words)).whole


@given(st.text(max_size=80), st.text(max_size=80))
def test_figures_and_signs_are_the_same_or_it_is_another_question(one: str, other: str) -> None:
    """Whatever the texts: with the same core they have the same digits, in the same order or turned once."""
    if Gist.of(one).core == Gist.of(other).core:
        assert sorted(re.findall(r"\d", one)) == sorted(re.findall(r"\d", other))


@given(QUESTIONS)
def test_courtesy_changes_nothing(question: str) -> None:
    """Before and after any question."""
    for polite in (f"Hola, {question}", f"{question} ¡Gracias!", f"Please, {question}"):
        assert Gist.of(polite).core == Gist.of(question).core
