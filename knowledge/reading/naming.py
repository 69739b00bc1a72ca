"""Names that readers give: anchors of headings, titles of documents that have none, dates."""

import re
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

_INDEXES = frozenset({"index", "readme", "_index", "default"})
_SEPARATORS = re.compile(r"[\s_]+|(?<=\w)-+(?=\w)|-{2,}")
_SITE = re.compile(r"\s+[|·•»–—-]\s+")
_NOT_SLUG = re.compile(r"[^\w\- ]")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return _NOT_SLUG.sub("", heading.strip().lower()).replace(" ", "-")


class Anchors:
    """Anchors of one document's headings: a repeated one is numbered, as GitHub does it."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, heading: str, named: str = "") -> str:
        """The anchor that a heading names itself, or its slug."""
        if named:
            return named
        anchor = slug(heading)
        count = self._seen.get(anchor, -1) + 1
        self._seen[anchor] = count
        return f"{anchor}-{count}" if count else anchor


def title_of(document: str) -> str:
    """A readable form of a path: its file's name in words, its folder's for an index."""
    path = PurePosixPath(document)
    name = path.stem
    if name.lower() in _INDEXES and path.parent.name:
        name = path.parent.name
    words = _SEPARATORS.sub(" ", name).strip() or path.name
    return words[0].upper() + words[1:] if words.islower() else words


def titled(stated: str, first_heading: str) -> str:
    """The title of a page: what it states, without the site's name when the rest is its first heading.

    `Vacaciones | Intranet de ACME`, `Vacaciones - ACME`: the heading says what the page is.
    """
    page = _SITE.split(stated)[0]
    return first_heading if first_heading and _squeezed(page) == _squeezed(first_heading) else stated


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def moment(value: object, *, month_first: bool = False) -> datetime | None:
    """A date as metadata state it, in UTC; None when it cannot be told (03/04/2026) or is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, str):
        return None
    try:
        return moment(datetime.fromisoformat(value.strip()))
    except ValueError:
        return _written(value, month_first)


def _written(value: str, month_first: bool) -> datetime | None:
    if found := _ISO.search(value):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.search(value):
        day, month, year = map(int, found.groups())
        if month_first or month > 12:
            day, month = month, day
        elif day <= 12 and day != month:
            return None
    else:
        return None
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
