"""Writes the table of personas into docs/registers.md: `.venv/bin/python scripts/voices.py`.

Each persona is asked the same questions over one document of the demo company, without a model, and the bot's
replies are the table. What it would write with a model is the first example of its file.
"""

import asyncio
import tempfile
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from bot.app import open_runtime, open_terminal
from bot.bot import Bot
from bot.config import load_settings
from bot.messages import Answer, Channel, Message, Person
from bot.personas import load_persona

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "registers.md"
BEGIN, END = "<!-- scripts/voices.py writes from here -->\n", "<!-- to here -->\n"
PERSONAS = ("rioplatense", "mexicano", "peninsular", "formal", "english")
ANSWERED = "¿Cómo pido vacaciones?"
GREETED = "Hola"
IN_ENGLISH = "How much is the vacation bonus in Mexico?"
_HEAD = """\
«{greeting}» and «{question}», said to the demo company's bot in a channel of each persona. Without a language
model it quotes, and the quotation keeps the document's own *usted*. How a model is to write the answer is the
first example in the persona's file.

| persona | «{greeting}» | «{question}», quoted | written |
|---|---|---|---|
"""
_ENGLISH = "\n`rioplatense`, asked in English («{question}»), says:\n\n{reply}\n"
_CONFIGURATION = """\
embedding = "none"
[[sources]]
name = "empresa"
kind = "folder"
path = "{documents}"
include = ["vacaciones.docx"]
"""
_CHANNEL = '[[channels]]\nmatch = "terminal:{name}"\npersona = "{name}"\n'


def table() -> str:
    """The part of the page that is made."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_table(Path(folder)))


async def _table(folder: Path) -> str:
    documents = ROOT / "examples" / "demo" / "docs" / "politicas"
    configuration = _CONFIGURATION.format(documents=documents) + "".join(
        _CHANNEL.format(name=name) for name in PERSONAS
    )
    (folder / "vocero.toml").write_text(configuration, encoding="utf-8")
    settings = load_settings(folder / "vocero.toml", environ={})
    async with open_terminal(settings):
        pass  # reads the document
    async with open_runtime(settings, vectors=False) as runtime:
        replies = {
            name: [await _reply(runtime.bot, name, question) for question in (GREETED, ANSWERED, IN_ENGLISH)]
            for name in PERSONAS
        }
    return _rendered(replies)


def _rendered(replies: dict[str, list[str]]) -> str:
    rows = []
    for name in PERSONAS:
        greeted, answered, _ = replies[name]
        example = load_persona(name, None).examples[0].answer
        rows.append(f"| `{name}` | {_cell(greeted)} | {_cell(answered)} | {_cell(example)} |\n")
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in replies["rioplatense"][2].splitlines())
    english = _ENGLISH.format(question=IN_ENGLISH, reply=quoted.rstrip())
    return _HEAD.format(greeting=GREETED, question=ANSWERED) + "".join(rows) + english


def _cell(text: str) -> str:
    lines = (f"*{line[2:]}*" if line.startswith("> ") else line for line in text.split("\n") if line)
    return "<br>".join(lines).replace("|", "\\|")


async def _reply(bot: Bot, persona: str, question: str) -> str:
    message = Message(
        # The id chooses among the variants of a phrase.
        id=f"terminal:{persona}-{question}",
        thread=f"terminal:{persona}-{question}",
        channel=Channel(platform="terminal", id=persona),
        author=Person(id="terminal:1"),
        at=datetime.now(UTC),
        text=question,
    )
    async with aclosing(bot.handle(message)) as reply:
        async for chunk in reply:
            if isinstance(chunk, Answer):
                return chunk.text
    raise AssertionError("every reply ends in an answer")


def page(text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
