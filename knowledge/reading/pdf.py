"""PDF: lines as they lie on the page, put together again into headings, paragraphs and lists."""

import re
import unicodedata
from ctypes import c_int, create_string_buffer
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from threading import Lock
from typing import Any

import pypdfium2 as pdfium

from knowledge.documents import Document
from knowledge.errors import UnreadableError
from knowledge.reading.containers import stated_title
from knowledge.reading.lines import Line
from knowledge.reading.pages import blocks_of, squeezed, without_frames

# PDFium is one program for the whole process and not made for threads.
_LOCK = Lock()

_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:Z|([+-])(\d{2})'?(\d{2})?)?")
_STRAY = str.maketrans({"\x02": "\ufffe", "\x00": None})
_SOFT_HYPHEN = re.compile(r"[\ufffe\xad]\s*(?=[a-záéíóúñüç])")
_MARKER = re.compile(r"[^\w\s]|[o\uf000-\uf0ff]|\(?\w{1,2}[.)]")
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_BOLD_WEIGHT = 600
# A gap this many times as wide as the line is high parts two cells of a table.
_CELL_GAP = 1.2


def read(content: bytes, title: str) -> Document:
    """The document in a PDF file."""
    with _LOCK:
        try:
            file = pdfium.PdfDocument(content)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_PASSWORD:
                raise UnreadableError(
                    "encrypted", "is protected by a password: save it without one."
                ) from None
            raise
        try:
            pages = [_lines(file[index], index + 1) for index in range(len(file))]
            outline = _outline(file)
            metadata = file.get_metadata_dict()
        finally:
            file.close()
    bare = sum(not page for page in pages)
    if bare == len(pages):
        raise UnreadableError(
            "no_text", "holds pictures of text only (a scan): have its text recognised (OCR)."
        )
    _check_readable(pages)
    blocks = blocks_of(without_frames(pages), outline)
    first = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    notes = [f"{bare} of {len(pages)} pages have no text"] if bare else []
    if b"%%EOF" not in content[-2048:]:
        notes.append("the end of the file is missing: pages may be lost")
    dated = _moment(metadata.get("ModDate", "")) or _moment(metadata.get("CreationDate", ""))
    return Document(stated_title(metadata.get("Title")) or first or title, tuple(blocks), dated, tuple(notes))


def _lines(page: Any, number: int) -> list[Line]:
    """The lines of a page in the order in which PDFium reads them."""
    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range().translate(_STRAY)
        characters = _Characters(text_page)
        height = page.get_height() or 1.0
        lines: list[Line] = []
        start = 0
        for raw in text.split("\n"):
            if stripped := raw.strip():
                lines.append(_line(characters, stripped, start + raw.index(stripped), height, number))
            start += len(raw) + 1
        return lines
    finally:
        text_page.close()
        page.close()


def _line(characters: "_Characters", text: str, first: int, height: float, number: int) -> Line:
    begin, end = characters.box(first), characters.box(first + len(text) - 1)
    # Bullets and numbers are often set in another size than what they stand before.
    letter = next((i for i, sign in enumerate(text) if sign.isalpha()), 0)
    typical = characters.box(first + letter)
    if begin is None or end is None or typical is None:
        return Line(_joined(text), number)
    _, bottom, _, top = typical
    return Line(
        _joined(text),
        number,
        size=top - bottom,
        bold=characters.bold(first + letter) and characters.bold(first + len(text) - 1),
        left=begin[0],
        right=end[2],
        top=1 - top / height,
        bottom=1 - bottom / height,
        page_height=height,
        cells=_cells(characters, text, first, top - bottom),
    )


def _cells(
    characters: "_Characters", text: str, first: int, size: float
) -> tuple[tuple[float, float, str], ...]:
    """The line cut where it has wide gaps: left, right and text of every part."""
    starts = [0]
    ends: list[int] = []
    for gap in re.finditer(r"\s+", text):
        before, after = characters.box(first + gap.start() - 1), characters.box(first + gap.end())
        if before and after and after[0] - before[2] > _CELL_GAP * size:
            ends.append(gap.start())
            starts.append(gap.end())
    if not ends:
        return ()
    cells: list[tuple[float, float, str]] = []
    for start, end in zip(starts, [*ends, len(text)], strict=True):
        left, right = characters.box(first + start), characters.box(first + end - 1)
        if left is None or right is None:
            return ()
        cells.append((left[0], right[2], _joined(text[start:end])))
    if _MARKER.fullmatch(cells[0][2]):
        cells[:2] = [(cells[0][0], cells[1][1], f"{cells[0][2]} {cells[1][2]}")]
    return tuple(cells) if len(cells) > 1 else ()


def _joined(text: str) -> str:
    """On one line, words whole that were parted at a line's end."""
    return " ".join(_SOFT_HYPHEN.sub("", text).replace("\ufffe", "-").replace("\xad", "").split())


class _Characters:
    """Where the characters of a page lie, by their place in its text."""

    def __init__(self, text_page: Any) -> None:
        self._page = text_page
        self._boxes: dict[int, tuple[float, float, float, float] | None] = {}

    def box(self, index: int) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of a character with its font's full height."""
        if index not in self._boxes:
            self._boxes[index] = self._found(index)
        return self._boxes[index]

    def _found(self, index: int) -> tuple[float, float, float, float] | None:
        place = pdfium.raw.FPDFText_GetCharIndexFromTextIndex(self._page, index)
        try:
            box: tuple[float, float, float, float] = self._page.get_charbox(place, loose=True)
        except pdfium.PdfiumError:
            return None
        return box

    def bold(self, index: int) -> bool:
        """Whether a character's font is bold, by its weight or its name."""
        place = pdfium.raw.FPDFText_GetCharIndexFromTextIndex(self._page, index)
        if pdfium.raw.FPDFText_GetFontWeight(self._page, place) >= _BOLD_WEIGHT:
            return True
        name = create_string_buffer(128)
        pdfium.raw.FPDFText_GetFontInfo(self._page, place, name, 128, c_int())
        return bool(_BOLD_NAME.search(name.value))


def _outline(file: Any) -> dict[str, int]:
    """Levels of the headings that the file's own table of contents names."""
    levels: dict[str, int] = {}
    for bookmark in islice(file.get_toc(), 2000):
        levels.setdefault(squeezed(bookmark.get_title()), bookmark.level + 1)
    return levels


def _check_readable(pages: list[list[Line]]) -> None:
    """Raises `UnreadableError` when the fonts do not say which letters their signs are."""
    sample = "".join(line.text for page in pages[:20] for line in page)[:20_000]
    strange = sum(unicodedata.category(sign) in ("Co", "Cn", "Cc") or sign == "\ufffd" for sign in sample)
    if strange > 0.3 * len(sample):
        raise UnreadableError(
            "encoding", "has fonts that do not tell its letters: export it again, or use OCR."
        )


def _moment(stated: str) -> datetime | None:
    """`D:20260301120000+01'00'` in UTC."""
    found = _DATE.match(stated)
    if found is None:
        return None
    parts = zip(found.groups()[:6], "011000", strict=True)
    year, month, day, hour, minute, second = (int(part or default) for part, default in parts)
    offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0)) * (-1 if found[7] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
