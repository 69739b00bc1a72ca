"""Official answers: reviewed questions with what is said to them, which wins over every document.

Some are written in a file, by the source of the kind `answers`; others are saved from chat, where one person
puts what an answer should have been and another approves of it. These are kept here, in the database.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Column, Double, Engine, Integer, MetaData, RowMapping, Table, Text, select

from knowledge import words
from knowledge.asking import Statistics
from knowledge.claims import claims_of
from knowledge.database import create_tables, reading, writing
from knowledge.everyday import everyday_stems
from knowledge.sameness import Gist

State = Literal["proposed", "approved", "rejected"]

_ALIKE = 0.8
"""Share of two questions' words, weighed, from which they ask the same, in what other respects it takes."""
_EVERYDAY = 0.3
_TELLING = frozenset(
    """
    no ni nunca sin contra desde hasta antes despues not never without against since until before after
    que cual cuales como cuando cuanto cuanta cuantos cuantas donde quien quienes por para de a con en
    what which how when where who whom whose why from to with in for
    """.split()
)
"""Little words that make it another question: *cómo se paga*, *cuándo se paga*, *hasta*, *sin*."""
_FILLING = frozenset("de en a que con in to for".split())
"""Of these the ones that other wordings of the same question have or lack."""

_metadata = MetaData()
_SAVED = Table(
    "official_answers",
    _metadata,
    Column("number", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reviewer", Text),
    Column("about", Text, unique=True),  # what it was proposed for, once: an answer and who corrected it
    Column("changed", Double, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Saved:
    """An answer that was saved from chat."""

    number: int
    source: str
    question: str
    answer: str
    state: State
    author: str
    reviewer: str | None
    changed: datetime


class OfficialAnswers:
    """Those saved from chat; each call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_tables(engine, _metadata)

    def propose(self, source: str, question: str, answer: str, *, author: str, about: str) -> Saved | None:
        """Puts an answer up for approval; None where that was done before for the same `about`."""
        row = {"source": source, "question": question, "answer": answer, "author": author, "about": about}
        with writing(self._engine) as connection:
            if connection.execute(select(_SAVED.c.number).where(_SAVED.c.about == about)).first():
                return None
            connection.execute(_SAVED.insert().values(**row, state="proposed", changed=_now()))
            found = connection.execute(select(_SAVED).where(_SAVED.c.about == about)).mappings().one()
        return _saved(found)

    def decide(self, number: int, state: State, reviewer: str, source: str | None = None) -> Saved | None:
        """Approves of one, into `source` where that is another, or takes it out; None where there is none."""
        change = {"state": state, "reviewer": reviewer, "changed": _now()}
        with writing(self._engine) as connection:
            change |= {"source": source} if source else {}
            connection.execute(_SAVED.update().where(_SAVED.c.number == number).values(**change))
            found = connection.execute(select(_SAVED).where(_SAVED.c.number == number)).mappings().first()
        return _saved(found) if found else None

    def saved(self, states: Sequence[State], source: str | None = None) -> list[Saved]:
        """Those in one of these states, of one source or of all, in the order they were put up."""
        query = select(_SAVED).where(_SAVED.c.state.in_(states)).order_by(_SAVED.c.number)
        if source is not None:
            query = query.where(_SAVED.c.source == source)
        with reading(self._engine) as connection:
            return [_saved(row) for row in connection.execute(query).mappings()]


def asks_the_same(asked: str, official: str, statistics: Statistics) -> bool:
    """Whether an official answer's question is what is asked; said in quite other words it is not seen.

    Names, numbers, negations and question words have to be the same, and the other words nearly.
    """
    if Gist.of(asked).core == Gist.of(official).core:
        return True
    if _little(asked) != _little(official) or _stated(asked) != _stated(official):
        return False
    first, second = _stems(asked), _stems(official)
    rarity = statistics.idf("stems", first | second)
    weights = {
        stem: rarity[stem] * (_EVERYDAY if stem in everyday_stems() else 1.0) for stem in first | second
    }
    either = sum(weights.values())
    return either > 0 and sum(weights[stem] for stem in first & second) >= _ALIKE * either


def _stems(text: str) -> frozenset[str]:
    return frozenset(words.stems(text)[::2])


def _little(text: str) -> frozenset[str]:
    return (frozenset(words.words(text)) & _TELLING) - _FILLING


def _stated(text: str) -> frozenset[str]:
    """Names, numbers and codes, folded; a word that begins the question with a capital is none."""
    claimed = {words.fold(claim.text) for claim in claims_of(re.sub("[¿¡]", " ", text))}
    return frozenset(claimed | set(re.findall(r"\d+", text)))


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _saved(row: RowMapping) -> Saved:
    fields = {name: row[name] for name in Saved.__dataclass_fields__}
    return Saved(**fields | {"changed": datetime.fromtimestamp(row["changed"], UTC)})
