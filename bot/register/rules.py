"""Decides what a word is where it stands: a form of address, surely or perhaps, or none."""

from typing import Final

from bot.register.conjugation import common_verbs, conjugate
from bot.register.forms import Class, Reading, readings
from bot.register.orders import polite_order, tu_order
from bot.register.place import Place, Tier, Verdict
from bot.register.stress import plain
from bot.register.words import words

_ALSO_ADJECTIVES: Final = words("context", "also_adjectives")
_FIRST_PERSON: Final = words("context", "first_person")
_FUNCTION: Final = words("context", "function")
_STRONG: Final = words("context", "strong")
_WEAK: Final = words("context", "weak")
_NEVER_T: Final = words("never", "T")
_NEVER_TV: Final = words("never", "TV")
_NEVER_V: Final = words("never", "V")
_NEVER_W: Final = words("never", "W")
_NEVER_NAMES: Final = words("never", "names")
_PAST: Final = words("orders", "past")
_NOMINAL: Final = words("verbs", "nominal")
_VERBAL: Final = words("verbs", "verbal")

_PRONOUNS: Final[dict[str, Class]] = {
    "tú": "T", "ti": "T", "contigo": "T", "vos": "V",
    "usted": "U", "ud": "U", "vd": "U", "ustedes": "UU", "uds": "UU", "vds": "UU",
    "vosotros": "W", "vosotras": "W", "os": "W",
    "vuestro": "W", "vuestra": "W", "vuestros": "W", "vuestras": "W",
    "te": "TV", "tu": "TV", "tus": "TV", "tuyo": "TV", "tuya": "TV", "tuyos": "TV", "tuyas": "TV",
}  # fmt: skip
_SHARP: Final = frozenset(("más", "menos", "mejor", "peor", "igual", "mayor", "menor"))


def judge(place: Place) -> tuple[Class, Tier, Reading | None] | None:
    """What the word at this place is as a form of address."""
    text, word = place.token.text, place.word
    if word in _PRONOUNS:
        return (_PRONOUNS[word], "hard", None) if _is_pronoun(place) else None
    named = word in _NEVER_NAMES and text[0].isupper()
    if named or place.abbreviated or word in _FUNCTION:
        return None
    found = readings(word)
    if not found or place.capitalised:
        return None
    for reading in _ranked(found):
        verdict = _verdict(place, reading)
        if verdict:
            return *verdict, reading
    return None


def _is_pronoun(place: Place) -> bool:
    """Not an abbreviation (TI, OS), not a name: el OS, la letra te."""
    word = place.word
    if word not in ("te", "ti", "os"):
        return True
    return not (place.abbreviated or place.capitalised) and place.at(-1) not in (
        "el",
        "un",
        "los",
        "del",
        "al",
        "letra",
    )


def _ranked(found: tuple[Reading, ...]) -> list[Reading]:
    """The likeliest reading first: with pronouns, then the present, then orders, then the rest."""
    order = {"present": 0, "imperative": 1}
    # Instala, señale: a verb of its own rather than insta + la.
    bare = any(not one.clitics and one.cls in ("T", "U", "TV") for one in found)
    likely = [one for one in found if not (bare and one.clitics and one.cls == "V")]
    return sorted(likely, key=lambda one: (-len(one.clitics), order.get(one.tense, 2)))


def _verdict(place: Place, reading: Reading) -> Verdict:
    match reading.cls, reading.tense:
        case "V", _:
            return _vos(place, reading)
        case "W", _:
            return _vosotros(place, reading)
        case "T", "imperative":
            return tu_order(place, reading)
        case "T", _:
            return _tu(place, reading)
        case "TV", _:
            return _shared(place, reading)
    return polite_order(place, reading)


def _vos(place: Place, reading: Reading) -> Verdict:
    word = place.word
    unmarked = not reading.clitics and plain(word) == word and word != "sos"
    if unmarked or word in _NEVER_V:
        return None
    if reading.tense == "present":
        return "V", "hard"
    if place.nominal:
        return None
    if reading.clitics:
        return _vos_joined(place, reading)
    if _like_past(reading.infinitive, word):
        return _vos_or_past(place)
    return "V", "hard"


