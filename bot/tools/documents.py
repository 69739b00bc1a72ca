"""The search in the documents as a tool, so that a model may look again with better words."""

import asyncio
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bot.tools.arguments import check_by_model, schema_of
from bot.tools.settings import DocumentsTool
from bot.tools.tool import Asker, Output, Tool
from knowledge.readers import permits
from knowledge.retrieval import Found

_DESCRIPTION = (
    "Searches the company's documents again. For when the documents given do not hold the answer: use other "
    "words, the product's full name, or the document's own language."
)


class Search(Protocol):
    """What searches."""

    def search(self, question: str, *, limit: int, sources: frozenset[str], readers: frozenset[str]) -> Found:
        """The best passages out of these sources that these readers may read."""
        ...


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Annotated[
        str, Field(min_length=2, max_length=300, description="What to look for, in a few words.")
    ]


def open_documents(settings: DocumentsTool, library: Search) -> Tool:
    """The tool. It reads what the asker's turn may read, and nothing else."""

    async def run(arguments: dict[str, Any], asker: Asker) -> Output:
        found = await asyncio.to_thread(
            library.search,
            arguments["query"],
            limit=settings.limit,
            sources=asker.sources,
            readers=asker.readers,
        )
        hits = tuple(
            hit
            for hit in found.hits
            if hit.passage.source in asker.sources and permits(hit.passage.readers, asker.readers)
        )
        return Output(f"{len(hits)} passages found." if hits else "Nothing found.", hits=hits)

    return Tool(
        name=settings.name,
        description=settings.description or _DESCRIPTION,
        parameters=schema_of(_Arguments),
        check=check_by_model(_Arguments),
        run=run,
        effects=bool(settings.effects),
    )
