"""The kinds of values that settings have: times, names, places, addresses."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.globs import is_glob

PLATFORMS = ("slack", "discord", "web", "terminal")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(?:\d{1,6}[smhdw])+", value):
        raise ValueError(f"is {value!r}; write a time such as '30s', '15m', '6h' or '1d'")
    spans = (timedelta(**{_UNITS[unit]: int(n)}) for n, unit in re.findall(r"(\d+)([smhdw])", value))
    total = sum(spans, timedelta())
    if not total:
        raise ValueError("is no time at all; write one such as '15m'")
    return total


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", value):
        raise ValueError(f"is {value!r}; use up to 63 letters without accents, digits, '-' and '_'")
    return value


def _cron(value: str) -> str:
    if not re.fullmatch(r"(?:[\d*/,\-a-zA-Z#?]+ +){4}[\d*/,\-a-zA-Z#?]+", value.strip()):
        raise ValueError(f"is {value!r}; write five fields, such as '0 6 * * 1-5' for six on working days")
    from bot.cron import Cron as Times  # loads the scheduler: only where there is one to check

    try:
        Times(value.strip())
    except ValueError as error:
        raise ValueError(
            f"is {value!r}, which is no time ({error}); '0 6 * * 1-5' is six on working days, for example"
        ) from None
    return value.strip()


def _place(value: str, *, glob: bool) -> str:
    """`platform:rest`, with a platform that exists."""
    platform, colon, rest = value.partition(":")
    if glob and is_glob(platform):
        return value
    if not colon or not rest or platform not in PLATFORMS:
        platforms = ", ".join(PLATFORMS)
        raise ValueError(
            f"is {value!r}; write 'platform:#name' or 'platform:id', a platform being {platforms}"
        )
    if not glob and is_glob(rest):
        raise ValueError(f"is {value!r}; it must name one place, without '*' or '?'")
    return value


def place_or_glob(value: str) -> str:
    """The value, if it is `platform:#name` or `platform:id`, perhaps with signs of a glob."""
    return _place(value, glob=True)


def one_place(value: str) -> str:
    """The value, if it is `platform:#name` or `platform:id`."""
    return _place(value, glob=False)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Name = Annotated[str, AfterValidator(_name)]
Cron = Annotated[str, AfterValidator(_cron)]
Glob = Annotated[str, AfterValidator(place_or_glob)]
Place = Annotated[str, AfterValidator(one_place)]
Base = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Table(BaseModel):
    """A table of the file: no key that does not exist, every value of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
