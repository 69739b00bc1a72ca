"""Splits a text into the words whose form of address counts, with where sentences and clauses begin.

Quotes, code, addresses, placeholders and verbatim spans are not the speaker's own words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

# HTML that is only form: it ends a line, or stands within one.
_BLOCK: Final = r"br|hr|p|li|ul|ol|dl|d[td]|div|t[rdh]|table|h[1-6]"
_INLINE: Final = r"a|abbr|b|big|em|font|i|img|ins|mark|s|small|span|strong|su[bp]|u"
_NOT_SPOKEN: Final = re.compile(
    r"""
      (?:^|(?<=\n))[ \t]*(?:```|~~~)[\s\S]*?(?:\n[ \t]*(?:```|~~~)|\Z)    # fenced code
    | ```[\s\S]*?(?:```|\Z) | ``(?:[^`\n]|`(?!`))+`` | `[^`\n]+`
    | <(?P<tag>code|pre|kbd|samp|script|style|q|blockquote|cite)\b[^<>]*>[\s\S]*?(?:</(?P=tag)\s*>|\Z)
    | (?P<quoted>(?:^|(?<=\n))[ \t]*(?:>|&gt;)[^\n]*)                       # quoted lines
    | «(?:[^«»\n]|\n(?![ \t]*\n)|«[^«»]*»)*(?:»|(?=\n|\Z)) | ‹[^‹›\n]*›
    | “(?:[^“”\n]|\n(?![ \t]*\n))*” | “[^“”\n]* | „[^„“”\n]*[“”]
    | (?<![\w"])"[^"\n]*"(?!\w) | (?<![\w'’])['‘](?=[^\s'])[^'’‘\n]*?['’](?!\w)
    | &quot;[^\n]*?&quot;
    | \b[a-z][a-z0-9+.-]*://[^\s>)\]]+ | \bwww\.[^\s>)\]]+ | \bmailto:\S+
    | (?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+
    | <(?!/?(?:"""
    rf"{_BLOCK}|{_INLINE}"
    r""")\b|!--)[^<>\n]{1,300}>                                             # mentions, links, components
    | \{\{[^{}]*\}\} | \$?\{[^{}\n]*\} | %\([^)\n]*\)[a-z] | %(?:\d+\$)?[sdif]\b | %[A-Z]\b
    | (?<![\w.-])/?(?:[\w.-]+/){2,}[\w.-]*                                 # paths
    | (?<!\w)[@\#][\w.-]*\w | (?<![\w/<])/[a-z][\w-]*                      # names, channels, commands
    | (?<![\w./\\-])(?-i:[\w-]+(?:[./\\][\w-]+)*\.[a-z0-9]{1,5}\b)         # file names
    | \b(?:\w*\d\w*|[^\W_]\w*_\w*[^\W_])\b                                 # snake_case, numbers
    | (?<![\w-])--?[a-z][\w-]*                                             # --option
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Signs without a sound: the words around them are neighbours all the same.
_MARKUP: Final = re.compile(
    r"""
      (?P<block></?(?:"""
    rf"{_BLOCK}"
    r""")\b[^<>\n]{0,200}>)
    | </?(?:"""
    rf"{_INLINE}"
    r""")\b[^<>\n]{0,300}>
    | <!--[\s\S]*?-->
    | (?<=\])\([^)\s]*(?:\s"[^"]*")?\)                                     # the address of a link
    | (?<!\w):[a-z0-9_+-]+:(?!\w)                                          # :emoji:
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A picture before a capital ends a sentence: Listo 🎉 Revisa el correo.
_PICTURE: Final = "[\\u2600-\\u27bf\\u2b50\\ufe0f\\u200d\\U0001f300-\\U0001faff]"
_PIECE: Final = re.compile(
    r"(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*\.?)|(?P<hidden>\0+)|(?P<end>(?<!\[)[.!?…]+|\n|[|•·→]|;"
    rf"|{_PICTURE}+(?=\s+[¿¡]?[A-ZÁÉÍÓÚÑ]))|(?P<colon>:)"
    r"|(?P<open>[¿¡])|(?P<comma>[,()]|(?<=\s)[–—-]+(?=\s))"
)
# A note in a page (> [!NOTE]) is set like a quotation, and is the writer's own word.
_CALLOUT: Final = re.compile(r"(?m)^[ \t]*>[ \t]*\[![A-Za-z]+\][^\n]*(?:\n[ \t]*>[^\n]*)*")
_STEP: Final = re.compile(
    r"(?m)(?:^[ \t]*(?:\d{1,2}[.)]|[a-z]\))|(?<=[.;:])[ ](?:\d|[a-z])\))[ \t]+[*_\[]*(?=\w)"
)
# No sentence has more words; what has is cut, so that a text costs what its length costs.
_LONGEST: Final = 300
_ABBREVIATIONS: Final = frozenset(
    "ud uds vd vds sr sra sres dr dra ej etc pág núm art tel av aprox máx mín vs p".split()
)


@dataclass(slots=True)
class Token:
    """One word."""

    start: int
    end: int
    text: str
    word: str
    """Lower case."""
    first: bool = False
    """Begins a sentence, or what stands for one (after a colon, a bullet or in a cell)."""
    label: bool = False
    """Begins it after a colon or in a cell: what stands before may be who does it."""
    comma: bool = False
    """Stands right after a comma, a dash or an opening bracket."""
    step: bool = False
    """Begins a numbered step."""
    sign: str = ""
    """`¿` or `¡` when it stands right after one."""
    hidden: bool = False
    """Something not spoken stands right before it."""
    hidden_after: bool = False
    """And right behind it: abre `x`."""
    last: bool = False
    """Ends its sentence."""
    closed: bool = False
    """A comma or a bracket stands right after it."""
    colon: bool = False
    """A colon does."""


@dataclass(slots=True)
class Sentence:
    """The words of one sentence in order."""

    tokens: list[Token] = field(default_factory=list)
    end: str = ""
    """The sign that ends it."""
    after: str = ""
    """The one that ended the sentence before."""


def sentences(text: str, verbatim: Sequence[tuple[int, int]] = ()) -> Iterator[Sentence]:
    """The sentences of what the speaker says himself."""
    spoken = mask(text, verbatim)
    steps = {match.end() for match in _STEP.finditer(text)}
    current, pending = Sentence(), Token(0, 0, "", "", first=True)
    for piece in _PIECE.finditer(spoken):
        kind = piece.lastgroup
        if kind == "word":
            token, stop = _token(piece, pending)
            if token.start in steps:
                token.step, token.first, token.hidden = True, True, False
            current.tokens.append(token)
            pending = Token(0, 0, "", "")
            if not stop and len(current.tokens) < _LONGEST:
                continue
            kind = "end"
        if kind == "end":
            if current.tokens:
                current.tokens[-1].last = True
                current.end = "…" if piece[0] in ("…", "...") else piece[0][-1]
                yield current
                current = Sentence(after=current.end)
            elif piece[0] == "\n":
                current.after = "\n"
            pending = Token(0, 0, "", "", first=True, label=piece[0] == "|")
        else:
            _pause(str(kind), piece[0], current.tokens, pending)
    if current.tokens:
        current.tokens[-1].last = True
        yield current


def _pause(kind: str, sign: str, said: list[Token], pending: Token) -> None:
    """What a sign within a sentence tells about the word before it and the one to come."""
    if kind == "hidden":
        pending.hidden = True
        if said and not pending.comma:
            said[-1].hidden_after = True
    elif kind == "open":
        pending.sign = sign
    elif kind == "colon":
        pending.first = pending.label = True
        pending.hidden = False
        if said:
            said[-1].colon = True
    elif said:
        pending.comma = sign != ")"
        pending.hidden = False
        said[-1].closed = True


def _token(piece: re.Match[str], pending: Token) -> tuple[Token, bool]:
    """The token of a word, and whether the full stop after it ends the sentence."""
    text = piece[0].rstrip(".")
    dotted = text != piece[0]
    start = piece.start()
    pending.start, pending.end, pending.text, pending.word = start, start + len(text), text, text.lower()
    return pending, dotted and pending.word not in _ABBREVIATIONS and len(text) > 1


def mask(text: str, verbatim: Sequence[tuple[int, int]] = ()) -> str:
    """The text with everything not spoken as NUL, so that places stay; line ends stay too."""
    letters = list(text.replace("\0", " "))
    callouts = [match.span() for match in _CALLOUT.finditer(text)]
    for match in _NOT_SPOKEN.finditer(text):
        own = match["quoted"] and any(start <= match.start() < end for start, end in callouts)
        _fill(letters, *match.span(), "\0") if not own else None
    for match in _MARKUP.finditer("".join(letters)):
        _fill(letters, *match.span(), " ")
        named = match[0][0] == ":" and re.match(r"\s+[¿¡]?[A-ZÁÉÍÓÚÑ]", text[match.end() :][:4])
        if match["block"] or named:
            letters[match.start()] = "\n"
    for start, end in verbatim:
        _fill(letters, max(start, 0), max(min(end, len(text)), 0), "\0")
    return "".join(letters)


def _fill(letters: list[str], start: int, end: int, sign: str) -> None:
    letters[start:end] = ["\n" if letter == "\n" else sign for letter in letters[start:end]]
