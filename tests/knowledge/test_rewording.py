"""What a model's new wording of a sentence may change: the words, and nothing they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.again import unwrapped
from knowledge.rewording import recited

MARKS = st.lists(st.integers(1, 12).map("[{}]".format), max_size=3)
WORDS = st.lists(st.sampled_from("pedí los 17 días ya en el portal".split()), min_size=1, max_size=8).map(
    " ".join
)


@pytest.mark.parametrize(
    ("reply", "bare"),
    [
        ("  Pedilo. \n", "Pedilo."),
        ("«Pedilo.»", "Pedilo."),
        ('"Pedilo."', "Pedilo."),
        ("```\nPedilo.\n```", "Pedilo."),
        ("```text\nPedilo.\n```", "Pedilo."),
        ("Dice «Pedilo.» y ya", "Dice «Pedilo.» y ya"),
    ],
)
def test_what_a_model_puts_around_its_reply_is_taken_off(reply: str, bare: str) -> None:
    """Quotes and fences that were not asked for."""
    assert unwrapped(reply, "Solicítelo.") == bare


def test_a_quotation_that_was_there_stays() -> None:
    """A text that is a quotation comes back as one."""
    assert unwrapped("«Pedilo.»", "«Solicítelo.»") == "«Pedilo.»"


@given(WORDS, MARKS, WORDS, MARKS)
def test_the_citations_are_those_of_the_old_wording(
    said: str, marks: list[str], again: str, others: list[str]
) -> None:
    """Whatever numbers the new one has or lacks."""
    result = recited(f"{again} {''.join(others)}.", f"{said} {''.join(marks)}.")
    assert {mark for mark in MARKED if mark in result} == set(marks)
    assert again in result


MARKED = [f"[{number}]" for number in range(1, 13)]


@pytest.mark.parametrize(
    ("again", "said", "result"),
    [
        ("Pedilo.", "Solicítelo [1][2].", "Pedilo [1][2]."),
        ("Pedilo.", "Solicítelo. [1]", "Pedilo. [1]"),
        ("Pedilo [3].", "Solicítelo.", "Pedilo."),
        ("Pedilo [2] y [1] ya.", "Solicítelo [1] y [2].", "Pedilo [2] y [1] ya."),
    ],
)
def test_citations_stand_where_they_stood(again: str, said: str, result: str) -> None:
    """Before the stop or after it."""
    assert recited(again, said) == result
