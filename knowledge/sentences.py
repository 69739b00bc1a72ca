"""Where sentences begin and end, in Spanish and English prose as documents really hold it.

Lines come first: a list item, a heading or a line that was ended on purpose is a unit of its own, a line
that was only wrapped at a column goes on in the next. Stops are looked for inside those units.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from knowledge.words import STOPWORDS, fold

Span = tuple[int, int]

MARKER = re.compile(
    r"[ \t>]*(?:[-*+•‣◦▪●·–—]|\(?\d{1,3}\)|\d{1,2}\.|\(?[a-zA-Z]\)"
    r"|\d{1,2}(?:\.\d{1,2}){1,3}\.?(?=[ \t]+[A-ZÁÉÍÓÚÑ¿¡]))[ \t]+(?=\S)"
)
"""What a list item begins with, its blanks included."""

_OWN_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||```|~~~|[-*_=]{3,}[ \t]*$)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_STOP = re.compile(r"""[.!?…]+(?:["'»”’)\]*_`]|\[\d{1,3}\])*(?=\s)|(?<=\s)(?=[•▪●◦‣]\s)""")
_OPENERS = "\"'«“‘([*_`—–-"
_LAST_WORD = re.compile(r"[^\s(\[«“\"'¿¡*_/]+$")
_NEXT_WORD = re.compile(r"([^\W_]+)(\.?)")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NUMBERED_PART = re.compile(r"[^\W\d_]+ (?:\d{1,3}|[IVX]+)")
_ROMAN = re.compile(r"[IVXLC]+\b")
_HOURS = frozenset({"a.m", "p.m"})

_TITLES = """
    sr sra srta sres sras dr dra dres prof profa gral cnel mons excmo excma ilmo ilma mr mrs ms messrs lt sgt
    capt cmdr avda avd ctra pza dpto depto dept vs cf cfr e.g eg i.e p.ej ej aprox approx incl excl
"""
_NUMBERED = """
    no nos num nro nros art arts pag pags pg pp fig figs sec sect ch chap cap vol vols ed eq ver col tab tel
    tels ref refs apdo op ap lit ene feb mar abr may jun jul ago sep sept oct nov dic jan apr aug dec
"""
_EITHER_WAY = """
    ee uu aa rr hh oo ff jj cc ltd corp co inc bros jr al cia hnos gen rep sen gov rev hon lic ing arq st av
    bv blvd sto sta fr
"""
# Something always follows these.
_LEADING = frozenset(_TITLES.split())
# These are abbreviations only before a number: as words they may end a sentence.
_BEFORE_NUMBERS = frozenset(_NUMBERED.split())
# These end a sentence now and then: what follows decides.
_EITHER = frozenset(_EITHER_WAY.split())
# Lower-case letters that stand for words (a. C., p. ej., d. C.); others are units (5 m. El …).
_LETTERS = frozenset("acdepsvi")

_NARROWEST_WRAP, _WIDEST_WRAP = 45, 140
_RAGGED = 0.88


def split_sentences(text: str) -> list[Span]:
    """The sentences of a text as spans in order, without blanks around them and without overlap.

    Every character that is not a blank is in exactly one of them. Keep tables and code out.
    """
    spans: list[Span] = []
    for start, end in _units(text):
        begin = start
        for stop in _stops(text, start, end):
            spans.extend(_trimmed(text, begin, stop))
            begin = stop
        spans.extend(_trimmed(text, begin, end))
    return spans


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without its outer blanks, or nothing when it is all blank."""
    piece = text[start:end]
    if kept := piece.strip():
        left = start + len(piece) - len(piece.lstrip())
        yield left, left + len(kept)


def _units(text: str) -> Iterator[Span]:
    """Stretches of text that no sentence crosses: wrapped lines joined, all other lines apart."""
    paragraph: list[Span] = []
    for match in _LINE.finditer(text):
        line = match.group()
        if not line.strip():
            yield from _joined(text, paragraph)
            paragraph = []
        elif _OWN_LINE.match(line):
            yield from _joined(text, paragraph)
            paragraph = []
            yield match.span()
        else:
            paragraph.append(match.span())
    yield from _joined(text, paragraph)


def _joined(text: str, lines: list[Span]) -> Iterator[Span]:
    """The lines of one paragraph, those joined that were only wrapped."""
    if not lines:
        return
    width = max(len(text[start:end].rstrip()) for start, end in lines)
    begin = lines[0][0]
    for (start, end), (next_start, next_end) in pairwise(lines):
        if not _wrapped(text[start:end], text[next_start:next_end], width):
            yield begin, end
            begin = next_start
    yield begin, lines[-1][1]


def _wrapped(line: str, following: str, width: int) -> bool:
    """Whether a line was broken for lack of room, in a paragraph whose longest line is `width` wide."""
    if MARKER.match(following):
        return False
    kept, rest = line.rstrip(), following.lstrip()
    last = kept.rsplit(None, 1)[-1]
    if kept.endswith((":", "\\")) or (line.rstrip("\r\n").endswith("  ") and not rest[0].islower()):
        return False
    if last.endswith(",") or fold(last) in STOPWORDS or _goes_on(line, following):
        return True
    # Only a column explains a break before a capital: the next word would not have fitted.
    needed = len(kept) + 1 + len(rest.split(None, 1)[0])
    return _NARROWEST_WRAP <= width <= _WIDEST_WRAP and needed > _RAGGED * width


def _goes_on(line: str, following: str) -> bool:
    """Whether the next line begins inside a sentence: in lower case after a long line, or under an item."""
    if not following.lstrip()[0].islower():
        return False
    set_in = MARKER.match(line) is not None and _indent(following) > _indent(line)
    return set_in or len(line.rstrip()) >= 25


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences end inside one unit, its own end left out."""
    marker = MARKER.match(text, start, end)
    begin = marker.end() if marker else start
    for match in _STOP.finditer(text, begin, end):
        if not match.group() or _ends(text, begin, match, end):
            yield match.end()
            begin = match.end()


def _ends(text: str, begin: int, stop: re.Match[str], end: int) -> bool:
    """Whether a stop ends the sentence that started at `begin`: what stands before and after it decides."""
    after = text[stop.end() : min(end, stop.end() + 60)].lstrip()
    following = after.lstrip(_OPENERS)
    if not following or (following[0].islower() and not after.startswith("`")):
        return False
    found = _LAST_WORD.search(text[max(begin, stop.start() - 40) : stop.start()])
    if found is None or stop.group()[0] != "." or stop.group().startswith(".."):
        return True
    word, folded = found.group(), fold(found.group())
    if folded in _BEFORE_NUMBERS:
        return not (following[0].isdigit() or _ROMAN.match(following))
    if folded in _LEADING or _NUMBERED_PART.fullmatch(text[begin : stop.start()].strip()):
        return False
    return not _shortened(word, folded) or _opens(following)


def _shortened(word: str, folded: str) -> bool:
    """Whether a word before a full stop is an abbreviation or an initial that may end a sentence, too."""
    letter = len(word) == 1 and (word.isupper() or word in _LETTERS)
    return letter or folded in _EITHER or (folded not in _HOURS and bool(_DOTTED.fullmatch(word)))


def _opens(following: str) -> bool:
    """Whether a text clearly begins a sentence: with ¿ or ¡, or a capitalised everyday word."""
    if following[0] in "¿¡":
        return True
    found = _NEXT_WORD.match(following)
    if found is None:
        return False
    word, dot = found.groups()
    return fold(word) in STOPWORDS and not (len(word) == 1 and dot)
