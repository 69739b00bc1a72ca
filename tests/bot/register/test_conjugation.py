"""Verbs in every form of address: our rules against a reviewed table and an independent conjugator."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from bot.register.address import SlotError, attach, render_slot, verb_form
from bot.register.conjugation import PERSONS, Tense, UnknownFormError, conjugate, verbs

ROOT = Path(__file__).parents[3]


def table(name: str) -> list[list[str]]:
    """The cells of a table beside this file, by row."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


ROWS = table("paradigms.tsv")

# Verbs that the oracle conjugates otherwise, and why ours stay as they are.
EXCEPTIONS = {
    "balbucir": "borrows its subjunctive from balbucear; defective",
    "desdar": "dar with a written accent on every form, in no dictionary of today",
    "desfacer": "old form of deshacer",
    "desvaír": "used in the participle alone",
    "eflorescer": "the oracle has florezca by its z, we by our rule for -scer; both rare",
    "embaír": "defective",
    "empecer": "defective",
    "evanescer": "the oracle has -sca, the academies -zca",
    "fosforescer": "the oracle has -sca, the academies -zca",
    "interdecir": "its short imperative is said by nobody",
    "podrir": "pudrir has taken over its forms",
    "pubescer": "the oracle has -sca, the academies -zca",
    "usucapir": "defective",
}


def test_the_table_is_large_enough() -> None:
    """At least 200 verbs, all tenses of each."""
    assert len({infinitive for infinitive, *_ in ROWS}) >= 200


@pytest.mark.parametrize("tense", sorted({row[1] for row in ROWS}))
def test_every_form_of_the_reviewed_table(tense: str) -> None:
    """Our rules give each form of the table."""
    wrong = []
    for infinitive, _, forms in (row for row in ROWS if row[1] == tense):
        for person, form in zip(PERSONS, forms.split(), strict=False):
            if (ours := conjugate(infinitive, cast("Tense", tense), person)) != form:
                wrong.append((infinitive, person, form, ours))
    assert not wrong


@pytest.mark.parametrize("row", table("joined.tsv"), ids=lambda row: f"{row[0]} {row[1]}")
def test_orders_with_their_pronouns_and_negative_orders(row: list[str]) -> None:
    """Dime, decime, dígame, decidme, díganme; no digas, no diga, no digáis."""
    infinitive, joined, *forms = row
    slot = f"{infinitive}:negative" if joined == "no" else f"{infinitive}:imperative+{joined}"
    slot = slot.replace("@", "@reflexive")
    ours = [render_slot(slot, person, person) for person in PERSONS]
    assert ours == forms


@pytest.mark.slow
@pytest.mark.skipif(
    "CONJUGATE_ESP" not in os.environ or not shutil.which("node"),
    reason="needs Node, and CONJUGATE_ESP: a folder with the npm package, as .ci/run installs it",
)
def test_agreement_with_an_independent_conjugator(tmp_path: Path) -> None:
    """Over all its verbs, at least 99.9 % of the forms are the same, and the rest is explained."""
    forms = tmp_path / "oracle.json"
    program = ["node", str(ROOT / "scripts" / "verbs_oracle.mjs"), os.environ["CONJUGATE_ESP"]]
    forms.write_bytes(subprocess.run(program, check=True, capture_output=True).stdout)
    assert len(json.loads(forms.read_bytes())) > 10_000
    check = [sys.executable, str(ROOT / "scripts" / "build_verbs"), "--check", "--oracle", str(forms)]
    said = subprocess.run(check, check=True, capture_output=True, text=True).stdout.splitlines()
    assert float(said[0].split()[-1].rstrip("%")) >= 99.9
    assert {line.strip().split(":")[0] for line in said[1:]} <= set(EXCEPTIONS)


def test_what_is_no_verb_is_refused() -> None:
    """A word that is no infinitive raises an error that says so."""
    with pytest.raises(UnknownFormError, match="not an infinitive"):
        conjugate("mesa", "present", "tú")


def test_an_unknown_verb_is_regular() -> None:
    """A new verb can be used in a template."""
    assert conjugate("tuitear", "imperative", "vos") == "tuiteá"
    assert "tuitear" not in verbs() or not verbs()["tuitear"]


@pytest.mark.parametrize(
    ("form", "clitics", "joined"),
    [
        ("decí", ("me",), "decime"),
        ("decí", ("me", "lo"), "decímelo"),
        ("guarda", ("lo",), "guárdalo"),
        ("guardá", ("lo",), "guardalo"),
        ("sentad", ("os",), "sentaos"),
        ("vestid", ("os",), "vestíos"),
        ("id", ("os",), "idos"),
        ("oí", ("me",), "oíme"),
        ("dé", ("me",), "deme"),
        ("den", ("me", "lo"), "dénmelo"),
        ("averigüe", ("lo",), "averígüelo"),
        ("construí", ("lo",), "construilo"),
        ("prohíbe", ("lo",), "prohíbelo"),
        ("haciendo", ("lo",), "haciéndolo"),
        ("reír", ("te",), "reírte"),
        ("pon", ("te",), "ponte"),
        ("está", ("te",), "estate"),
        ("trae", ("lo",), "tráelo"),
    ],
)
def test_pronouns_are_joined_with_the_right_accent(form: str, clitics: tuple[str, ...], joined: str) -> None:
    """The stress stays where it was, and the accent is written where the rules ask for it."""
    assert attach(form, *clitics) == joined


@pytest.mark.parametrize(
    ("verb", "tu_form", "voseo"),
    [("hacer", "hagas", "hagás"), ("usar", "uses", "usés"), ("pensar", "pienses", "pensés")],
)
def test_negative_voseo_is_a_choice(verb: str, tu_form: str, voseo: str) -> None:
    """No hagas by default; no hagás for a persona that asks for it."""
    assert verb_form(verb, "negative", "vos") == tu_form
    assert verb_form(verb, "negative", "vos", negative_voseo=True) == voseo


@pytest.mark.parametrize(
    ("slot", "forms"),
    [
        ("fijar:imperative+@reflexive", ("fijate", "fíjate", "fíjese")),
        ("Ayudar:infinitive+@object", ("Ayudarte", "Ayudarte", "Ayudarle")),
        ("@with", ("con vos", "contigo", "con usted")),
        ("@prepositional", ("vos", "ti", "usted")),
        ("@Your.fp", ("Tus", "Tus", "Sus")),
    ],
)
def test_slots(slot: str, forms: tuple[str, str, str]) -> None:
    """Verbs, pronouns and possessives of a template, in vos, tú and usted."""
    assert tuple(render_slot(slot, person, "ustedes") for person in ("vos", "tú", "usted")) == forms


@pytest.mark.parametrize("slot", ["buscar:imperativo", "buscar:", "buscar imperative"])
def test_a_slot_that_means_nothing_is_an_error(slot: str) -> None:
    """A typing error in a template does not reach a channel."""
    with pytest.raises(SlotError):
        render_slot(slot, "vos", "ustedes")
