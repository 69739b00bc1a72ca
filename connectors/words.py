"""The two buttons below a call that waits for its asker: all that is known at a press is in their ids."""

from typing import Final

from bot.tools.names import PRESSES

LABELS: Final = {"confirm": "confirm_button", "decline": "cancel_button"}
"""The phrase on each, in order."""
_MARK = "vocero-word"


def word_button(name: str, token: str) -> str:
    """The id of such a button."""
    return f"{_MARK}:{name}:{token}"


def read_word(id_: str) -> tuple[str, str] | None:
    """The word and the token in the id of such a button; None for another's."""
    mark, _, rest = id_.partition(":")
    name, _, token = rest.partition(":")
    return (name, token) if mark == _MARK and name in PRESSES and token else None
