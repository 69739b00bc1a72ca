"""A process that presses a button again and again: `pressing_process.py redis database token file number`.

What the tool does is a line in the file; how each press ended is a line on standard output.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.journal import Journal
from bot.messages import Channel, Command, Person
from bot.state import open_state
from bot.tools.calling import Caller
from bot.tools.confirming import Confirming
from bot.tools.ledger import Ledger
from bot.tools.tool import Asker, Output, Tool
from knowledge.database import open_database


def tool(file: Path) -> Tool:
    """Writes a line, takes its time, and says that it did."""

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        with file.open("a") as opened:
            opened.write(f"{asker.key}\n")
        await asyncio.sleep(1)
        return Output("written")

    return Tool("write", "Writes.", {}, dict, run, effects=True, timeout=5)


async def main(redis: str, database: str, token: str, file: Path, number: str) -> None:
    async def find(_: str) -> Tool:
        return tool(file)

    async with open_state(redis, file.parent) as state:
        engine = open_database(database)
        caller = Caller(state.redis)
        confirming = Confirming(state.redis, Ledger(engine), caller, Journal(engine))
        for press in range(40):
            command = Command(
                id=f"slack:{number}:{press}",
                thread="t",
                channel=Channel(platform="slack", id="C1"),
                author=Person(id="slack:U1"),
                at=datetime.now(UTC),
                name="confirm",
                arguments={"token": token},
            )
            pressed = await confirming.press(command, find)
            sys.stdout.write(f"{pressed.ended}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5]))
