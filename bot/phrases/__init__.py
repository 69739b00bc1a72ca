"""What the bot says itself: templates in data files, rendered in a language and a form of address."""

import re
import tomllib
import zlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal

Language = Literal["es", "en", "pt"]
Singular = Literal["vos", "tú", "usted"]
Plural = Literal["ustedes", "vosotros"]

OUTCOMES: Final = {
    "answered": "status_answered",
    "not_found": "status_not_found",
    "refused": "status_refused",
    "failed": "status_failed_turns",
}
"""The phrase for turns that ended so, by outcome."""
_SLOT: Final = re.compile(r"\{([^{}]+)\}")
_MONTHS: Final = {
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "en": "January February March April May June July August September October November December",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}


class Phrases:
    """The bot's phrases in one language and, in Spanish, one form of address."""

    def __init__(
        self,
        language: Language,
        singular: Singular | None = None,
        plural: Plural | None = None,
        *,
        negative_voseo: bool = False,
    ) -> None:
        """Without a form of address Spanish uses usted and ustedes.

        `negative_voseo`: «no hagás» instead of «no hagas».
        """
        self.language = language
        self._singular = singular or "usted"
        self._plural = plural or "ustedes"
        self._negative_voseo = negative_voseo

    def render(self, key: str, /, seed: str = "", **values: object) -> str:
        """The phrase `key`; among variants the same `seed` always picks the same one."""
        return _SLOT.sub(lambda slot: self._fill(slot[1], values), self.template(key, seed))

    def template(self, key: str, seed: str = "") -> str:
        """The phrase with its slots open."""
        phrases = load(self.language)
        formal = self.language == "es" and self._singular == "usted"
        found = phrases.get(f"{key}.formal") if formal else None
        variants = found or phrases[key]
        return variants[zlib.crc32(seed.encode()) % len(variants)]

    def date(self, day: date) -> str:
        """A day in words: 3 de marzo de 2026."""
        month = _MONTHS[self.language].split()[day.month - 1]
        return (
            f"{day.day} {month} {day.year}"
            if self.language == "en"
            else f"{day.day} de {month} de {day.year}"
        )

    def _fill(self, slot: str, values: dict[str, object]) -> str:
        if slot.startswith("@") or ":" in slot:
            # Loads the verb table: only Spanish has such slots.
            from bot.register.address import render_slot

            return render_slot(slot, self._singular, self._plural, negative_voseo=self._negative_voseo)
        name, _, nouns = slot.partition("#")
        value = values[name]
        if nouns:
            one, many = nouns.split("|")
            return f"{value} {one if value == 1 else many}"
        return self.date(value) if isinstance(value, date) else str(value)


@cache
def load(language: Language) -> dict[str, tuple[str, ...]]:
    """Every phrase of a language: its variants by key."""
    text = (Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8")
    return {key: (one,) if isinstance(one, str) else tuple(one) for key, one in tomllib.loads(text).items()}
