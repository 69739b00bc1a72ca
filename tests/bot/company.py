"""A small company to talk to: documents in a folder, settings, and a terminal to its bot."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import open_terminal
from bot.config import load_settings
from bot.messages import Answer
from bot.settings import Settings
from connectors.terminal import Terminal
from knowledge.documents import Listed
from knowledge.readers import Readers
from knowledge.sources.folder import FolderSource

VACATIONS = """\
# Política de vacaciones

Vale desde enero para las tres oficinas.

## Argentina

El personal de Rosario tiene 17 días corridos de vacaciones por año.

## España

El personal de Valencia tiene 25 días laborables de vacaciones por año.

## Cómo pedirlas

Se piden en el portal con dos semanas de anticipación.
"""
SALARIES = """\
# Bandas salariales

Una analista cobra entre 900 y 1.200 al mes.
"""


def company(folder: Path, extra: str = "", *, llm: str = "", **documents: str) -> Settings:
    """Writes a company's files and gives its settings; `documents` are more public ones by name.

    An `identities.toml` that is there already is made use of.
    """
    if (folder / "identities.toml").exists():
        llm = f'identities = "identities.toml"\n{llm}'
    public = {"vacaciones": VACATIONS} | documents
    for name, text in public.items():
        path = folder / "docs" / f"{name}.md"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, "utf-8")
    (folder / "people").mkdir(exist_ok=True)
    (folder / "people" / "bandas.md").write_text(SALARIES, "utf-8")
    (folder / "vocero.toml").write_text(
        f"""{llm}
embedding = "none"
[[sources]]
name = "docs"
kind = "folder"
path = "docs"
[[sources]]
name = "people"
kind = "folder"
path = "people"
access = ["slack:#rrhh"]
[[channels]]
match = "terminal:*"
persona = "rioplatense"
[[channels]]
match = "slack:#madrid"
persona = "peninsular"
[[channels]]
match = "slack:#rrhh"
persona = "formal"
sources = ["docs", "people"]
{extra}""",
        "utf-8",
    )
    return load_settings(folder / "vocero.toml", environ={})


def give_readers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Readers]:
    """Has folders tell readers as other services do: those that are put in here, by document."""
    readers: dict[str, Readers] = {}
    plain = FolderSource.list

    def with_readers(source: FolderSource) -> Iterator[Listed]:
        for listed in plain(source):
            first, *within = readers.get(listed.document) or (None,)
            yield replace(listed, readers=first, within=tuple(within))

    monkeypatch.setattr(FolderSource, "list", with_readers)
    return readers


class Talk:
    """Someone talking to the bot at a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    async def ask(self, question: str, channel: str = "terminal:local", thread: str | None = None) -> Answer:
        """Asks, and checks on the way that what was shown piece by piece is the answer's text."""
        shown = ""
        async with aclosing(self.terminal.ask(question, channel, thread)) as reply:
            async for chunk in reply:
                if chunk.type == "text":
                    shown += chunk.text
                if chunk.type == "replace":
                    shown = chunk.text
                if isinstance(chunk, Answer):
                    assert shown == chunk.text
                    return chunk
        raise AssertionError("the reply had no answer")

    async def command(self, name: str, channel: str = "terminal:local", **arguments: Any) -> Answer:
        """Gives a command, and checks that what waits for a yes was shown before the answer."""
        shown = []
        async with aclosing(self.terminal.command(name, channel, **arguments)) as reply:
            async for chunk in reply:
                if chunk.type == "confirm":
                    shown.append(chunk.confirmation)
                if isinstance(chunk, Answer):
                    assert tuple(shown) == chunk.confirmations
                    return chunk
        raise AssertionError("the reply had no answer")


@asynccontextmanager
async def talking(settings: Settings) -> AsyncIterator[Talk]:
    """A conversation with the bot of these settings."""
    async with open_terminal(settings) as terminal:
        yield Talk(terminal)
