"""A follow-up without a model: what "¿y para los de Chile?" asks, after what was asked before."""

import re
import unicodedata

from knowledge.words import STOPWORDS, fold, words

_OPENING = re.compile(
    r"^\W*(?:y|e|pero|entonces|o|and|but|or|so|then|what about|how about|qué tal|que tal)\b", re.IGNORECASE
)
_ANAPHORA = frozenset(
    "eso esa ese esto esta ello ellos ellas ahi alli it that this they them those these there ones".split()
)
_NAME = r"[A-ZÁÉÍÓÚÑ][\wáéíóúñü]*(?:\s+[A-ZÁÉÍÓÚÑ][\wáéíóúñü]*)*"
_PLACED = re.compile(
    r"\b(?P<preposition>en|de|desde|para|por|a|in|for|from|to|of)\s+"
    rf"(?:(?:el|la|los|las|the|los de|las de)\s+)?(?P<name>{_NAME})"
)
_COUNTRIES = """
    argentina espana mexico chile uruguay paraguay bolivia peru ecuador colombia venezuela brasil panama
    guatemala honduras nicaragua salvador cuba spain brazil france francia portugal italia italy alemania
    germany usa eeuu
""".split()
_IN_COUNTRY = re.compile(rf"(?:\b(?:en|de|desde|para|in|for|from|to|of)\s+)?\b(?:{'|'.join(_COUNTRIES)})\b")


def stands_alone(question: str) -> bool:
    """Whether a question says by itself what it is about."""
    content = [word for word in words(question) if word not in STOPWORDS]
    if _OPENING.search(question) and len(content) <= 6:
        return False
    return len(content) > 2 or (len(content) == 2 and not _ANAPHORA & set(words(question)))


def standalone(question: str, asked_before: str) -> str:
    """The question with what it leaves out taken from the one before; new names replace old ones."""
    if stands_alone(question):
        return question
    placed = list(_PLACED.finditer(question))
    kept = asked_before
    country = next((match.group() for match in placed if fold(match.group("name")) in _COUNTRIES), None)
    if country is not None:
        kept = _moved(asked_before, country)
    elif placed:
        prepositions = {fold(match.group("preposition")) for match in placed}
        kept = _PLACED.sub(lambda m: "" if fold(m.group("preposition")) in prepositions else m.group(), kept)
    return f"{' '.join(kept.split())} {question}".strip()


def _moved(text: str, country: str) -> str:
    """The text with its countries replaced by another, `en España`."""
    # Offsets hold: folding one composed character gives one character.
    composed = unicodedata.normalize("NFC", text)
    kept, end = [], 0
    for match in _IN_COUNTRY.finditer(fold(composed)):
        kept += [composed[end : match.start()], "" if end else country]
        end = match.end()
    return "".join([*kept, composed[end:]])
