"""The buttons below an answer, and the one that stops it."""

from collections.abc import Sequence

from bot.actions import LABELS, button
from bot.messages import ActionName
from bot.phrases import Phrases
from connectors.slack.rendering import Block

_LABEL = 75
_OPINIONS: frozenset[ActionName] = frozenset({"helpful", "not_helpful"})


def buttons(actions: Sequence[ActionName], answer: str, phrases: Phrases) -> list[Block]:
    """The blocks with these buttons; `answer`: the id that comes back with a press."""
    pressed = [_button(action, answer, phrases) for action in actions if action not in _OPINIONS]
    blocks: list[Block] = [{"type": "actions", "elements": pressed}] if pressed else []
    if set(actions) >= _OPINIONS:
        blocks.append({"type": "context_actions", "elements": [_opinion(answer, phrases)]})
    return blocks


def stop(answer: str, phrases: Phrases) -> list[Block]:
    """The button that ends the writing."""
    return buttons(["stop"], answer, phrases)


def _button(action: ActionName, answer: str, phrases: Phrases) -> Block:
    id_ = button(action, answer)
    return {"type": "button", "action_id": id_, "value": id_, "text": _plain(LABELS[action], phrases)}


def _opinion(answer: str, phrases: Phrases) -> Block:
    """Slack's own pair of thumbs. Which of them was pressed is in the value."""
    return {
        "type": "feedback_buttons",
        "action_id": "vocero_opinion",
        "positive_button": {
            "text": _plain(LABELS["helpful"], phrases),
            "value": button("helpful", answer),
        },
        "negative_button": {
            "text": _plain(LABELS["not_helpful"], phrases),
            "value": button("not_helpful", answer),
        },
    }


def _plain(key: str, phrases: Phrases) -> Block:
    return {"type": "plain_text", "text": phrases.render(key)[:_LABEL]}
