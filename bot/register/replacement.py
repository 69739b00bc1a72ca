"""What another register says in place of a form of address."""

from typing import Final

from bot.register.address import attach, verb_form
from bot.register.conjugation import Person
from bot.register.forms import Class
from bot.register.place import Mark

_PLURAL: Final = frozenset({"UU", "W"})
_PREPOSITIONS: Final = frozenset(
    "a de en para por sin sobre hacia hasta desde contra ante tras mediante".split()
)
_PRONOUNS: Final[dict[Person, dict[str, str]]] = {
    "vos": {
        "tú": "vos", "ti": "vos", "contigo": "con vos", "usted": "vos", "ud": "vos", "vd": "vos",
    },
    "tú": {"vos": "tú", "usted": "tú", "ud": "tú", "vd": "tú"},
    "usted": {
        "tú": "usted", "vos": "usted", "ti": "usted", "contigo": "con usted", "te": "le", "tu": "su",
        "tus": "sus", "tuyo": "suyo", "tuya": "suya", "tuyos": "suyos", "tuyas": "suyas",
    },
    "ustedes": {
        "vosotros": "ustedes", "vosotras": "ustedes", "os": "les", "vuestro": "su", "vuestra": "su",
        "vuestros": "sus", "vuestras": "sus",
    },
    "vosotros": {"ustedes": "vosotros", "uds": "vosotros", "vds": "vosotros"},
}  # fmt: skip
_REFLEXIVE: Final[dict[Person, str]] = {
    "vos": "te",
    "tú": "te",
    "usted": "se",
    "ustedes": "se",
    "vosotros": "os",
}


def replacement(mark: Mark, cls: Class, singular: Person, plural: Person) -> str | None:
    """The word that `singular` and `plural` say instead; null where there is no single one."""
    person = plural if cls in _PLURAL else singular
    instead = _verb(mark, person) if mark.reading else _pronoun(mark, person)
    return _like(mark.token.text, instead) if instead else None


def _pronoun(mark: Mark, person: Person) -> str | None:
    word = "tú" if mark.cls == "T" and mark.token.word == "tu" else mark.token.word
    if word in ("te", "os") and mark.own:
        return _REFLEXIVE[person]
    if person == "tú" and word in ("vos", "usted", "ud", "vd"):
        if mark.before == "con":
            return None  # Contigo would have to take the place of con as well.
        if mark.before in _PREPOSITIONS:
            return "ti"
    return _PRONOUNS[person].get(word)


def _verb(mark: Mark, person: Person) -> str | None:
    reading = mark.reading
    assert reading is not None
    tense: str = reading.tense
    if tense == "imperative" and mark.negated and not reading.clitics:
        tense = "negative"
    if tense == "chilean":
        tense = "present"
    polite = person in ("usted", "ustedes")
    if polite and tense in ("infinitive", "gerund") and not mark.own:
        return None  # Registrarte is registrarse, ayudarte ayudarle.
    if reading.clitics == ("se",):
        clitics: tuple[str, ...] = (_REFLEXIVE[person],)
    else:  # Díselo: to somebody else.
        clitics = tuple(_REFLEXIVE[person] if one in ("te", "os") else one for one in reading.clitics)
    return attach(verb_form(reading.infinitive, tense, person), *clitics)


def _like(original: str, instead: str) -> str:
    """With the capitals of the original."""
    if original.isupper() and len(original) > 1:
        return instead.upper()
    return instead[0].upper() + instead[1:] if original[0].isupper() else instead
