"""What can be done about an answer: which buttons are offered, what stands on them, what a press means."""

from datetime import datetime
from typing import Any, Final, get_args

from bot.messages import ActionName, Answer, Channel, Command, Feedback, Message, Person
from bot.settings import ResolvedChannel

LABELS: Final[dict[ActionName, str]] = {
    "helpful": "button_helpful",
    "not_helpful": "button_not_helpful",
    "regenerate": "button_regenerate",
    "show_sources": "button_sources",
    "ask_person": "button_ask_person",
    "stop": "button_stop",
}
"""The phrase on each button."""
REASONS: Final = ("wrong", "incomplete", "outdated", "unclear", "other")
"""Why an answer did not help; the phrase for each is `feedback_reason_<reason>`."""
PRESSED: Final = frozenset({"regenerate", "show_sources", "ask_person", "stop"})
"""Names of the commands that buttons give; anyone may, where an admin command is for admins."""
LONGEST: Final = 100
"""Characters of a button's id, on the stricter platform."""

_MARK: Final = "vocero"


def offered(
    event: Message | Command | Feedback, answer: Answer, channel: ResolvedChannel
) -> tuple[ActionName, ...]:
    """The buttons below an answer. None below what is no answer to a question: a greeting, a command."""
    if not isinstance(event, Message) or answer.reason not in (None, "not_found", "stopped", "error"):
        return ()
    actions: list[ActionName] = []
    if answer.outcome in ("answered", "not_found"):
        actions += ["helpful", "not_helpful"]
    if answer.outcome != "not_found":
        actions.append("regenerate")
    if answer.citations:
        actions.append("show_sources")
    if channel.escalate_to:
        actions.append("ask_person")
    return tuple(action for action in actions if len(button(action, event.id)) <= LONGEST)


def stoppable(event: Message | Command | Feedback) -> bool:
    """Whether the button `stop` belongs on what is shown while this event's reply is being written."""
    slow = isinstance(event, Command) and event.name == "reindex" and not event.arguments.get("cancel")
    return (isinstance(event, Message) or slow) and len(button("stop", event.id)) <= LONGEST


def button(action: ActionName, answer: str) -> str:
    """The id of a button: all that is known when it is pressed, perhaps after a restart."""
    return f"{_MARK}:{action}:{answer}"


def read_button(id_: str) -> tuple[ActionName, str] | None:
    """The action and the answer's id that `button` wrote; None for what is none of ours."""
    mark, _, rest = id_.partition(":")
    action, _, answer = rest.partition(":")
    known = next((one for one in get_args(ActionName) if one == action), None)
    return (known, answer) if mark == _MARK and known is not None and answer else None


def pressed(
    action: ActionName,
    answer: str,
    *,
    id: str,  # noqa: A002 - the event's field
    channel: Channel,
    author: Person,
    at: datetime,
    reference: dict[str, str],
    language: str | None = None,
    reason: str | None = None,
    correction: str | None = None,
) -> Command | Feedback:
    """What a press asks of the bot. Its reply is for who pressed alone, and `text` may be empty.

    `id`: one per press. `reference`: what answers the press, and where the answer stands.
    """
    about: dict[str, Any] = {
        "id": id,
        "channel": channel,
        "author": author,
        "at": at,
        "language": language,
        "private": True,
        "reference": reference,
    }
    if action not in ("helpful", "not_helpful"):
        return Command(**about, thread=id, name=action, arguments={"answer": answer})
    return Feedback(
        **about,
        # What one person says of one answer is taken in order, and waits for nothing else.
        thread=f"feedback:{answer}:{author.id}",
        answer=answer,
        helpful=action == "helpful",
        reason=reason or None,
        correction=correction or None,
    )


def successor(answer: str) -> str:
    """Id of the turn that answers again: one for each answer, so that pressing twice asks once."""
    base, _, tries = answer.rpartition("~")
    return f"{base}~{int(tries) + 1}" if base and tries.isdigit() else f"{answer}~1"


def predecessor(answer: str) -> str | None:
    """Id of the turn whose answer this one's is to replace, if any."""
    base, _, tries = answer.rpartition("~")
    if not base or not tries.isdigit():
        return None
    return f"{base}~{int(tries) - 1}" if int(tries) > 1 else base


def first(answer: str) -> str:
    """Id of the message that a turn, however often it was asked again, answers."""
    base, _, tries = answer.rpartition("~")
    return base if base and tries.isdigit() else answer
