"""Files that come with a question: read for that question alone, and never indexed."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import AttachmentError
from bot.messages import Attachment, Connector, Message
from bot.voice import Voice
from knowledge.documents import Fetched, Passage
from knowledge.errors import KnowledgeError
from knowledge.given import read_given
from knowledge.worker import Run

log = logging.getLogger(__name__)

MOST = 5
"""Files of one question that are read."""
MAX_BYTES = 10 * 1024 * 1024
_PASSAGES = 400
"""Of one file: what comes after is left out, and said to be."""
_PROBLEMS = {
    "too_large": "attachment_too_large",
    "encrypted": "attachment_encrypted",
    "unsupported": "attachment_unsupported",
    "empty": "attachment_empty",
    "no_text": "attachment_empty",
    "gone": "attachment_gone",
    "not_allowed": "attachment_gone",
}
"""Phrase by reason; any other reason is that the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What came of a question's files."""

    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()
    """What was not read, and why, in the bot's words."""


class Attachments:
    """Fetches files by their platform and reads them."""

    def __init__(self, connectors: Mapping[str, Connector], run: Run) -> None:
        """`connectors`: by platform. `run`: where files are read, which takes a while."""
        self._connectors = connectors
        self._run = run

    async def read(self, message: Message, voice: Voice) -> Attached:
        """The passages of a question's files; a file that cannot be read is named, and holds up no other."""
        if not message.attachments:
            return Attached()
        wanted, over = message.attachments[:MOST], message.attachments[MOST:]
        platform = message.id.partition(":")[0]
        files = await asyncio.gather(*(self._one(file, self._connectors[platform], voice) for file in wanted))
        notes = [note for file in files for note in file.notes]
        if over:
            names = ", ".join(f"«{file.name}»" for file in over)
            notes.append(voice.say("attachments_too_many", limit=MOST, names=names))
        return Attached(tuple(one for file in files for one in file.passages), tuple(notes))

    async def _one(self, file: Attachment, connector: Connector, voice: Voice) -> Attached:
        try:
            if (file.size or 0) > MAX_BYTES:
                raise AttachmentError("too_large", f"`{file.name}` has {file.size} bytes.")
            content = await connector.fetch(file, MAX_BYTES)
            passages = await asyncio.to_thread(
                self._run, read_given, Fetched(file.name, content, file.media_type)
            )
        except (AttachmentError, KnowledgeError) as error:
            reason = getattr(error, "reason", "unreadable")
            log.info("The file %r of a question is not read (%s): %s", file.name, reason, error)
            values: dict[str, Any] = {"name": file.name}
            key = _PROBLEMS.get(reason, "unexpected_attachment")
            if key == "attachment_too_large":
                values["limit"] = MAX_BYTES // 1024**2
            return Attached(notes=(voice.say(key, **values),))
        notes = (voice.say("attachment_cut", name=file.name),) if len(passages) > _PASSAGES else ()
        return Attached(passages[:_PASSAGES], notes)
