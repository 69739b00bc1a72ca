"""Orders that nobody gave: to read a source again, to tell the admins how good the documents are."""

from datetime import UTC, datetime

from bot.messages import Channel, Command, Person
from bot.reindexing.telling import SCHEDULE


def reindex_command(source: str, occasion: str) -> Command:
    """The command that reads a source again; of two for one occasion, one is carried out."""
    return _order("reindex", f"{source}:{occasion}", thread=source, source=source)


def digest_command(occasion: str) -> Command:
    """The command that posts the digest; of two for one occasion, one is carried out."""
    return _order("digest", f"digest:{occasion}", thread="digest")


def _order(name: str, occasion: str, thread: str, **arguments: str) -> Command:
    return Command(
        id=f"{SCHEDULE}:{occasion}",
        thread=f"{SCHEDULE}:{thread}",
        channel=Channel(platform="terminal", id="schedule", kind="private"),
        author=Person(id=SCHEDULE, admin=True),
        at=datetime.now(UTC),
        private=True,
        name=name,
        arguments=arguments,
    )
