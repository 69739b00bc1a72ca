"""Whether two questions ask the same, told so carefully that what differs is never taken for the same.

What may differ is listed here: courtesy, capitals, stops, *tengo* for *me corresponden*, and a clause that
stands before a comma or at the end. Every other word has to be the same, in the same order, as it is written:
figures, names, accents, articles, negations, prepositions. So no list has to know what changes a meaning.
"""

import re
import unicodedata
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+(?:[.,:/'’–-]\w+)*|[^\w\s]")
_PLAIN = frozenset("¿?¡!.,;:…\"«»“”()'’‘`´*_~[]{}|")
"""Signs that say nothing by themselves."""
_ASKS = (
    r"(?=\s+¿?(?:a\s|de\s|en\s|por\s|para\s|con\s)?(?:qu[eé]|cu[aá]l(?:es)?|c[oó]mo|cu[aá]ndo|cu[aá]nt[oa]s?"
    r"|d[oó]nde|qui[eé]n(?:es)?|si|how|what|when|where|who|whom|whose|why|which|if|whether)\b)"
)
_GREETING = (
    r"(?:hola+|buenas(?:\s(?:tardes|noches))?|buen(?:os)?\sd[ií]as?|hi|hello|hey"
    r"|good\s(?:morning|afternoon|evening))(?:\sa\stod[oa]s|\sall|\sthere|\severyone)?"
)
_COURTESY = (
    r"por\sfavor|please"
    r"|(?:muchas\s|mil\s|many\s)?(?:gracias|thanks|thank\syou)(?:\sin\sadvance|\sde\santemano)?"
)
_REQUEST = (
    r"(?:alguien\s)?(?:me\s|nos\s)?(?:pod[eé]s|puedes?|podr[ií]as?)\s(?:decir|decirme|decirnos|indicar|confirmar)"
    r"|(?:me\s|nos\s)?(?:dec[ií]s|dices|dice)|dec[ií]me|dime|d[ií]game"
    r"|(?:quisiera|quiero|querr[ií]a|necesito|me\sgustar[ií]a)\ssaber|(?:alguien\s)?sab[eé]s?"
    r"|(?:can|could|would)\s(?:you|someone)\s(?:please\s)?tell\sme|tell\sme|do\syou\sknow|does\sanyone\sknow"
    r"|i(?:\swould|['’]d)\slike\sto\sknow|i\s(?:want|need)\sto\sknow"
)
_LEAD = re.compile(
    rf"[\s¿¡]*(?:(?:{_GREETING}|{_COURTESY})\s*[,;.:!¡¿]+"
    rf"|(?:una\s)?(?:consulta|pregunta|duda)\s*:|(?:quick\s)?question\s*:|(?:{_REQUEST}){_ASKS})[\s¿¡]*",
    re.IGNORECASE,
)
_TAIL = re.compile(rf"\s*[,;.!?¡]+\s*(?:{_COURTESY})[\s,;.!?]*\Z", re.IGNORECASE)
_FRONTED = re.compile(
    r"(?P<first>(?:en|para|por|si|con|sin|desde|hasta|según|in|for|if|with|without|from|at|on)\s[^,;:.?!]+),"
    r"\s*[¿¡]?(?P<rest>[^,;:]+)",
    re.IGNORECASE,
)
_HAVING = re.compile(
    r"\b(?:(?:me|nos)\s(?:corresponden?|tocan?)|tengo|tenemos"
    r"|(?:do\s(?:i|we)\s(?:have|get)|(?:am\si|are\swe)\sentitled\sto)|(?:i|we)\s(?:have|get))\b(?!\s(?:que|de|to)\b)",
    re.IGNORECASE,
)
_ASKING = dict(
    zip(
        "qué cuál cuáles cómo cuándo cuánto cuánta cuántos cuántas dónde quién quiénes".split(),
        "que cual cuales como cuando cuanto cuanta cuantos cuantas donde quien quienes".split(),
        strict=True,
    )
)
"""What is often typed without its accent, which changes nothing in a question."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What a question asks: whoever asks the same has the same core."""

    core: tuple[str, ...]
    """Its words, one for all ways to say that one has something."""
    whole: tuple[str, ...]
    """Its words as they are. Where these differ, an embedder has to agree."""

    @classmethod
    def of(cls, question: str) -> "Gist":
        """The gist of a question."""
        text = _bare(" ".join(unicodedata.normalize("NFC", question).split()))
        if fronted := _FRONTED.fullmatch(text.strip(" ¿?¡!.,;:…")):
            text = f"{fronted['rest']} {fronted['first']}"
        return cls(_words(_HAVING.sub("tengo", text)), _words(text))


def _bare(text: str) -> str:
    """The question without what comes before and after it out of courtesy."""
    while (lead := _LEAD.match(text)) and lead.end() < len(text):
        text = text[lead.end() :]
    while (tail := _TAIL.search(text)) and tail.start():
        text = text[: tail.start()]
    return text


def _words(text: str) -> tuple[str, ...]:
    """The words and the signs that say something, in small letters where they are no abbreviation."""
    shouted = text.upper() == text
    found: list[str] = []
    for place, token in enumerate(_TOKEN.findall(text)):
        if token in _PLAIN:
            continue
        # `IT` is no `it`, `US` no `us`, and plan A no article.
        abbreviated = token.isupper() and not shouted and (len(token) > 1 or place > 0)
        kept = token if abbreviated else token.lower()
        found.append(_ASKING.get(kept, kept))
    return tuple(found)
