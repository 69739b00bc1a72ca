"""Orders to tú that look like something else: guarda is also what somebody does, prueba a noun."""

import re
from itertools import pairwise
from typing import Final

from bot.register.conjugation import conjugate
from bot.register.forms import Class, Reading, readings, third_person
from bot.register.place import Place, Verdict
from bot.register.words import words

_ASKING: Final = frozenset("qué cómo cuándo dónde cuál cuáles quién cuánto".split())
_BEFORE: Final = {("antes", "de"), ("de", "nuevo"), ("al", "final"), ("al", "principio"), ("otra", "vez")}
_AFTER_ORDERS: Final = words("orders", "after_orders")
_CALLS: Final = words("orders", "calls")
_CLITICS: Final = words("context", "clitics")
_DEICTIC: Final = words("orders", "deictic")
_DESCRIPTIVE: Final = words("orders", "descriptive")
_FIRST_PERSON: Final = words("context", "first_person")
_INFINITIVE: Final = re.compile(r"[aeií]r(?:me|te|se|nos|l[oae]s?)*$")
_FUNCTION: Final = words("context", "function")
_HAPPENING: Final = words("orders", "happening")
_LABELS: Final = words("orders", "labels")
_MORE: Final = frozenset("más menos ahora hoy aquí acá ya".split())
_NEVER: Final = words("orders", "never")
_MINDING: Final = frozenset(("verifica", "comprueba", "revisa", "confirma", "vigila", "controla"))
_NOMINAL: Final = words("verbs", "nominal")
_NO_PLACES: Final = words("orders", "no_places")
_OTHERS: Final[frozenset[Class]] = frozenset({"V", "U", "UU", "W"})
_ONCE: Final = {("cuando", "se"), ("si", "se"), ("solo", "cuando")}
_PERSONAL: Final = words("orders", "personal")
_PHRASES: Final = frozenset(tuple(phrase.split("_")) for phrase in words("orders", "phrases"))
_READERS_PURPOSE: Final = words("orders", "readers_purpose")
_REPORTING: Final = words("orders", "reporting")
_SEQUENCE: Final = words("orders", "sequence")
_STATING: Final = words("orders", "stating")
_STEPS: Final = words("orders", "steps")
_USUAL: Final = words("orders", "usual")
_WITH_DE: Final = words("orders", "tu_with_de")
_WHEN: Final = words("orders", "when")
_WITH_DE_INFINITIVE: Final = words("orders", "tu_with_de_infinitive")


def tu_order(place: Place, reading: Reading) -> Verdict:
    """The imperative of tú."""
    word, verb = place.word, reading.infinitive
    # El juez vete la ley: of vetar; venga: of venir, not of vengar.
    other = word in ("viste", "venga") or (word == "vete" and not place.start)
    if other or place.negated or place.leaned_on or place.nominal:
        return None
    if reading.clitics or (word == "haz" and not place.asked):
        return "T", "hard"
    if place.asked or not place.start:
        return None
    phrase = (word, place.at(1)) in _PHRASES
    if phrase and (place.start != "joined" or place.coordinated("T", "V", "TV")):
        return "T", "hard"
    if place.start == "joined" and (not place.coordinated("T", "TV") or _tells_before(place)):
        return ("T", "soft") if place.marks and verb not in _NEVER else None
    return _ve(place) if word == "ve" else _maybe_third(place, verb)


def _tells_before(place: Place) -> bool:
    """Avisa cuando alguien te escribe o pide: the nearest verb is somebody else's."""
    for index in range(place.index - 2, -1, -1):
        other = Place(place.sentence, index, place.marks, place.evidence)
        if index in place.marks or other.nominal:
            return False
        if any(one.cls == "T" and one.tense == "imperative" for one in readings(other.word)):
            return True
    return False


def _ve(place: Place) -> Verdict:
    """Ve a la sala (ir), ve la película (ver)."""
    after = place.at(1)
    goal = after in ("", "a", "al", "hacia", "por", "con", "hasta", "directamente") or after.endswith("ndo")
    return ("T", "hard") if goal else ("TV", "soft")


