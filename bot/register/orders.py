"""Orders that look like something else: guarda is also what somebody does, guarde what somebody may do."""

import re
from typing import Final

from bot.register.conjugation import conjugate
from bot.register.forms import Class, Reading, third_person
from bot.register.place import Place, Verdict
from bot.register.words import words

_CALLS: Final = words("orders", "calls")
_DESCRIPTIVE: Final = words("orders", "descriptive")
_NEVER: Final = words("orders", "never")
_USUAL: Final = words("orders", "usual")

_NEVER_ENGLISH: Final = words("never", "english")
_NEVER_IMPERSONAL: Final = words("never", "impersonal")
_NEVER_STATES: Final = words("never", "states")
_NEVER_U: Final = words("never", "U")
_NEVER_UU: Final = words("never", "UU")
_FIRST_PERSON: Final = words("context", "first_person")
_INFINITIVE: Final = re.compile(r"[aeií]r(?:me|te|se|nos|l[oae]s?)*$")
_LABELS: Final = words("orders", "labels")
_WITH_DE: Final = words("orders", "with_de")
_OTHERS: Final[frozenset[Class]] = frozenset({"V", "U", "UU", "W"})


def tu_order(place: Place, reading: Reading) -> Verdict:
    """The imperative of tú."""
    word, verb = place.word, reading.infinitive
    if reading.clitics:
        # El juez vete la ley: of vetar.
        other = word == "vete" and not place.start
        return None if place.nominal or other else ("T", "hard")
    if place.negated or place.leaned_on or place.asked or place.nominal or word == "viste":
        return None
    if word == "haz":
        return "T", "hard"
    start = place.start
    if not start or (start == "joined" and not place.marks):
        return None
    if start == "joined" and not place.coordinated("T", "TV"):
        return "T", "soft"
    return _ve(place) if word == "ve" else _maybe_third(place, verb)


def _ve(place: Place) -> Verdict:
    """Ve a la sala (ir), ve la película (ver)."""
    after = place.at(1)
    goal = after in ("", "a", "al", "hacia", "por", "con", "hasta", "directamente") or after.endswith("ndo")
    return ("T", "hard") if goal else ("TV", "soft")


def _maybe_third(place: Place, verb: str) -> Verdict:
    word = place.word
    if conjugate(verb, "present", "usted") != word:
        # Obtén, pon, sal: no third person is spelled so, but the short ones are other words as well.
        other = place.at(1) in ("y", "o") or any(token.word in _FIRST_PERSON for token in place.tokens)
        sure = len(word) > 3 or place.token.sign or (place.at(1) and not other)
        return "T", "hard" if sure else "soft"
    if verb in _NEVER:
        return None
    if word in _CALLS and place.token.closed:
        return "T", "hard"
    noun = place.at(1) in ("de", "del", "y", "o", "e") and place.at(2) != "nuevo"
    noun = noun or (place.start == "first" and not place.at(1))
    others = place.evidence & _OTHERS and not place.has("T")
    return "T", "hard" if not noun and not others and _ordered(place, verb) else "soft"


def _ordered(place: Place, verb: str) -> bool:
    """Whether what could be a third person as well is an order: by its company, its object or its verb."""
    familiar = place.evidence & {"T", "TV"} and not place.evidence & {"V", "U"}
    if place.has("T", "TV") or familiar or place.polite:
        return True
    if place.start == "comma":
        return _after_purpose(place, verb)
    if place.start != "first" or place.token.label:
        return False
    if place.token.step or place.at(1) == "sesión" or (place.word in _LABELS and place.brief):
        return True
    if verb in _DESCRIPTIVE or verb.endswith(("izar", "ificar")):
        return False
    return place.with_object or place.word in _USUAL


def _after_purpose(place: Place, verb: str) -> bool:
    """Para guardarlo, pulsa; en el menú, elige."""
    opening = [token.word for token in place.tokens[:2]]
    if sum(token.closed for token in place.tokens[: place.index]) != 1:
        return False
    if opening[0] == "para":
        return _INFINITIVE.search(opening[1]) is not None
    likely = place.word in _LABELS or place.word in _USUAL or verb not in _DESCRIPTIVE
    return opening[0] in ("en", "desde") and likely


def polite_order(place: Place, reading: Reading) -> Verdict:
    """The imperative of usted and ustedes, which is a subjunctive."""
    cls, word = reading.cls, place.word
    label = len(place.tokens) == 1 and word in _NEVER_ENGLISH
    excluded = place.nominal or label or word in _NEVER_IMPERSONAL
    if excluded or reading.clitics:
        return None if excluded else (cls, "hard")
    if place.asked or place.repeated or (place.leaned_on and not place.negated):
        return None
    if third_person(word) and not place.negated:
        return _maybe_creates(place, cls)
    if word in _NEVER_STATES:
        return _state(place, cls)
    noun = word in (_NEVER_UU if cls == "UU" else _NEVER_U) and not place.negated
    taken = place.with_object and place.start == "first" and not place.token.label
    return (cls, "hard") if (taken or not noun) and _polite_start(place, cls) else None


def _polite_start(place: Place, cls: Class) -> bool:
    """Whether an order may begin here."""
    if place.start == "joined":
        return place.coordinated(cls)
    if place.start == "comma":
        return place.at(1) not in ("de", "del") and not place.parallel(cls)
    return bool(place.start) and (place.at(1) not in ("de", "del") or place.negated or place.word in _WITH_DE)


def _state(place: Place, cls: Class) -> Verdict:
    """Tenga en cuenta, vaya a Ajustes, esté atento; but sea un número, haya o no haya."""
    word, after = place.word, place.at(1)
    orders = {
        "ten": after in ("en", "cuidado", "paciencia", "presente", "presentes", "a"),
        "vay": after in ("a", "al", "hacia", "por"),
        "ven": after in ("a", "al", "con", "por"),
        "est": after[:4] in ("aten", "aler", "segu", "tran", "pend"),
        "sea": after[:4] in ("paci", "brev", "bien", "prud", "resp", "puntu", "amab", "cuid"),
    }
    said = orders.get(word[:3].replace("é", "e"), False) and place.start in ("first", "comma")
    return (cls, "hard") if said or (place.negated and place.start == "first" and after) else None


def _maybe_creates(place: Place, cls: Class) -> Verdict:
    """Vive, sale, siente: what somebody does, before the order of vivar, salar, sentar; cree may be both."""
    if place.word not in ("cree", "creen") or not place.start:
        return None
    return cls, "hard" if place.with_object else "soft"
