"""One sync of one source: what its listing says against what the manifest has, and nothing more than that."""

import difflib
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from knowledge.documents import Crawled, Fetched, Listed, Passage, Source
from knowledge.errors import SourceError, UnreadableError
from knowledge.index_writer import IndexWriter
from knowledge.intake import Recipe, Version, take_in, unexpected
from knowledge.manifest import Failure, Manifest, Record
from knowledge.pace import Pace
from knowledge.readers import dump_readers
from knowledge.worker import Run, WorkerDiedError, here

log = logging.getLogger(__name__)

# A batch becomes searchable as soon as it reaches one of these.
_DOCUMENTS, _CHARACTERS, _SECONDS = 500, 8_000_000, 3.0
# More deletions by one listing than this share of a source's documents look like an accident. A single one
# does not, in however small a source, unless it was the last.
SHARE, _FEWEST = 0.2, 2
# Seconds between two tellings of how many are listed so far.
_TELL = 0.5
# Failures to fetch that only another content can cure; any other is tried again every time.
_LASTING = frozenset({"unsupported", "too_large"})


Hindrance = Literal["stopped", "unlisted", "unreachable", "withheld", "unknown"]
"""Why a sync did not do all its work: it was told to stop; the source could not be listed; its documents
could not be fetched; more would have been deleted than is believed; there is no document of that name."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is."""

    source: str
    done: int
    """Documents looked at, out of `total`."""
    total: int | None
    """None while they are being listed."""
    chunks: int
    """New passages that are searchable."""
    left: float | None = None
    """Seconds that the rest takes at the pace so far; None where it is too early to say."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sync is to do besides reading what changed."""

    document: str | None = None
    """Only this one is read."""
    full: bool = False
    """Every document is read, changed or not."""
    allow_deletions: bool = False
    """A listing is believed however much is missing from it."""
    gone: Set[str] = frozenset()
    """Documents of which somebody has said that they are gone, should they not be listed."""
    share: float = SHARE
    """More deletions than this share of the documents are not believed."""
    run: int | None = None
    """The run's number; see `knowledge.fencing`."""


@dataclass(slots=True)
class SyncReport:
    """What a sync found and did."""

    source: str
    seen: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    moved: int = 0
    """How many of those added are a deleted one in another place, or under another name."""
    failed: list[Failure] = field(default_factory=list)
    """Documents that cannot be read as they are now; the version read before, if any, stays searchable."""
    chunks: int = 0
    """Passages of the source after it."""
    seconds: float = 0.0
    readers: int = 0
    """Documents indexed before that others may read than did."""
    known: int = 0
    """Documents that the source had before it."""
    withheld: int = 0
    """Documents that the listing lacks and that stay all the same: so many at once look like an accident."""
    missing: tuple[str, ...] = ()
    """Which those are."""
    problem: str | None = None
    """Why not all of it could be done."""
    hindrance: Hindrance | None = None
    """The same for machines."""
    cause: str = ""
    """What the source says of it, or the nearest name."""

    def counts(self) -> dict[str, int]:
        """The numbers that are kept."""
        names = ("seen", "added", "changed", "unchanged", "deleted", "moved", "withheld")
        return {name: getattr(self, name) for name in names}


EVERYTHING = Wanted()
"""What changed, of all documents."""