def _maybe_third(place: Place, verb: str) -> Verdict:
    word = place.word
    if word in _CALLS and (place.token.closed or place.token.colon):
        return "T", "hard"
    if conjugate(verb, "present", "usted") != word:
        # Obtén, pon, sal: no third person is spelled so, but the short ones are other words as well.
        other = place.at(1) in ("y", "o") or any(token.word in _FIRST_PERSON for token in place.tokens)
        sure = len(word) > 3 or place.token.sign or (place.at(1) and not other)
        return "T", "hard" if sure else "soft"
    if verb in _NEVER and not (verb == "pasar" and place.start == "comma" and _after_purpose(place)):
        # Pasa por recepción, pasa el ratón.
        goes_in = place.start == "first" and (
            place.at(1) in ("por", "adelante") or (word == "pasa" and place.with_object)
        )
        return ("T", "hard" if place.has("T", "TV") else "soft") if goes_in else None
    if (word, place.at(1)) == ("juega", "al"):
        return "T", "soft"
    others = place.evidence & _OTHERS and not place.has("T")
    return "T", "hard" if not others and not _like_noun(place) and _ordered(place, verb) else "soft"


def _like_noun(place: Place) -> bool:
    """Prueba de carga, copia y respaldo, «Descarga»; but trata de llegar, lee y acepta."""
    word, after = place.word, place.at(1)
    if after in ("de", "del"):
        done = word in _WITH_DE_INFINITIVE and _INFINITIVE.search(place.at(2))
        return not (word in _WITH_DE or done or place.at(2) == "nuevo")
    if after in ("y", "o", "e"):
        return not any(one.cls == "T" and one.tense == "imperative" for one in readings(place.at(2)))
    if after and word + "s" in _NOMINAL and place.start != "joined":
        # Cuenta creada, consulta pública; but prueba a abrirlo.
        verbal = place.with_object or after in _AFTER_ORDERS or _INFINITIVE.search(after)
        return not (verbal or place.start == "comma")
    called = place.token.sign == "¡" and word + "s" not in _NOMINAL  # ¡Corre!
    return place.start == "first" and not after and not place.token.hidden_after and not called


def _ordered(place: Place, verb: str) -> bool:
    """Whether what could be a third person as well is an order: by its company, its object or its verb."""
    told = place.aside and place.word not in _USUAL  # Este servidor es especial: aloja tu perfil.
    if place.polite or (place.has("T", "TV") and not told) or _wishing(place):
        return True
    if verb in _STATING:
        return False
    familiar = bool(place.evidence & {"T", "TV"}) and not place.evidence & {"V", "U"}
    if place.start == "comma":
        return _after_clause(place, verb) or (familiar and place.tokens[0].word in _SEQUENCE)
    if place.start != "first" or place.aside:
        return False
    if familiar or place.at(1) == "sesión":
        return True
    label = place.word in _LABELS and (place.brief or place.token.step)
    return not _reported(place) and (label or place.word in _USUAL or _instructed(place, verb))


def _instructed(place: Place, verb: str) -> bool:
    """Whether the rest of the clause is what one is told, not what is told of a program."""
    works = verb in _DESCRIPTIVE or verb.endswith(("izar", "ificar"))
    if not works or verb in _PERSONAL:
        shown = place.token.hidden_after and verb in _PERSONAL  # Usa `x`, escribe «sí».
        asked = place.at(1) in _ASKING  # Configura cómo se entra.
        more = not works and place.at(1) in _MORE and place.word + "s" not in _NOMINAL  # Come más.
        return place.with_object or place.token.step or asked or shown or more or _directed(place, verb)
    return _directed(place, verb) if place.with_object or place.token.hidden_after else False


