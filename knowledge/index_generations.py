"""The generations of the index: each one way of making it, by one recipe and one embedder.

One of them answers. Which, stands in the database, so that all processes agree, and changes in one
transaction. Another may be in the making beside it, and earlier ones are kept to go back to.
"""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from knowledge.database import create_derived_tables, reading, writing
from knowledge.errors import KnowledgeError
from knowledge.manifest_tables import VERSION, Tables, generations, pointers, registry

_VERSION = 1  # raise it with every change of its tables
_ACTIVE, _HELD, _LAST = "active", "held", "last"


@dataclass(frozen=True, slots=True)
class Generation:
    """One way of making the index."""

    name: str
    embedding: str
    """The embedder as it is set."""
    embedder: str
    """Names the vectors."""
    recipe: str
    """Key of how documents become passages."""
    created: float = 0.0
    activated: float | None = None
    """Unix time since which it answers, or since which it last did; None: never yet."""

    @property
    def way(self) -> str:
        """How it is made."""
        return f"{self.embedder} {self.recipe}"

    def made_like(self, other: "Generation") -> bool:
        """Whether both are made in the same way."""
        return self.way == other.way


class Generations:
    """Which generations there are, and which one answers; safe to share between threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_derived_tables(engine, registry, "index", _VERSION)

    def all(self) -> list[Generation]:
        """Every one, oldest first."""
        with reading(self._engine) as connection:
            return _all(connection)

    def active(self) -> Generation | None:
        """The one that answers; None before the first."""
        with reading(self._engine) as connection:
            named = select(pointers.c.value).where(pointers.c.name == _ACTIVE).scalar_subquery()
            row = connection.execute(select(generations).where(generations.c.name == named)).first()
        return Generation(*row) if row else None

    def named(self, name: str) -> Generation:
        """The one of that name; raises `KnowledgeError` with those there are."""
        known = self.all()
        for generation in known:
            if generation.name == name:
                return generation
        names = ", ".join(f"`{one.name}`" for one in known) or "none"
        raise KnowledgeError(f"There is no generation `{name}` of the index; there are {names}.")

    def first(self, wanted: Generation) -> Generation:
        """The one that answers; where there is none yet, one made in this way."""
        if (active := self.active()) is None:
            self.begin(wanted, None)
            active = self.active()
            assert active is not None
        return active

    def like(self, wanted: Generation) -> Generation | None:
        """The one made in this way."""
        return next((one for one in self.all() if one.made_like(wanted)), None)

    def begin(self, wanted: Generation, of: Generation | None) -> Generation:
        """A new one made in this way, which holds the documents of another from the start.

        It answers at once where no other does. Where another process was faster, it is that one's.
        """
        with writing(self._engine) as connection:
            number = _next_number(connection)
        name = f"g{number}"
        tables = Tables(name)
        with writing(self._engine) as connection:  # what was begun under that name and never came to be
            tables.metadata.drop_all(connection)
        create_derived_tables(self._engine, tables.metadata, f"index {name}", VERSION)
        with writing(self._engine) as connection:
            # Writing comes first: it takes the lock, so that what is read next stays true.
            _point(connection, name, None)
            found = next((one for one in _all(connection) if one.made_like(wanted)), None)
            if found is not None:
                tables.metadata.drop_all(connection)
                return found
            if of is not None:
                _copy(connection, Tables(of.name), tables)
            begun = Generation(name, wanted.embedding, wanted.embedder, wanted.recipe, time.time())
            connection.execute(generations.insert(), _row(begun))
            if _pointer(connection, _ACTIVE) is None:
                _activate(connection, name)
        return begun

    def switch(self, name: str) -> None:
        """From now on this one answers, for all processes at once."""
        with writing(self._engine) as connection:
            _activate(connection, name)

    def hold(self, way: str | None) -> None:
        """Keeps what is made in this way from being switched to by itself; None: nothing."""
        with writing(self._engine) as connection:
            _point(connection, _HELD, way)

    def held(self) -> str | None:
        """The way whose generation is not switched to by itself."""
        with reading(self._engine) as connection:
            return _pointer(connection, _HELD)

    def remove(self, name: str) -> None:
        """Forgets one, with everything that the database has of it."""
        with writing(self._engine) as connection:
            connection.execute(generations.delete().where(generations.c.name == name))
            Tables(name).metadata.drop_all(connection)


def _all(connection: Connection) -> list[Generation]:
    rows = connection.execute(select(generations).order_by(generations.c.created, generations.c.name))
    return [Generation(*row) for row in rows]


def _row(generation: Generation) -> dict[str, Any]:
    return {field: getattr(generation, field) for field in Generation.__dataclass_fields__}


def _pointer(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(pointers.c.value).where(pointers.c.name == name))


def _point(connection: Connection, name: str, value: str | None) -> None:
    connection.execute(pointers.delete().where(pointers.c.name == name))
    if value is not None:
        connection.execute(pointers.insert(), {"name": name, "value": value})


def _activate(connection: Connection, name: str) -> None:
    _point(connection, _ACTIVE, name)
    chosen = generations.c.name == name
    connection.execute(generations.update().where(chosen).values(activated=time.time()))


def _next_number(connection: Connection) -> int:
    known = pointers.c.name == _LAST
    connection.execute(pointers.update().where(known).values(value=pointers.c.value))  # takes the lock
    number = int(_pointer(connection, _LAST) or 0) + 1
    _point(connection, _LAST, str(number))
    return number


def _copy(connection: Connection, old: Tables, new: Tables) -> None:
    """Documents, passages and dates of syncs; vectors and words are the new one's own."""
    for source, target in (
        (old.documents, new.documents),
        (old.passages, new.passages),
        (old.syncs, new.syncs),
    ):
        connection.execute(target.insert().from_select(list(target.c.keys()), select(source)))
    connection.execute(new.passages.update().values(embedder=None))
