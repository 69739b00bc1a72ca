"""Answers in the documents' own words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import BlockKind, Hit
from knowledge.extract import extract, suggestions
from tests.knowledge.quoting import Corpus, answer, moved, passage, texts

HOLIDAYS = passage(
    "La empresa cierra en Navidad. Cada persona tiene 22 días laborables de vacaciones por año. "
    "El comedor abre a las 13.",
    headings=["Vacaciones"],
    title="Personas",
)
PARKING = passage("El estacionamiento cuesta 4 € al día con la tarjeta.", title="Oficina")
PRICES = passage(
    "| Plan | Argentina | España | México |\n"
    "| Básico | $ 9.000 | 9 € | $180 |\n"
    "| Profesional | $ 21.000 | 19 € | $390 |\n"
    "| Empresa | $ 64.000 | 59 € | $1,150 |",
    kind="table",
    headings=["Precios de los planes"],
    title="Tarifas",
)
STEPS = passage(
    "Para pedir un reembolso:\n"
    "1. Entrá en Mis compras y elegí el pedido.\n"
    "2. Tocá Devolver y contá el motivo.\n"
    "3. Dejá el paquete en el correo con la etiqueta.",
    kind="list",
    title="Compras",
)


def test_quotes_the_sentence_that_answers() -> None:
    """The sentence with the question's words comes whole, and nothing of what has nothing to do with it."""
    extracted = answer("¿Cuántos días de vacaciones tengo?", HOLIDAYS, PARKING)
    assert extracted.answered
    assert "Cada persona tiene 22 días laborables de vacaciones por año." in " ".join(texts(extracted))
    assert "estacionamiento" not in " ".join(texts(extracted))


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("vacation days?", "22 días"),
        ("How many vacation days do I get per year?", "22 días"),
        ("vacaciones", "22 días"),
        ("How much does the parking cost?", "4 €"),
    ],
)
def test_short_questions_and_those_in_the_other_language(question: str, fact: str) -> None:
    """A word or two, or English words for Spanish text, find the sentence."""
    assert fact in " ".join(texts(answer(question, HOLIDAYS, PARKING, PRICES)))


def test_picks_the_row_with_its_header() -> None:
    """Of a table the row that was asked for comes below its header, as pipe rows."""
    extracted = answer("¿Cuánto cuesta el plan Profesional en México?", PRICES, HOLIDAYS, limit=30)
    (quote,) = extracted.quotes
    assert quote.kind == "table"
    lines = quote.text.split("\n")
    assert lines[0] == "| Plan | Argentina | España | México |"
    assert "| Profesional | $ 21.000 | 19 € | $390 |" in lines
    assert set(lines) <= set(PRICES.text.split("\n"))


def test_a_table_inside_prose_is_a_table() -> None:
    """The kind of a quote is that of what it holds, not of most of its passage."""
    mixed = passage(
        "Los envíos salen los lunes. Estos son los plazos.\n\n| Zona | Plazo |\n|---|---|\n"
        "| Patagonia | 9 días |\n| Centro | 3 días |\n\nLos domingos no se reparte en ninguna zona."
    )
    extracted = answer("plazo de envío a Patagonia", mixed, HOLIDAYS)
    tables = [quote.text for quote in extracted.quotes if quote.kind == "table"]
    assert tables and tables[0].startswith("| Zona | Plazo |\n| Patagonia | 9 días |")


@pytest.mark.parametrize(("country", "days"), [("México", "15"), ("España", "30"), ("Argentina", "20")])
def test_the_heading_above_decides(country: str, days: str) -> None:
    """Of three policies that differ by country the one under the country's heading is quoted first."""
    policies = [
        passage(f"El plazo de devolución es de {n} días.", headings=["Devoluciones", where], document=where)
        for where, n in (("Argentina", "20"), ("España", "30"), ("México", "15"))
    ]
    extracted = answer(f"¿Cuál es el plazo de devolución en {country}?", *policies)
    assert days in extracted.quotes[0].text


def test_steps_come_as_a_list_with_what_announces_them() -> None:
    """A procedure is quoted in order, its introduction and markers with it."""
    (quote,) = answer("¿Cómo pido un reembolso?", STEPS, HOLIDAYS).quotes
    assert quote.text == STEPS.text
    assert quote.kind == "list"


def test_a_single_item_has_no_marker() -> None:
    """A bullet alone announces nothing: the item is quoted without it."""
    salas = passage(
        "- Sala Paraná: 12 personas\n- Sala Ludueña: proyector\n- Cocina: planta baja", kind="list"
    )
    assert texts(answer("¿para cuántas personas es la sala Paraná?", salas, PRICES, limit=5)) == [
        "Sala Paraná: 12 personas"
    ]


def test_a_question_in_the_document_is_quoted_with_its_answer() -> None:
    """In a list of questions and answers the words match the question; the answer follows it."""
    faq = passage(
        "¿Puedo cambiar la fecha de entrega? Sí, hasta el día anterior.\n\n"
        "¿Hacen factura? Siempre, en PDF.\n\n¿Tienen local? En Rosario."
    )
    extracted = answer("¿se puede cambiar la fecha de la entrega?", faq, HOLIDAYS)
    assert "Sí, hasta el día anterior." in " ".join(texts(extracted))


def test_code_is_quoted_as_code() -> None:
    """A block of code comes whole, with its line breaks, when there is room for it."""
    code = passage("export TOKEN=abc\nvocero index --wait\nvocero serve", kind="code", headings=["Indexar"])
    (quote,) = answer("¿cómo indexar con vocero index?", code, HOLIDAYS).quotes
    assert (quote.text, quote.kind) == (code.text, "code")


