"""The checker: which forms of address a text uses, and what breaks a register."""

import re
import subprocess
import sys
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases import Phrases, load
from bot.register import check
from bot.register.checker import Plural, Singular, marks
from tests.bot.register.labelled import Labelled
from tests.bot.register.labelled import load as labelled

SENTENCES = labelled()
REGISTERS: list[tuple[Singular, Plural]] = list(product(get_args(Singular), get_args(Plural)))


def found(text: str, singular: Singular = "vos", plural: Plural = "ustedes") -> dict[str, str]:
    """Class by word, sure ones only."""
    return {one.text: one.cls for one in check(text, singular, plural).findings if one.tier == "hard"}


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.text)
def test_every_marked_form_is_found(sentence: Labelled) -> None:
    """Each form of address has its place and class, and nothing else is a sure one."""
    seen = {(mark.token.start, mark.token.end, mark.cls): mark.tier for mark in marks(sentence.text)}
    assert sentence.marks <= set(seen)
    assert {mark for mark, tier in seen.items() if tier == "hard"} <= sentence.marks


@pytest.mark.parametrize(
    ("text", "singular", "plural", "instead"),
    [
        ("Tú tienes la clave, dímela.", "vos", "ustedes", ["Vos", "tenés", "decímela"]),
        ("Vení con nosotros y traé el formulario.", "tú", "ustedes", ["Ven", "trae"]),
        ("Esto es para ti y para tu equipo.", "usted", "ustedes", ["usted", "su"]),
        ("Guarda tu archivo y ciérralo.", "usted", "ustedes", ["Guarde", "su", "ciérrelo"]),
        ("No olvidéis firmar y sentaos.", "tú", "ustedes", ["olviden", "siéntense"]),
        ("Completen el formulario.", "tú", "vosotros", ["Completad"]),
        ("No guarden esto.", "tú", "vosotros", ["guardéis"]),
        ("Por favor, espere su turno.", "tú", "ustedes", ["espera"]),
        ("No comparta la clave.", "vos", "ustedes", ["compartas"]),
        ("Póngase en contacto.", "tú", "ustedes", ["Ponte"]),
        ("Andá al portal.", "tú", "ustedes", ["Ve"]),
        ("¿Os ayudo con vuestra mudanza?", "vos", "ustedes", ["Les", "su"]),
    ],
)
def test_what_breaks_the_register_has_its_replacement(
    text: str, singular: Singular, plural: Plural, instead: list[str]
) -> None:
    """A violation comes with the word that the register would use."""
    violations = check(text, singular, plural).violations
    assert [one.replacement for one in violations] == instead


@pytest.mark.parametrize(
    "text",
    [
        "La nota dice «tú tienes la clave» y “vos no”.",
        'Respondió "haz lo que puedas" y se fue.',
        "Se usa `tienes` así:\n```\nguarda tus datos\n```",
        "> Tú puedes citar esto.",
        "Está en https://example.com/tu/cuenta y en vos@example.com.",
        "You can use your account and date it, if you want.",
        "Le système vous aide avec vos données.",
        "Mencionen a @tu_equipo en #vosotros.",
        "La nota dice ‹tú tienes la clave›, „vos no“ y ‘vosotros tenéis’.",
        "Dice «tú dices «vos podés» siempre» y “así\nte digo”.",
        "<pre>haz clic</pre><code>tienes</code> <kbd>tu</kbd> <q>vos podés</q>",
        "Se escribe `tenés` o ``tú `tienes` ahora``.\n~~~\nvosotros\n~~~",
        "<@U123TU> <#C1|tus-dudas> <https://example.com/tu|tu página> {tu} %(tu)s {{vos}}",
        "Está en /home/tu/vos.txt, con --tu y en tu_variable.",
        "Use the form, complete it, and never mutate your date.",
        "Você pode enviar os seus documentos e tu podes ver.",
        "Pots enviar els teus documents i veure el teu compte.",
        "Puoi vedere i tuoi dati e la tua vista.",
    ],
)
def test_what_is_not_spoken_is_passed_over(text: str) -> None:
    """Quotes, code, addresses and other languages have no findings."""
    assert not [one for one in check(text, "usted", "ustedes").findings if one.cls != "UU"]


