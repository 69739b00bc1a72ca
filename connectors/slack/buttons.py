"""The buttons below an answer, those for the asker's word, and the one that stops it."""

from collections.abc import Sequence

from bot.actions import LABELS, button
from bot.messages import ActionName, Answer, Confirmation
from bot.phrases import Phrases
from connectors import words
from connectors.slack.rendering import Block, escaped

_LABEL = 75
_OPINIONS: frozenset[ActionName] = frozenset({"helpful", "not_helpful"})


def buttons(actions: Sequence[ActionName], answer: str, phrases: Phrases) -> list[Block]:
    """The blocks with these buttons; `answer`: the id that comes back with a press."""
    pressed = [_button(action, answer, phrases) for action in actions if action not in _OPINIONS]
    blocks: list[Block] = [{"type": "actions", "elements": pressed}] if pressed else []
    if set(actions) >= _OPINIONS:
        blocks.append({"type": "context_actions", "elements": [_opinion(answer, phrases)]})
    return blocks


def below(answer: Answer, event: str, phrases: Phrases) -> list[Block]:
    """All that stands below an answer. `event`: the id that comes back with a press."""
    return [*waiting(answer.confirmations, phrases), *buttons(answer.actions, event, phrases)]


def waiting(confirmations: Sequence[Confirmation], phrases: Phrases) -> list[Block]:
    """Two buttons for each call that waits for the asker's word; of several, each says which it is."""
    blocks: list[Block] = []
    for number, one in enumerate(confirmations, 1):
        if len(confirmations) > 1:
            named = {"type": "mrkdwn", "text": f"{number}. *{escaped(one.tool)}*"}
            blocks.append({"type": "context", "elements": [named]})
        pair = [_word(name, one.token, phrases) for name in words.LABELS]
        blocks.append({"type": "actions", "elements": pair})
    return blocks


def without_word(blocks: Sequence[Block], token: str, told: str = "") -> list[Block]:
    """The blocks of a message without the buttons of a call that waits no more; `told` in their place."""
    ids = {words.word_button(name, token) for name in words.LABELS}
    instead = {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(told)}]} if told else None
    kept: list[Block] = []
    for block in blocks:
        if ids.isdisjoint(one.get("value") for one in block.get("elements") or ()):
            kept.append(block)
        elif instead is not None:
            kept.append(instead)
    return kept


def stop(answer: str, phrases: Phrases) -> list[Block]:
    """The button that ends the writing."""
    return buttons(["stop"], answer, phrases)


def _button(action: ActionName, answer: str, phrases: Phrases) -> Block:
    id_ = button(action, answer)
    return {"type": "button", "action_id": id_, "value": id_, "text": _plain(LABELS[action], phrases)}


def _word(name: str, token: str, phrases: Phrases) -> Block:
    id_ = words.word_button(name, token)
    button = {"type": "button", "action_id": id_, "value": id_, "text": _plain(words.LABELS[name], phrases)}
    return button | ({"style": "primary"} if name == "confirm" else {})


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
