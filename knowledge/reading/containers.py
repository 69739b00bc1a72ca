"""What DOCX, PPTX and XLSX have in common: a ZIP file that may be locked, older or a bomb; and properties."""

import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Protocol

from knowledge.errors import UnreadableError
from knowledge.reading.naming import moment

MAX_UNPACKED = 500 * 1024 * 1024
"""Size beyond which what a file unpacks to is not read."""

_OLE = b"\xd0\xcf\x11\xe0"
_OLDER = ("WordDocument", "Workbook", "PowerPoint Document")
_JUNK = re.compile(
    r"^microsoft (?:word|powerpoint|excel)\b|^(?:untitled|sin t[ií]tulo|word document)\b"
    r"|^(?:documento?|presentaci[oó]n|presentation|libro|book)\s?\d*$|\.(?:docx?|pptx?|xlsx?|odt|pdf)$"
    r"|^powerpoint(?: presentation|-präsentation)|^presentaci[oó]n de powerpoint",
    re.IGNORECASE,
)
# Dates of the empty templates that python-docx and python-pptx fill: no document was written then.
_TEMPLATES = frozenset(
    {datetime(2013, 12, 23, 23, 15, tzinfo=UTC), datetime(2013, 1, 27, 9, 15, 58, tzinfo=UTC)}
)


class Properties(Protocol):
    """What office programs note about a document."""

    title: str | None
    modified: datetime | None


def unpacked(content: bytes) -> io.BytesIO:
    """The file, known to be a ZIP of bearable size without a password; raises `UnreadableError`."""
    if content.startswith(_OLE):
        if any(name.encode("utf-16-le") in content for name in _OLDER):
            raise UnreadableError("unsupported", "is in an old binary format: save it in today's format.")
        raise UnreadableError("encrypted", "is protected by a password: save it without one.")
    file = io.BytesIO(content)
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError("encrypted", "is protected by a password: save it without one.")
    # A part is never read beyond the size that is declared here.
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        limit = MAX_UNPACKED // 1024**2
        raise UnreadableError("too_large", f"unpacks to more than the {limit} MB that are read: split it.")
    file.seek(0)
    return file


def stated_title(title: str | None) -> str:
    """A title that somebody gave, or nothing for what programs put there by themselves."""
    words = " ".join((title or "").split())
    return "" if _JUNK.search(words) else words


def stated_date(properties: Properties) -> datetime | None:
    """When the document was last changed, as it says itself."""
    modified = moment(properties.modified)
    return None if modified in _TEMPLATES else modified
