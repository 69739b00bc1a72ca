"""The modals: what was wrong with an answer, and a question about a message."""

import json
from collections.abc import Mapping
from typing import Any

from bot.actions import REASONS
from bot.phrases import Phrases

FEEDBACK, ASK = "vocero_feedback", "vocero_ask"
REASON, CORRECTION, QUESTION = "reason", "correction", "question"

_TITLE = 24
"""Characters of a title or of a button, as Slack takes them."""
_LABEL, _OPTION, _PLACEHOLDER = 2_000, 75, 150
_LONGEST = 3_000
"""Of what can be written in one field, and of what a modal keeps for its sender."""
_ABOUT = 2_000
"""Of the message that is asked about: escaped as JSON it may grow."""


def feedback(phrases: Phrases, place: Mapping[str, str]) -> dict[str, Any]:
    """Why an answer did not help, and what it should have been; both may be left out."""
    options = [
        {"text": _text(phrases.render(f"feedback_reason_{reason}"), _OPTION), "value": reason}
        for reason in REASONS
    ]
    reason = {"type": "radio_buttons", "action_id": REASON, "options": options}
    correction = {
        "type": "plain_text_input",
        "action_id": CORRECTION,
        "multiline": True,
        "max_length": _LONGEST,
        "placeholder": _text(phrases.render("feedback_correction_placeholder"), _PLACEHOLDER),
    }
    blocks = [
        _field(REASON, phrases.render("feedback_why"), reason, optional=True),
        _field(CORRECTION, phrases.render("feedback_modal_correction"), correction, optional=True),
    ]
    return _modal(FEEDBACK, phrases, phrases.render("feedback_modal_title"), blocks, place)


def question(phrases: Phrases, place: Mapping[str, str], about: str) -> dict[str, Any]:
    """A question about a message."""
    field = {
        "type": "plain_text_input",
        "action_id": QUESTION,
        "multiline": True,
        "max_length": _LONGEST,
        "placeholder": _text(phrases.render("ask_modal_placeholder"), _PLACEHOLDER),
    }
    blocks = [_field(QUESTION, phrases.render("ask_modal_label"), field, optional=False)]
    kept = dict(place) | {"about": about[:_ABOUT]}
    while len(json.dumps(kept)) > _LONGEST:
        kept["about"] = kept["about"][: len(kept["about"]) // 2]
    return _modal(ASK, phrases, phrases.render("ask_modal_title"), blocks, kept)


def kept(view: Mapping[str, Any]) -> dict[str, str] | None:
    """What a modal of ours was opened with; None for one of another app's or version's."""
    if view.get("callback_id") not in (FEEDBACK, ASK):
        return None
    try:
        found = json.loads(view.get("private_metadata") or "")
    except ValueError:
        return None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else None


def written(view: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields of a modal that was sent, by field."""
    found = {}
    for fields in ((view.get("state") or {}).get("values") or {}).values():
        for name, field in fields.items():
            value = field.get("value") or (field.get("selected_option") or {}).get("value")
            if value:
                found[name] = str(value)
    return found


def _modal(
    callback: str, phrases: Phrases, title: str, blocks: list[dict[str, Any]], place: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _text(title, _TITLE),
        "submit": _text(phrases.render("modal_submit"), _TITLE),
        "close": _text(phrases.render("modal_cancel"), _TITLE),
        "private_metadata": json.dumps(place),
        "blocks": blocks,
    }


def _field(name: str, label: str, element: dict[str, Any], *, optional: bool) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": _text(label, _LABEL),
        "element": element,
    }


def _text(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text if len(text) <= limit else f"{text[: limit - 1]}…"}
