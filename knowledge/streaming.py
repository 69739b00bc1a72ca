"""Generated text that arrives in pieces, cut into the sentences that are looked at one by one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t]*(```|~~~)")
_OWN_LINE = re.compile(r"[ \t]*[>|]")
"""A quoted line, a row of a table: only whole do they show what they are."""

# What may hold stops that end nothing is closed first, or waited for.
_NEXT = re.compile(
    r"""
      (?P<line>\n)
    | (?P<closed>
        ```(?!`)[\s\S]*?``` | `[^`\n]+` | «[^«»]*» | [“„][^“”„\n]*[”“]
      | (?<![\w"])"[^"\n]*"(?=[^\w]) | (?<![\w'’])['‘](?=[^\s'])[^'’‘\n]*?['’](?=[^\w])
      )
    | (?P<open>
        (?: ``?`? | ```(?!`)[\s\S]* | `[^`\n]* | «[^«»]* | [“„][^“”„\n]*
          | (?<![\w"])"[^"\n]*"? | (?<![\w'’])['‘](?:[^\s'][^'’‘\n]*['’]?)? )\Z
      )
    | (?P<stop>[.!?…]++[)\]*_~]*+(?:[^\S\n]*\[\d{1,3}\])*+)(?=[^\S\n]+(?!\[\d{0,3}\Z)(?P<after>\S))
    """,
    re.VERBOSE,
)
_UNDECIDED = re.compile(r"[.!?…]+[)\]*_~]*(?:[^\S\n]*\[\d{1,3}\])*[^\S\n]*(?:\[\d{0,3})?\Z")
"""A stop of which it cannot be told yet what it ends."""
_ABBREVIATED = re.compile(
    r"(?:^\W*\d{1,3}|(?<![^\W_])(?:[^\W\d_]|uds?|vds?|sra?s?|dra?s?|srta|etc|ej|p[aá]gs?|n[uú]m|nro|arts?|tel|av"
    r"|aprox|m[aá]x|m[ií]n|ee|rr|vs|mrs?|ms|no|fig|inc|approx))\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of text up to the end of a sentence or a line, the blanks after it in the next one."""

    text: str
    spoken: bool = True
    """False: code or a quoted line, which stand as they are."""


class SentenceStream:
    """Cuts a text that arrives in pieces into sentences, which joined are the text.

    Where it is cut depends on the text alone, not on the pieces: never within a quotation, code, a row of
    a table or before the citations of a sentence.
    """

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""
        self._new_line = True
        self._seen = 0
        """Up to here nothing ends the sentence that is held, whatever follows."""

    def feed(self, piece: str) -> Iterator[Sentence]:
        """The sentences that end here for sure."""
        self._held += piece
        while (cut := self._cut()) is not None:
            text, self._held = self._held[: cut[0]], self._held[cut[0] :]
            self._new_line, self._seen = text.endswith("\n"), 0
            yield Sentence(text, cut[1])

    def close(self) -> Iterator[Sentence]:
        """The rest."""
        # The end of a text ends a line, which settles what waited for more.
        rest = [*self.feed("\n"), Sentence(self._held, not self._fence)]
        self._held = ""
        while not rest[-1].text:
            rest.pop()
        last = rest.pop()
        yield from rest
        if text := last.text[:-1]:
            yield Sentence(text, last.spoken)

    def _cut(self) -> tuple[int, bool] | None:
        """Where the first sentence ends, and whether it is spoken; None while that cannot be told."""
        if self._fence or (self._new_line and (_FENCE.match(self._held) or _OWN_LINE.match(self._held))):
            return self._line()
        for found in _NEXT.finditer(self._held, self._seen):
            match found.lastgroup:
                case "line":
                    return found.end(), True
                case "open":
                    self._seen = found.start()
                    return None
                case "after" if not found["after"].islower() and not self._abbreviated(found):
                    return found.end("stop"), True
            self._seen = found.end()
        undecided = _UNDECIDED.search(self._held, self._seen)
        self._seen = undecided.start() if undecided else len(self._held)
        return None

    def _line(self) -> tuple[int, bool] | None:
        end = self._held.find("\n") + 1
        if not end:
            return None
        fence = _FENCE.match(self._held)
        if fence and self._fence in ("", fence[1]):
            self._fence = "" if self._fence else fence[1]
            return end, False
        return end, not self._fence and not self._held.lstrip(" \t").startswith(">")

    def _abbreviated(self, stop: re.Match[str]) -> bool:
        """Whether the stop belongs to a word or the number of a list item."""
        return stop["stop"] == "." and _ABBREVIATED.search(self._held, 0, stop.start()) is not None
