"""The terminal chat: a prompt, a reply that streams, its sources underneath."""

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text as Styled

from bot.admin import read_command
from bot.messages import Answer, Replace, Reply, Status, Text
from connectors.terminal import LOCAL, Terminal
from connectors.terminal.completing import LookupCompleter

_WIDTH = 100
_HELP = """\
Type a question. Also:

- `/sources` what is indexed and how fresh it is
- `/reindex [source|document] [--dry-run] [--full]` read what changed; `/reindex cancel` ends it
- `/sources pause name`, `/sources resume name` whether a source is read by itself
- `/status` what the bot is doing
- `/lookup [name] [parameter=value …]` make a lookup: stock, an order; Tab completes
- `/new` begin a new thread: follow-ups no longer refer to what was said
- `/quit` leave (or Ctrl-D)
"""


class Chat:
    """One conversation at a terminal."""

    def __init__(self, terminal: Terminal, console: Console, *, channel: str, history: Path) -> None:
        self._terminal = terminal
        self._console = console
        self._channel = channel
        self._thread = 0
        self._lookups = LookupCompleter()
        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(history)), completer=self._lookups
        )

    async def run(self, greeting: str) -> None:
        """Talks until the person leaves."""
        self._console.print(Markdown(greeting))
        # What a server has to tell of its tools may take a while: nobody waits for it.
        learning = asyncio.create_task(self._learn())
        try:
            await self._talk()
        finally:
            learning.cancel()

    async def _learn(self) -> None:
        """Has the completer know the lookups of this channel."""
        async for chunk in self._terminal.command("lookup", self._channel):
            if isinstance(chunk, Answer) and chunk.data:
                self._lookups.tools = {one["name"]: one["parameters"] for one in chunk.data["tools"]}

    async def _talk(self) -> None:
        while True:
            try:
                said = (await self._session.prompt_async(HTML("\n<ansicyan><b>›</b></ansicyan> "))).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if said in {"/quit", "/exit", "/salir"}:
                return
            if said:
                await self._take(said)

    async def _take(self, said: str) -> None:
        if not said.startswith("/"):
            reply = self._terminal.ask(said, self._channel, f"chat-{self._thread}")
            await self._confirm(await show(self._console, reply), self._channel)
            return
        name = said[1:].split(maxsplit=1)[0] if said[1:].strip() else ""
        match name:
            case "help" | "ayuda" | "":
                self._console.print(Markdown(_HELP))
            case "new" | "nuevo":
                self._thread += 1
                self._console.print("[dim]A new thread.[/dim]")
            case "lookup" | "consulta":
                tool, _, given = said.partition(" ")[2].strip().partition(" ")
                reply = self._terminal.command("lookup", self._channel, tool=tool, arguments=given)
                await self._confirm(await show(self._console, reply), self._channel)
            case _:
                name, arguments = read_command(said[1:])
                # Who runs the machine gives orders to it, whatever channel they speak as.
                answer = await show(self._console, self._terminal.command(name, **arguments))
                await self._confirm(answer, LOCAL)

    async def _confirm(self, answer: Answer | None, channel: str) -> None:
        """Asks what waits for a yes, as long as it does."""
        for confirmation in answer.confirmations if answer else ():
            left = (confirmation.until - datetime.now(UTC)).total_seconds()
            said = ""
            with contextlib.suppress(TimeoutError, EOFError, KeyboardInterrupt):
                async with asyncio.timeout(max(left, 0)):
                    said = await PromptSession[str]().prompt_async(f"{confirmation.tool}? [y/n] ")
            accept = said.strip().casefold() in {"y", "yes", "s", "sí", "si"}
            await show(self._console, self._terminal.press(confirmation, accept, channel))


async def show(console: Console, reply: Reply) -> Answer | None:
    """Shows a reply as it comes, and gives its answer."""
    written, answer = "", None
    with Live(Spinner("dots", style="cyan"), console=console, transient=True, refresh_per_second=12) as live:
        async for chunk in reply:
            match chunk:
                case Status(text=text):
                    live.update(Spinner("dots", Styled(text, style="dim"), style="cyan"))
                case Text(text=text):
                    written += text
                    live.update(_body(written))
                case Replace(text=text):
                    written = text
                    live.update(_body(written))
                case Answer():
                    answer = chunk
    if answer is not None:
        console.print(rendered(answer))
    return answer


def rendered(answer: Answer) -> RenderableType:
    """An answer with its numbered sources."""
    if not answer.citations:
        return _body(answer.text)
    sources = Table.grid(padding=(0, 1))
    for cited in answer.citations:
        place = Styled(cited.title, style="bold")
        if cited.location:
            place.append(f" · {cited.location}", style="not bold")
        dated = f"  {cited.as_of:%Y-%m-%d}" if cited.as_of else ""
        place.append(f"\n{cited.url or f'{cited.source}/{cited.document}'}{dated}", style="dim not bold")
        sources.add_row(Styled(f"[{cited.number}]", style="cyan"), place)
    return Group(_body(answer.text), Padding(sources, (1, 0, 0, 2)))


def _body(text: str) -> RenderableType:
    return Padding(Markdown(text), (0, 0, 0, 2))


def terminal_console(*, stderr: bool = False) -> Console:
    """A console no wider than text reads well."""
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, _WIDTH)
    return console
