"""Decides what a word is where it stands: a form of address, surely or perhaps, or none."""

from collections.abc import Callable
from typing import Final

from bot.register.conjugation import common_verbs, conjugate
from bot.register.forms import Class, Reading, readings
from bot.register.implied import THIRD_PERSONS, implied
from bot.register.orders import tu_order
from bot.register.place import Place, Tier, Verdict
from bot.register.polite import polite_order
from bot.register.stress import plain
from bot.register.words import words

_ALSO_ADJECTIVES: Final = words("context", "also_adjectives")
_FIRST_PERSON: Final = words("context", "first_person")
_FUNCTION: Final = words("context", "function")
_STRONG: Final = words("context", "strong")
_WEAK: Final = words("context", "weak")
_NEVER_ENGLISH: Final = words("never", "english")
_NEVER_T: Final = words("never", "T")
_NEVER_TV: Final = words("never", "TV")
_NEVER_V: Final = words("never", "V")
_NEVER_W: Final = words("never", "W")
_NEVER_NAMES: Final = words("never", "names")
_I_DID: Final = words("context", "i_did")
_PAST: Final = words("orders", "past")
_NOMINAL: Final = words("verbs", "nominal")

_PRONOUNS: Final[dict[str, Class]] = {
    "tú": "T", "ti": "T", "contigo": "T", "vos": "V",
    "usted": "U", "ud": "U", "vd": "U", "ustedes": "UU", "uds": "UU", "vds": "UU",
    "vosotros": "W", "vosotras": "W", "os": "W",
    "vuestro": "W", "vuestra": "W", "vuestros": "W", "vuestras": "W",
    "te": "TV", "tu": "TV", "tus": "TV", "tuyo": "TV", "tuya": "TV", "tuyos": "TV", "tuyas": "TV",
}  # fmt: skip
# Créeme is said of creer, párelo of parar, véngame of venir.
_UNLIKELY: Final = frozenset(("crear", "parir", "vengar"))
_SURE: Final = frozenset("seguro segura listo lista".split())
_BEFORE_NAMES: Final = frozenset("el un la una los del al letra".split())
# Sé que, sé cómo: what I know.
_KNOWN: Final = frozenset(("que", "cómo", "dónde", "qué", "quién", "cuándo", "de", "lo"))
_WISHING: Final = frozenset(("cuando", "ojalá", "quizá", "quizás"))
_SHARP: Final = frozenset(("más", "menos", "mejor", "peor", "igual", "mayor", "menor"))


def concerns(word: str) -> bool:
    """Whether a word could address somebody, wherever it stands."""
    return word in _PRONOUNS or word in THIRD_PERSONS or word == "estas" or bool(readings(word))


def judge(place: Place) -> tuple[Class, Tier, Reading | None] | None:
    """What the word at this place is as a form of address."""
    text, word = place.token.text, place.word
    if word in _PRONOUNS:
        cls: Class = "T" if word == "tu" and _does(place.at(1)) else _PRONOUNS[word]
        return (cls, "hard", None) if _is_pronoun(place) else None
    if word == "estas" and place.at(1) in _SURE:
        return "TV", "hard", None  # Estas seguro: without its accent.
    named = word in _NEVER_NAMES and text[0].isupper()
    if named or place.abbreviated or (word in _FUNCTION and not _verb_after_all(place)):
        return None
    # Pausar (pause): a word of its own, in brackets.
    apart = place.token.comma and place.token.closed
    spanish = place.token.sign or place.negated or not (apart or place.perhaps_english)
    english = word in _NEVER_ENGLISH and not spanish
    if place.capitalised or english:
        return None
    found = readings(word)
    for reading in _ranked(found):
        verdict = _verdict(place, reading)
        if verdict:
            return *verdict, reading
    usted = implied(place)
    return ("U", usted[1], usted[0]) if usted else None


