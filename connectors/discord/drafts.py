"""Edits of what grows: Discord allows five in five seconds to a whole channel, however many answers do."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

EDIT = 1.3
"""Seconds between two edits of one answer."""
_SHARED = 2 * EDIT
"""Seconds between two edits of any, where several grow: what ends must find room."""

_BEGINNING = 0.5
"""Seconds from an edit to the first words of another answer."""


class Drafts:
    """Says whose turn it is to be shown as it stands."""

    def __init__(self) -> None:
        self._growing: Counter[str] = Counter()
        self._last: dict[str, float] = {}

    @contextmanager
    def growing(self, channel: str) -> Iterator[None]:
        """One more answer grows in a channel."""
        self._growing[channel] += 1
        try:
            yield
        finally:
            self._growing[channel] -= 1
            if not self._growing[channel]:
                del self._growing[channel]
                self._last.pop(channel, None)

    def turn(self, channel: str, *, begins: bool = False) -> bool:
        """Whether one may be shown in the channel now; what is left out now is shown with what follows.

        `begins`: so far it is only said what the bot is doing. The first words are what is waited for.
        """
        now = time.monotonic()
        interval = EDIT if self._growing[channel] < 2 else _SHARED
        interval = _BEGINNING if begins else interval
        if now - self._last.get(channel, -interval) < 0.9 * interval:  # timers wake a little early
            return False
        self._last[channel] = now
        return True
