"""What a template renders for a register keeps to it, whatever its verbs and pronouns."""

import re
from itertools import product
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

import bot.register
from bot.phrases import Plural, Singular
from bot.register import check
from bot.register.address import render_slot

# Two verbs share these forms, and each says the other register: «créalo» is crear to tú and creer to usted.
HOMOGRAPHS = frozenset(
    "crear creer fundar fundir parar parir sentar sentir vengar venir vestir vetar ver cometer constatar "
    "meditar saltar".split()
)
TABLE = Path(bot.register.__file__).parent / "verbs.txt"
VERBS = sorted(
    line.split()[0]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if "*" in line and not line.startswith("#") and line.split()[0] not in HOMOGRAPHS
)
FRAMES = (
    "{V:imperative} el formulario.",
    "Si {v:present} algo, {v:imperative+me}.",
    "¿{V:present} algo con {@prepositional}?",
    "No {v:negative} nada.",
    "{@Subject} ya {v:preterite} todo.",
    "{V:imperative+lo} con {@your} jefe.",
    "{V:imperative:plural} el formulario con {@your.f:plural} firma.",
    "Si {v:present:plural} algo, {@object:plural} aviso.",
)
REGISTERS = st.tuples(st.sampled_from(get_args(Singular)), st.sampled_from(get_args(Plural)))


def rendered(frame: str, verb: str, register: tuple[Singular, Plural]) -> str:
    """The frame with the verb in it."""

    def fill(slot: re.Match[str]) -> str:
        named = slot[1].replace("v:", f"{verb}:", 1).replace("V:", f"{verb.capitalize()}:", 1)
        return render_slot(named, *register)

    return re.sub(r"\{([^{}]+)\}", fill, frame)


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.sampled_from(FRAMES), st.sampled_from(VERBS)), min_size=1, max_size=3), REGISTERS
)
def test_what_is_rendered_conforms(
    sentences: list[tuple[str, str]], register: tuple[Singular, Plural]
) -> None:
    """Any verb in use, alone or among other sentences, in every form of address."""
    text = " ".join(rendered(frame, verb, register) for frame, verb in sentences)
    assert check(text, *register).violations == (), text


def test_every_frame_conforms_in_every_register() -> None:
    """Each of them with everyday verbs, the homographs aside."""
    everyday = "ser ir haber dar tener poder hacer decir poner salir pedir contar jugar oír reír huir guiar"
    for frame, verb, register in product(
        FRAMES, set(everyday.split()) - HOMOGRAPHS, product(get_args(Singular), get_args(Plural))
    ):
        if verb == "haber" and "imperative" in frame:
            continue  # which has none
        text = rendered(frame, verb, register)
        assert check(text, *register).violations == (), text
