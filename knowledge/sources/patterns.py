"""Patterns that choose documents by their names, as in `.gitignore`."""

import re
import unicodedata
from collections.abc import Sequence


class Patterns:
    """What `include` and `exclude` say.

    A pattern without a slash fits a file or a folder of that name at any depth, one with a slash fits from
    the top, and `**` fits any folders.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_pattern(glob) for glob in include]
        self._exclude = [_pattern(glob) for glob in exclude]

    def exclude(self, document: str) -> bool:
        """Whether a document or a folder is left out."""
        return any(pattern.match(document) for pattern in self._exclude)

    def include(self, document: str) -> bool:
        """Whether a document is among those named, or none are."""
        return not self._include or any(pattern.match(document) for pattern in self._include)

    def choose(self, document: str) -> bool:
        """Whether a document is wanted."""
        return self.include(document) and not self.exclude(document)


def _pattern(glob: str) -> re.Pattern[str]:
    """A pattern as one expression that also fits whatever is below a folder it fits."""
    glob = unicodedata.normalize("NFC", glob.strip()).removeprefix("./").rstrip("/")
    anchored = "/" in glob
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.lstrip("/"))
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(wild.get(part) or re.escape(part) for part in parts)
    return re.compile(f"{'' if anchored else '(?:.*/)?'}{body}(?:/.*)?\\Z", re.DOTALL)