def test_verbatim_spans_are_passed_over() -> None:
    """What is cited from a document is not the bot's own word."""
    text = "Esto dice la norma: Tú tienes derecho. ¿Querés más?"
    start = text.index("Tú")
    report = check(text, "vos", "ustedes", [(start, start + len("Tú tienes derecho."))])
    assert [one.text for one in report.findings] == ["Querés"]


def test_the_score_is_the_share_that_keeps_to_the_register() -> None:
    """One wrong of four sure forms is three quarters."""
    assert check("Tenés que firmar y podés irte, si quieres.", "vos", "ustedes").score == pytest.approx(0.75)


def test_no_mark_is_no_evidence() -> None:
    """A text that addresses nobody has no score."""
    assert check("La licencia vence el lunes.", "vos", "ustedes").score is None


@pytest.mark.parametrize(
    ("text", "singular", "plural", "cls"),
    [
        ("¿Vivís lejos?", "vos", "ustedes", "V"),
        ("¿Vivís lejos?", "tú", "vosotros", "W"),
        ("Vosotros vivís lejos.", "vos", "ustedes", "W"),
    ],
)
def test_a_form_of_vos_and_vosotros_is_told_by_text_and_register(
    text: str, singular: Singular, plural: Plural, cls: str
) -> None:
    """Vivís is said to one person or to several."""
    assert cls in {
        one.cls for one in check(text, singular, plural).findings if one.text == "vivís".title() or 1
    }


@pytest.mark.parametrize(
    "text",
    ["Abrí un reclamo ayer.", "Yo recibí la respuesta.", "Cuando salí, cerré la puerta.", "Me sentí bien."],
)
def test_what_i_did_is_no_order(text: str) -> None:
    """The past of the first person is spelled like the imperative of vos."""
    assert not found(text, "tú")


@pytest.mark.parametrize(
    "text",
    [
        "Muestra el panel.",
        "Agrega el campo.",
        "Crea un objeto y lo devuelve.",
        "Elimina los archivos especificados.",
        "Copia el texto cuando se pulsa el botón.",
        "- Agrega el filtro.\n- Corrige la suma.",
    ],
)
def test_what_a_program_does_is_at_most_perhaps_an_order(text: str) -> None:
    """A third person at the start of a line is logged, never asked again for."""
    assert {one.tier for one in check(text, "vos", "ustedes").findings} <= {"soft"}


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Crea una función.", "Crea"),
        ("Guarda los cambios antes de salir.", "Guarda"),
        ("Ejecuta el siguiente comando:", "Ejecuta"),
        ("Primero, crea un entorno virtual.", "crea"),
        ("Crea una función que reciba dos números.", "Crea"),
        ("Importa el módulo de nuevo.", "Importa"),
        ("Si el error persiste, borra la caché.", "borra"),
        ("Vale, prueba ahora.", "prueba"),
        ("Juan, guarda los cambios.", "guarda"),
        ("¡Corre! Quedan dos días.", "Corre"),
        ("Toma nota de este número.", "Toma"),
        ("El pedido salió 🎉 Revisa el correo.", "Revisa"),
        ("El pedido salió :tada: Revisa el correo.", "Revisa"),
    ],
)
def test_a_bare_order_is_told_by_what_stands_around_it(text: str, order: str) -> None:
    """What comes next, what it is for, what leads to it or who is called: no program is meant."""
    assert [(one.text, one.tier) for one in check(text, "vos", "ustedes").violations] == [(order, "hard")]


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("Nunca comparta su clave.", ["comparta"]),
        ("Cuando termine, cierre la sesión.", ["cierre"]),
        ("Siga, siga.", ["Siga", "siga"]),
        ("Entre al portal y elija una fecha.", ["Entre", "elija"]),
        ("Toque para reintentar", ["Toque"]),
        ("Cumpla o no el plazo, la multa se aplica.", []),
        ("Véanse los anexos.", []),
        ("Notifíquese y archívese.", []),
        ("Te de manzanilla", []),
        ("Pausar (pause) o reanudar (resume) la lectura", []),
    ],
)
def test_orders_to_usted_and_what_only_looks_like_them(text: str, orders: list[str]) -> None:
    """Nouns' doubles are orders where a clause goes on like one; formulas address nobody."""
    assert [one.text for one in check(text, "tú", "vosotros").violations] == orders


