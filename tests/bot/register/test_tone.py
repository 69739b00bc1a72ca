"""Rules of tone and format that can be checked are."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.register.tone import Format, check_format, json_error, read_json, repair_request

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


def broken(text: str, **rules: Any) -> list[str]:
    """Names of the rules that the text breaks."""
    return [one.rule for one in check_format(text, Format(**rules))]


@pytest.mark.parametrize(
    ("text", "rules", "wrong"),
    [
        ("Son 21 días. [1]", {"formality": "formal", "emoji": 0, "max_words": 60}, []),
        ("¡Genial, son 21 días!", {"formality": "formal"}, ["formality", "formality"]),
        ("Atentamente, la oficina.", {"formality": "informal"}, ["formality"]),
        ("Listo 🎉 :tada:", {"emoji": 1}, ["emoji"]),
        ("Listo 🎉 a las 10:30:00", {"emoji": 1}, []),
        ("uno dos tres", {"max_words": 2}, ["max_words"]),
        ("Es un Problema.", {"forbidden": ["problema"]}, ["forbidden"]),
        ("Es problemático.", {"forbidden": ["problema"]}, []),
        ("Son 21 días.", {"closing": "¿Algo más?"}, ["closing"]),
        ("Son 21 días. ¿Algo más?\n", {"closing": "¿Algo más?"}, []),
    ],
)
def test_each_rule(text: str, rules: dict[str, Any], wrong: list[str]) -> None:
    """A text that keeps to the rules has no problem; another has one for each rule it breaks."""
    assert broken(text, **rules) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"answer": "21", "days": 21}', 0),
        ('```json\n{"answer": "21"}\n```', 0),
        ("Son 21 días.", 1),
        ('{"days": "21", "more": 1}', 3),
    ],
)
def test_json_answers_are_validated(text: str, wrong: int) -> None:
    """A channel that feeds a machine gets what its schema says; a code fence is forgiven."""
    assert len(read_json(text, SCHEMA)[1]) == wrong
    assert len(check_format(text, Format(json_schema=SCHEMA))) == wrong


def test_what_cannot_be_repaired_is_an_error_object() -> None:
    """The machine learns the reason and the turn's id."""
    problems = check_format("Son 21 días.", Format(json_schema=SCHEMA))
    error = json_error("slack:1", problems)["error"]
    assert (error["reason"], error["turn"], len(error["problems"])) == ("invalid_answer", "slack:1", 1)


def test_the_repair_names_every_broken_rule() -> None:
    """A model that is asked again knows what was wrong."""
    request = repair_request("¡Hola! 🎉", check_format("¡Hola! 🎉", Format(emoji=0, formality="formal")))
    assert "- emoji: 🎉" in request
    assert "- formality: !" in request


def test_an_unknown_rule_is_an_error() -> None:
    """A typing error in a persona does not silently free it."""
    with pytest.raises(ValidationError):
        Format(emojis=1)  # type: ignore[call-arg]
