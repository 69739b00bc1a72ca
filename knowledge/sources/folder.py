"""Documents in a folder of this machine and the folders below it."""

import asyncio
import os
import stat
import time
import unicodedata
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.reading import SUPPORTED, check_size, unsupported
from knowledge.sources import Surroundings
from knowledge.sources.checkout import commit_dates
from knowledge.sources.patterns import Patterns

NOT_DOCUMENTS = frozenset(
    """.png .jpg .jpeg .gif .svg .webp .bmp .ico .tif .tiff .heic .avif .css .scss .js .mjs .map .woff .woff2
    .ttf .otf .eot .lnk .url .tmp .bak .swp .part .crdownload""".split()
)
"""Endings of files that nobody expects to be read: pictures, a web page's equipment, leftovers."""
_LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})

# Clocks of file systems tick every few milliseconds: two changes within a tick leave the same times.
_TICK_SECONDS = 0.02
_TRIES = 3
_AWAY_SECONDS = 5.0


class FolderSource:
    """All files below a folder, by their path relative to it.

    Hidden files, lock files of office programs, what is obviously no document (`NOT_DOCUMENTS`) and links
    that lead out of the folder are left out. `include` and `exclude` are patterns as in `.gitignore`. In a
    work tree of Git, a file is as old as the last commit that changed it; elsewhere, and once it is edited,
    as its own time says.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        surroundings: Surroundings | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._cache = surroundings.cache if surroundings else None
        self._root = Path(path).expanduser().absolute()
        self._patterns = Patterns(include, exclude)

    def list(self) -> Iterator[Listed]:
        """Every document there is, sorted; raises `SourceError` unless the listing is complete."""
        try:
            found = dict(self._walk())
        except OSError as error:
            raise SourceError(self._trouble(error)) from error
        committed = commit_dates(self._root, self._cache, found) if self._cache else {}
        for document in sorted(found):
            status = found[document]
            modified = committed.get(document) or datetime.fromtimestamp(status.st_mtime, UTC)
            yield Listed(document, _signal(status), modified=modified)

    def fetch(self, listed: Listed) -> Fetched:
        """The content as it is now; `SourceError` when the whole folder is gone, else `UnreadableError`."""
        name = listed.document
        if PurePosixPath(name).suffix.lower() not in SUPPORTED:
            raise unsupported(name)
        try:
            return Fetched(name, self._content(name))
        except FileNotFoundError as error:
            if not self._root.is_dir():
                raise SourceError(self._trouble(error)) from error
            raise UnreadableError("vanished", f"`{name}` is gone since it was listed.") from error
        except OSError as error:
            raise UnreadableError(
                "unreadable", f"`{name}` cannot be opened ({_cause(error)}): check its permissions."
            ) from error

    async def changes(self) -> AsyncIterator[None]:
        """One for each time that a document was written, moved or deleted; the folder may be away between."""
        from watchfiles import awatch

        while True:
            if self._root.is_dir():
                with suppress(OSError):
                    async for _ in awatch(self._root, watch_filter=_is_shown, ignore_permission_denied=True):
                        yield
                        if not self._root.is_dir():
                            break
            await asyncio.sleep(_AWAY_SECONDS)

    def close(self) -> None:
        """Nothing is held open."""

    def _trouble(self, error: OSError) -> str:
        where = os.fsencode(error.filename or self._root).decode(errors="backslashreplace")
        return (
            f"Source `{self.name}`: `{where}` cannot be read as a folder ({_cause(error)}): "
            "check its path and permissions."
        )

    def _walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Names and states of the documents: folders by their own names first, then what links add."""
        root = os.path.realpath(self._root)
        seen = {_identity(Path(root).stat())}
        pending = [(root, "")]
        links: deque[tuple[str, str]] = deque()
        while pending or links:
            folder, prefix = pending.pop() if pending else links.popleft()
            if prefix and (identity := _identity(Path(folder).stat())) in seen:
                continue
            if prefix:
                seen.add(identity)
            for entry, name in _entries(folder):
                document = prefix + name
                linked = entry.is_symlink()
                if (linked and not _inside(entry.path, root)) or self._patterns.exclude(document):
                    continue
                if entry.is_dir():
                    (links if linked else pending).append((entry.path, document + "/"))
                elif entry.is_file() and self._includes(document):
                    # A file that went away meanwhile is not there.
                    with suppress(FileNotFoundError):
                        yield document, entry.stat()

    def _includes(self, document: str) -> bool:
        if os.path.splitext(document)[1].lower() in NOT_DOCUMENTS:  # noqa: PTH122 - Path costs five times as much
            return False
        return self._patterns.include(document)

    def _content(self, name: str) -> bytes:
        """The content at one moment: read again while the file changes under the reader's hands."""
        path = self._locate(name)
        for _ in range(_TRIES):
            before = path.stat()
            if not stat.S_ISREG(before.st_mode):
                raise FileNotFoundError(name)
            check_size(name, before.st_size)
            # After the tick of its last change has passed, another change cannot look like none.
            age = time.time() - before.st_ctime
            if 0 <= age < _TICK_SECONDS:
                time.sleep(_TICK_SECONDS - age)
            content = path.read_bytes()
            if _signal(path.stat()) == _signal(before):
                return content
        raise UnreadableError("changing", f"`{name}` changes while it is read: it is tried again next time.")

    def _locate(self, name: str) -> Path:
        """The path of a listed document, whose name may be written otherwise on the disk."""
        root = os.path.realpath(self._root)
        path = os.path.join(root, name)  # noqa: PTH118 - may hold bytes that are no text
        if not os.path.exists(path):  # noqa: PTH110
            path = root
            for part in name.split("/"):
                path = next((entry.path for entry, given in _entries(path) if given == part), "")
                if not path:
                    raise FileNotFoundError(name)
        if not _inside(path, root):
            raise FileNotFoundError(name)
        return Path(path)


def _is_shown(_: object, path: str) -> bool:
    """Whether a change is to something that may be a document."""
    name = os.path.basename(path)  # noqa: PTH119 - may hold bytes that are no text
    dull = os.path.splitext(name)[1].lower() in NOT_DOCUMENTS  # noqa: PTH122
    return not name.startswith((".", "~$")) and not name.endswith("~") and not dull


def _entries(folder: str) -> Iterator[tuple["os.DirEntry[str]", str]]:
    """What is in a folder and not hidden, sorted, each with a name of its own that is valid text."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    taken = {entry.name for entry in entries if entry.name.isascii() or _readable(entry.name) == entry.name}
    for entry in entries:
        raw = entry.name
        if raw.startswith((".", "~$")) or raw.endswith("~") or raw.lower() in _LITTER:
            continue
        if raw in taken:
            yield entry, raw
            continue
        name = _readable(raw)
        if name in taken:
            name = os.fsencode(raw).decode("utf-8", "backslashreplace")
        taken.add(name)
        yield entry, name


def _readable(raw: str) -> str:
    """A file's name as valid text, with accents as single letters whatever system wrote it."""
    try:
        raw.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(raw).decode("cp1252", "replace")
    return unicodedata.normalize("NFC", raw)


def _inside(path: str, root: str) -> bool:
    """Whether a path leads to something below the root; a broken link and a ring of links do not."""
    try:
        return os.path.realpath(path, strict=True).startswith(root.rstrip(os.sep) + os.sep)
    except OSError:
        return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _signal(status: os.stat_result) -> str:
    """Times of the content and of the entry, size and identity: an edit that keeps one changes another."""
    return f"{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}:{status.st_ino}"


def _cause(error: OSError) -> str:
    return error.strerror or type(error).__name__