class Sync:
    """One run. Without a writer it counts the same and writes nothing."""

    def __init__(
        self,
        manifest: Manifest,
        source: Source,
        recipe: Recipe,
        writer: IndexWriter | None,
        wanted: Wanted,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
        give_way: Callable[[], None] = lambda: None,
        run: Run = here,
    ) -> None:
        self.report = SyncReport(source.name)
        self._source = source
        self._recipe = recipe
        self._writer = writer
        self._wanted = wanted
        self._progress = progress
        self._told = time.monotonic()
        self._stop = stop
        self._give_way = give_way
        self._run = run
        self._known = manifest.records(source.name)
        self._alike: dict[str, list[str]] = {}
        for document, record in self._known.items():
            if record.content_hash:
                self._alike.setdefault(record.content_hash, []).append(document)
        self._gone: Set[str] = frozenset()
        self._moved: set[str] = set()
        self.report.known = len(self._known)
        self._batch = _Batch()
        self._written = 0

    def run(self) -> SyncReport:
        """Does it all."""
        if self._wanted.document is not None:
            self._run_one(self._wanted.document)
            return self._ended()
        listing, complete = self._listing()
        if complete:
            self._gone = self._known.keys() - listing.keys()
        complete = self._update(listing) and complete
        self._flush()
        if complete:
            self._delete(self._gone)
        return self._ended()

    def _ended(self) -> SyncReport:
        self.report.chunks = sum(record.passages for record in self._known.values())
        return self.report

    def _run_one(self, document: str) -> None:
        """Reads one document and no other; takes it out where a whole listing lacks it."""
        known = self._known.get(document)
        if known is not None and isinstance(self._source, Crawled):
            listed = self._source.one(document, known.url)
            if listed is not None:
                # What the sign of change was before holds until it is listed again.
                self.report.seen = 1
                self._update({document: replace(listed, signal=known.signal)}, unseen=True)
                self._flush()
                return
        listing, complete = self._listing(until=document)
        if document in listing:
            self.report.seen = 1
            self._update({document: listing[document]})
            self._flush()
        elif complete and known is not None and listing:
            self._take_out({document})
        elif complete:
            near = difflib.get_close_matches(document, listing, n=1, cutoff=0.0)
            told = f"; the nearest is `{near[0]}`" if near else ""
            self._hinder(
                "unknown",
                f"There is no `{document}` in `{self._source.name}`{told}.",
                near[0] if near else "",
            )

    def _listing(self, until: str | None = None) -> tuple[dict[str, Listed], bool]:
        """What the source lists, and whether that is all there is; no more than it takes to find `until`."""
        listing: dict[str, Listed] = {}
        try:
            for listed in self._source.list():
                if self._is_stopped():
                    return listing, False
                first = listing.setdefault(listed.document, listed)
                if first is not listed:
                    listing[listed.document] = self._listed_twice(first, listed)
                if listed.document == until:
                    return listing, False
                if time.monotonic() - self._told >= _TELL:
                    self._told = time.monotonic()
                    self._tell(len(listing), None)
        except Exception as error:  # whatever a source of another package may raise
            told = str(error) if isinstance(error, SourceError) else self._broken(error)
            self._hinder("unlisted", f"{told} Nothing of it was deleted.", told)
            return listing, False
        finally:
            self.report.seen = len(listing)
        return listing, True

    def _listed_twice(self, first: Listed, again: Listed) -> Listed:
        """The first of two that a source lists under one name; to be read by whom both let."""
        if first.signal != again.signal:
            told = f"`{first.document}` is listed more than once, and not alike: the first one was read."
            self.report.failed.append(Failure(first.document, "duplicate", told))
        lists = (one for one in (again.readers, *again.within) if one is not None)
        return replace(first, within=(*first.within, *lists))

    def _broken(self, error: Exception) -> str:
        log.warning("The source %s cannot be listed.", self._source.name, exc_info=True)
        return f"Source `{self._source.name}` cannot be listed ({type(error).__name__}: {error})."

    def _hinder(self, hindrance: Hindrance, problem: str, cause: str = "") -> None:
        self.report.hindrance, self.report.problem, self.report.cause = hindrance, problem, cause

    def _tell(self, done: int, total: int | None, left: float | None = None) -> None:
        if self._progress is not None:
            self._progress(Progress(self._source.name, done, total, self._written, left))

    def _update(self, listing: dict[str, Listed], *, unseen: bool = False) -> bool:
        """Looks at every document; false when it had to end early. `unseen`: no sign of change is known."""
        self._permit(listing)
        pace = Pace(sum(not self._is_known(listed) for listed in listing.values()))
        for done, listed in enumerate(listing.values(), 1):
            if self._is_stopped():
                return False
            known = self._known.get(listed.document)
            if known is not None and not unseen and self._is_current(known, listed):
                self._count_as_is(known)
                continue
            self._give_way()
            try:
                self._renew(listed, known)
            except SourceError as error:
                self._hinder("unreachable", f"{error} Nothing of it was deleted.", str(error))
                return False
            pace.step()
            if self._batch.is_full():
                self._flush()
            self._tell(done, len(listing), pace.left)
        return True

    def _permit(self, listing: dict[str, Listed]) -> None:
        """Changes who may read what is indexed already, all at once and before anything is read anew."""
        changed: dict[str, tuple[str | None, str | None]] = {}
        for listed in listing.values():
            known, readers = self._known.get(listed.document), dump_readers(listed.permitted)
            if known is not None and known.readers != readers:
                changed[listed.document] = known.readers, readers
                self._known[listed.document] = known._replace(readers=readers)
        if self._writer is not None and changed:
            self._writer.permit(self._source.name, changed)
        self.report.readers = len(changed)

    def _is_known(self, listed: Listed) -> bool:
        known = self._known.get(listed.document)
        return known is not None and self._is_current(known, listed)

    def _is_stopped(self) -> bool:
        if self._stop is None or not self._stop.is_set():
            return False
        self._hinder("stopped", "It was stopped before its end: the next one goes on from there.")
        return True

    def _is_current(self, known: Record, listed: Listed) -> bool:
        """Whether there is no need to look at it; a source that gives no signal makes one look."""
        return bool(listed.signal) and known.signal == listed.signal and self._is_made_alike(known, listed)

    def _is_made_alike(self, known: Record, listed: Listed) -> bool:
        """Whether the same bytes would give the same passages again."""
        return not self._wanted.full and known.recipe == self._recipe.key and known.url == listed.url

    def _count_as_is(self, known: Record) -> None:
        if known.reason is None:
            self.report.unchanged += 1
        else:
            self.report.failed.append(Failure(known.document, known.reason, known.message or ""))

    def _renew(self, listed: Listed, known: Record | None) -> None:
        """Reads a document that may have changed; raises `SourceError`."""
        try:
            fetched = self._source.fetch(listed)
        except UnreadableError as error:
            self._fail(listed, known, error, again=error.reason not in _LASTING)
            return
        except SourceError:
            raise
        except Exception as error:  # one document that a source stumbles over is that document's trouble
            cause = f"{type(error).__name__}: {error}"
            self._fail(listed, known, unexpected(listed, cause), again=True)
            return
        content_hash = _hash(fetched)
        if known is not None and known.content_hash == content_hash and self._is_made_alike(known, listed):
            self._batch.records.append(known._replace(signal=listed.signal, reason=None, message=None))
            self.report.unchanged += 1
            return
        listed = replace(listed, modified=_dated(listed.modified, known, content_hash))
        try:
            version = self._read(listed, fetched)
        except UnreadableError as error:
            self._fail(listed, known, error)
            return
        record = Record(
            listed.document,
            listed.signal,
            listed.url,
            self._recipe.key,
            content_hash,
            len(version.passages),
            version.title,
            listed.modified.isoformat() if listed.modified else None,
            json.dumps(version.notes, ensure_ascii=False),
            time.time(),
            readers=dump_readers(listed.permitted),
        )
        self._batch.add(record, version.passages)
        self._recognise(listed.document, content_hash, new=known is None or known.content_hash is None)
        if known is None or known.content_hash is None:
            self.report.added += 1
        elif known.content_hash == content_hash:
            self.report.unchanged += 1
        else:
            self.report.changed += 1

    def _recognise(self, document: str, content_hash: str, *, new: bool) -> None:
        """Notes which document had this content before: it has moved, or was copied."""
        alike = self._alike.get(content_hash, [])
        places = (name for name in alike if name in self._gone and name not in self._moved)
        if moved := next(places, None) if new else None:
            self._moved.add(moved)  # once
            self.report.moved += 1
        if alike:
            self._batch.twins[document] = moved or alike[0]

    def _read(self, listed: Listed, fetched: Fetched) -> Version:
        try:
            version: Version = self._run(take_in, fetched, listed, self._source.name, self._recipe)
        except WorkerDiedError as error:
            raise unexpected(listed, str(error)) from error
        return version

    def _fail(
        self, listed: Listed, known: Record | None, error: UnreadableError, *, again: bool = False
    ) -> None:
        """Reports a document. What was read of it before stays; `again`: it is tried again next time."""
        readers = dump_readers(listed.permitted)
        record = known or Record(listed.document, "", listed.url, self._recipe.key, readers=readers)
        if not self._is_made_alike(record, listed) and record.content_hash is not None:
            record = record._replace(content_hash="", url=listed.url, recipe=self._recipe.key)
        signal = "" if again else listed.signal
        self._batch.records.append(record._replace(signal=signal, reason=error.reason, message=str(error)))
        self.report.failed.append(Failure(listed.document, error.reason, str(error)))

    def _flush(self) -> None:
        """Makes what was read so far searchable."""
        batch, self._batch = self._batch, _Batch()
        if self._writer is not None and batch.records:
            self._written += self._writer.switch(
                self._source.name, batch.records, batch.versions, batch.twins
            )
        self._known.update((record.document, record) for record in batch.records)

    def _delete(self, gone: Set[str]) -> None:
        """Takes out what the source has no more, unless suspiciously much is lost with it."""
        readable = {name: known.content_hash for name, known in self._known.items() if known.content_hash}
        remaining = {content for name, content in readable.items() if name not in gone}
        # What only moved is not lost, nor is what never could be read.
        lost = [name for name in gone if name in readable and readable[name] not in remaining]
        unsaid = [name for name in lost if name not in self._wanted.gone]
        share = self._wanted.share
        many = len(unsaid) > share * len(readable) and (len(unsaid) >= _FEWEST or share == 0)
        if unsaid and (many or not remaining) and not self._wanted.allow_deletions:
            self.report.missing = tuple(sorted(gone - self._wanted.gone))
            self.report.withheld = len(self.report.missing)
            self._hinder(
                "withheld",
                f"{self.report.withheld} of {self.report.known} documents of `{self._source.name}` are not"
                " listed any more. It looks like an accident, so they stay searchable: if they are really"
                f" gone, run `vocero index {self._source.name} --allow-deletions`.",
            )
            gone = gone & self._wanted.gone
        self._take_out(gone)

    def _take_out(self, gone: Set[str]) -> None:
        if self._writer is not None and gone:
            self._writer.remove(self._source.name, gone)
        for document in gone:
            del self._known[document]
        self.report.deleted = len(gone)


