"""Who goes first in a process that answers: questions, then documents that are read, then vectors."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LONGEST = 0.05
"""Seconds that reading waits for questions at a time: under a flood of them it still gets on."""
_LONGEST_PAUSE = 1.0
"""Seconds of questions without a gap after which what works for the index goes on beside them."""
_LONGEST_WAIT = 5.0
"""Seconds that a few vectors wait at a time for documents to be read."""
_SWITCH = 0.0005
"""Seconds that a thread may keep the interpreter while another waits for it."""


def take_turns() -> None:
    """A question's threads must not wait 5 ms for each turn of a thread that reads documents."""
    sys.setswitchinterval(_SWITCH)


class Priority:
    """Knows whether a question is being searched or documents are read; safe to share between threads.

    `pause` and `resume` hold up a process that works for the index.
    """

    def __init__(
        self, pause: Callable[[], None] = lambda: None, resume: Callable[[], None] = lambda: None
    ) -> None:
        self._pause = pause
        self._resume = resume
        self._searches = 0
        self._syncs = 0
        self._since = 0.0
        self._paused = False
        self._changed = threading.Condition()

    @contextmanager
    def question(self) -> Iterator[None]:
        """While a question is searched."""
        with self._changed:
            self._searches += 1
            if self._searches == 1:
                self._since, self._paused = time.monotonic(), True
                self._pause()
            elif self._paused and time.monotonic() - self._since > _LONGEST_PAUSE:
                self._go_on()
        try:
            yield
        finally:
            with self._changed:
                self._searches -= 1
                if not self._searches:
                    self._go_on()
                    self._changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While the documents of a source are read."""
        with self._changed:
            self._syncs += 1
        try:
            yield
        finally:
            with self._changed:
                self._syncs -= 1
                self._changed.notify_all()

    def give_way(self) -> None:
        """Called between small pieces of reading: waits while questions are searched."""
        if self._searches:
            with self._changed:
                self._changed.wait_for(lambda: not self._searches, _LONGEST)

    def stand_back(self) -> None:
        """Called between small batches of vectors: waits while documents are read or questions searched."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._searches or self._syncs), _LONGEST_WAIT)

    def _go_on(self) -> None:
        if self._paused:
            self._paused = False
            self._resume()
