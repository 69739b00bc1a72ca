"""Files into documents: what a file holds, as blocks in reading order, whatever its format."""

import importlib
from pathlib import PurePosixPath

from knowledge.documents import Document, Fetched
from knowledge.errors import UnreadableError
from knowledge.reading.naming import title_of

MAX_BYTES = 50 * 1024 * 1024
"""Size of a file beyond which it is not read."""

_MODULES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".txt": "plain",
    ".text": "plain",
    ".log": "plain",
    ".rst": "plain",
    ".html": "hypertext",
    ".htm": "hypertext",
    ".xhtml": "hypertext",
    ".pdf": "pdf",
    ".docx": "word",
    ".pptx": "slides",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".csv": "separated",
    ".tsv": "separated",
    ".json": "records",
    ".jsonl": "records",
    ".ndjson": "records",
}
SUPPORTED: frozenset[str] = frozenset(_MODULES)
"""Endings of file names that are read."""

_MEDIA_TYPES = {
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
}
_OLDER = {
    ".doc": ".docx",
    ".xls": ".xlsx",
    ".ppt": ".pptx",
    ".odt": ".docx",
    ".ods": ".xlsx",
    ".odp": ".pptx",
}
_TEXTUAL = frozenset({"markdown", "plain", "hypertext", "separated", "records"})
_BINARY = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"\x7fELF",
)
_MARKUP = (b"<!doctype html", b"<html")


def read(fetched: Fetched) -> Document:
    """The document in a file; raises `UnreadableError` naming it and saying why it cannot be read."""
    name, content = fetched.document, fetched.content
    suffix = suffix_of(fetched)
    if suffix not in SUPPORTED:
        raise unsupported(name)
    check_size(name, len(content))
    if not content.strip():
        raise UnreadableError("empty", f"`{name}` is empty: fill it or remove it.")
    reader = importlib.import_module(f"{__name__}.{_module(suffix, content)}")
    try:
        if _MODULES[suffix] in _TEXTUAL and content.startswith(_BINARY):
            raise UnreadableError("binary", "is not text, whatever its name says: correct its ending.")
        document: Document = reader.read(content, title_of(name))
    except UnreadableError as error:
        raise UnreadableError(error.reason, f"`{name}` {error}") from None
    except Exception as error:
        kind = f"{suffix[1:].upper()} file"
        raise UnreadableError(
            "corrupt", f"`{name}` is no whole {kind} ({_cause(error)}): save it again from its program."
        ) from error
    if not any(block.text.strip() for block in document.blocks):
        raise UnreadableError("empty", f"`{name}` holds no text: fill it or remove it.")
    return document


def _module(suffix: str, content: bytes) -> str:
    """The reader of a format; a page saved under a text's name is still a page."""
    module = _MODULES[suffix]
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "hypertext" if module in _TEXTUAL and start.startswith(_MARKUP) else module


def suffix_of(fetched: Fetched) -> str:
    """The ending that decides how a file is read: the media type's where the source knows it."""
    media_type = (fetched.media_type or "").partition(";")[0].strip().lower()
    return _MEDIA_TYPES.get(media_type) or PurePosixPath(fetched.document).suffix.lower()


def unsupported(name: str) -> UnreadableError:
    """That files of this kind are not read, and what to do instead."""
    suffix = PurePosixPath(name).suffix.lower()
    kind = f"`{suffix}` files are" if suffix else "files without an ending are"
    better = f"as `{_OLDER[suffix]}`" if suffix in _OLDER else "in a format that is, or exclude it"
    return UnreadableError("unsupported", f"`{name}`: {kind} not read; save it {better}.")


def check_size(name: str, size: int) -> None:
    """Raises `UnreadableError` for a file too large to be a document."""
    if size > MAX_BYTES:
        megabytes, limit = size / 1024**2, MAX_BYTES // 1024**2
        raise UnreadableError(
            "too_large", f"`{name}` has {megabytes:.0f} MB, more than the {limit} MB that are read: split it."
        )


def _cause(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:100]}" if words else type(error).__name__