def _verb_after_all(place: Place) -> bool:
    """Entre al portal, entre por la puerta, note que: no preposition, no English."""
    after = place.at(1), place.at(2)
    goal = after[0] == "al" or (
        after[0] in ("en", "a", "por") and after[1] in ("el", "la", "su", "este", "esta")
    )
    led = place.start == "comma" and place.after_condition
    begins = place.start == "first" or led or (place.start == "joined" and place.coordinated("U"))
    noted = place.word == "note" and place.start == "first" and after[0] == "que"
    return noted or (place.word == "entre" and begins and goal)


def _is_pronoun(place: Place) -> bool:
    """Not an abbreviation (TI, OS), not a name: el OS, la letra te, te de manzanilla."""
    word = place.word
    if word not in ("te", "ti", "os"):
        return True
    named = place.abbreviated or place.capitalised
    drink = place.index == 0 and place.at(1) in ("de", "con", "y")
    return not named and not drink and place.at(-1) not in _BEFORE_NAMES


def _does(word: str) -> bool:
    """Tu puedes: what the subject does, so that tu is tú without its accent; but tu cuenta, tu idea."""
    return word not in _NOMINAL and any(
        one.cls in ("T", "TV") and one.tense in ("present", "preterite", "future", "conditional")
        for one in readings(word)
    )


def _ranked(found: tuple[Reading, ...]) -> list[Reading]:
    """The likeliest reading first: with pronouns, then the present, then orders, then the rest."""
    order = {"present": 0, "imperative": 1}
    # Instala, señale: a verb of its own rather than insta + la.
    bare = any(not one.clitics and one.cls in ("T", "U", "TV") for one in found)
    likely = [one for one in found if not (bare and one.clitics and one.cls == "V")]
    return sorted(
        likely,
        key=lambda one: (
            -len(one.clitics),
            order.get(one.tense, 2),
            bool(one.clitics) and one.infinitive in _UNLIKELY,
        ),
    )


def _verdict(place: Place, reading: Reading) -> Verdict:
    if reading.tense == "chilean":
        return "V", "hard"
    if reading.tense == "negative":
        led = place.negated or place.subject in _STRONG or place.subject == "que"
        return ("V", "hard") if led or not (place.nominal or place.word in _NEVER_V) else None
    if reading.cls == "T" and reading.tense == "imperative":
        return tu_order(place, reading)
    return _RULES.get(reading.cls, polite_order)(place, reading)


def _vos(place: Place, reading: Reading) -> Verdict:
    word = place.word
    if reading.unaccented:
        taken = place.nominal or word in _NEVER_V
        return None if taken else ("V", "hard" if reading.tense == "present" else "soft")
    return _vos_accented(place, reading)


def _vos_accented(place: Place, reading: Reading) -> Verdict:
    word = place.word
    unmarked = not reading.clitics and plain(word) == word and word != "sos"
    # Tomate tu tiempo: with an object even a noun's double is an order.
    taken = reading.clitics == ("te",) and place.start in ("first", "comma") and place.with_object
    if unmarked or (word in _NEVER_V and not taken):
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
    adjective = place.word.endswith(("ales", "iles", "eles")) and place.start != "first"
    goes_on = not place.at(1) or place.at(1) in _FUNCTION  # Animate a probarlo; Template structure.
    english = place.word in _NEVER_ENGLISH and not (place.start and goes_on)
    if adjective or english or place.leaned_on:
        return None
    nounlike = reading.clitics[-1] not in ("me", "te")
    told = place.has("V", "TV") or "V" in place.evidence
    sure = not nounlike or place.start == "first" or (place.start and told)
    return "V", "hard" if sure else "soft"


def _like_past(infinitive: str, word: str) -> bool:
    """Abrí, salí (but not vení, decí): what I did is spelled the same."""
    if word.endswith("é"):
        return word[:-1] + "ar" in common_verbs()
    return word.endswith("í") and plain(conjugate(infinitive, "preterite", "tú")) == plain(word) + "ste"


def _vos_or_past(place: Place) -> Verdict:
    start, company = place.start, place.has("V", "TV")
    told = any(token.word in _FIRST_PERSON or token.word in _I_DID for token in place.tokens)
    if not start or place.negated or place.leaned_on or place.asked or (told and not place.has("V")):
        return None
    if start == "joined" and not company:
        return None
    addressed = place.has("V") or "V" in place.evidence or place.at(1) in ("tu", "tus")
    sure = (addressed or place.word not in _PAST) and (start == "first" or company)
    return "V", "hard" if sure else "soft"


