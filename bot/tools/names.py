"""Names of the commands that have to do with tools."""

from typing import Final

PRESSES: Final = frozenset({"confirm", "decline"})
"""What the two buttons below a call that waits for its asker give, with `{"token": …}`."""
LOOKUPS: Final = PRESSES | {"lookup"}
"""All of them; they are for everybody whom the channel answers."""
