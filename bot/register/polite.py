"""Orders to usted and ustedes, which are subjunctives: guarde is also what somebody may do, cierre a noun."""

from typing import Final

from bot.register.forms import Class, Reading, third_person
from bot.register.place import Place, Tier, Verdict
from bot.register.words import words

# No se le olvide: a thing does that.
_ITSELF: Final = {("se", "le"), ("se", "les")}
_TURNS: Final = {("doble", "a"), ("toque", "para")}
_AFTER_POLITE: Final = words("orders", "after_polite")
_NEVER_IMPERSONAL: Final = words("never", "impersonal")
_NEVER_STATES: Final = words("never", "states")
_NEVER_U: Final = words("never", "U")
_NEVER_UU: Final = words("never", "UU")
_WITH_DE: Final = words("orders", "with_de")


def polite_order(place: Place, reading: Reading) -> Verdict:
    """The imperative of usted and ustedes, which is a subjunctive."""
    cls, word = reading.cls, place.word
    excluded = place.nominal or word in _NEVER_IMPERSONAL or (reading.clitics and word in _NEVER_U)
    if excluded or reading.clitics:
        return None if excluded else (cls, "hard")
    if (
        (place.at(-2), place.at(-1)) in _ITSELF
        or place.asked
        or place.repeated
        or (place.leaned_on and not place.negated)
    ):
        return None
    if word in _NEVER_STATES:
        return _state(place, cls)
    if third_person(word) and not place.negated:
        return _maybe_creates(place, cls)
    noun = word in (_NEVER_UU if cls == "UU" else _NEVER_U) and not place.negated
    taken = _begins(place) and not place.token.label and _goes_on(place)
    if noun and not taken:
        perhaps = place.start == "first" and place.at(1) in _AFTER_POLITE
        return (cls, "hard" if place.polite else "soft") if perhaps else None
    return (cls, tier) if (tier := _polite_start(place, cls)) else None


def _begins(place: Place) -> bool:
    """Where a noun's double is an order: at the start, after a condition, after another order."""
    led = place.start == "comma" and place.after_condition
    return place.start == "first" or led or (place.start == "joined" and place.coordinated("U", "UU"))


def _goes_on(place: Place) -> bool:
    """Cierre la puerta, cierre sesión, salga del sistema, doble a la derecha: as no noun does."""
    after = place.at(1)
    left = place.word in _WITH_DE and after in ("de", "del")
    return place.with_object or after == "sesión" or left or (place.word, after) in _TURNS


def _polite_start(place: Place, cls: Class) -> Tier | None:
    """How sure it is that an order may begin here."""
    of = place.at(1) in ("de", "del") and not place.negated and place.word not in _WITH_DE
    if place.start == "joined":
        return "hard" if place.coordinated("U", "UU") else None
    if place.start == "comma":
        sure = not place.parallel(cls) or place.after_condition
        return None if of else "hard" if sure else "soft"
    return "hard" if place.start and not of else None


def _state(place: Place, cls: Class) -> Verdict:
    """Tenga en cuenta, vaya a Ajustes, esté atento; but sea un número, haya o no haya."""
    word, after = place.word, place.at(1)
    orders = {
        "ten": after in ("en", "cuidado", "paciencia", "presente", "presentes", "a"),
        "vay": after in ("a", "al", "hacia", "por"),
        "ven": after in ("a", "al", "con", "conmigo", "por", "aquí", "acá", "cuando"),
        "est": after[:4] in ("aten", "aler", "segu", "tran", "pend"),
        "sea": after[:4] in ("paci", "brev", "bien", "prud", "resp", "puntu", "amab", "cuid", "tan"),
    }
    said = orders.get(word[:3].replace("é", "e"), False) and place.start in ("first", "comma")
    return (cls, "hard") if said or (place.negated and place.start == "first" and after) else None


def _maybe_creates(place: Place, cls: Class) -> Verdict:
    """Vive, sale, siente: what somebody does, before the order of vivar, salar, sentar; cree may be both."""
    if place.word not in ("cree", "creen") or not place.start:
        return None
    return cls, "hard" if place.with_object else "soft"
