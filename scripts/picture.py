"""Draws docs/images/chat.svg: a real conversation with the demo company's bot in a terminal.

.venv/bin/python scripts/picture.py
"""

import asyncio
import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from bot.app import open_terminal
from bot.config import load_settings
from bot.messages import Answer
from connectors.terminal.chat import rendered

ROOT = Path(__file__).parent.parent
QUESTIONS = (
    "¿Cuánto dura la garantía de una bomba en México?",
    "¿y en España?",
    "¿Hay descuento para jubilados?",
)


async def main() -> None:
    """Asks, and writes down what the terminal showed."""
    console = Console(record=True, width=96, force_terminal=True, file=io.StringIO(), highlight=False)
    with tempfile.TemporaryDirectory() as data:
        environ = {"VOCERO_DATA": data}
        settings = load_settings(ROOT / "examples" / "demo" / "vocero.toml", environ=environ)
        async with open_terminal(settings) as terminal:
            for question in QUESTIONS:
                console.print(f"\n[bold cyan]›[/] {question}")
                async for chunk in terminal.ask(question, thread="picture"):
                    if isinstance(chunk, Answer):
                        console.print(rendered(chunk))
    # A picture in a README fetches nothing: the reader's own monospaced font will do.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="vocero chat"), flags=re.DOTALL)
    (ROOT / "docs" / "images" / "chat.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
