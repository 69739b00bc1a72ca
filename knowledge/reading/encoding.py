"""From bytes to text when nobody says how they were encoded."""

import codecs
import re

from knowledge.errors import UnreadableError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What the offices of this product's users have written text files in, the likeliest first.
_WESTERN = ("cp1252", "cp850", "mac_roman")
_SPANISH = frozenset("áéíóúñüÁÉÍÓÚÑÜ")
_LETTERS = frozenset("àèìòùâêîôûäëïöçãõÀÈÌÒÙÂÊÎÔÛÄËÏÖÇÃÕß")
_SIGNS = frozenset("¿¡ºª€«»“”‘’–—…·°§£©®™½¼¾±×²³¢´\xa0•")
_IN_WORDS = frozenset("’‘ºª·–—´")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROLS = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,20})""", re.IGNORECASE)


def decode(content: bytes, *, markup: bool = False) -> tuple[str, str | None]:
    """The text with Unix line ends, and a note when some of its bytes fit no encoding.

    `markup`: an encoding that an HTML head declares is believed when the bytes are not UTF-8. Raises
    `UnreadableError` for what is no text.
    """
    text, note = _decode(content, markup)
    # Bytes are counted several times faster than signs are looked for.
    encoded = text.encode("utf-8", "surrogatepass")
    if controls := len(encoded) - len(encoded.translate(None, _CONTROLS)):
        if controls > 0.005 * len(text):
            raise UnreadableError("binary", "is not text, whatever its name says: correct its ending.")
        text, note = _CONTROL.sub("", text), note or f"{controls} control characters are left out"
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _decode(content: bytes, markup: bool) -> tuple[str, str | None]:
    for bom, name in _BOMS:
        if content.startswith(bom):
            return content.decode(name, "replace"), None
    if wide := _utf16(content):
        return content.decode(wide, "replace"), None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    if markup and (declared := _declared(content)):
        return declared, None
    if damaged := _damaged_utf8(content):
        return damaged
    return _guessed(content), None


def _utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: of Western text, every other byte is zero."""
    sample = content[:4096]
    if len(sample) < 8 or len(content) % 2:
        return None
    half = len(sample) // 2
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _declared(content: bytes) -> str | None:
    found = _META.search(content[:4096])
    if found is None:
        return None
    try:
        return content.decode(found[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return None


def _damaged_utf8(content: bytes) -> tuple[str, str] | None:
    """UTF-8 with a few bytes spoilt, when what is whole far outweighs what is not."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(_NOT_ASCII.findall(text)) - broken
    if whole < 4 * broken:
        return None
    return text, f"{broken} characters could not be decoded"


def _guessed(content: bytes) -> str:
    best, best_score = "", 0.0
    for name in _WESTERN:
        text = content.decode(name, "replace")
        # Only clear signs speak for another encoding than the likeliest.
        if (score := _plausible(text)) > best_score + (0.25 if best else 0):
            best, best_score = text, score
    if best_score >= 0.6:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(content).best()
    return str(found) if found is not None else content.decode("cp1252", "replace")


def _plausible(text: str) -> float:
    """How well the signs beyond ASCII fit Western text where they stand, from 0 to 1."""
    foreign = len(_NOT_ASCII.findall(text))
    letters = sum(map(str.isalpha, text[:100_000]))
    # Spanish and its neighbours write most letters in ASCII; `Îòïóñê` is another alphabet.
    if not foreign or sum(sign.isalpha() for sign in _NOT_ASCII.findall(text[:100_000])) > 0.4 * letters + 1:
        return 0.0
    return sum(_fits(text, match.start()) for match in _NOT_ASCII.finditer(text)) / foreign


def _fits(text: str, index: int) -> float:
    sign, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    inside = before.isalpha() and before.isascii() and after.isalpha()
    if sign in _SPANISH or sign in _LETTERS:
        # A capital in the middle of a small word: `Úcole`, `informaciÓn`.
        if sign.isupper() and (before.islower() or (after.islower() and before.isalpha())):
            return 0.0
        return 1.0 if sign in _SPANISH else 0.7
    if sign in _SIGNS and (not inside or sign in _IN_WORDS):
        return 0.8
    return 0.0
