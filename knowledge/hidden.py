"""Signs that are not seen but mean something: to a model that reads them, or to the one who renders them."""

import re
import unicodedata

_HIDDEN = re.compile(
    "["
    "\U000e0000-\U000e0fff"  # tags and the second block of variation selectors: text nobody sees
    "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"  # bidi: what is read is not what is written
    "\u200b\u2060-\u2064\ufeff\u180e\u115f\u1160\u3164\uffa0"  # of no width
    "\ufff9-\ufffb\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # annotations and controls
    "\ud800-\udfff"  # halves of a sign, which no encoding can write
    "]"
)
_JOINERS = re.compile("(?<![\u0600-\u0dff\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])[\u200c\u200d]")
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"({_MARKS}{{3}}){_MARKS}+")


def seen(text: str) -> str:
    """The text without what cannot be seen, in composed form; emoji and scripts that join stay whole."""
    return _STACKED.sub(r"\1", _JOINERS.sub("", _HIDDEN.sub("", unicodedata.normalize("NFC", text))))