def _directed(place: Place, verb: str) -> bool:
    """Points at what is here or comes next, says what for: crea este archivo, una función que sume."""
    rest = [token.word for token in place.tokens[place.index + 1 :]]
    pairs = list(pairwise(rest))
    if place.led or not _DEICTIC.isdisjoint(rest[:3]) or not _WHEN.isdisjoint(rest):
        return True
    if any(pair in _BEFORE for pair in pairs) or _asked_for(place) or _goes_on(place):
        return True
    aims = [second for first, second in pairs[:6] if first == "para" and _INFINITIVE.search(second)]
    purpose = bool(aims)
    if not _READERS_PURPOSE.isdisjoint(aims):
        return True
    leads = place.introduces or (purpose and not place.token.hidden_after)
    return leads and (verb in _PERSONAL or place.word in _LABELS)


def _asked_for(place: Place) -> bool:
    """Crea una función que reciba dos números: what is not there yet."""
    for index in range(place.index + 2, min(place.index + 8, len(place.tokens) - 1)):
        if place.tokens[index].word == "que":
            word = place.tokens[index + 1].word
            return not third_person(word) and any(one.cls in ("U", "UU") for one in readings(word))
    return False


def _goes_on(place: Place) -> bool:
    """Importa el módulo y llama a main(): another order is joined that is hardly a program's."""
    for index in range(place.index + 2, len(place.tokens)):
        other = Place(place.sentence, index, place.marks, place.evidence)
        orders = (one for one in readings(other.word) if one.cls == "T" and one.tense == "imperative")
        if other.at(-1) in ("y", "e") and (
            other.word in _USUAL or any(one.infinitive in _PERSONAL for one in orders)
        ):
            return True
    return False


def _reported(place: Place) -> bool:
    """Crea un objeto y lo devuelve, copia los archivos especificados: what something does."""
    rest = place.tokens[place.index + 1 :]
    if any(token.word in _REPORTING for token in rest):
        return True
    if any((one.word, other.word) in _ONCE for one, other in pairwise(rest)):
        return True
    if place.at(1) in ("su", "sus") or ("con", "su") in pairwise(token.word for token in rest[:6]):
        return True
    return any(
        one.word in ("y", "e", "o") and other.word in _CLITICS and third_person(third.word)
        for one, other, third in zip(rest, rest[1:], rest[2:], strict=False)
    )


def _wishing(place: Place) -> bool:
    """Verifica que esté activo; but verifica que está activo is what a program does."""
    if place.word not in _MINDING or place.at(1) != "que" or place.start != "first":
        return False
    clause = (token.word for token in place.tokens[place.index + 2 : place.index + 8])
    return any(one.cls in ("U", "UU") for word in clause if not third_person(word) for one in readings(word))


def _after_clause(place: Place, verb: str) -> bool:
    """Para guardarlo, pulsa; en el menú, elige; primero, crea; si falla, reinicia; Ana, mira."""
    first = place.tokens[0].word
    if _after_purpose(place):
        return True
    if sum(token.closed for token in place.tokens[: place.index]) != 1 or _reported(place):
        return False
    called = place.index == 1 and place.calls and (place.with_object or place.word in _USUAL)
    if called or (first in _STEPS and (place.index == 1 or place.tokens[place.index - 1].word in _STEPS)):
        return True
    if (
        first in ("si", "cuando")
        and place.tokens[1].word != "bien"
        and (place.word in _USUAL or verb in _PERSONAL or place.with_object)
    ):
        return _happens(place)
    return False


def _happens(place: Place) -> bool:
    """Si el error persiste, cuando termine: a thing does that, somebody else has to do the rest."""
    clause = [token.word for token in place.tokens[1 : place.index]]
    return not _HAPPENING.isdisjoint(clause) or (
        place.tokens[0].word == "cuando"
        and any(
            one.cls == "U" and not third_person(word) and word not in _FUNCTION
            for word in clause
            for one in readings(word)
        )
    )


def _after_purpose(place: Place) -> bool:
    """Para guardarlo, pulsa; para más información, consulta; en el menú, elige."""
    first, second = (token.word for token in place.tokens[:2])
    if sum(token.closed for token in place.tokens[: place.index]) != 1:
        return False
    if first == "para":
        return second in ("más", "mayor") or _INFINITIVE.search(second) is not None
    led = first in ("en", "desde") and second not in _NO_PLACES
    return led and (place.word in _LABELS or place.word in _USUAL)
