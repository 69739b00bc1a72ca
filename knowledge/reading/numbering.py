"""The numbers that Word shows before paragraphs, which stand nowhere in their text."""

import re
from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_VALUE = qn("w:val")
_PLACE = re.compile(r"%(\d)")
_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
          (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    pattern: str
    start: int


class Numbering:
    """Counts through a document's numbered paragraphs, in the order in which `marker` is asked."""

    def __init__(self, root: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[tuple[str, int], int] = {}
        if root is None:
            return
        for abstract in root.iter(qn("w:abstractNum")):
            levels = {int(level.get(qn("w:ilvl"))): _level(level) for level in abstract.iter(qn("w:lvl"))}
            self._levels[abstract.get(qn("w:abstractNumId"))] = levels
        for number in root.iter(qn("w:num")):
            key = number.get(qn("w:numId"))
            restarts = any(True for _ in number.iter(qn("w:startOverride")))
            abstract = number.find(qn("w:abstractNumId")).get(_VALUE)
            # Lists of one kind count on from each other unless one says it starts again.
            self._abstract[key] = abstract if not restarts else f"{abstract}/{key}"

    def marker(self, number: str, level: int) -> str:
        """`3.`, `b)`, `Artículo 4.`; `-` for a bullet, nothing where the paragraph has no number."""
        group = self._abstract.get(number)
        levels = self._levels.get((group or "").partition("/")[0])
        if group is None or levels is None or level not in levels:
            return ""
        kind = levels[level]
        if kind.format == "bullet":
            return "-"
        if kind.format == "none":
            return ""
        self._counts[group, level] = self._counts.get((group, level), kind.start - 1) + 1
        for deeper in range(level + 1, 9):
            self._counts.pop((group, deeper), None)

        def shown(match: re.Match[str]) -> str:
            index = int(match[1]) - 1
            at = levels.get(index, kind)
            return _written(self._counts.get((group, index), at.start), at.format)

        return _PLACE.sub(shown, kind.pattern).strip()


def _level(element: Any) -> _Level:
    def value(tag: str, default: str) -> str:
        found = element.find(qn(tag))
        return default if found is None else found.get(_VALUE) or default

    start = value("w:start", "1")
    return _Level(
        value("w:numFmt", "decimal"), value("w:lvlText", "%1."), int(start) if start.isdecimal() else 1
    )


def _written(number: int, kind: str) -> str:
    match kind:
        case "lowerLetter" | "upperLetter":
            letter = chr(97 + (number - 1) % 26) * (1 + (number - 1) // 26)
            return letter if kind == "lowerLetter" else letter.upper()
        case "lowerRoman" | "upperRoman":
            roman = _roman(number)
            return roman.lower() if kind == "lowerRoman" else roman
        case _:
            return str(number)


def _roman(number: int) -> str:
    out = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        out += sign * count
    return out
