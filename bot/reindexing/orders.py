"""Orders to read a source again that nobody gave."""

from datetime import UTC, datetime

from bot.messages import Channel, Command, Person
from bot.reindexing.telling import SCHEDULE


def reindex_command(source: str, occasion: str) -> Command:
    """The command that reads a source again; of two for one occasion, one is carried out."""
    return Command(
        id=f"{SCHEDULE}:{source}:{occasion}",
        thread=f"{SCHEDULE}:{source}",
        channel=Channel(platform="terminal", id="schedule", kind="private"),
        author=Person(id=SCHEDULE, admin=True),
        at=datetime.now(UTC),
        private=True,
        name="reindex",
        arguments={"source": source},
    )
