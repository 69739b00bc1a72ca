"""What is meant by a name that someone gives: a source, or one document of one."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SHOWN = 5
_LIKE = 0.5
"""How alike a name must be to be offered."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be read."""

    source: str
    document: str | None = None
    """None: the whole source."""

    def __str__(self) -> str:
        return f"{self.source}/{self.document}" if self.document is not None else self.source


@dataclass(frozen=True, slots=True)
class Unclear:
    """A name that means nothing, or several things."""

    candidates: tuple[str, ...]
    """Those that it may mean, or the nearest ones."""
    ambiguous: bool


Known = Iterable[tuple[str, str, str | None]]
"""Source, document and address of each document that is known."""


def find(name: str, sources: Sequence[str], known: Known) -> Target | Unclear:
    """A source, `source/document`, a document's path, id or address, or the end of its path.

    A document that nobody knows yet must be named with its source.
    """
    if name in sources:
        return Target(name)
    documents = list(known)
    exact = [
        Target(source, document)
        for source, document, url in documents
        if name in (document, url, f"{source}/{document}", f"{source}:{document}")
    ]
    folded = name.casefold().strip("/")
    like = exact or [
        Target(source, document)
        for source, document, _ in documents
        if f"/{source}/{document}".casefold().endswith(f"/{folded}")
    ]
    if len(like) == 1:
        return like[0]
    if like:
        return Unclear(tuple(sorted(map(str, like))[:_SHOWN]), ambiguous=True)
    source, slash, rest = name.partition("/") if "/" in name else name.partition(":")
    if slash and rest and source in sources:
        return Target(source, rest)
    return Unclear(_nearest(folded, sources, documents), ambiguous=False)


def _nearest(
    name: str, sources: Sequence[str], documents: Sequence[tuple[str, str, str | None]]
) -> tuple[str, ...]:
    """The sources and documents called most alike; sources, where nothing is."""
    called: dict[str, str] = {source.casefold(): source for source in sources}
    for source, document, _ in documents:
        for spelling in (document, document.rpartition("/")[2]):
            called.setdefault(spelling.casefold(), str(Target(source, document)))
    near = difflib.get_close_matches(name, called, n=3, cutoff=_LIKE)
    return tuple(dict.fromkeys(called[one] for one in near)) or tuple(sources[:_SHOWN])
