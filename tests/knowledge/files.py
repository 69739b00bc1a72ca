"""Small files of every format, made in memory."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from knowledge.documents import Document, Fetched
from knowledge.reading import read

A4 = (595.0, 842.0)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

Placed = tuple[float, float, float, str, str]
"""Points from the left and from the top, size, `R`egular or `B`old, text."""


def read_bytes(name: str, content: bytes, media_type: str | None = None) -> Document:
    """The document that the reader finds in a file."""
    return read(Fetched(name, content, media_type))


def read_text(name: str, text: str) -> Document:
    """The document in a text file in UTF-8."""
    return read_bytes(name, text.encode())


def outline(document: Document) -> list[tuple[str, str]]:
    """Kind and text of every block."""
    return [(block.kind, block.text) for block in document.blocks]


def docx(build: Callable[[Any], object]) -> bytes:
    """A DOCX file that `build` fills through python-docx."""
    import docx as python_docx

    return _saved(python_docx.Document(), build)


def pptx(build: Callable[[Any], object]) -> bytes:
    """A PPTX file that `build` fills through python-pptx."""
    import pptx as python_pptx

    return _saved(python_pptx.Presentation(), build)


def xlsx(build: Callable[[Any], object]) -> bytes:
    """An XLSX file that `build` fills through openpyxl."""
    import openpyxl

    return _saved(openpyxl.Workbook(), build)


def _saved(file: Any, build: Callable[[Any], object]) -> bytes:
    build(file)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def paragraphs(*lines: str, top: float = 80, size: float = 11, left: float = 72) -> list[Placed]:
    """Lines of one paragraph below each other."""
    return [(left, top + index * size * 1.25, size, "R", line) for index, line in enumerate(lines)]


def pdf(pages: Sequence[Sequence[Placed]], *, locked: bool = False, info: str = "") -> bytes:
    """A PDF file with text at places; `locked` wants a password that nobody knows."""
    fonts = [_font("Helvetica"), _font("Helvetica-Bold")]
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", *fonts, f"<<{info}>>".encode("cp1252")]
    kids: list[bytes] = []
    for page in pages:
        stream = b"BT\n" + b"".join(map(_shown, page)) + b"ET"
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        resources = b"/Resources<</Font<</R 3 0 R/B 4 0 R>>>>"
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Contents %d 0 R%s>>"
            % (*A4, len(objects), resources)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    out = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    lock = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>" % (b"00" * 32, b"11" * 32)
    trailer = b"<</Size %d/Root 1 0 R/Info 5 0 R%s>>" % (len(objects) + 1, lock if locked else b"")
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n%s\nstartxref\n%d\n%%%%EOF" % (trailer, start)


def _font(name: str) -> bytes:
    return b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % name.encode()


def _shown(placed: Placed) -> bytes:
    left, top, size, font, text = placed
    escaped = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"/%s %g Tf 1 0 0 1 %g %g Tm (%s) Tj\n" % (font.encode(), size, left, A4[1] - top, escaped)
