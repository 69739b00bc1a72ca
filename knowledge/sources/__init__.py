"""Where documents come from, opened by the kind that the configuration names.

Other packages add kinds by an entry point of the group `vocero.sources`: its name is the kind, and it leads
to what `open_source` calls, a class or a function `(name, *, …options) -> Source`. One with a parameter
`surroundings` is given `Surroundings`. `knowledge.sources.testing` is what every source must pass.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from knowledge.documents import Source
from knowledge.errors import KnowledgeError

GROUP = "vocero.sources"
_KINDS = {
    "folder": ("knowledge.sources.folder", "FolderSource"),
    "web": ("knowledge.sources.web", "WebSource"),
    "git": ("knowledge.sources.git", "GitSource"),
    "sql": ("knowledge.sources.sql", "SqlSource"),
    "s3": ("knowledge.sources.s3", "S3Source"),
    "confluence": ("knowledge.sources.confluence", "ConfluenceSource"),
    "notion": ("knowledge.sources.notion", "NotionSource"),
    "drive": ("knowledge.sources.drive", "DriveSource"),
    "slack": ("knowledge.sources.slack", "SlackSource"),
    "discord": ("knowledge.sources.discord", "DiscordSource"),
    "answers": ("knowledge.sources.answers", "AnswersSource"),
}
OFFICIAL = "answers"
"""The kind of the reviewed answers, which win over what other sources say."""
KINDS: frozenset[str] = frozenset(_KINDS)
"""Kinds of sources that come along."""
WITH_READERS: frozenset[str] = frozenset({"confluence", "drive"})
"""Those among them whose documents may have readers of their own."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source is given besides its own options."""

    cache: Path
    """A folder of its own for what it can fetch again; it may be deleted at any time."""
    allow: tuple[str, ...] = ()
    """Private addresses that may be reached, as in an allow-list."""
    database: str = field(default="", repr=False)
    """Address of the relational database, for what is kept there."""


def plugin_kinds() -> frozenset[str]:
    """Kinds that other installed packages add; what comes along cannot be replaced."""
    from importlib.metadata import entry_points

    return frozenset(entry_points(group=GROUP).names) - KINDS


def open_source(
    kind: str, name: str, options: Mapping[str, Any], surroundings: Surroundings | None = None
) -> Source:
    """The source of a kind with its own options (`path` for a folder); raises `KnowledgeError`."""
    factory = _factory(kind, name)
    parameters = inspect.signature(factory).parameters
    open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    known = [
        key
        for key, one in parameters.items()
        if key not in ("name", "surroundings") and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    if (unknown := sorted(set(options) - set(known))) and not open_ended:
        raise KnowledgeError(
            f"Source `{name}`: a {kind} has no option `{unknown[0]}`; {_nearest(unknown[0], known)}."
        )
    if missing := [
        key for key in known if parameters[key].default is inspect.Parameter.empty and key not in options
    ]:
        raise KnowledgeError(f"Source `{name}`: a {kind} needs `{missing[0]}`; add it.")
    given = dict(options)
    if "surroundings" in parameters:
        if surroundings is None and parameters["surroundings"].default is inspect.Parameter.empty:
            raise KnowledgeError(f"Source `{name}`: a {kind} needs a folder for its cache.")
        given["surroundings"] = surroundings
    source: Source = factory(name, **given)
    return source


def _factory(kind: str, name: str) -> Callable[..., Source]:
    if kind in _KINDS:
        module, attribute = _KINDS[kind]
        factory: Callable[..., Source] = getattr(importlib.import_module(module), attribute)
        return factory
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group=GROUP, name=kind)), None)
    if found is None:
        raise KnowledgeError(
            f"Source `{name}`: there is no kind `{kind}`; {_nearest(kind, sorted(KINDS | plugin_kinds()))}."
        )
    try:
        factory = found.load()
    except Exception as error:
        raise KnowledgeError(
            f"Source `{name}`: the kind `{kind}` of `{found.value}` cannot be loaded "
            f"({type(error).__name__}: {error}); install its package again."
        ) from error
    return factory


def _nearest(word: str, known: "list[str]") -> str:
    close = get_close_matches(word, known, n=1, cutoff=0)
    return f"the nearest is `{close[0]}`" if close else "there is none"
