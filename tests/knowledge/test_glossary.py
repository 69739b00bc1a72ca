"""The glossary: words of one language find those of the other."""

import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.glossary import translated_stems
from knowledge.words import stems


def rows() -> list[tuple[list[str], list[str]]]:
    """The data: Spanish and English words of each meaning."""
    lines = (files("knowledge.glossary") / "es_en.tsv").read_text("utf-8").splitlines()
    split = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(spanish.split(", "), english.split(", ")) for spanish, english in split]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("¿Cuál es el plazo para devolver un celular?", ["deadline", "return", "phone", "móvil"]),
        ("contraseñas", ["password"]),
        ("Which invoices are overdue?", ["factura", "boleta", "vencido"]),
        ("sick pay in Spain", ["prestación", "enfermedad", "España", "español"]),
        ("¿Dónde estaciono el coche de alquiler?", ["rental", "car"]),
        ("Who is on call in the holidays?", ["guardia", "feriado"]),
        ("ordenador", ["computer", "computadora", "compu"]),
        ("car park", ["estacionamiento", "aparcamiento", "cochera"]),
    ],
)
def test_translates(question: str, expected: list[str]) -> None:
    """Inflected words, phrases and regional names lead to the other language's words and synonyms."""
    found = translated_stems(question)
    for word in expected:
        assert found.keys() & set(stems(word)), word


def test_a_phrase_is_not_its_words() -> None:
    """What a phrase means goes before what its words mean alone."""
    found = translated_stems("Turn off the pump")
    assert set(stems("apagar")) & found.keys()
    assert not set(stems("girar")) & found.keys()
    assert not set(stems("llamada")) & translated_stems("Who is on call?").keys()


def test_a_word_as_it_stands_goes_before_its_stem() -> None:
    """`importante` and `importe` have one stem and nothing in common."""
    (amount,) = set(stems("importe")) & set(stems("importante"))
    assert amount
    assert set(stems("important")) & translated_stems("¿Es importante?").keys()
    assert not set(stems("amount")) & translated_stems("¿Es importante?").keys()


def test_names_the_stem_translated() -> None:
    """Each translation says which stems of the question it stands for."""
    found = translated_stems("a password for the printer")
    (password,) = found.keys() & set(stems("contraseña"))
    (printer,) = found.keys() & set(stems("impresora"))
    assert found[password].of == tuple(stems("password"))
    assert found[printer].of == tuple(stems("printer"))


def test_the_language_of_the_question_decides() -> None:
    """A word that both languages have is translated from the question's own first."""
    english = translated_stems("What is the once daily limit for this and that?")
    spanish = translated_stems("¿Qué se hace cuando son las once de la noche?")
    (eleven,) = set(stems("eleven")) & spanish.keys()
    assert eleven not in english or english[eleven].weight < spanish[eleven].weight


def test_more_alternatives_count_less_each() -> None:
    """A word with one translation is surer than one with several."""
    one = translated_stems("febrero")["e_februari"]
    several = translated_stems("reembolso")["e_refund"]
    assert several.weight < one.weight <= 1


@pytest.mark.parametrize("question", ["", "¿?", "el la de", "what is it", "xyzzy 123"])
def test_nothing_to_translate(question: str) -> None:
    """Blanks, stopwords and words it does not know have no translation."""
    assert translated_stems(question) == {}


WORDS = sorted({word for spanish, english in rows() for word in (*spanish, *english)})


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=12).map(" ".join))
def test_weights_and_stems(text: str) -> None:
    """Of any text: no stem it has itself, weights in (0, 1], and each of its own stems."""
    own = set(stems(text))
    for stem, (of, weight) in translated_stems(text).items():
        assert stem not in own
        assert stem[:2] in ("s_", "e_")
        assert 0 < weight <= 1
        assert of
        assert own.issuperset(of)


def test_every_row_is_found_both_ways() -> None:
    """Each word of the data can be searched by, stands once in its row and leads to the other side."""
    for spanish, english in rows():
        for side, other in ((spanish, english), (english, spanish)):
            assert max(Counter(side).values()) == 1, side
            for word in side:
                assert stems(word), f"{word}: stopwords alone are not in the index"
                wanted = {stem for one in other for stem in stems(one)}
                assert translated_stems(word).keys() & wanted or wanted & set(stems(word)), (word, other)


def test_no_row_twice() -> None:
    """No row repeats another."""
    counted = Counter((frozenset(spanish), frozenset(english)) for spanish, english in rows())
    assert [row for row, count in counted.items() if count > 1] == []


def test_loaded_when_asked() -> None:
    """Importing the package reads no data."""
    script = "import json, knowledge.glossary as g; print(json.dumps(g._sides.cache_info().currsize))"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout) == 0
