"""Reads sentences in which forms of address are marked: `{Tenés|V} tres días`."""

import re
from dataclasses import dataclass
from pathlib import Path

_MARK = re.compile(r"\{([^|{}]+)\|(T|V|TV|U|UU|W)\}")


@dataclass(frozen=True)
class Labelled:
    """A sentence and its marks: start, end and class."""

    text: str
    marks: frozenset[tuple[int, int, str]]


def parse(line: str) -> Labelled:
    """One marked sentence."""
    text, marks, place = "", set(), 0
    for match in _MARK.finditer(line):
        text += line[place : match.start()]
        word = match[1].rstrip(".") if match[1] != "." else match[1]
        marks.add((len(text), len(text) + len(word), match[2]))
        text += match[1]
        place = match.end()
    return Labelled(text + line[place:], frozenset(marks))


def load() -> list[Labelled]:
    """The sentences of `labelled.txt`."""
    lines = (Path(__file__).parent / "labelled.txt").read_text(encoding="utf-8").splitlines()
    return [parse(line) for line in lines if line and not line.startswith("#")]
