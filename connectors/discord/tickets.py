"""Tickets: the right to answer an interaction through its token, as an event carries it in its reference."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.messages import Command, Feedback, Message

_LIFETIME = timedelta(minutes=14, seconds=30)
"""A quarter of an hour, with a margin."""
PRESSED = "pressed"
"""In a reference: the message whose button was pressed."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One interaction's token."""

    application: str
    interaction: str
    token: str
    since: datetime
    """Its arrival: from here it lives a quarter of an hour, whatever Discord's clock says."""
    hidden: bool
    """What is said through it is seen by one person alone; fixed by the first response."""
    pressed: str | None = None
    """The message that the interaction's first one is: a pressed button's. None: the reply's own."""

    @property
    def left(self) -> timedelta:
        """How long it can still be used."""
        return self.since + _LIFETIME - datetime.now(UTC)

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        return self.left > timedelta()

    @property
    def slots(self) -> dict[str, str]:
        """What fills the path of a request."""
        return {"webhook_id": self.application, "webhook_token": self.token}

    @property
    def reference(self) -> dict[str, str]:
        """The ticket in words, for an event's reference. Of these, `token` is kept in no journal."""
        written = {
            "application": self.application,
            "interaction": self.interaction,
            "token": self.token,
            "since": self.since.isoformat(),
            "hidden": "yes" if self.hidden else "",
        }
        return written | ({PRESSED: self.pressed} if self.pressed else {})


def ticket_of(event: Message | Command | Feedback) -> Ticket | None:
    """What the event is answered through; None for what was simply written."""
    reference = event.reference
    if "token" not in reference:
        return None
    return Ticket(
        reference["application"],
        reference["interaction"],
        reference["token"],
        datetime.fromisoformat(reference["since"]),
        bool(reference["hidden"]),
        reference.get(PRESSED),
    )


def is_hidden(event: Message | Command | Feedback) -> bool:
    """Whether the reply is seen by one person alone though others are there: it is no ordinary message."""
    if isinstance(event, Message):  # perhaps asked again by a button, whose own ticket is always hidden
        return event.private and event.channel.kind != "direct"
    return bool(event.reference.get("hidden"))
