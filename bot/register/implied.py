"""Usted without the word: «¿Desea continuar?», «si lo desea», «Puede cambiarlo en Ajustes».

A third person could be anybody's; these few are nearly always the reader's where nothing says tú or vos.
"""

import re
from typing import Final

from bot.register.conjugation import Tense
from bot.register.forms import Reading
from bot.register.place import Place, Tier
from bot.register.words import words

THIRD_PERSONS: Final[dict[str, tuple[str, Tense]]] = {
    "desea": ("desear", "present"),
    "quiere": ("querer", "present"),
    "necesita": ("necesitar", "present"),
    "prefiere": ("preferir", "present"),
    "puede": ("poder", "present"),
    "debe": ("deber", "present"),
    "tiene": ("tener", "present"),
    "está": ("estar", "present"),
    "ha": ("haber", "present"),
    "olvidó": ("olvidar", "preterite"),
    "sabe": ("saber", "present"),
    "conoce": ("conocer", "present"),
}
_WISHES: Final = frozenset(("desea", "quiere", "necesita", "prefiere"))
_CONCERNS: Final = frozenset(
    "alguna dudas duda preguntas problemas inconvenientes cuenta acceso permiso permisos".split()
)
_JOINED: Final = re.compile(r"(?:me|nos|l[oae]s?)+$")
_FAMILIAR: Final = frozenset({"T", "V", "TV", "W"})
_THINGS: Final = words("orders", "never") | words("orders", "happens")


def implied(place: Place) -> tuple[Reading, Tier] | None:
    """The reading of a third person that is said to the reader, and how sure it is."""
    verb = THIRD_PERSONS.get(place.word)
    if verb is None or place.evidence & _FAMILIAR or place.has("T", "V", "TV", "W"):
        return None
    if place.leaned_on and place.at(-2) != "si":
        return None
    tier = _asked(place) if place.asked else _stated(place)
    return (Reading("U", verb[1], verb[0]), tier) if tier else None


def _asked(place: Place) -> Tier | None:
    word, after = place.word, place.at(1)
    if word in _WISHES and _infinitive(after):
        return "hard"
    if (word == "está" and after in ("seguro", "segura")) or (
        word in ("olvidó", "ha") and place.at(2) == "su"
    ):
        return "hard"
    if word == "olvidó" and after == "su":
        return "hard"
    wished = word in _WISHES or (word in ("puede", "sabe") and _infinitive(after))
    return "soft" if wished or after in _CONCERNS or place.at(2) in _CONCERNS else None


def _stated(place: Place) -> Tier | None:
    word, after = place.word, place.at(1)
    if place.subject == "si" and place.at(-1) in ("si", "lo"):
        concerned = word == "tiene" and (after in _CONCERNS or place.at(2) in _CONCERNS)
        return "soft" if word in _WISHES or concerned else None
    opens = place.start == "first" and not place.token.label
    if word == "puede" and opens and not place.negated and _infinitive(after):
        return "soft"
    return "soft" if word == "tiene" and opens and after in ("permiso", "permisos", "acceso") else None


def _infinitive(word: str) -> bool:
    """Something that a person does: cambiar, but not ser, haber, tardar or verse."""
    bare = _JOINED.sub("", word)
    return bare.endswith(("ar", "er", "ir")) and bare not in _THINGS and not word.endswith("se")
