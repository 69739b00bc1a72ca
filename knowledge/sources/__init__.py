"""Where documents come from, opened by the kind that the configuration names."""

import importlib
import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

from knowledge.documents import Source
from knowledge.errors import KnowledgeError

_KINDS = {
    "folder": ("knowledge.sources.folder", "FolderSource"),
}
KINDS: frozenset[str] = frozenset(_KINDS)
"""Kinds of sources that can be opened."""


def open_source(kind: str, name: str, options: Mapping[str, Any]) -> Source:
    """The source of a kind with its own options (`path` for a folder); raises `KnowledgeError`."""
    if kind not in _KINDS:
        raise KnowledgeError(f"Source `{name}`: there is no kind `{kind}`; {_nearest(kind, KINDS)}.")
    module, attribute = _KINDS[kind]
    factory = getattr(importlib.import_module(module), attribute)
    known = [key for key in inspect.signature(factory).parameters if key != "name"]
    if unknown := sorted(set(options) - set(known)):
        raise KnowledgeError(
            f"Source `{name}`: a {kind} has no option `{unknown[0]}`; {_nearest(unknown[0], known)}."
        )
    try:
        return cast("Source", factory(name, **options))
    except TypeError:
        missing = ", ".join(f"`{key}`" for key in known if key not in options)
        raise KnowledgeError(f"Source `{name}`: a {kind} needs more options; it takes {missing}.") from None


def _nearest(word: str, known: "frozenset[str] | list[str]") -> str:
    close = get_close_matches(word, known, n=1, cutoff=0)
    return f"the nearest is `{close[0]}`" if close else "there is none"
