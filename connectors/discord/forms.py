"""Buttons below answers and the form that one of them opens; all they know is in their ids."""

from collections.abc import Sequence
from typing import Any

from discord import ButtonStyle, ComponentType, TextStyle
from discord.components import SelectOption
from discord.ui import Label, Modal, Select, TextInput

from bot.actions import LABELS, REASONS, button
from bot.messages import ActionName, Confirmation
from bot.phrases import Phrases
from connectors import words

REASON, CORRECTION = "reason", "correction"
_IN_A_ROW = 5
_ROWS = 4
"""Of calls that wait: below the other buttons, and a message has five at most."""
_WORDS = {"confirm": ButtonStyle.primary, "decline": ButtonStyle.secondary}
_TITLE, _LABEL, _PLACEHOLDER, _LONGEST = 45, 45, 100, 4_000
_OPEN_SECONDS = 900
"""After which the SDK forgets that it opened a form; the bot does not need to know that it did."""
_EMOJI: dict[ActionName, str] = {"helpful": "👍", "not_helpful": "👎"}


def rows(actions: Sequence[ActionName], answer: str, phrases: Phrases) -> list[dict[str, Any]]:
    """The buttons of these actions, as many rows as they take."""
    buttons = [_button(action, answer, phrases) for action in actions]
    return [
        {"type": ComponentType.action_row.value, "components": buttons[at : at + _IN_A_ROW]}
        for at in range(0, len(buttons), _IN_A_ROW)
    ]


def _button(action: ActionName, answer: str, phrases: Phrases) -> dict[str, Any]:
    style = ButtonStyle.danger if action == "stop" else ButtonStyle.secondary
    shown: dict[str, Any] = {
        "type": ComponentType.button.value,
        "style": style.value,
        "label": phrases.render(LABELS[action]),
        "custom_id": button(action, answer),
    }
    return shown | ({"emoji": {"name": _EMOJI[action]}} if action in _EMOJI else {})


def word_rows(confirmations: Sequence[Confirmation], phrases: Phrases) -> list[dict[str, Any]]:
    """Two buttons for each call that waits for the asker's word."""
    return [
        {
            "type": ComponentType.action_row.value,
            "components": [
                {
                    "type": ComponentType.button.value,
                    "style": style.value,
                    "label": phrases.render(words.LABELS[name]),
                    "custom_id": words.word_button(name, one.token),
                }
                for name, style in _WORDS.items()
            ],
        }
        for one in confirmations[:_ROWS]
    ]


def correction_form(answer: str, phrases: Phrases) -> Modal:
    """Asks why an answer did not help, and what it should have been; neither has to be told."""
    form = Modal(
        title=phrases.render("feedback_modal_title")[:_TITLE],
        custom_id=button("not_helpful", answer),
        timeout=_OPEN_SECONDS,
    )
    reasons: Select[Any] = Select(
        custom_id=REASON,
        required=False,
        placeholder=phrases.render("feedback_why")[:_PLACEHOLDER],
        options=[SelectOption(label=phrases.render(f"feedback_reason_{one}"), value=one) for one in REASONS],
    )
    correction: TextInput[Any] = TextInput(
        custom_id=CORRECTION,
        style=TextStyle.paragraph,
        required=False,
        max_length=_LONGEST,
        placeholder=phrases.render("feedback_correction_placeholder")[:_PLACEHOLDER],
    )
    form.add_item(Label(text=phrases.render("feedback_modal_reason")[:_LABEL], component=reasons))
    form.add_item(Label(text=phrases.render("feedback_modal_correction")[:_LABEL], component=correction))
    return form
