"""Citations of generated text: one numbering for the inline marks and the list, in order of appearance."""

import re

_MARK = re.compile(r"\s?[\[【]\s*\d{1,3}(?:\s*[,;y&]\s*\d{1,3})*\s*[\]】](?!\()")
_NUMBER = re.compile(r"\d+")
_OPEN = re.compile(r"\s?(?:[\[【][\d\s,;y&]{0,24})?\Z")


class CitationStream:
    """Renumbers the marks of a text that arrives in pieces.

    The model cites the documents by the number it was shown; people see 1, 2, 3 in order of first
    appearance. A number that no document has is removed. `cited` lists the shown numbers in that order.
    """

    def __init__(self, documents: int) -> None:
        self._documents = documents
        self._held = ""
        self.cited: list[int] = []

    def feed(self, piece: str) -> str:
        """What can be shown now; an unfinished mark is held back."""
        text = self._held + piece
        match = _OPEN.search(text)
        cut = match.start() if match else len(text)
        self._held = text[cut:]
        return _MARK.sub(self._renumber, text[:cut])

    def close(self) -> str:
        """What was held back at the end."""
        text, self._held = self._held, ""
        return _MARK.sub(self._renumber, text)

    def restart(self) -> None:
        """Another text begins."""
        self._held = ""
        self.cited.clear()

    def _renumber(self, match: re.Match[str]) -> str:
        marks: list[str] = []
        for digits in _NUMBER.findall(match.group()):
            shown = int(digits)
            if not 1 <= shown <= self._documents:
                continue
            if shown not in self.cited:
                self.cited.append(shown)
            mark = f"[{self.cited.index(shown) + 1}]"
            if mark not in marks:
                marks.append(mark)
        space = " " if match.group()[0].isspace() and marks else ""
        return space + "".join(marks)
