"""What is remembered of a website between two listings. It may be lost: then every page is had whole."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """An address as it answered last time."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str = ""
    """Of the content; empty where there never was one."""
    links: tuple[str, ...] = ()
    canonical: str | None = None
    listed: bool = True
    """False for what asks not to be listed, and for what is no document."""
    final: str | None = None
    """Where it leads instead."""

    def conditions(self) -> dict[str, str]:
        """The headers that ask for it only if it changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value and self.digest}


class Memory:
    """What was seen, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _load(path)
        self.now: dict[str, Seen] = {}
        """What this listing has seen."""

    def before(self, url: str) -> Seen | None:
        """What was seen there before."""
        return self._known.get(url)

    def save(self, *, whole: bool) -> None:
        """Keeps what was seen; after a listing of the `whole`, nothing else."""
        known = self.now if whole else {**self._known, **self.now}
        if known == self._known:
            return
        self._known = dict(known)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        pages = {url: asdict(seen) for url, seen in known.items()}
        part.write_text(json.dumps({"version": _VERSION, "pages": pages}), encoding="utf-8")
        part.replace(self._path)


def _load(path: Path) -> Mapping[str, Seen]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            return {}
        return {url: Seen(**{**seen, "links": tuple(seen["links"])}) for url, seen in stored["pages"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
