"""Rewriting: tú into vos where that is exact, and what is asked for when it is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.register import check, neutral, rewrite
from bot.register.address import render_slot
from bot.register.checker import Singular
from bot.register.conjugation import common_verbs
from bot.register.rewrite import moved
from tests.bot.register.labelled import load as labelled

TEXTS = [sentence.text for sentence in labelled()]
# The forms of these are another verb's or a noun's as well: comete (comer, cometer), salte (salir, saltar).
HOMOGRAPHS = frozenset("cometer constar medir rever retener saltar vestir vetar".split())
# Apenas is no verb first; créamelo, siéntemelo are said to usted as well (creer, sentar).
MORE_HOMOGRAPHS = frozenset("apenar crear fundir ir parir sentir vengar".split())
VOS = [one.text for one in labelled() if {cls for *_, cls in one.marks} <= {"V", "TV", "UU"}]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Tienes que firmar y luego puedes irte.", "Tenés que firmar y luego podés irte."),
        ("Dime qué necesitas y te lo busco.", "Decime qué necesitás y te lo busco."),
        ("Esto es para ti; voy contigo.", "Esto es para vos; voy con vos."),
        ("Guárdalo en tu carpeta y ciérrala.", "Guardalo en tu carpeta y cerrala."),
        ("VE A LA SALA Y PÍDELA.", "ANDÁ A LA SALA Y PEDILA."),
        ("No guardes nada.", "No guardes nada."),
        ("Dice «tú tienes», pero tienes que ir.", "Dice «tú tienes», pero tenés que ir."),
    ],
)
def test_tu_becomes_vos(before: str, after: str) -> None:
    """Verbs, pronouns and joined pronouns; never a quote, never what both share."""
    assert rewrite(before, "vos")[0] == after


@pytest.mark.parametrize("singular", ["tú", "usted"])
def test_other_registers_are_left_alone(singular: Singular) -> None:
    """Vos → tú and anything → usted are not exact."""
    assert rewrite("Tenés que firmar, si quieres.", singular) == ("Tenés que firmar, si quieres.", ())


@pytest.mark.parametrize("text", VOS)
def test_vos_is_not_touched(text: str) -> None:
    """A text that conforms stays as it is."""
    assert rewrite(text, "vos") == (text, ())


@given(st.lists(st.sampled_from(TEXTS), max_size=4).map(" ".join))
def test_rewriting_twice_changes_nothing_more(text: str) -> None:
    """Rewriting is idempotent."""
    once, _ = rewrite(text, "vos")
    assert rewrite(once, "vos") == (once, ())


@given(st.text())
def test_rewriting_any_text_twice_changes_nothing_more(text: str) -> None:
    """Idempotent on any Unicode, too."""
    once, _ = rewrite(text, "vos")
    assert rewrite(once, "vos") == (once, ())


@given(
    st.sampled_from(sorted(set(common_verbs()) - HOMOGRAPHS)),
    st.sampled_from(
        ["Si {%s:present}, {%s:imperative+lo}.", "No lo {%s:negative}; {%s:imperative+@reflexive}."]
    ),
)
def test_no_verb_in_vos_is_touched(verb: str, frame: str) -> None:
    """What already says vos stays, whatever the verb."""
    text = re.sub(
        r"\{([^}]+)\}", lambda slot: render_slot(slot[1], "vos", "ustedes"), frame.replace("%s", verb)
    )
    assert rewrite(text, "vos") == (text, ())


@given(st.sampled_from(sorted(set(common_verbs()) - HOMOGRAPHS - MORE_HOMOGRAPHS)))
def test_any_verb_becomes_what_vos_says(verb: str) -> None:
    """The present and joined orders of tú, in any verb in use."""
    said = {
        person: f"Si {render_slot(f'{verb}:present', person, 'ustedes')}, "
        f"{render_slot(f'{verb}:imperative+me+lo', person, 'ustedes')}."
        for person in ("tú", "vos")
    }
    assert rewrite(said["tú"], "vos")[0] == said["vos"]


@given(st.text())
def test_edits_describe_the_change(text: str) -> None:
    """Applied from the end, the edits give the rewritten text."""
    rewritten, edits = rewrite(text, "vos")
    for edit in reversed(edits):
        assert text[edit.start : edit.end] == edit.text
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    assert text == rewritten


def test_verbatim_spans_move_with_the_text() -> None:
    """A quoted stretch stays quoted after an edit before it."""
    text = "Contigo: Tú tienes razón"
    span = (text.index("Tú"), len(text))
    rewritten, edits = rewrite(text, "vos", verbatim=[span])
    start, end = moved(span, edits)
    assert rewritten[start:end] == "Tú tienes razón"


@pytest.mark.parametrize(
    ("questions", "searched"),
    [
        (
            [
                "¿Cuántos días tenés?",
                "¿Cuántos días tienes?",
                "¿Cuántos días tiene?",
                "¿Cuántos días tenéis?",
            ],
            "¿Cuántos días tiene?",
        ),
        (
            ["¿Podés decirme…?", "¿Puedes decirme…?", "¿Puede decirme…?", "¿Podéis decirme…?"],
            "¿Puede decirme…?",
        ),
    ],
)
def test_a_question_is_searched_without_its_address(questions: list[str], searched: str) -> None:
    """Vos, tú, usted and vosotros ask for the same thing."""
    assert {neutral(question) for question in questions} == {searched}


def test_neutral_keeps_the_rest() -> None:
    """What addresses nobody is searched as it was written."""
    assert neutral("Política de viajes") == "Política de viajes"
    assert not check(neutral("¿Puedes decirme tu horario?"), "usted", "ustedes").violations
