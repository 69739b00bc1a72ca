"""Where documents say otherwise than others, and where they say the same again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.statements import Pair, pairs_in
from tests.knowledge.quoting import passage

NOISE = [passage(f"El trámite {chr(97 + i)} se pide por correo a la mesa {chr(98 + i)}.") for i in range(20)]


def pairs(*texts: str) -> list[Pair]:
    """The pairs among documents of these texts, each a year younger than the one before."""
    made = [
        replace(passage(text, document=f"{i}.md"), as_of=datetime(2020 + i, 1, 1, tzinfo=UTC))
        for i, text in enumerate(texts)
    ]
    return pairs_in([*made, *NOISE])


def numbers(found: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(pair.newer.text, pair.older.text) for pair in found if not pair.again]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "El plazo para devolver una compra es de 10 días.",
            "El plazo para devolver una compra es de 20 días.",
        ),
        ("La oficina de reclamos abre a las 9:00.", "La oficina de reclamos abre a las 10:30."),
        ("The annual travel budget is 1,500 euros.", "The annual travel budget is 2,000 euros."),
        (
            "La promoción de invierno termina el 3 de julio.",
            "La promoción de invierno termina el 5 de julio.",
        ),
        ("El seguro médico cubre quince sesiones.", "El seguro médico cubre 20 sesiones."),
    ],
)
def test_another_number_in_the_same_words(old: str, new: str) -> None:
    """Two documents state other values about one thing: both are shown, the newer one first."""
    assert numbers(pairs(old, new)) == [(new, old)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "El plazo de devolución en España es de 10 días.",
            "El plazo de devolución en México es de 20 días.",
        ),
        ("El controlador A8 riega hasta 8 zonas.", "El controlador A16 riega hasta 16 zonas."),
        ("En 2024 el aumento general fue del 5 %.", "En 2025 el aumento general fue del 7 %."),
        ("El presupuesto de viaje es de 1.500 euros.", "El presupuesto de viaje es de 1,500 euros."),
        ("La garantía dura 12 meses.", "La garantía dura 12 meses, o 24 con el registro."),
        ("3. Apriete el tornillo de la tapa superior.", "4. Apriete el tornillo de la tapa superior."),
        ("El comedor abre a las 12.", "El estacionamiento cierra a las 20."),
    ],
)
def test_no_disagreement(one: str, other: str) -> None:
    """Another country, product or year, another way to write a number, more said, a step, another thing."""
    assert numbers(pairs(one, other)) == []


def test_the_same_again() -> None:
    """What two documents both say is told as such, however numbers are written."""
    [pair] = pairs(
        "La garantía dura doce meses desde la compra.", "La garantía dura 12 meses desde la compra."
    )
    assert pair.again


def test_one_document_does_not_contradict_itself() -> None:
    """Rows and sentences of one document are about what its author knows."""
    text = "El plazo para devolver una compra es de 10 días. El plazo para devolver una compra es de 20 días."
    assert pairs(text) == []


@given(st.lists(st.text(max_size=300), max_size=6))
def test_any_text(texts: list[str]) -> None:
    """Whatever stands in documents: pairs are of two of them, and quote what stands there."""
    for pair in pairs(*texts):
        assert pair.newer.passage.document != pair.older.passage.document
        assert pair.newer.text in pair.newer.passage.text
        assert pair.older.text in pair.older.passage.text
