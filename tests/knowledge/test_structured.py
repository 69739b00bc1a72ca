"""JSON read out of what a model wrote."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.structured import dump, read_json, schema_problem, texts, with_texts

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "days": {"$ref": "#/$defs/days"}},
    "required": ["answer"],
    "additionalProperties": False,
    "$defs": {"days": {"type": "integer"}},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('{"answer": "21", "days": 21}', 0),
        ('```json\n{"answer": "21"}\n```', 0),
        ('{"answer": "21"}\n[1][2]', 0),
        ('```\n{"answer": "21"}\n```\n[1], [2]', 0),
        ("Son 21 días.", 1),
        ("", 1),
        ('{"answer": "21"} Espero que sirva.', 1),
        ('Aquí está: {"answer": "21"}', 1),
        ('{"answer": NaN}', 1),
        ('{"days": "21", "more": 1}', 3),
    ],
)
def test_an_answer_is_json_of_the_schema_or_has_problems(text: str, problems: int) -> None:
    """A fence and numbers of documents are forgiven; prose is not."""
    assert len(read_json(text, SCHEMA).problems) == problems


@given(VALUES)
def test_any_value_goes_through(value: Any) -> None:
    """What JSON can hold is read as it is, whatever its texts look like."""
    found = read_json(f"{dump(value)}\n[3]", {})
    assert (found.value, found.rest.strip(), found.problems) == (value, "[3]", ())


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    """What is no JSON says so."""
    try:
        json.loads(text.strip())
    except ValueError:
        found = read_json(text, {"type": "object"})
        assert found.problems or isinstance(found.value, dict)


@given(VALUES)
def test_texts_are_changed_in_their_places(value: Any) -> None:
    """Names of fields, numbers and the shape stay."""
    assert with_texts(value, str) == value
    assert texts(with_texts(value, str.upper)) == [text.upper() for text in texts(value)]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (SCHEMA, None),
        ({}, None),
        ({"type": "text"}, "text"),
        ({"$ref": "https://example.test/schema.json"}, "leads nowhere inside"),
        ({"properties": {"a": {"items": {"$ref": "#/$defs/none"}}}}, "#/$defs/none"),
    ],
)
def test_a_schema_is_checked(schema: dict[str, Any], problem: str | None) -> None:
    """Before anything is asked, and without fetching anything."""
    found = schema_problem(schema)
    assert found is None if problem is None else found is not None and problem in found
