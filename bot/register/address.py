"""Pronouns, clitics and verb slots for every form of address."""

import re
from typing import Final, cast, get_args

from bot.register.conjugation import Person, Tense, conjugate
from bot.register.stress import accented, stressed

_TENSES: Final = get_args(Tense)
_PRONOUNS: Final[dict[str, dict[Person, str]]] = {
    "subject": {"tú": "tú", "vos": "vos", "usted": "usted", "ustedes": "ustedes", "vosotros": "vosotros"},
    # Le, les for the person addressed: polite, and the same for women and men.
    "object": {"tú": "te", "vos": "te", "usted": "le", "ustedes": "les", "vosotros": "os"},
    "reflexive": {"tú": "te", "vos": "te", "usted": "se", "ustedes": "se", "vosotros": "os"},
    "prepositional": {
        "tú": "ti", "vos": "vos", "usted": "usted", "ustedes": "ustedes", "vosotros": "vosotros",
    },
    "with": {
        "tú": "contigo", "vos": "con vos", "usted": "con usted", "ustedes": "con ustedes",
        "vosotros": "con vosotros",
    },
    "your": {"tú": "tu", "vos": "tu", "usted": "su", "ustedes": "su", "vosotros": "vuestro"},
    "your.f": {"tú": "tu", "vos": "tu", "usted": "su", "ustedes": "su", "vosotros": "vuestra"},
    "your.mp": {"tú": "tus", "vos": "tus", "usted": "sus", "ustedes": "sus", "vosotros": "vuestros"},
    "your.fp": {"tú": "tus", "vos": "tus", "usted": "sus", "ustedes": "sus", "vosotros": "vuestras"},
}  # fmt: skip


_SLOT: Final = re.compile(
    r"(?P<name>@?[\w.]+?)(?::(?P<tense>(?!plural)\w+)(?P<clitics>[+@\w]*))?(?P<plural>:plural)?"
)


class SlotError(ValueError):
    """A template holds a slot that means nothing."""


def render_slot(slot: str, singular: Person, plural: Person, *, negative_voseo: bool = False) -> str:
    """One slot of a template: `decir:imperative+me` → decime, dime, dígame; `@your.f` → tu, su, vuestra."""
    parts = _SLOT.fullmatch(slot)
    if parts is None:
        raise SlotError(f"`{{{slot}}}` is not a slot: write {{verb:tense+clitic}} or {{@pronoun}}.")
    person = plural if parts["plural"] else singular
    name = parts["name"]
    word = name.lstrip("@")
    if name.startswith("@"):
        form = _PRONOUNS[word.lower()][person]
    else:
        form = verb_form(word.lower(), parts["tense"], person, negative_voseo=negative_voseo)
        clitics = parts["clitics"].split("+")[1:]
        form = attach(form, *(_PRONOUNS[one[1:]][person] if one.startswith("@") else one for one in clitics))
    return form.capitalize() if word[0].isupper() else form


def verb_form(infinitive: str, tense: str, person: Person, *, negative_voseo: bool = False) -> str:
    """A form of a verb; `negative` is what follows no: no uses, no use, no uséis."""
    if tense == "negative":
        if person == "vos" and negative_voseo:
            return re.sub(r"([áé])is$", r"\1s", conjugate(infinitive, "subjunctive", "vosotros"))
        return conjugate(infinitive, "subjunctive", person)
    if tense not in _TENSES:
        raise SlotError(f"There is no tense `{tense}`: use negative, {', '.join(_TENSES)}.")
    return conjugate(infinitive, cast("Tense", tense), person)


def attach(form: str, *clitics: str) -> str:
    """Pronouns joined to an imperative, infinitive or gerund: decí + me + lo → decímelo."""
    if not clitics:
        return form
    place = stressed(form)
    if clitics[0] == "os" and form.endswith("d") and form != "id":
        form = form[:-1]
    return accented(form + "".join(clitics), place)
