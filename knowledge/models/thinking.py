"""What some open models think aloud before they reply: taken out of what is shown."""

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkingFilter:
    """Takes `<think>…</think>` off the beginning of a reply that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._past = False

    def feed(self, piece: str) -> str:
        """What of it is the reply."""
        if self._past:
            said = piece.lstrip() if self._thinking else piece
            self._thinking = self._thinking and not said
            return said
        self._held += piece
        begun = self._held.lstrip()
        if not self._thinking:
            if _OPEN.startswith(begun[: len(_OPEN)]) and len(begun) < len(_OPEN):
                return ""  # it may still become one
            if not begun.startswith(_OPEN):
                return self.close()
            self._thinking = True
        thought, closed, rest = begun.partition(_CLOSE)
        if not closed:
            # Only what may be the beginning of its end is of use.
            self._held = _OPEN + thought[len(_OPEN) :][-len(_CLOSE) :]
            return ""
        self._past, self._held = True, ""
        return self.feed(rest)

    def close(self) -> str:
        """What was held back and is no thinking after all; nothing of a thought that never ended."""
        held, self._held, self._past = self._held, "", True
        return "" if self._thinking else held
