"""Whether the documents hold the answer."""

import pytest

from knowledge.asking import Asked
from knowledge.confidence import ANSWERED, Evidence, weigh
from knowledge.documents import Passage
from knowledge.scoring import scored
from tests.knowledge.quoting import Corpus, answer, moved, passage

DOCUMENTS = [
    passage(
        "El horario de atención es de lunes a viernes de 9 a 18 horas. Los sábados atendemos hasta las 13.",
        title="Contacto",
    ),
    passage("Los envíos a Mendoza tardan cuatro días hábiles.", title="Envíos"),
    passage("Laptops are replaced every four years. Ask the help desk in Rosario.", title="Equipment"),
    passage("La garantía de la bomba cubre dos años y excluye el uso con agua de mar.", title="Garantía"),
]
PRESENT = [
    "¿Cuál es el horario de atención los sábados?",
    "¿Cuántos días tardan los envíos a Mendoza?",
    "How often are laptops replaced?",
    "¿qué cubre la garantía de la bomba?",
    "¿horario de atención?",
    "laptops?",
]
ABSENT = [
    "¿Quién fundó la compañía y en qué ciudad nació?",
    "¿Hay guardería para los hijos de los empleados?",
    "What is the carbon footprint of the factory?",
    "¿Qué premio ganó el equipo de natación?",
    "fecha del próximo eclipse",
]


def evidence(question: str, *passages: Passage, others: int = 40) -> Evidence:
    corpus = Corpus(passages, others)
    asked = Asked.of(question, corpus)
    return weigh(asked, scored(asked, corpus.search(question)))


@pytest.mark.parametrize("others", [0, 40, 400])
def test_tells_what_is_there_from_what_is_not(others: int) -> None:
    """The same line parts them in an index of four passages and of hundreds."""
    for question in PRESENT:
        assert evidence(question, *DOCUMENTS, others=others).confidence >= ANSWERED, question
    for question in ABSENT:
        assert evidence(question, *DOCUMENTS, others=others).confidence < ANSWERED, question


def test_a_name_nobody_mentions_speaks_against() -> None:
    """The same question about another place is less likely to be answered."""
    there, elsewhere = (
        evidence(f"¿Cuántos días tardan los envíos a {city}?", *DOCUMENTS) for city in ("Mendoza", "Ushuaia")
    )
    assert there.unknown == 0
    assert elsewhere.unknown == 1
    assert elsewhere.confidence < there.confidence


def test_an_answer_in_two_documents_is_still_ahead() -> None:
    """A second document that says the same takes nothing from the evidence."""
    question = PRESENT[1]
    once = evidence(question, *DOCUMENTS)
    twice = evidence(question, *DOCUMENTS, moved(DOCUMENTS[1], "copia.md"))
    assert twice.confidence >= ANSWERED
    assert twice.ahead > 0.5 * once.ahead


def test_confidence_grows_with_each_measure() -> None:
    """More of the question found, further ahead, fewer unknown names: more confidence, between 0 and 1."""
    weak = Evidence(stems=0.2, grams=0.3, ahead=0.1, unknown=1.0, foreign=0.0)
    for stronger in (
        Evidence(0.4, 0.3, 0.1, 1.0, 0.0),
        Evidence(0.2, 0.5, 0.1, 1.0, 0.0),
        Evidence(0.2, 0.3, 0.3, 1.0, 0.0),
        Evidence(0.2, 0.3, 0.1, 0.0, 0.0),
    ):
        assert 0 < weak.confidence < stronger.confidence < 1


def test_words_that_any_question_has_tell_little() -> None:
    """Asking politely and at length changes the confidence less than another subject would."""
    plain = evidence("horario de atención", *DOCUMENTS)
    polite = evidence("Hola, buenas, ¿me podrían decir por favor cuál es el horario de atención?", *DOCUMENTS)
    other = evidence("horario de piscina", *DOCUMENTS)
    assert plain.confidence - polite.confidence < plain.confidence - other.confidence
    assert answer(
        "Hola, buenas, ¿me podrían decir por favor cuál es el horario de atención?", *DOCUMENTS
    ).answered
