"""`vocero register check`, `vocero register rewrite` and `vocero persona test`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.register.cli import persona, register

PERSONA = """---
name: {name}
language: es
register:
  singular: vos
  plural: ustedes
examples:
  - question: ¿Cómo pido vacaciones?
    answer: {answer}
---

Contestá breve.
"""


def lines(*arguments: str, given: str | bytes) -> tuple[list[Any], Result]:
    """What a `register` command prints for the lines it is given."""
    result = CliRunner().invoke(register, [*arguments, "--json"], input=given)
    return [json.loads(line) for line in result.stdout.splitlines()], result


def test_a_line_out_for_each_line_in() -> None:
    """Findings have the contract's names, and a text without any has no score."""
    given_lines = '{"text": "Tienes razón."}\n{"text": "Llueve.", "verbatim": []}\n'
    out, result = lines("check", "--singular", "vos", given=given_lines)
    finding = {"start": 0, "end": 6, "text": "Tienes", "class": "T", "tier": "hard"}
    assert out == [
        {"findings": [{**finding, "violates": True, "replacement": "Tenés"}], "score": 0.0},
        {"findings": [], "score": None},
    ]
    assert result.exit_code == 0


def test_verbatim_spans_are_passed_over() -> None:
    """A span of a line is a quotation."""
    out, _ = lines("check", "--singular", "vos", given='{"text": "Tienes razón.", "verbatim": [[0, 6]]}')
    assert out == [{"findings": [], "score": None}]


@pytest.mark.parametrize("singular", ["tu", "tú"])
def test_tu_needs_no_accent(singular: str) -> None:
    """A terminal without accents can name every register."""
    out, _ = lines("check", "--singular", singular, given='{"text": "Tenés razón."}')
    assert out[0]["findings"][0]["replacement"] == "Tienes"


@pytest.mark.parametrize("bad", ["no JSON", "[]", '{"texto": "x"}', '{"text": "x", "verbatim": [[1]]}'])
def test_a_bad_line_loses_no_other(bad: str) -> None:
    """It says what is wrong in its place; the other lines are answered, and the exit code tells."""
    out, result = lines("check", "--singular", "vos", given=f'{{"text": "a"}}\n{bad}\n{{"text": "b"}}\n')
    assert [sorted(one) for one in out] == [["findings", "score"], ["error", "line"], ["findings", "score"]]
    assert result.exit_code != 0


def test_rewriting_keeps_the_line() -> None:
    """Other fields stay, and verbatim spans move with the text."""
    text = "Contigo. Tú tienes"
    line = {"id": 7, "text": text, "verbatim": [[9, 18]]}
    out, _ = lines("rewrite", "--singular", "vos", given=json.dumps(line))
    start, end = out[0]["verbatim"][0]
    assert out[0]["id"] == 7
    assert out[0]["text"][start:end] == "Tú tienes"
    assert out[0]["edits"] == [{"start": 0, "end": 7, "text": "Contigo", "replacement": "Con vos"}]


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_any_text_goes_through(text: str) -> None:
    """Any string that JSON can hold has its line."""
    out, result = lines(
        "check", "--singular", "usted", "--plural", "vosotros", given=json.dumps({"text": text})
    )
    assert len(out) == 1
    assert result.exit_code == 0


def test_half_a_character_is_survived() -> None:
    """A lone surrogate in JSON stops nothing."""
    out, result = lines("rewrite", "--singular", "vos", given='{"text": "\\ud83d tienes"}')
    assert out[0]["text"].endswith("tenés")
    assert result.exit_code == 0


def test_people_read_what_is_wrong() -> None:
    """Without --json, a line is a text, and each wrong word has its replacement."""
    result = CliRunner().invoke(register, ["check", "--singular", "vos"], input="Si quieres, ven.\n")
    assert "quieres → querés" in result.stdout


@pytest.mark.parametrize(
    ("answer", "violations"), [("Pedilas en el portal.", 0), ("Si quieres, pídelas.", 2)]
)
def test_a_personas_examples_are_checked(
    tmp_path: Path, answer: str, violations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Score, violations, length and language; the exit code tells whether they keep to the register."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vocero.toml").write_text('language = "es"\n', encoding="utf-8")
    (tmp_path / "personas").mkdir()
    text = PERSONA.format(name="prueba", answer=answer)
    (tmp_path / "personas" / "prueba.md").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(persona, ["test", "prueba", "--json"])
    report = json.loads(result.stdout)
    example = report["examples"][0]
    assert (report["violations"], example["language"], example["words"]) == (
        violations,
        "es",
        len(answer.split()),
    )
    assert (report["score"] == 1.0) == (result.exit_code == 0) == (violations == 0)