@pytest.mark.parametrize(
    ("text", "register", "violates"),
    [
        ("Vete a casa.", "vos", True),
        ("Páralo ya.", "usted", True),
        ("Créeme.", "usted", True),
        ("Siéntelo aquí.", "usted", False),
        ("Siéntelo en la piel.", "tú", False),
        ("Velo con calma.", "vos", False),
    ],
)
def test_a_spelling_of_two_verbs_is_read_as_the_one_that_is_said(
    text: str, register: Singular, *, violates: bool
) -> None:
    """Vete is of ir and not of ver; siéntelo may be of sentir or of sentar, as the register has it."""
    assert bool(check(text, register, "ustedes").violations) is violates


def test_a_note_set_like_a_quotation_is_the_writers_own() -> None:
    """`> [!NOTE]` opens a note of the page; any other line after > is somebody else's."""
    assert found("> [!NOTE]\n> Tienes que firmar.\n\n> Puedes citar esto.") == {"Tienes": "T"}


def test_company_makes_an_order_sure() -> None:
    """The same words with tu beside them are said to somebody."""
    assert found("Guarda los cambios en tu carpeta.")["Guarda"] == "T"


def test_places_count_code_points() -> None:
    """Signs outside the basic plane and combining accents move nothing."""
    text = "😀😀 Tienes razón"
    finding = check(text, "vos", "ustedes").findings[0]
    assert (finding.start, finding.end) == (3, 9)
    assert text[finding.start : finding.end] == finding.text


@given(
    st.text(),
    st.sampled_from(REGISTERS),
    st.lists(st.tuples(st.integers(-9, 99), st.integers(-9, 99)), max_size=3),
)
def test_any_text_is_survived(
    text: str, register: tuple[Singular, Plural], spans: list[tuple[int, int]]
) -> None:
    """No crash on any Unicode, and every finding is a stretch of the text."""
    for one in check(text, *register, spans).findings:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.text


@given(
    st.lists(
        st.sampled_from(
            [*" \n.,;:¿?¡!«»\"'`()[]>|{}", "tú ", "vos ", "Tienes ", "guardá ", "no ", "Guarda ", "os ", "y "]
        ),
        max_size=40,
    ),
    st.sampled_from(REGISTERS),
)
def test_any_mix_of_signs_and_words_is_survived(pieces: list[str], register: tuple[Singular, Plural]) -> None:
    """Broken quotes and brackets included."""
    text = "".join(pieces)
    for one in check(text, *register).findings:
        assert text[one.start : one.end] == one.text


@pytest.mark.parametrize("register", REGISTERS, ids="-".join)
def test_the_bots_own_phrases_conform(register: tuple[Singular, Plural]) -> None:
    """What is rendered for a register never breaks it."""
    phrases = Phrases("es", *register)
    for key in load("es"):
        if key.endswith(".formal"):
            continue
        for seed in "abcdefgh":
            slots = re.findall(r"\{([^{}]+)\}", phrases.template(key, seed))
            names = {slot.split("#")[0] for slot in slots if ":" not in slot and "@" not in slot}
            text = phrases.render(key, seed=seed, **dict.fromkeys(names, 3))
            assert not check(text, *register).violations, text


def test_replacements_conform() -> None:
    """A text with all its replacements put in keeps to the register."""
    for sentence, (singular, plural) in product(SENTENCES, REGISTERS):
        report = check(sentence.text, singular, plural)
        text = sentence.text
        if any(one.replacement is None for one in report.violations):
            continue
        for one in reversed(report.violations):
            text = text[: one.start] + (one.replacement or "") + text[one.end :]
        assert not check(text, singular, plural).violations, text


def test_importing_the_package_is_light() -> None:
    """The verb table is read when the first Spanish text is checked."""
    code = (
        "import bot.register, bot.register.conjugation as c;"
        "assert not c._table.cache_info().currsize;"
        "bot.register.check('Tenés', 'vos', 'ustedes');"
        "assert c._table.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "scrap", ["Customer environment replicas", "No active postings", "precise code intel worker logs"]
)
def test_scraps_of_another_language_address_nobody(scrap: str) -> None:
    """A heading or a cell has no common word to tell by; how its words are spelt tells."""
    assert check(scrap, "vos").findings == ()
    spanish = check(f"Revisa el informe. {scrap}", "vos").findings
    assert [one.text for one in spanish][:1] == ["Revisa"]
