"""What the demo company's bot may do: book a meeting room, open a ticket. Both are only written down."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from bot.tools.python import tool
from bot.tools.tool import ToolError

DONE = Path(__file__).parent / ".vocero" / "office.jsonl"
Room = Literal["Paraná", "Carcarañá", "Ludueña", "Turia", "Júcar", "Albufera", "Bernal", "Jalpan", "Tequis"]


@tool(effects=True)
async def book_meeting(
    *,
    room: Room,
    day: date,
    hour: Annotated[int, Field(ge=8, le=19)],
    people: Annotated[int, Field(ge=1, le=14)],
    title: Annotated[str, Field(min_length=3, max_length=120)],
    idempotency_key: str,
) -> str:
    """Books a meeting room for one hour.

    Args:
        room: its name; Paraná, Carcarañá and Ludueña are in Rosario, Turia, Júcar and Albufera in Valencia,
            Bernal, Jalpan and Tequis in Querétaro
        day: YYYY-MM-DD
        hour: at which it begins, 8 to 19
        people: how many come
        title: what it is about
        idempotency_key: filled in, the same for the same call
    """
    booked = [one for one in _done() if one["what"] == "meeting"]
    if any((one["room"], one["day"], one["hour"]) == (room, day.isoformat(), hour) for one in booked):
        raise ToolError(f"{room} is taken on {day} at {hour}.")
    _write(idempotency_key, "meeting", room=room, day=day.isoformat(), hour=hour, people=people, title=title)
    return f"{room}, {day}, {hour}:00: {title}"


@tool(effects=True)
async def create_ticket(
    title: Annotated[str, Field(min_length=5, max_length=120)],
    details: Annotated[str, Field(max_length=1_500)],
    idempotency_key: str,
    urgent: bool = False,
) -> str:
    """Opens a ticket for the support team.

    Args:
        title: the problem in a line
        details: what happens, since when, with which product
        urgent: somebody cannot work meanwhile
        idempotency_key: filled in, the same for the same call
    """
    number = f"T-{1001 + sum(one['what'] == 'ticket' for one in _done())}"
    _write(idempotency_key, "ticket", number=number, title=title, details=details, urgent=urgent)
    return number


def _done() -> list[dict[str, object]]:
    if not DONE.is_file():
        return []
    return [json.loads(line) for line in DONE.read_text("utf-8").splitlines()]


def _write(key: str, what: str, **fields: object) -> None:
    """Where a service would tell a repetition by the key, it is written down with the rest."""
    DONE.parent.mkdir(exist_ok=True)
    with DONE.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, "key": key, **fields}, ensure_ascii=False) + "\n")
