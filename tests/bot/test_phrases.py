"""The bot's own phrases: complete in every language, and in one form of address each."""

import re
import subprocess
import sys
from datetime import date
from itertools import product
from typing import Any, get_args

import pytest

from bot.phrases import Language, Phrases, Plural, Singular, load

LANGUAGES: tuple[Language, ...] = get_args(Language)
REGISTERS: list[tuple[Singular, Plural]] = list(product(get_args(Singular), get_args(Plural)))
KEYS = [key for key in load("en") if not key.endswith(".formal")]


def values_of(template: str) -> set[str]:
    """Names of the values that a template asks for."""
    slots = re.findall(r"\{([^{}]+)\}", template)
    return {slot.split("#")[0] for slot in slots if ":" not in slot and not slot.startswith("@")}


class Anything(dict[str, Any]):
    """Values for every slot."""

    def __init__(self, key: str) -> None:
        names = {name for language in LANGUAGES for one in load(language)[key] for name in values_of(one)}
        super().__init__(dict.fromkeys(names, 3))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_phrase(language: Language) -> None:
    """A key exists in all languages, whatever its variants."""
    assert {key for key in load(language) if not key.endswith(".formal")} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_phrase_asks_for_the_same_values_everywhere(key: str) -> None:
    """Languages, variants and formal forms of a phrase take the same values."""
    wanted = [values_of(one) for language in LANGUAGES for one in load(language)[key]]
    wanted += [values_of(one) for one in load("es").get(f"{key}.formal", ())]
    assert all(one == wanted[0] for one in wanted)


@pytest.mark.parametrize("register", REGISTERS, ids="-".join)
@pytest.mark.parametrize("key", KEYS)
def test_no_slot_stays_open(key: str, register: tuple[Singular, Plural]) -> None:
    """Every phrase renders in every register without a brace left."""
    for seed in "abcdefgh":
        text = Phrases("es", *register).render(key, seed=seed, **Anything(key))
        assert text
        assert not re.search(r"[{}]", text)


@pytest.mark.parametrize(
    ("register", "text"),
    [
        (("vos", "ustedes"), "Preguntame lo que necesites."),
        (("tú", "vosotros"), "Pregúntame lo que necesites."),
        (("usted", "ustedes"), "Pregúnteme lo que necesite."),
    ],
)
def test_the_register_decides_the_verbs(register: tuple[Singular, Plural], text: str) -> None:
    """The same template speaks vos, tú or usted."""
    rendered = Phrases("es", *register).render("welcome", name="Vera", company="Acme")
    assert rendered.endswith(text)


@pytest.mark.parametrize(
    ("register", "text"),
    [
        (("vos", "ustedes"), "menciónenme con su pregunta"),
        (("tú", "vosotros"), "mencionadme con vuestra pregunta"),
    ],
)
def test_a_plural_slot_speaks_to_several(register: tuple[Singular, Plural], text: str) -> None:
    """What is said to a whole channel uses the plural form of address."""
    assert text in Phrases("es", *register).render("welcome_channel", name="Vera", company="Acme")


def test_spanish_without_a_register_is_formal() -> None:
    """A persona that names no form of address does not become familiar."""
    assert Phrases("es").render("ask_something").endswith("Escriba lo que quiere saber.")


def test_the_seed_picks_the_variant() -> None:
    """One question always gets the same variant, different questions get different ones."""
    phrases = Phrases("es", "vos")
    assert phrases.render("answer_intro", seed="q1") == phrases.render("answer_intro", seed="q1")
    assert len({phrases.render("answer_intro", seed=str(n)) for n in range(40)}) == len(
        load("es")["answer_intro"]
    )


def test_values_are_not_templates() -> None:
    """Braces in a value stay as they are."""
    assert "{ir:imperative}" in Phrases("es", "vos").render("unknown_command", command="{ir:imperative}")


@pytest.mark.parametrize(
    ("language", "text"), [("es", "3 de marzo de 2026"), ("en", "3 March 2026"), ("pt", "3 de março de 2026")]
)
def test_days_are_written_out(language: Language, text: str) -> None:
    """A date is said in the language's own way."""
    assert text in Phrases(language).render("as_of", date=date(2026, 3, 3))


def test_nouns_agree_with_their_number() -> None:
    """One passage, two passages."""
    phrases = Phrases("es", "vos")
    assert "1 pasaje…" in phrases.render("reading", n=1)
    assert "2 pasajes…" in phrases.render("reading", n=2)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in KEYS if key.endswith("modal_title")])
def test_modal_titles_fit(language: Language, key: str) -> None:
    """Slack cuts no title: 24 characters at most."""
    assert len(Phrases(language).render(key)) <= 24


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in KEYS if "button" in key or key.startswith("modal_")])
def test_buttons_fit(language: Language, key: str) -> None:
    """A button's label is at most 24 characters, so that it reads on a phone."""
    assert len(Phrases(language).render(key)) <= 24


def test_english_does_not_load_the_verbs() -> None:
    """Nobody who speaks English pays for Spanish verbs."""
    code = (
        "import sys; from bot.phrases import Phrases; Phrases('en').render('greeting');"
        "assert not [name for name in sys.modules if name.startswith('bot.register')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