def test_code_that_is_too_long_comes_in_whole_lines() -> None:
    """Of a long block the lines around what was asked for are quoted."""
    lines = [f"setting_{number} = value number {number}" for number in range(60)]
    code = passage("\n".join(lines), kind="code", headings=["Settings"])
    (quote,) = answer("what is setting_37?", code, HOLIDAYS).quotes
    assert lines[37] in quote.text.split("\n")
    assert set(quote.text.split("\n")) <= set(lines)


def test_a_long_sentence_is_cut_between_clauses() -> None:
    """What does not fit is cut where a clause ends, and says on which side it was cut."""
    clause = "según lo que acuerden las partes en cada caso y por escrito, "
    long = passage("El contrato de alquiler dura tres años, " + clause * 8 + "y luego termina.")
    (quote,) = answer("¿cuánto dura el contrato de alquiler?", long, PARKING).quotes
    assert quote.text.startswith("El contrato de alquiler dura tres años,")
    assert quote.text.endswith(",")
    assert (quote.cut_before, quote.cut_after) == (False, True)


def test_a_cut_leaves_no_function_word_dangling() -> None:
    """Where no clause ends near the room's end, the quote ends in a word that says something."""
    long = passage(
        "La cuota del alquiler sube cada año " + "con el valor de la inflación del año " * 12 + "."
    )
    (quote,) = answer("¿cuándo sube la cuota del alquiler?", long, PARKING, limit=31).quotes
    assert quote.cut_after
    assert quote.text.split()[-1] in ("valor", "inflación", "año")


def test_the_same_words_are_quoted_once() -> None:
    """A text that stands in two documents is one quote."""
    extracted = answer("¿cuántos días de vacaciones hay?", HOLIDAYS, moved(HOLIDAYS, "copia.md"))
    joined = " ".join(texts(extracted))
    assert joined.count("22 días") == 1


def test_what_is_not_there_is_declined() -> None:
    """A question about nothing in the documents is not answered, whatever words it shares with them."""
    extracted = answer("¿Qué certificación tiene la bomba sumergible?", HOLIDAYS, PARKING, PRICES, STEPS)
    assert not extracted.answered
    assert extracted.confidence < 0.5


@pytest.mark.parametrize("question", ["", "   ", "¿?", "🙂"])
def test_a_question_without_words_is_declined(question: str) -> None:
    """Nothing asked, nothing quoted."""
    assert answer(question, HOLIDAYS).quotes == ()
    assert not answer(question, HOLIDAYS).answered


def test_nothing_found_is_declined() -> None:
    """Without hits there is no quote and no confidence."""
    extracted = extract("¿vacaciones?", (), Corpus([HOLIDAYS]))
    assert (extracted.quotes, extracted.confidence, extracted.answered) == ((), 0.0, False)


def test_suggests_the_nearest_headings() -> None:
    """Titles and headings of the best hits, each once, the far ones left out."""
    hits = [Hit(HOLIDAYS, 0.8), Hit(moved(HOLIDAYS, "b"), 0.7), Hit(PRICES, 0.6), Hit(PARKING, 0.1)]
    assert suggestions(hits) == ("Personas › Vacaciones", "Tarifas › Precios de los planes")
    assert suggestions(()) == ()


_PIECES = st.sampled_from(
    [
        HOLIDAYS.text,
        PRICES.text,
        STEPS.text,
        "| a |",
        "|---|---|",
        "- x",
        "Fin:",
        "¿Qué?",
        "vocero index",
        "«Sí.»",
        "\n",
    ]
)
_TEXTS = st.one_of(st.text(max_size=200), st.lists(_PIECES, min_size=1, max_size=6).map("\n".join))
_KINDS: st.SearchStrategy[BlockKind] = st.sampled_from(["paragraph", "list", "table", "code"])


@given(
    st.lists(st.tuples(_TEXTS, _KINDS), max_size=5),
    st.one_of(st.text(max_size=80), st.sampled_from(["vacaciones plan México", "¿cómo pido el reembolso?"])),
    st.integers(0, 80),
)
def test_quotes_stand_as_they_are_and_fit(
    material: list[tuple[str, BlockKind]], question: str, limit: int
) -> None:
    """Whatever the documents hold: quotes are verbatim, cut no word, overlap none, and all of them fit."""
    passages = [passage(text, kind=kind, document=str(i)) for i, (text, kind) in enumerate(material)]
    extracted = answer(question, *passages, limit=limit)
    assert 0 <= extracted.confidence <= 1
    assert sum(len(quote.text.split()) for quote in extracted.quotes) <= limit
    spans: dict[str, list[tuple[int, int]]] = {}
    for quote in extracted.quotes:
        whole = quote.passage.text
        assert quote.text.strip()
        if quote.kind == "table":
            assert set(quote.text.split("\n")) <= {line.strip() for line in whole.split("\n")}
        else:
            assert quote.text == whole[quote.start : quote.end]
            for at in (quote.start, quote.end):
                assert not (whole[at - 1 : at].isalnum() and whole[at : at + 1].isalnum())
            spans.setdefault(quote.passage.id, []).append((quote.start, quote.end))
    for taken in spans.values():
        taken.sort()
        assert all(end <= start for (_, end), (start, _) in pairwise(taken))


def test_a_page_pasted_as_a_question() -> None:
    """A question of thousands of words is answered like any other; none of its words is cut in two."""
    pasted = "Hola, les escribo por los feriados y las vacaciones del equipo de depósito. " * 60
    extracted = answer(f"{pasted}¿Cuántos días de vacaciones hay por año?", HOLIDAYS, PARKING)
    assert "22 días" in " ".join(texts(extracted))
