"""Grounding: what a sentence states is found in its evidence, in whatever form it is written there."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.claims import claims_of
from knowledge.facts import facts_of
from knowledge.grounding import Evidence, unsupported

SUPPORTED = [
    ("Vence el 12 de marzo.", "vence el 12/3/2026"),
    ("Vence el 12/3/2026.", "el 12 de marzo de 2026"),
    ("It ends on March 12, 2026.", "2026-03-12"),
    ("Fue en marzo de 2026.", "acta del 12/3/2026"),
    ("Empieza el 1.º de mayo.", "1 de mayo de 2026"),
    ("Cuesta 1.500 pesos.", "1,500 pesos"),
    ("Cuesta $ 1500.", "1.500"),
    ("It costs 1,500.50.", "1.500,50"),
    ("Son 1.5 litros.", "1,5 L"),
    ("Es el 15 %.", "15%"),
    ("Hasta 25kg.", "25 kg"),
    ("Son veinticinco días.", "25 días"),
    ("You have 25 days.", "veinticinco días"),
    ("La oficina está en España.", "The office is in Spain."),
    ("It holds for the Spanish staff.", "personal de España"),
    ("Lo decide RRHH.", "HR decides"),
    ("Abre a las 21:30.", "9:30 pm"),
    ("Abre a las 9:00.", "de 9 a 18"),
    ("Los lunes a las 9.", "Mondays at 9:00"),
    ("El A8 no sirve.", "modelo A-8"),
    ("La versión 2.1.3 lo trae.", "desde 2.1.3"),
    ("Llamá al +54 341 555-0100.", "+543415550100"),
    ("Suman 8 + 4 = 12 unidades.", "8 en Rosario, 4 en Córdoba"),
    ("Hay 8 en Rosario y 4 en Córdoba: 12 en total.", "Rosario 8; Córdoba 4"),
    ("Son 3 × 40 = 120 euros.", "3 cajas de 40"),
    ("Los dos modelos sirven.", "modelos A y B"),
    ("Está en el Portal de Empleados.", "en el portal de empleados"),
    ("- Garantía: 24 meses [1]", "garantía de 24 meses"),
    ("Ver https://evil.example/9 y a9@b.example.", "nada"),
    ("Fueron 1,5 millones.", "1.500.000 pesos"),
    ("It raised 2,500,000 dollars.", "2,5 millones de dólares"),
    ("Son 37 600 millones.", "37.600 millones"),
    ("Vendió 3 millones.", "Ventas (millones) | 3"),
    ("Fue en el siglo XIX.", "in the 19th century"),
    ("It was built in the 19th century.", "del siglo XIX"),
    ("De 1922 a 1926.", "(1922–26)"),
    ("Entre 1922–26.", "de 1922 a 1926"),
    ("Vale desde los años 30.", "since the mid-1930s"),
    ("It is a 10-minute walk.", "a diez minutos a pie"),
    ("Contiene oxígeno-18.", "oxygen 18"),
    ("Ganó en dos ocasiones.", "it won twice"),
    ("Empieza en marzo.", "it begins around March"),
    ("Warsaw's office is closed.", "la oficina de Varsovia"),
    ("La sede está en Nueva Zelanda.", "the New Zealand head office"),
    ("Rige en el Reino Unido.", "applies in the UK"),
    ("Lo decide la Comisión con el Parlamento.", "it is for the commission and the parliament to decide"),
    ("In Warsaw it is the same.", "es igual en Varsovia"),
]
UNSUPPORTED = [
    ("Vence el 13 de marzo.", "12/3/2026", "13 de marzo"),
    ("It ends on March 12, 2025.", "2026-03-12", "March 12, 2025"),
    ("Cuesta 1.600 pesos.", "1,500", "1.600"),
    ("Son treinta días.", "25 días", "treinta"),
    ("La oficina está en Francia.", "in Spain", "Francia"),
    ("Hablá con Mallory.", "hablá con recursos", "Mallory"),
    ("Juan Pérez lo aprueba.", "lo aprueba el gerente", "Juan"),
    ("Abre a las 21:45.", "9:30 pm", "21:45"),
    ("Los martes.", "los lunes", "martes"),
    ("El B8 no sirve.", "modelo A-8", "B8"),
    ("Suman 8 + 4 = 13.", "8 y 4", "13"),
    ("Son 3 × 40 = 130.", "3 cajas de 40", "130"),
    ("Son 3 × 50 = 150.", "3 cajas de 40", "50"),
    ("Es el 99 %.", "15 %", "99"),
    ("Fueron 2 millones.", "2 mil pesos", "2 millones"),
    ("Fue en el siglo XVIII.", "in the 19th century", "XVIII"),
    ("De 1922 a 1927.", "(1922–26)", "1927"),
    ("It is a 20-minute walk.", "a diez minutos a pie", "20-minute"),
    (
        "Vence el 9 de marzo de 2007.",
        "el 8 de marzo de 2007; el informe de marzo de 2007",
        "9 de marzo de 2007",
    ),
    ("Vence el 8 de marzo de 2008.", "el 8 de marzo", "8 de marzo de 2008"),
    ("Rige en Australia.", "it applies in Austria since the day it was signed", "Australia"),
    ("Lo pide El-Baradei.", "el gerente lo pide", "El-Baradei"),
    ("The desk is Mallory's.", "Ana's desk is the one by the door", "Mallory's"),
    ("Lo firma la Comisión.", "it is for the parliament to sign this", "Comisión"),
]


@pytest.mark.parametrize(("sentence", "evidence"), SUPPORTED, ids=lambda text: text[:30])
def test_what_stands_there_is_supported(sentence: str, evidence: str) -> None:
    """In another form, another language, or as a sum that is shown."""
    assert unsupported(sentence, Evidence.of([evidence])) == ()


@pytest.mark.parametrize(("sentence", "evidence", "claim"), UNSUPPORTED, ids=lambda text: text[:30])
def test_what_does_not_stand_there_is_named(sentence: str, evidence: str, claim: str) -> None:
    """As it is written in the sentence."""
    assert claim in unsupported(sentence, Evidence.of([evidence]))


@given(st.text(max_size=120))
def test_every_text_supports_itself(text: str) -> None:
    """A sentence taken from its evidence is never objected to, whatever it is."""
    assert unsupported(text, Evidence.of([text])) == ()


@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "\u00a0", "'"]))
def test_a_number_is_the_same_however_it_is_grouped(number: int, sign: str) -> None:
    """With any of the usual signs between its thousands."""
    grouped = f"{number:,}".replace(",", sign)
    assert unsupported(f"Son {grouped} en total", Evidence.of([f"son {number}"])) == ()
    assert Decimal(number) in facts_of(f"hay {grouped} ahí").numbers


@given(st.integers(2, 10**6), st.integers(2, 10**6))
def test_another_number_is_not_the_same(number: int, other: int) -> None:
    """Unless a sum in the sentence makes it."""
    missing = unsupported(f"Son {other} en total", Evidence.of([f"son {number}"]))
    assert bool(missing) == (number != other)


_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2060, 1, 1)))
def test_a_date_is_the_same_however_it_is_written(day: date) -> None:
    """As figures, as words, in Spanish or English."""
    spanish = f"{day:%-d} de {_MONTHS.split()[day.month - 1]} de {day:%Y}"
    for written in (f"{day:%Y-%m-%d}", f"{day:%-d/%-m/%Y}", f"{day:%d.%m.%Y}", f"{day:%B %-d, %Y}", spanish):
        for other in (f"{day:%Y-%m-%d}", spanish):
            assert unsupported(f"Fue el {written}.", Evidence.of([f"acta ({other})"])) == ()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    """Claims are stretches of the text."""
    assert all(claim.text in text for claim in claims_of(text))
