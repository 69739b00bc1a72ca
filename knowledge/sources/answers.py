"""Reviewed questions and answers: those written in a file, and those saved from chat."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from knowledge.database import open_database
from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.official import OfficialAnswers
from knowledge.sources import Surroundings

LONGEST = 700
"""Characters of an answer: it is said whole, so it has to fit one passage."""
_QUESTION = re.compile(r"^(?P<level>#{1,6})\s+(?P<question>\S.*?)\s*#*\s*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One way of asking, with the answer."""

    document: str
    question: str
    answer: str
    changed: datetime


class AnswersSource:
    """`path`: Markdown, a heading for each question and below it the answer.

    Headings of one level in a row share it, and one above deeper ones is the title of a section. Each way of
    asking is a document of its own, whose title is the question.
    """

    def __init__(self, name: str, path: Path | None = None, *, surroundings: Surroundings) -> None:
        self.name = name
        self._path = Path(path).expanduser().absolute() if path else None
        self._database = surroundings.database
        self._read: dict[str, _Entry] = {}

    def list(self) -> Iterator[Listed]:
        """Every question, in order; raises `SourceError` when file or database cannot be read."""
        for entry in self._entries().values():
            digest = hashlib.sha256(f"{entry.question}\0{entry.answer}".encode()).hexdigest()
            yield Listed(entry.document, digest[:32], modified=entry.changed)

    def fetch(self, listed: Listed) -> Fetched:
        """A question as a heading, and its answer; `UnreadableError` for one without, or too long."""
        entry = (self._read or self._entries()).get(listed.document)
        if entry is None:
            raise UnreadableError("vanished", f"`{listed.document}` is gone since it was listed.")
        if not entry.answer:
            raise UnreadableError("empty", f"“{entry.question}” has no answer: write one below it.")
        if len(entry.answer) > LONGEST:
            raise UnreadableError(
                "too_long",
                f"The answer to “{entry.question}” has {len(entry.answer)} characters: say it in {LONGEST},"
                " or make it a document.",
            )
        content = f"# {entry.question}\n\n{entry.answer}\n"
        return Fetched(listed.document, content.encode(), "text/markdown")

    def close(self) -> None:
        """Nothing is held open."""

    def _entries(self) -> dict[str, _Entry]:
        """All there are now, by their documents."""
        self._read = {entry.document: entry for entry in (*self._written(), *self._saved())}
        return self._read

    def _written(self) -> Iterator[_Entry]:
        """Those of the file."""
        if self._path is None:
            return
        try:
            text = _COMMENT.sub("", self._path.read_text("utf-8-sig"))
            changed = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(
                f"Source `{self.name}`: `{self._path}` cannot be read ({error}): correct its `path`, and save"
                " it as UTF-8."
            ) from error
        found = list(_QUESTION.finditer(text))
        ends = [match.start() for match in found[1:]] + [len(text)] * bool(found)
        waiting: list[str] = []
        taken: dict[str, int] = {}
        for match, end, following in zip(found, ends, [*found[1:], None], strict=False):
            answer = text[match.end() : end].strip()
            if not answer and following is not None and len(following["level"]) > len(match["level"]):
                continue  # the title of a section
            waiting.append(match["question"])
            if not answer and following is not None:
                continue  # another way of asking what comes next
            for question in waiting:
                slug = _slug(question)
                taken[slug] = taken.get(slug, 0) + 1
                name = slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"
                yield _Entry(f"{name}.md", question, answer, changed)
            waiting = []

    def _saved(self) -> Iterator[_Entry]:
        """Those saved from chat and approved of."""
        if not self._database:
            return
        engine = open_database(self._database)
        try:
            for one in OfficialAnswers(engine).saved(("approved",), self.name):
                yield _Entry(f"saved/{one.number}.md", one.question, one.answer, one.changed)
        finally:
            engine.dispose()


def _slug(question: str) -> str:
    from knowledge.words import fold

    return "-".join(re.findall(r"[a-z0-9]+", fold(question)))[:80].strip("-") or "answer"
