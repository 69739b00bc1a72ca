"""The language of a question: Spanish, English or Portuguese, or the channel's when it cannot be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.register.language import Language, detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Cuántos días de vacaciones tengo?", "es"),
        ("cómo pido la notebook nueva", "es"),
        ("How many days off do I get?", "en"),
        ("where is the expense form", "en"),
        ("Quantos dias de férias eu tenho?", "pt"),
        ("Onde está o formulário de reembolso?", "pt"),
        ("¿Dónde está el 'expense report' de marzo?", "es"),
        ("cuantos dias de vacaciones tengo y como las pido", "es"),
        ("¿Cómo hago el onboarding en el workflow de Slack?", "es"),
        ("Can a direct manager see somebody's diagnosis?", "en"),
        ("what about the warranty in Mexico", "en"),
        ("Como faço para pedir um notebook novo?", "pt"),
    ],
)
@pytest.mark.parametrize("default", ["es", "en", "pt"])
def test_a_whole_question_tells_its_language(text: str, language: Language, default: Language) -> None:
    """Whatever the channel speaks, the answer follows the question."""
    assert detect(text, default) == language


@pytest.mark.parametrize("text", ["gracias", "ok", "thanks", "VPN", "👍", "", "¿?", "2026"])
@pytest.mark.parametrize("default", ["es", "en", "pt"])
def test_a_word_alone_tells_nothing(text: str, default: Language) -> None:
    """Short messages are answered in the channel's language."""
    assert detect(text, default) == default


@given(st.text(), st.sampled_from(["es", "en", "pt"]))
def test_any_text_has_a_language(text: str, default: Language) -> None:
    """No crash on any Unicode."""
    assert detect(text, default) in ("es", "en", "pt")
