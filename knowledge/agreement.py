"""The writer of the words, opened once and kept in agreement with the database.

For each source, the database and a file in the index's folder name the state in which both agreed last. A
change first takes the name away in the database, and gives both a new one at its end. So a killed process, a
deleted folder, an older copy put in its place and another process that has changed the source for a folder of
its own all look the same: the names differ.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from knowledge.documents import Passage
from knowledge.lexical import LexicalReader, LexicalWriter
from knowledge.manifest import Manifest

log = logging.getLogger(__name__)

_BATCH = 5_000


class Words:
    """The lexical index of one process, written by one thread at a time."""

    def __init__(self, manifest: Manifest, path: Path) -> None:
        self._manifest = manifest
        self._path = path
        self._writer: LexicalWriter | None = None
        self._agreed: dict[str, str] | None = None
        """By source, the state in which both agreed; None: nothing is known of that."""
        self._changing: set[str] = set()

    def open(self) -> None:
        """Opens the index and makes it agree; raises `KnowledgeError` where another process writes it."""
        if self._writer is not None and self._agreed != self._noted():
            self.close()  # someone has deleted or replaced the folder meanwhile
        if self._writer is None:
            self._writer = LexicalWriter(self._path)
            self._agreed = None if self._writer.incomplete else self._noted()
        named = self._manifest.agreements()
        if self._agreed == named and all(named.values()):
            return
        self._mend(self._writer)
        # What nobody was changing meanwhile is agreed on; of the rest, whoever changes it says when.
        after = self._manifest.agreements()
        self._note({source: name for source, name in named.items() if name and after.get(source) == name})

    def add(self, source: str, passages: Iterable[Passage]) -> None:
        """Adds passages that become live next, and commits them with what was deleted before."""
        writer = self._begin(source)
        writer.add(passages)
        writer.commit()

    def delete(self, source: str, ids: Iterable[str]) -> None:
        """Takes passages out that are live no more; committed with what is added next, or settled."""
        self._begin(source).delete(ids)

    def settle(self, source: str) -> None:
        """Ends a change of a source: commits, and notes that index and database agree."""
        known = self._agreed or {}
        if self._writer is None or (source in known and source not in self._changing):
            return
        self._writer.commit()
        name = uuid.uuid4().hex
        self._note({**known, source: name})
        self._manifest.agree(source, name)
        self._changing.discard(source)

    def close(self) -> None:
        """Lets go of the index. What was not settled is mended when it is opened again."""
        writer, self._writer, self._agreed = self._writer, None, None
        self._changing.clear()
        if writer is not None:
            try:
                writer.close()
            except (OSError, ValueError) as error:  # what failed while it wrote cannot end in good order
                log.warning("The lexical index was left as it was last committed: %s", error)

    def _begin(self, source: str) -> LexicalWriter:
        assert self._writer is not None
        if source not in self._changing:
            self._manifest.agree(source, "")
            self._changing.add(source)
        return self._writer

    def _noted(self) -> dict[str, str] | None:
        try:
            noted = json.loads((self._path / "agreed.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return noted if isinstance(noted, dict) else None

    def _note(self, agreed: Mapping[str, str]) -> None:
        temporary = self._path / "agreed.tmp"
        temporary.write_text(json.dumps(agreed), "utf-8")
        temporary.replace(self._path / "agreed.json")
        self._agreed = dict(agreed)

    def _mend(self, writer: LexicalWriter) -> None:
        """Adds the live passages that the index lacks, latest first, and deletes what is not live."""
        indexed = LexicalReader(self._path).ids()
        live = self._manifest.live()
        missing = [id_ for id_ in live if id_ not in indexed]
        stale = indexed.difference(live)
        if missing or stale:
            log.log(
                logging.WARNING if indexed else logging.INFO,
                "The lexical index was not in step: adding %d passages, deleting %d.",
                len(missing),
                len(stale),
            )
        writer.delete(stale)
        for start in range(0, len(missing), _BATCH):
            writer.add(self._manifest.passages(missing[start : start + _BATCH]).values())
            writer.commit()
        writer.commit()
        writer.completed()
