"""Generated text is cut into sentences: the same ones whatever pieces it comes in."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.streaming import Sentence, SentenceStream

SIGNS = [
    *" \n.,;:¿?¡!«»“”\"'`()[]>|*-…~", ". ", ".\n", "```", "\n```\n", "~~~", " [1]", "[12", "] ", "1. ", "- ",
    "\n> ", "Ud. ", "p. ej. ", "Haz esto. ", "y ", "É", "ñ", "2", "\t", "\r\n", "\u2028", "\x85", "🎉",
]  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(SIGNS), max_size=40).map("".join))


def cut(*pieces: str) -> list[Sentence]:
    """The sentences of a text that comes in these pieces."""
    stream = SentenceStream()
    return [*(one for piece in pieces for one in stream.feed(piece)), *stream.close()]


def texts(text: str) -> list[str]:
    return [one.text for one in cut(text)]


@settings(max_examples=400)
@example('Dice "Haz esto. Éa', [])
@given(TEXTS, st.lists(st.integers(min_value=0, max_value=200), max_size=12))
def test_pieces_make_no_difference(text: str, places: list[int]) -> None:
    """However a text is split on its way, the sentences are the same, and joined they are the text."""
    bounds = sorted({0, len(text), *(place for place in places if place < len(text))})
    whole = cut(text)
    assert cut(*(text[start:end] for start, end in pairwise(bounds))) == whole
    assert cut(*text) == whole
    assert "".join(one.text for one in whole) == text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Uno. Dos.", ["Uno.", " Dos."]),
        ("¿Uno? ¡Dos! Tres…", ["¿Uno?", " ¡Dos!", " Tres…"]),
        ("Uno [1]. Dos. [2][3] Tres.", ["Uno [1].", " Dos. [2][3]", " Tres."]),
        ("**Uno.** Dos", ["**Uno.**", " Dos"]),
        ("Escriba a Ud. Pérez, p. ej. el 3. Luego", ["Escriba a Ud. Pérez, p. ej. el 3.", " Luego"]),
        ("Son 3.5 o 1.200. Ver a.b/c.d y x.", ["Son 3.5 o 1.200.", " Ver a.b/c.d y x."]),
        ("1. Uno. Dos.\n2. Tres\n", ["1. Uno.", " Dos.\n", "2. Tres\n"]),
        ("Dice «Uno. Dos.» y sigue. Tres", ["Dice «Uno. Dos.» y sigue.", " Tres"]),
        ('Dice "Uno. Dos." y sigue. Tres', ['Dice "Uno. Dos." y sigue.', " Tres"]),
        ("Usa `a. B` así. Tres", ["Usa `a. B` así.", " Tres"]),
        ("| Uno. Dos | Tres. Y |\n| - | - |\n", ["| Uno. Dos | Tres. Y |\n", "| - | - |\n"]),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    """After their citations, and nowhere within a quotation, code, a number, an abbreviation or a row."""
    assert texts(text) == sentences


def test_code_and_quoted_lines_are_not_spoken() -> None:
    """Fenced code is let through line by line, a quoted line as a whole; what surrounds them is looked at."""
    text = "Haz esto:\n```sh\ntienes. Que\n```\n> Tienes que ir. Ya.\nListo. Fin"
    kept = [one.text for one in cut(text) if not one.spoken]
    assert kept == ["```sh\n", "tienes. Que\n", "```\n", "> Tienes que ir. Ya.\n"]


def test_a_sentence_is_let_go_as_soon_as_the_next_begins() -> None:
    """Nothing waits for the end of the answer."""
    stream = SentenceStream()
    assert [one.text for one in stream.feed("Uno. [1] ")] == []
    assert [one.text for one in stream.feed("D")] == ["Uno. [1]"]
