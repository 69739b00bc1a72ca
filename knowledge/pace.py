"""How long a reading still takes, judged by how long its last documents took."""

import time
from collections import deque
from collections.abc import Callable

_LOOKED_AT = 200
_FEWEST, _SHORTEST = 5, 3.0
"""Documents and seconds before there is anything to judge by."""


class Pace:
    """Counts documents as they are read."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`total`: how many are to be read."""
        self._total = total
        self._clock = clock
        self._done = 0
        self._began = clock()
        self._moments = deque([self._began], maxlen=_LOOKED_AT + 1)

    def step(self) -> None:
        """One more is read."""
        self._done += 1
        self._moments.append(self._clock())

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at the pace of the last ones; None where it is too early to say."""
        now = self._clock()
        if self._done < _FEWEST or now - self._began < _SHORTEST:
            return None
        each = (now - self._moments[0]) / (len(self._moments) - 1)
        return max(self._total - self._done, 0) * each
