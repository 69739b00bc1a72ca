"""One generation of the index after the other: the next is made beside the one that answers.

A new one begins as a copy of the documents that the old one knows. It is then brought to its own recipe, gets
its vectors, and only when nothing of it is missing does it answer in the old one's place. Everything about
that stands in the database, so whoever is killed on the way leaves it to the next.
"""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from knowledge.embedding import embedder_name
from knowledge.errors import KnowledgeError
from knowledge.index_generations import Generation, Generations
from knowledge.opened import OpenIndex, Places, recipe

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GenerationStatus:
    """One generation as it stands."""

    name: str
    embedding: str
    recipe: str
    documents: int
    chunks: int
    vectors: int
    bytes: int
    """Of its texts and its words on the disk; what vectors take, Chroma does not tell."""
    created: float
    activated: float | None
    """Unix time at which it last began to answer; None: it never did."""
    active: bool
    """Whether it answers."""
    next: bool
    """Whether it is in the making, to answer next."""


class Succession:
    """The generations of an index, opened as they are needed; safe to share between threads."""

    def __init__(
        self, places: Places, embedding: str, keep: int, changed: Callable[[], None] = lambda: None
    ) -> None:
        """`embedding` as it is set; `keep`: so many stay, the one that answers and those before it."""
        self._places = places
        self._keep = keep
        self._changed = changed
        self._generations = Generations(places.database)
        self._wanted = Generation("", embedding, embedder_name(embedding), recipe().key)
        self._opening = threading.Lock()
        self._deciding = threading.RLock()
        self._opened: dict[str, OpenIndex] = {}
        self._pruned = False

    def active(self) -> OpenIndex:
        """The one that answers, as of now."""
        return self._open(self._generations.first(self._wanted))

    def next(self) -> OpenIndex | None:
        """The one in the making, begun where the settings ask for another than the one that answers."""
        with self._deciding:
            active = self._generations.first(self._wanted)
            if self._wanted.made_like(active):
                if self._generations.held() is not None:
                    self._generations.hold(None)
                return None
            if self._generations.held() == self._wanted.way:
                return None
            known = self._generations.like(self._wanted) or self._begin(active)
            return self._open(known) if known.name != self.active().name else None

    def advance(self, sources: Collection[str]) -> bool:
        """Has the next one answer if it lacks nothing of these sources; says whether it does now."""
        with self._deciding:
            if (coming := self.next()) is None:
                self._prune()
                return False
            if not coming.whole(sources, self.active().manifest):
                return False
            self._switch(coming.name)
            return True

    def use(self, name: str, sync: Callable[[OpenIndex], None]) -> None:
        """Has an earlier one answer again, once `sync` has brought it up to date."""
        generation = self._generations.named(name)
        opened = self._open(generation)
        sync(opened)
        with self._deciding:
            # What the settings ask for would take its place again at once.
            self._generations.hold(None if generation.made_like(self._wanted) else self._wanted.way)
            self._switch(name)

    def drop(self, name: str) -> None:
        """Deletes an earlier one."""
        with self._deciding:
            generation = self._generations.named(name)
            coming = self.next()
            if name == self.active().name:
                raise KnowledgeError(
                    f"Generation `{name}` is the one that answers: choose another one first."
                )
            if coming is not None and name == coming.name:
                raise KnowledgeError(f"Generation `{name}` is being made: it is what the settings ask for.")
            self._drop(generation)

    def names(self) -> list[str]:
        """Of every generation, oldest first."""
        return [one.name for one in self._generations.all()]

    def status(self) -> list[GenerationStatus]:
        """Every generation, oldest first."""
        active = self.active().name
        coming = self._wanted.way
        if coming == self._generations.held():
            coming = ""
        return [self._status(one, active, coming) for one in self._generations.all()]

    def close(self) -> None:
        """Closes what was opened."""
        with self._opening:
            for opened in self._opened.values():
                opened.close()

    def _open(self, generation: Generation) -> OpenIndex:
        with self._opening:
            if generation.name not in self._opened:
                self._opened[generation.name] = OpenIndex(generation, self._places, self._changed)
            return self._opened[generation.name]

    def _begin(self, active: Generation) -> Generation:
        begun = self._generations.begin(self._wanted, active)
        if not self._open(active).manifest.sources():
            self._generations.switch(begun.name)  # there is nothing to answer from meanwhile
        else:
            log.info("Generation %s of the index is made; %s answers until then.", begun.name, active.name)
        return begun

    def _switch(self, name: str) -> None:
        self._generations.switch(name)
        self._pruned = False
        log.info("Generation %s of the index answers from now on.", name)
        self._prune()

    def _prune(self) -> None:
        """Drops those that answered longest ago, beyond how many are kept, and what nobody wants any more.

        Once is enough until the next switch; the first time is for whoever was killed before.
        """
        if self._pruned:
            return
        known = self._generations.all()
        before = [one for one in known if one.activated is not None]
        before.sort(key=lambda one: one.activated or 0, reverse=True)
        given_up = [one for one in known if one.activated is None and not one.made_like(self._wanted)]
        for generation in before[self._keep :] + given_up:
            try:
                self._drop(generation)
            except KnowledgeError as error:
                log.warning("Generation %s of the index stays for now. %s", generation.name, error)
        self._pruned = True

    def _drop(self, generation: Generation) -> None:
        opened = self._open(generation)
        opened.drop()
        self._generations.remove(generation.name)
        with self._opening:
            self._opened.pop(generation.name, None)

    def _status(self, generation: Generation, active: str, coming: str) -> GenerationStatus:
        opened = self._open(generation)
        sources = opened.manifest.status()
        words = sum(path.stat().st_size for path in opened.words.rglob("*") if path.is_file())
        chunks = sum(source.passages for source in sources)
        return GenerationStatus(
            name=generation.name,
            embedding=generation.embedding,
            recipe=generation.recipe,
            documents=sum(source.documents for source in sources),
            chunks=chunks,
            vectors=sum(source.vectors for source in sources),
            bytes=words + opened.manifest.size(),
            created=generation.created,
            activated=generation.activated,
            active=generation.name == active,
            next=generation.name != active and generation.way == coming,
        )
