"""Who may read one document, where its service says so.

A reader is an opaque string: a person, group or domain as the service names it. Who that is in chat is not
known here.
"""

import json
from collections.abc import Iterable, Set
from functools import lru_cache

Readers = tuple[frozenset[str], ...]
"""Lists of readers, each of which must let a person through; none: everyone who may read the source."""

EVERYONE = "*"
"""Stands, where one searches by readers, for what everyone may read who may read the source."""


def permits(readers: Readers, identities: Set[str] | None) -> bool:
    """Whether somebody (or each of several people) known by these identities may read; None: who may all."""
    return identities is None or all(not listed.isdisjoint(identities) for listed in readers)


def all_of(lists: Iterable[frozenset[str] | None]) -> Readers:
    """Readers that each of these lists lets through; None lets everyone through."""
    return tuple(sorted({listed for listed in lists if listed is not None}, key=sorted))


def dump_readers(readers: Readers) -> str | None:
    """As the manifest keeps them: the same readers, the same text."""
    if not readers:
        return None
    return json.dumps(sorted(sorted(listed) for listed in readers), ensure_ascii=False)


@lru_cache(maxsize=16_384)
def load_readers(written: str | None) -> Readers:
    """What `dump_readers` wrote."""
    return tuple(frozenset(listed) for listed in json.loads(written)) if written else ()