@dataclass(slots=True)
class _Batch:
    """What becomes searchable together."""

    records: list[Record] = field(default_factory=list)
    versions: dict[str, list[Passage]] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    """By new document, one known before that has the same content."""
    characters: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, record: Record, passages: list[Passage]) -> None:
        """Adds a new version of a document."""
        self.records.append(record)
        self.versions[record.document] = passages
        self.characters += sum(len(passage.text) for passage in passages)

    def is_full(self) -> bool:
        """Whether it should not grow any more."""
        return (
            len(self.records) >= _DOCUMENTS
            or self.characters >= _CHARACTERS
            or time.monotonic() - self.started >= _SECONDS
        )


def _dated(modified: datetime | None, known: Record | None, content_hash: str) -> datetime:
    """As of when a content holds: when the source says that it changed, else when it was first seen.

    The source's clock may be ahead, but nothing was changed in the future.
    """
    now = datetime.now(UTC)
    if modified is not None:
        return min(modified if modified.tzinfo else modified.replace(tzinfo=UTC), now)
    if known is not None and known.content_hash == content_hash and known.modified:
        return datetime.fromisoformat(known.modified)
    return now


def _hash(fetched: Fetched) -> str:
    digest = hashlib.blake2b(fetched.content, digest_size=16)
    digest.update((fetched.media_type or "").encode())
    return digest.hexdigest()
