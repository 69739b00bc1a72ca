"""The retriever and the engine as LlamaIndex components, for what that ecosystem offers.

`DocumentRetriever` is a `BaseRetriever` and `DocumentQueryEngine` a `BaseQueryEngine`: post-processors,
fusion retrievers, routers and evaluators plug in.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.async_utils import asyncio_run
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from knowledge.answers import Question, Result
from knowledge.documents import Hit, Passage
from knowledge.engine import Engine, Search


class DocumentRetriever(BaseRetriever):
    """The fused retriever over the given sources; `readers` as in `knowledge.answers.Question`."""

    def __init__(
        self,
        retriever: Search,
        sources: frozenset[str],
        *,
        limit: int = 10,
        readers: frozenset[str] | None = frozenset(),
    ) -> None:
        self._retriever = retriever
        self._readers = readers
        self._sources = sources
        self._limit = limit
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._retriever.search(
            query_bundle.query_str, limit=self._limit, sources=self._sources, readers=self._readers
        )
        return nodes(found.hits)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class DocumentQueryEngine(BaseQueryEngine):
    """The engine over the given sources; `source_nodes` are the passages its answer cites."""

    def __init__(
        self,
        engine: Engine,
        sources: frozenset[str],
        *,
        language: str = "es",
        readers: frozenset[str] | None = frozenset(),
    ) -> None:
        super().__init__(CallbackManager([]))
        self._readers = readers
        self._engine = engine
        self._sources = sources
        self._language = language

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        response: RESPONSE_TYPE = asyncio_run(self._aquery(query_bundle))
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        question = Question(query_bundle.query_str, self._sources, self._language, readers=self._readers)
        async for piece in self._engine.answer(question):
            if isinstance(piece, Result):
                return _response(piece)
        raise AssertionError("every answer ends in a Result")

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def nodes(hits: Sequence[Hit]) -> list[NodeWithScore]:
    """Hits as LlamaIndex nodes, with the place of each in its metadata."""
    return [NodeWithScore(node=_node(hit.passage), score=hit.score) for hit in hits]


def _node(passage: Passage) -> TextNode:
    metadata: dict[str, Any] = {
        "source": passage.source,
        "document": passage.document,
        "title": passage.title,
        "heading": passage.heading,
        "location": passage.location,
    }
    return TextNode(id_=passage.id, text=passage.text, metadata=metadata)


def _response(result: Result) -> Response:
    return Response(
        response=result.text,
        source_nodes=[NodeWithScore(node=_node(cited.passage), score=None) for cited in result.citations],
        metadata={"outcome": result.outcome, "confidence": result.confidence, "model": result.model},
    )
