"""Sentences: Spanish and English prose as documents hold it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


WHOLE = [
    "La Sra. Pérez vive en EE. UU. desde 1990.",
    "El 44 a. C. murió; en el siglo I d. C. Roma creció.",
    "Hay descuentos, p. ej. Navidad o verano, según el art. 5 y el núm. 12 de la pág. 3.",
    "J. K. Rowling lo escribió con el Dr. Juan A. Gómez.",
    "Use a short name, e.g. Ada, i.e. Not a long one.",
    "See No. 5 vs. No. 6 in Fig. 2 and Sec. IV of the report.",
    "Dr. Smith of Acme Inc. Boston moved to the U.S. Army.",
    "Costó 3.5 millones, según https://a.example/b.html y la versión 1.2.3 del 1.1.2024.",
    "Se quedó pensando... y no dijo nada… después se fue.",
    "«¡Hola!» dijo, y se fue sin más.",
    "Artículo 5. El plazo es de diez días.",
    "La empresa Vocero S.A. Argentina vende en Rosario.",
]


@pytest.mark.parametrize("text", WHOLE)
def test_abbreviations_numbers_and_ellipses_do_not_end_a_sentence(text: str) -> None:
    """What looks like a full stop inside a sentence leaves it whole."""
    assert sentences(text) == [text]


APART = [
    ["Viajó a EE. UU. en mayo.", "El resto no."],
    ["Abre a las 9 a.m.", "Llame antes."],
    ["Elegimos el plan B.", "El otro era caro."],
    ["Dijo que no.", "Luego se fue."],
    ["Trae agua, pan, etc.", "Mañana salimos."],
    ["¿Qué pasa?", "¡Nada!", "Sigamos."],
    ["Dijo: «Ven.»", "Y vino."],
    ['He said "go."', "She went.", "(Nobody saw it.)", "The end!"],
    ["Está en EE. UU.", "¿Cuándo vuelve?"],
    ["Mide 5 m.", "Pesa poco."],
    ["It works.[3]", "Then it stops."],
    ["Usa **negrita.**", "`vocero` es el nombre."],
]


@pytest.mark.parametrize("expected", APART)
def test_sentences_of_a_line_are_told_apart(expected: list[str]) -> None:
    """Stops with their closing quotes, brackets and marks end a sentence; what follows begins one."""
    assert sentences(" ".join(expected)) == expected


def test_items_of_a_list_are_sentences_even_without_stops() -> None:
    """Every marker begins a sentence, and a set-in line goes on with its item."""
    text = "Requisitos:\n- Documento vigente\n* Correo de la empresa\n  y teléfono\n1. Abrir\n2) Elegir"
    assert sentences(text) == [
        "Requisitos:",
        "- Documento vigente",
        "* Correo de la empresa\n  y teléfono",
        "1. Abrir",
        "2) Elegir",
    ]


def test_bullets_within_a_line_are_told_apart() -> None:
    """A PDF's list often arrives as one line with bullets in it."""
    assert sentences("Incluye: • soporte • garantía • envío") == [
        "Incluye:",
        "• soporte",
        "• garantía",
        "• envío",
    ]


def test_wrapped_lines_are_joined() -> None:
    """A text wrapped at a column is split at its stops, not at its line ends."""
    text = (
        "El plazo de devolución es de treinta días desde que la Sra. o el\n"
        "Sr. Cliente recibe el producto. Se cuenta también el fin de semana, salvo en\n"
        "México, donde la Procuraduría fija otra regla para las compras a distancia.\n"
        "El reembolso tarda diez días."
    )
    assert [" ".join(s.split()) for s in sentences(text)] == [
        "El plazo de devolución es de treinta días desde que la Sra. o el Sr. Cliente recibe el producto.",
        "Se cuenta también el fin de semana, salvo en México, donde la Procuraduría fija otra regla para las "
        "compras a distancia.",
        "El reembolso tarda diez días.",
    ]


def test_lines_ended_on_purpose_stay_apart() -> None:
    """Short lines without stops are entries, each its own; so are headings and table rows."""
    text = (
        "Lunes: 9 a 18\nMartes: 9 a 18\nDomingo: cerrado\n# Envíos\n| País | Días |\n|---|---|\n| Chile | 5 |"
    )
    assert sentences(text) == text.split("\n")


@given(
    st.one_of(
        st.text(),
        st.text(alphabet='aB.é?¿!…"»*-•|#1) \n\t\r'),
        st.lists(
            st.sampled_from([*WHOLE, "- uno", "1. dos", "\n", "\n\n", " ", "etc.", "EE.", "\u2028"])
        ).map(" ".join),
    )
)
@example("\r\n\x0b\x1c\n a")
def test_spans_hold_every_character_once(text: str) -> None:
    """Whatever the text, the spans are in order, apart, trimmed, and miss nothing but blanks."""
    spans = split_sentences(text)
    last = 0
    for start, end in spans:
        assert text[last:start].strip() == ""
        assert start < end
        assert text[start:end] == text[start:end].strip()
        last = end
    assert text[last:].strip() == ""
