"""Text into terms."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.words import STOPWORDS, english_share, fold, grams, index_terms, query_grams, stems, words


@pytest.mark.parametrize(
    ("written", "meant"),
    [("vacación", "vacaciones"), ("Días", "dia"), ("ORDERS", "order"), ("políticas", "politica")],
)
def test_forms_of_a_word_share_a_stem(written, meant):
    """Plural, case and accents do not hide a word, in either language."""
    assert set(stems(written)) & set(stems(meant))


def test_every_word_has_a_stem_of_each_language():
    """No language is guessed: a word is stemmed as Spanish and as English, and told apart."""
    assert stems("reglas") == ["s_regl", "e_regla"]


def test_stopwords_have_no_stems_but_grams():
    """Stopwords do not weigh as words, and a text of nothing else is still searchable."""
    assert stems("de la para the of") == []
    assert grams("de la") == ["_de_", "_la_"]


def test_a_question_is_searched_by_its_telling_words():
    """Stopwords of a question are not searched for, unless it has nothing else."""
    assert query_grams("¿Quién es el jefe?") == grams("jefe")
    assert query_grams("¿Y vos quién sos?") == grams("sos")
    assert query_grams("el de la") == grams("el de la")


def test_grams_mark_where_a_word_begins_and_ends():
    """Four characters each, the word's borders among them; a short word is one gram."""
    assert grams("casa") == ["_cas", "casa", "asa_"]
    assert grams("a") == ["_a_"]


def test_one_wrong_letter_leaves_most_grams():
    """A typo costs the grams that touch it and no others."""
    right, wrong = set(grams("devoluciones")), set(grams("devolucoines"))
    assert len(right & wrong) >= len(right) / 2


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("¿Cuántos días de vacaciones tengo?", 0, 0.1),
        ("How many days off do I have?", 0.9, 1),
        ("VPN error 619", 0.5, 0.5),
        ("", 0.5, 0.5),
    ],
)
def test_english_share(text, low, high):
    """The language shows in stopwords, and without any it is open."""
    assert low <= english_share(text) <= high


@given(st.text() | st.text(st.characters(categories=["Cs", "L", "N"])))
def test_any_text_gives_terms_that_can_be_indexed(text):
    """Whatever the text, terms are short, without blanks and fit for UTF-8."""
    for term in stems(text) + grams(text):
        assert 0 < len(term) <= 120
        assert not any(c.isspace() for c in term)
        term.encode("utf-8")


@given(st.text())
def test_how_a_text_is_composed_does_not_matter(text):
    """Composed and decomposed accents, upper and lower case are the same words."""
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
    assert fold(fold(text)) == fold(text)


def test_nothing_of_a_very_long_word_is_lost():
    """A word longer than a term may be is cut in pieces: its end is found too."""
    long = "x" * 100 + "end"
    assert "".join(words(long)) == long
    assert all(len(word) <= 40 for word in words(long))
    assert "end_" in grams(long)


def test_stopwords_are_as_the_text_is_folded():
    """A stopword with an accent in the list would never match."""
    assert all(fold(word) == word for word in STOPWORDS)


@given(st.text(max_size=200))
def test_what_is_indexed_are_the_stems_and_grams(text: str) -> None:
    """The short way to the index's terms gives what the long one gives."""
    stemmed, cut = index_terms(text)
    assert stemmed.split(" ") == (stems(text) or [""])
    assert cut.split(" ") == (grams(text) or [""])
