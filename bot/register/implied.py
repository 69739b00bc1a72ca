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
    "podría": ("poder", "conditional"),
    "desee": ("desear", "subjunctive"),
    "quiera": ("querer", "subjunctive"),
    "prefiera": ("preferir", "subjunctive"),
    "esté": ("estar", "subjunctive"),
    "selecciona": ("seleccionar", "present"),
    "elige": ("elegir", "present"),
    "escribe": ("escribir", "present"),
    "introduce": ("introducir", "present"),
    "ingresa": ("ingresar", "present"),
    "usa": ("usar", "present"),
    "utiliza": ("utilizar", "present"),
    "hace": ("hacer", "present"),
}
_ACTS: Final = frozenset("selecciona elige escribe introduce ingresa usa utiliza".split())
_MODALS: Final = frozenset(("puede", "debe"))
_WISHED: Final = frozenset(("desee", "quiera", "prefiera"))
_READY: Final = frozenset("listo lista seguro segura".split())
_WISHES: Final = frozenset(("desea", "quiere", "necesita", "prefiere"))
_CONCERNS: Final = frozenset(
    "alguna dudas duda preguntas problemas inconvenientes cuenta acceso permiso permisos".split()
)
_JOINED: Final = re.compile(r"(?:me|nos|l[oae]s?)+$")
_FAMILIAR: Final = frozenset({"T", "V", "TV", "W"})
_LEADING: Final = words("context", "leading")
_RELATING: Final = frozenset("que como cuando donde cuantas cuantos".split())
_THINGS: Final = words("orders", "never") | words("orders", "happens")


def implied(place: Place) -> tuple[Reading, Tier] | None:
    """The reading of a third person that is said to the reader, and how sure it is."""
    verb = THIRD_PERSONS.get(place.word)
    if verb is None or place.evidence & _FAMILIAR or place.has("T", "V", "TV", "W"):
        return None
    if place.leaned_on and place.at(-2) != "si":
        return None
    if place.at(1) in ("usted", "ud"):  # That word tells it.
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
    asks = (
        word in ("puede", "podría") and after.endswith(("me", "nos")) and _JOINED.sub("", after)[-1:] == "r"
    )
    someone = after in ("el", "la", "los", "las") and len(place.tokens) - place.index > 3
    if someone:  # ¿Necesita el sistema una contraseña?
        return None
    wished = word in _WISHES or asks or (word in ("puede", "podría", "sabe") and _infinitive(after))
    return "soft" if wished or after in _CONCERNS or place.at(2) in _CONCERNS else None


def _stated(place: Place) -> Tier | None:
    word, after, before = place.word, place.at(1), place.at(-1)
    if word in _WISHED:
        return "soft" if before in _RELATING or place.subject == "si" else None
    if word == "esté":
        said = after in _READY and (after.startswith("segur") or place.has("U"))
        return "soft" if said and before in ("cuando", "que") else None
    if place.subject == "si" and before in ("si", "lo"):
        return _conditioned(place)
    opens = (place.start == "first" and not place.token.label) or _led(place)
    if not opens or (place.negated and word == "puede"):
        return None
    done = word in _MODALS and _infinitive(after)
    return "soft" if done or (word == "tiene" and after in ("permiso", "permisos", "acceso")) else None


def _conditioned(place: Place) -> Tier | None:
    """Si lo desea, si tiene dudas, si selecciona la opción, si hace clic."""
    word, after = place.word, place.at(1)
    concerned = word == "tiene" and (after in _CONCERNS or place.at(2) in _CONCERNS)
    acts = word in _ACTS or (word == "hace" and after in ("clic", "doble"))
    return "soft" if word in _WISHES or concerned or acts else None


def _led(place: Place) -> bool:
    """The clause before its only comma has no subject: si lo desea, puede; en su lugar, puede."""
    only = sum(token.closed for token in place.tokens[: place.index]) == 1
    return place.start == "comma" and only and place.tokens[0].word in _LEADING


def _infinitive(word: str) -> bool:
    """Something that a person does: cambiar, but not ser, haber, tardar or verse."""
    bare = _JOINED.sub("", word)
    return bare.endswith(("ar", "er", "ir")) and bare not in _THINGS and not word.endswith("se")