def _vosotros(place: Place, reading: Reading) -> Verdict:
    word = place.word
    if reading.tense == "imperative" and len(word) <= 4 and not (word == "idos" and place.start):
        return ("W", "hard") if _short_order(place) else None
    if word in _NEVER_W:
        return None
    return "W", "soft" if place.nominal and reading.tense == "imperative" else "hard"


def _short_order(place: Place) -> bool:
    """Id, sed, dad, oíd are other words as well, where no clause begins with them."""
    word, after = place.word, place.at(1)
    if word == "sed":
        joined = place.start == "joined" and place.coordinated("W")
        return (place.start == "first" or joined) and after.endswith("s")
    goal = after in ("a", "al", "con", "por", "hacia") or after.endswith("ndo")
    if word in _NEVER_W or (word == "id" and not goal):
        return False
    begins = place.start in ("first", "comma") or (place.start == "joined" and place.coordinated("W"))
    return begins and bool(after or place.has("W"))


def _tu(place: Place, reading: Reading) -> Verdict:
    word, verb = place.word, reading.infinitive
    wished = any(one.cls == "TV" for one in readings(word))
    if word in _NEVER_T or (wished and (place.negated or place.subject in _WISHING)):
        return None  # No crees un tema, cuando crees un tema: of crear, not of creer.
    if word in _NOMINAL:
        return _cued("T", place)
    if verb.endswith("ar") and place.nominal:
        return None
    led = place.start or place.subject in _STRONG or place.subject in ("que", "qué")
    # Tomas de corriente; but acabas de llegar.
    noun = place.index == 0 and place.at(1) in ("de", "del") and not place.at(2).endswith(("ar", "er", "ir"))
    return "T", "soft" if noun or (wished and not led) else "hard"


def _cued(cls: Class, place: Place) -> Verdict:
    """A verb that could be a noun as well: what stands before and behind tells."""
    if place.nominal:
        return None
    subject = "" if place.token.comma else place.subject
    # Ya presentes, aún activas: an adjective as well.
    alone = subject == "no" and not place.at(1) and place.at(-2) != "si"  # Series no presentes.
    led = subject in _STRONG and subject not in _ALSO_ADJECTIVES and not alone
    relative = subject == "que" and place.at(-2) not in _SHARP
    if led or relative or place.leaned_on or (place.with_object and place.start):
        return cls, "hard"
    weak = subject in _WEAK or subject in _STRONG
    return (cls, "soft") if weak or place.start == "first" or place.with_object else None


def _shared(place: Place, reading: Reading) -> Verdict:
    word = place.word
    if word in _NEVER_TV:
        return None
    if reading.tense == "imperative":
        return _shared_order(place, reading)
    if word == "viste":
        return "TV", "hard" if place.leaned_on or place.subject in _STRONG else "soft"
    if word in _NOMINAL:
        return _cued("TV", place)
    homonym = reading.tense in ("imperfect", "subjunctive", "past_subjunctive") and place.nominal
    return None if homonym else ("TV", "hard")


def _shared_order(place: Place, reading: Reading) -> Verdict:
    """Date prisa, dale, sé breve; but velo and vela are nouns."""
    if not reading.clitics:
        after = place.at(1)
        known = place.negated or after in _KNOWN or after.endswith(("ar", "er", "ir"))
        starts = place.start == "first" or (place.start == "joined" and place.coordinated("T", "V", "TV"))
        order = place.word == "sé" and starts and after and not known
        return ("TV", "hard") if order else None
    noun = reading.infinitive.endswith(("ver", "ser")) and "te" not in reading.clitics
    return None if noun or place.nominal or place.word == "vete" else ("TV", "hard")


_RULES: Final[dict[Class, Callable[[Place, Reading], Verdict]]] = {
    "V": _vos,
    "W": _vosotros,
    "T": _tu,
    "TV": _shared,
}