def _vos_joined(place: Place, reading: Reading) -> Verdict:
    """Guardalo, decime; individuales, modelo end like that too."""
    adjective = place.word.endswith(("ales", "iles", "eles"))
    if adjective and place.start != "first":
        return None
    nounlike = reading.clitics[-1] not in ("me", "te")
    sure = not nounlike or place.start == "first" or (place.start and place.has("V", "TV"))
    return "V", "hard" if sure else "soft"


def _like_past(infinitive: str, word: str) -> bool:
    """Abrí, salí (but not vení, decí): what I did is spelled the same."""
    if word.endswith("é"):
        return word[:-1] + "ar" in common_verbs()
    return word.endswith("í") and plain(conjugate(infinitive, "preterite", "tú")) == plain(word) + "ste"


def _vos_or_past(place: Place) -> Verdict:
    start, company = place.start, place.has("V", "TV")
    told = any(token.word in _FIRST_PERSON for token in place.tokens)
    if not start or place.negated or place.leaned_on or place.asked or (told and not place.has("V")):
        return None
    if start == "joined" and not company:
        return None
    addressed = place.has("V") or "V" in place.evidence
    sure = (addressed or place.word not in _PAST) and (start == "first" or company)
    return "V", "hard" if sure else "soft"


def _vosotros(place: Place, reading: Reading) -> Verdict:
    word = place.word
    if word in _NEVER_W:
        return None
    if reading.tense == "imperative" and len(word) <= 4:
        goal = word != "id" or place.at(1) in ("a", "al", "con", "por", "hacia")
        return ("W", "hard") if place.start in ("first", "comma") and goal and place.at(1) else None
    return "W", "soft" if place.nominal and reading.tense == "imperative" else "hard"


def _tu(place: Place, reading: Reading) -> Verdict:
    word, verb = place.word, reading.infinitive
    subjunctive = any(one.cls == "TV" for one in readings(word))
    if word in _NEVER_T or (subjunctive and place.negated):
        return None  # No crees un tema: of crear, not of creer.
    if verb.endswith("ar"):
        if verb not in _VERBAL:
            return _cued("T", place)
        if place.nominal:
            return None
    elif word in _NOMINAL:
        return _cued("T", place)
    if subjunctive and not (place.start or place.subject in _STRONG | {"que", "qué"}):
        return "T", "soft"
    return "T", "hard"


def _cued(cls: Class, place: Place) -> Verdict:
    """A verb that could be a noun as well: what stands before and behind tells."""
    if place.nominal:
        return None
    subject = "" if place.token.comma else place.subject
    # Ya presentes, aún activas: an adjective as well.
    led = subject in _STRONG and subject not in _ALSO_ADJECTIVES
    relative = subject == "que" and place.at(-2) not in _SHARP
    if led or relative or place.leaned_on or (place.with_object and place.start):
        return cls, "hard"
    weak = subject in _WEAK or subject in _STRONG
    return (cls, "soft") if weak or place.start == "first" or place.with_object else None


def _shared(place: Place, reading: Reading) -> Verdict:
    word, verb = place.word, reading.infinitive
    if word in _NEVER_TV:
        return None
    if reading.tense == "imperative":
        return _shared_order(place, reading)
    if word == "viste":
        return "TV", "hard" if place.leaned_on or place.subject in _STRONG else "soft"
    # Tengas, pidas look like no noun; relaciones, vistas do.
    sure = common_verbs().get(verb) and not verb.endswith("ar")
    if reading.tense == "subjunctive" and not sure:
        return _cued("TV", place)
    homonym = reading.tense in ("imperfect", "past_subjunctive") and place.nominal
    return None if homonym else ("TV", "hard")


def _shared_order(place: Place, reading: Reading) -> Verdict:
    """Date prisa, dale, sé breve; but velo and vela are nouns."""
    if not reading.clitics:
        return ("TV", "hard") if place.word == "sé" and place.start == "first" and place.at(1) else None
    noun = reading.infinitive in ("ver", "ser") and "te" not in reading.clitics
    return None if noun or place.nominal else ("TV", "hard")
