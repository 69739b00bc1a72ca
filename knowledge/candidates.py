"""What an extract is picked from: a passage cut into sentences, list items, table rows and code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from knowledge import words
from knowledge.documents import Passage
from knowledge.sentences import MARKER, split_sentences

CandidateKind = Literal["sentence", "item", "row", "code"]

_TABLE = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*$\n?)+", re.MULTILINE)
_RULE = re.compile(r"[\s|:+-]+")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_BLANK_LINE = re.compile(r"\n\s*\n")
_PROSE = re.compile(r"[A-ZÁÉÍÓÚÑ¿¡][^{}=<>;]*[.:?!]\s*")
_LABEL = re.compile(r"[^\W\d][^\d:.;!?…\n]*")
_LONGEST_LABEL = 4
_AFTER_QUESTION = 2
"""Sentences that may be the answer to a question a document asks itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a stretch of text is compared by."""

    stems: frozenset[str]
    grams: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Stems of words that follow each other, stopwords left out."""

    @classmethod
    def of(cls, text: str) -> "Terms":
        """The terms of a text."""
        stems = words.stems(text)
        one_language = stems[::2]  # enough to know a word's place
        return cls(frozenset(stems), frozenset(words.grams(text)), frozenset(pairwise(one_language)))


@dataclass(frozen=True, slots=True)
class Candidate:
    """The least that is quoted whole."""

    passage: Passage
    position: int
    """Its place among the candidates of its passage."""
    start: int
    end: int
    kind: CandidateKind
    terms: Terms
    lead: int | None = None
    """Position of what it needs to be understood: a list's introduction, a question, a header row."""
    leads: bool = False
    """Whether it says nothing without what follows."""

    @property
    def text(self) -> str:
        """As it stands in the passage."""
        return self.passage.text[self.start : self.end]

    @property
    def words(self) -> int:
        """Everything between blanks counts, a table's rules too, so that no way of counting finds more."""
        return len(self.text.split())


_Piece = tuple[int, int, CandidateKind, int | None, bool]
"""start, end, kind, lead, leads"""


def candidates_of(passage: Passage) -> list[Candidate]:
    """The candidates of a passage in order; together they hold everything in it but blanks."""
    pieces = list(_code(passage.text)) if passage.kind == "code" else _pieces(passage.text)
    return [
        Candidate(passage, position, start, end, kind, Terms.of(passage.text[start:end]), lead, leads)
        for position, (start, end, kind, lead, leads) in enumerate(pieces)
    ]


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    done = 0
    for table in _TABLE.finditer(text):
        pieces += _prose(text, done, table.start(), len(pieces))
        pieces += _rows(text, *table.span(), len(pieces))
        done = table.end()
    return [*pieces, *_prose(text, done, len(text), len(pieces))]


def _rows(text: str, start: int, end: int, header: int) -> Iterator[_Piece]:
    """The rows of a pipe table; the first is the header of the others."""
    first = True
    for line in _LINE.finditer(text, start, end):
        if not _RULE.fullmatch(line.group()):
            kept = line.group().rstrip()
            yield line.start(), line.start() + len(kept), "row", None if first else header, first
            first = False


def _prose(text: str, start: int, end: int, count: int) -> Iterator[_Piece]:
    """Sentences and items; `count` candidates of the passage come before them."""
    spans = [(start + begin, start + stop) for begin, stop in split_sentences(text[start:end])]
    labels = [_is_label(text, *span) for span in spans]
    lead, reach = None, 0
    in_item = False
    for index, (begin, stop) in enumerate(spans):
        starts_line = _starts_line(text, begin)
        in_item = MARKER.match(text, begin, stop) is not None if starts_line else in_item
        if reach <= 0 and not in_item:
            lead = None
        reach -= 1
        announces = 0 if in_item else _announces(text[begin:stop])
        if labels[index] and index + 1 < len(spans) and not labels[index + 1]:
            announces = 1
        yield begin, stop, "item" if in_item else "sentence", None if announces else lead, announces > 0
        if announces:
            lead, reach = count + index, announces


def _announces(text: str) -> int:
    """How many sentences belong to what stands before them; those of a list all do."""
    last = text.rstrip('*_ »”")')[-1:]
    return {":": 1, "?": _AFTER_QUESTION}.get(last, 0)


def _is_label(text: str, start: int, end: int) -> bool:
    """Whether a line is a few words that only name what follows; many of them in a row are entries."""
    line = text[start:end]
    own_line = _starts_line(text, start) and (end == len(text) or text[end] == "\n")
    return own_line and len(line.split()) <= _LONGEST_LABEL and _LABEL.fullmatch(line) is not None


def _starts_line(text: str, at: int) -> bool:
    return not text[:at].rpartition("\n")[2].strip()


def _code(text: str) -> Iterator[_Piece]:
    """Sentences between the code as such, each stretch of code as one."""
    count, lead = 0, None
    bounds = [0, *(match.end() for match in _BLANK_LINE.finditer(text)), len(text)]
    for start, end in pairwise(bounds):
        if _PROSE.fullmatch(text, start, end):
            for start_, end_, kind, _, leads in _prose(text, start, end, count):
                yield start_, end_, kind, None, leads
                lead = count if leads else None
                count += 1
        elif text[start:end].strip():
            yield start, start + len(text[start:end].rstrip()), "code", lead, False
            count += 1
