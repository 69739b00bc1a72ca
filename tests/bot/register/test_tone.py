"""Rules of tone and format that can be checked are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.register.tone import Format, check_format, without_emoji

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
    ("text", "rules"),
    [
        ("Dice «che, ok» y `ok`.", {"formality": "formal"}),
        ("> ¡Genial! 🎉\n", {"formality": "formal", "emoji": 0}),
        ("Se llama «🎉 Genial».", {"emoji": 0, "forbidden": ["genial"]}),
        ("Son 21 días. [1][2]", {"max_words": 3}),
    ],
)
def test_quotations_code_and_citations_are_not_the_speakers_words(text: str, rules: dict[str, Any]) -> None:
    """What documents say has no tone to keep to, and a citation is no word."""
    assert broken(text, **rules) == []


@pytest.mark.parametrize(
    ("text", "allowed", "left"),
    [
        ("Listo 🎉", 0, "Listo "),
        ("🎉 Listo, 👍🏽 ya 👨‍👩‍👧.", 1, "🎉 Listo, ya ."),
        ("Listo :tada: a las 10:30", 0, "Listo a las 10:30"),
        ("«🎉» 🇦🇷", 0, "«🎉» "),
    ],
)
def test_too_many_emoji_are_taken_out(text: str, allowed: int, left: str) -> None:
    """The first ones stay, and those that are quoted."""
    assert without_emoji(text, allowed) == left


@given(st.text(), st.integers(min_value=0, max_value=3))
def test_no_more_emoji_than_allowed_are_left(text: str, allowed: int) -> None:
    """Whatever the text."""
    assert "emoji" not in broken(without_emoji(text, allowed), emoji=allowed)


def test_json_answers_are_checked_by_their_schema() -> None:
    """For a channel that feeds a machine the schema is the whole format."""
    assert broken('{"answer": "¡Genial! 🎉", "days": 21}', json_schema=SCHEMA, formality="formal") == []
    assert broken("Son 21 días.", json_schema=SCHEMA) == ["json_schema"]


def test_a_schema_that_is_none_is_an_error() -> None:
    """Said when the persona is read, not when somebody asks."""
    with pytest.raises(ValidationError, match="is no JSON Schema"):
        Format(json_schema={"type": "text"})


def test_a_model_is_told_the_rules() -> None:
    """Every rule that a model can keep to is put in words; the closing is the bot's own."""
    rules = Format(formality="formal", emoji=0, max_words=40, forbidden=("barato",), closing="Saludos.")
    said = "\n".join(rules.instructions())
    assert [word for word in ("formally", "no emoji", "40 words", "barato") if word not in said] == []
    assert "Saludos" not in said


def test_an_unknown_rule_is_an_error() -> None:
    """A typing error in a persona does not silently free it."""
    with pytest.raises(ValidationError):
        Format(emojis=1)  # type: ignore[call-arg]
