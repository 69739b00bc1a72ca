"""Answers that are given again: to the same question, in the same channel, from the same documents."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import RedisError

from bot.access import Rights
from bot.errors import VoceroError
from bot.messages import Answer, Citation, Message
from bot.settings import ResolvedChannel
from bot.voice import Voice
from knowledge import prompts
from knowledge.documents import Passage
from knowledge.errors import KnowledgeError
from knowledge.sameness import Gist

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

_ALIKE = 0.8
"""Cosine similarity below which two questions that are not the same word for word do not ask the same."""


class Index(Protocol):
    """What is needed of the index."""

    def versions(self, sources: Collection[str]) -> Mapping[str, str]:
        """What the content of each of these sources is at."""
        ...

    def readable(
        self, documents: Collection[tuple[str, str]], readers: frozenset[str] | None
    ) -> Collection[tuple[str, str]]:
        """Which of these documents (source and document) there are, and may be read, at this moment."""
        ...

    def passages(self, ids: Sequence[str]) -> Mapping[str, Passage]:
        """The live ones of these passages."""
        ...

    def alike(self, one: str, other: str) -> float | None:
        """Cosine similarity of two texts; None without an embedder."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before."""

    id: str
    """Of the turn it was given in."""
    at: datetime
    question: str
    answer: str
    confidence: float
    model: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer to a question is kept: one for all that it depends on."""

    key: str
    gist: Gist
    sources: frozenset[str]


class KeptAnswers:
    """The answers of the last while, in Redis. What goes wrong with them costs nobody an answer."""

    def __init__(
        self, redis: "Redis", index: Index, lifetime: timedelta | None, prefix: str = "vocero"
    ) -> None:
        """`lifetime`: None keeps none."""
        self._redis = redis
        self._index = index
        self._lifetime = lifetime
        self._prefix = f"{prefix}:answers"

    async def place(
        self,
        message: Message,
        channel: ResolvedChannel,
        may: Rights,
        voice: Voice,
        models: Sequence[str],
        *,
        follows: bool,
    ) -> Place | None:
        """Where its answer would be; None for a question whose answer depends on more than its words.

        `follows`: something was said before it in its thread.
        """
        alone = not (follows or message.about or message.attachments or message.replaces)
        if self._lifetime is None or not models or not alone:
            return None
        gist = Gist.of(message.text)
        if not gist.core:
            return None
        versions = await asyncio.to_thread(self._index.versions, may.sources)
        # What one person alone is told may be told them alone.
        reader = [message.author.id, *sorted(message.author.groups)] if message.private else []
        depends_on = [
            message.channel.key,
            reader,
            sorted(may.readers),
            voice.persona.model_dump_json(),
            voice.language,
            list(models),
            prompts.VERSION,
            sorted(versions.items()),
            sorted(channel.tools),
            gist.core,
        ]
        digest = hashlib.sha256(json.dumps(depends_on, ensure_ascii=False).encode()).hexdigest()
        return Place(f"{self._prefix}:{digest}", gist, may.sources)

    async def find(self, place: Place, message: Message) -> Kept | None:
        """The answer that was given to the same question, if all that it cites is still there to be read."""
        try:
            written = await self._redis.get(place.key)
            kept = _load(written) if written else None
            if kept is None or not await self._holds(kept, place, message):
                return None
            await self._note(place, message.id)
        except (RedisError, OSError) as error:
            log.warning("Answers that were given before cannot be looked up: %s", error)
            return None
        return kept

    async def _holds(self, kept: Kept, place: Place, message: Message) -> bool:
        if not {citation.source for citation in kept.citations} <= place.sources:
            return False
        cited = {(citation.source, citation.document) for citation in kept.citations}
        # Of documents with readers of their own nothing is given again.
        readable = await asyncio.to_thread(self._index.readable, cited, frozenset())
        ids = [citation.passage for citation in kept.citations]
        live = await asyncio.to_thread(self._index.passages, ids)
        if not (cited <= set(readable) and live.keys() >= set(ids)):
            return False
        if Gist.of(kept.question).whole == place.gist.whole:
            return True
        try:
            alike = await asyncio.to_thread(self._index.alike, kept.question, message.text)
        except KnowledgeError as error:
            log.warning("Whether a question was asked before cannot be told: %s", error)
            return False
        return alike is not None and alike >= _ALIKE

    async def keep(self, place: Place, message: Message, answer: Answer, unsupported: str) -> None:
        """Keeps a good answer: whole, cited, without a sentence that nothing backs, and without lookups."""
        good = (
            answer.outcome == "answered"
            and answer.reason is None
            and answer.model is not None
            and answer.citations
            and not answer.incomplete
            and not (answer.tool_calls or answer.confirmations or answer.pictures)
            and unsupported not in answer.text
            and all(citation.passage for citation in answer.citations)
        )
        if not good or self._lifetime is None:
            return
        written = json.dumps(
            {
                "id": answer.id,
                "at": message.at.isoformat(),
                "question": message.text,
                "answer": answer.answer,
                "confidence": answer.confidence,
                "model": answer.model,
                "citations": [
                    cited.model_dump(mode="json") | {"passage": cited.passage} for cited in answer.citations
                ],
            },
            ensure_ascii=False,
        )
        try:
            await self._redis.set(place.key, written, ex=self._lifetime)
            await self._note(place, answer.id)
        except (RedisError, OSError) as error:
            log.warning("The answer of %s is not kept: %s", answer.id, error)

    async def _note(self, place: Place, turn: str) -> None:
        """Notes that a turn gave this answer: what is thought of it there is thought of the answer."""
        await self._redis.set(f"{self._prefix}:of:{turn}", place.key, ex=self._lifetime)

    async def forget(self, turn: str) -> None:
        """The answer that was given in a turn did not help: it is given to nobody else."""
        if self._lifetime is None:
            return
        try:
            key: Any = await self._redis.get(f"{self._prefix}:of:{turn}")
            if key is not None:
                await self._redis.delete(key)
        except (RedisError, OSError) as error:
            raise VoceroError(f"The answer of {turn} could not be taken back: {error}") from error


def _load(written: bytes | str) -> Kept | None:
    """What was kept; None for what another version wrote."""
    try:
        fields: dict[str, Any] = json.loads(written)
        return Kept(
            id=fields["id"],
            at=datetime.fromisoformat(fields["at"]),
            question=fields["question"],
            answer=fields["answer"],
            confidence=fields["confidence"],
            model=fields["model"],
            citations=tuple(Citation.model_validate(cited) for cited in fields["citations"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
