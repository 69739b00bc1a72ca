"""Checks of tools: each one opens, and where a server has them, it says so."""

from contextlib import aclosing

from bot.doctor.findings import fail
from bot.settings import Settings
from bot.tools.settings import AnyTool
from bot.tools.toolbox import Toolbox
from knowledge.retrieval import Found


async def tool(settings: Settings, one: AnyTool) -> str:
    """What a table stands for, by the names that a model calls."""
    async with aclosing(Toolbox(settings.model_copy(update={"tools": (one,)}), _Unsearched())) as toolbox:
        found = await toolbox.tools([one.name])
        if one.name in toolbox.problems:
            remedy = f"Start the server, or correct [[tools]] `{one.name}`: nobody can call it meanwhile."
            raise fail(toolbox.problems[one.name], remedy)
    return ", ".join(found)


class _Unsearched:
    """Stands where the documents are, which opening a tool does not search."""

    def search(self, question: str, *, limit: int, sources: frozenset[str], readers: frozenset[str]) -> Found:
        raise AssertionError("a tool was called while it was opened")
