"""Reads sentences in which forms of address are marked: `{Tenés|V} tres días`."""

import re
from dataclasses import dataclass
from pathlib import Path

_MARK = re.compile(r"\{([^|{}]+)\|(TV|T|V|UU|U|W|I)(\?)?\}")


@dataclass(frozen=True)
class Labelled:
    """A sentence and its marks: start, end and class."""

    text: str
    marks: frozenset[tuple[int, int, str]]
    unsaid: frozenset[tuple[int, int]] = frozenset()
    """Usted meant in a third person without the word (class I)."""
    unsure: frozenset[tuple[int, int]] = frozenset()
    """Marks that the text leaves open (`{Crea|T?}`)."""


def parse(line: str) -> Labelled:
    """One marked sentence; a backslash and n stand for a line break."""
    line = line.replace("\\n", "\n")
    text, marks, unsaid, unsure, place = "", set(), set(), set(), 0
    for match in _MARK.finditer(line):
        text += line[place : match.start()]
        word = match[1].rstrip(".") if match[1] != "." else match[1]
        span = len(text), len(text) + len(word)
        if match[2] == "I":
            unsaid.add(span)
        else:
            marks.add((*span, match[2]))
        if match[3]:
            unsure.add(span)
        text += match[1]
        place = match.end()
    return Labelled(text + line[place:], frozenset(marks), frozenset(unsaid), frozenset(unsure))


def load(path: Path = Path(__file__).parent / "labelled.txt") -> list[Labelled]:
    """The sentences of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [parse(line) for line in lines if line and not line.startswith("# ") and not line.startswith("##")]
