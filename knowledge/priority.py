"""Questions before everything else in a process: background work stands aside while one is searched."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 0.05
"""Seconds that background work waits at a time: under a flood of questions it still gets on."""


_SWITCH = 0.0005
"""Seconds that a thread may keep the interpreter while another waits for it."""


def take_turns() -> None:
    """A question's threads must not wait 5 ms for each turn of a thread that reads documents."""
    sys.setswitchinterval(_SWITCH)


class Priority:
    """Knows whether a question is being searched; safe to share between threads."""

    def __init__(self) -> None:
        self._searches = 0
        self._changed = threading.Condition()

    @contextmanager
    def question(self) -> Iterator[None]:
        """While a question is searched."""
        with self._changed:
            self._searches += 1
        try:
            yield
        finally:
            with self._changed:
                self._searches -= 1
                self._changed.notify_all()

    def give_way(self) -> None:
        """Called between small pieces of background work: waits while questions are searched."""
        if self._searches:
            with self._changed:
                self._changed.wait_for(lambda: not self._searches, _LONGEST)
