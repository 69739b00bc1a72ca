"""How good the documents are: what they leave unanswered, what nobody needs, where they disagree."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.journal import Journal, Unanswered
from knowledge import words
from knowledge.documents import Passage
from knowledge.extract import suggestions
from knowledge.library import Library
from knowledge.statements import Pair

PERIOD = timedelta(days=90)
"""How far back questions count."""
_QUESTIONS = 1_000
_ALIKE = 0.4
"""Share of the telling words of two questions that both have, from which they ask for one thing."""
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Missing:
    """What was asked and not answered, once or in several ways."""

    question: str
    """As it was asked last."""
    times: int
    nearest: tuple[str, ...]
    """Places of the documents that come closest, `title › heading`."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Two documents that say the same again."""

    documents: tuple[str, str]
    """The newer one first."""
    statements: int


@dataclass(frozen=True, slots=True)
class Review:
    """What can be said of the documents of some sources."""

    answered: dict[str, int]
    """How many answers cited each source."""
    never_cited: tuple[tuple[str, str], ...]
    """Source and document; what was added within the period may not have had its question yet."""
    missing: tuple[Missing, ...]
    """Most asked first."""
    disagreements: tuple[Pair, ...]
    repeated: tuple[Repeated, ...]


async def review(
    library: Library, journal: Journal, sources: frozenset[str], readers: frozenset[str] | None
) -> Review:
    """Looks at everything that `readers` may read in these sources; takes seconds."""
    since = datetime.now(UTC) - PERIOD
    cited = await journal.cited(since)
    listed = await asyncio.to_thread(library.documents, sources, readers)
    pairs = await asyncio.to_thread(library.pairs, sources, readers)
    unanswered = await journal.unanswered(since, limit=_QUESTIONS)
    groups = alike([one for one in unanswered if one.outcome == "not_found"])
    answered = Counter[str]()
    for (source, _), times in cited.items():
        if source in sources:
            answered[source] += times

    def nearest(question: str) -> tuple[str, ...]:
        return suggestions(library.find(question, limit=_NEAR, sources=sources, readers=readers).hits)

    missing = [
        Missing(group[0].question, len(group), await asyncio.to_thread(nearest, group[0].question))
        for group in groups
    ]
    return Review(
        dict(answered),
        tuple(sorted(one for one in listed if one not in cited)),
        tuple(missing),
        tuple(pair for pair in pairs if not pair.again),
        _repeated(pairs),
    )


def alike(questions: Sequence[Unanswered]) -> list[list[Unanswered]]:
    """Questions for one thing together, the most asked first; within each, in the order given."""
    groups: list[tuple[frozenset[str], list[Unanswered]]] = []
    for one in questions:
        asked = frozenset(words.stems(one.question)[::2])
        best = max(groups, key=lambda group: _shared(group[0], asked), default=None)
        if best is not None and _shared(best[0], asked) >= _ALIKE:
            best[1].append(one)
        else:
            groups.append((asked, [one]))
    return sorted((members for _, members in groups), key=len, reverse=True)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _repeated(pairs: Sequence[Pair]) -> tuple[Repeated, ...]:
    counts = Counter((_named(pair.newer.passage), _named(pair.older.passage)) for pair in pairs if pair.again)
    return tuple(Repeated(documents, count) for documents, count in counts.most_common())


def _named(passage: Passage) -> str:
    return f"{passage.source}/{passage.document}"
