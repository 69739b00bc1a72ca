"""One document's bytes into its passages: everything between fetching and indexing, wherever it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from knowledge.chunking import chunk
from knowledge.documents import Document, Fetched, Listed, Passage
from knowledge.errors import UnreadableError
from knowledge.reading import read

_VERSION = 2  # raise it when reading or chunking comes to give other passages


@dataclass(frozen=True, slots=True)
class Recipe:
    """How documents become passages."""

    name: str
    """Of what counts word pieces: documents made by another recipe are read anew."""
    count: Callable[[str], int]
    window: int
    kept: str | None = None
    """Key of an earlier recipe that can no longer be followed: what it made is left as it is."""

    @property
    def key(self) -> str:
        """Two recipes of one key make the same passages."""
        return self.kept or f"{_VERSION}:{self.name}:{self.window}"


@dataclass(frozen=True, slots=True)
class Version:
    """What a document says now."""

    title: str
    notes: tuple[str, ...]
    passages: list[Passage]


def take_in(fetched: Fetched, listed: Listed, source: str, recipe: Recipe) -> Version:
    """Reads and cuts a document; raises `UnreadableError`, whatever its reader stumbles over."""
    try:
        document = _storable(read(fetched))
        passages = chunk(
            document,
            source=source,
            path=listed.document,
            count=recipe.count,
            url=listed.url,
            modified=listed.modified,
            window=recipe.window,
        )
    except UnreadableError:
        raise
    except Exception as error:  # a reader's bug must not keep the other documents out
        raise unexpected(listed, f"{type(error).__name__}: {error}") from error
    return Version(document.title, document.notes, passages)


def unexpected(listed: Listed, cause: str) -> UnreadableError:
    """What no reader foresaw."""
    return UnreadableError("unexpected", f"`{listed.document}` cannot be read ({cause}).")


def _storable(document: Document) -> Document:
    """The document without what no database takes: zero characters and halves of surrogate pairs."""
    if all(map(_is_storable, (document.title, *(block.text for block in document.blocks)))):
        return document
    blocks = tuple(
        replace(
            block, text=_stored(block.text), location=_stored(block.location), anchor=_stored(block.anchor)
        )
        for block in document.blocks
    )
    return replace(document, title=_stored(document.title), blocks=blocks)


def _is_storable(text: str) -> bool:
    return "\0" not in text and (text.isascii() or _stored(text) == text)


def _stored(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
