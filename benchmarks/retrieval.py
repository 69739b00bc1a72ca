"""How good search is: XQuAD paragraphs in Spanish, English and across, and known items.

    python benchmarks/retrieval.py --data FOLDER [--stock PYTHON] [--items 300]

Compares stems alone, words (stems and grams), words and vectors, these with the sentences of the first
passages weighed, too (what `vocero search` shows), and with `--stock` (a Python that has
the `stock` extra) the stock LlamaIndex recipe. FOLDER holds `xquad_es_dev.json`, `xquad_en_dev.json` and
for known items `known_item_visualstudio_es.jsonl` with `corpora/visualstudio-es`.
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.chunking import chunk, embedding_text
from knowledge.documents import Document, Fetched, Passage
from knowledge.embedding import Embedder, Vector, count_pieces, open_embedder
from knowledge.errors import UnreadableError
from knowledge.evaluation import scores
from knowledge.evidence import by_evidence
from knowledge.lexical import LexicalReader, LexicalWriter, Terms
from knowledge.reading import read
from knowledge.retrieval import Retriever

SOURCE = "benchmark"
MEASURES = ("ndcg@10", "recall@1", "recall@5", "recall@10")


@dataclass(frozen=True)
class Task:
    """Queries over documents (path: Markdown text), each query with its one relevant document."""

    name: str
    documents: dict[str, str]
    queries: list[tuple[str, str]]


class Memory:
    """Passages and exact vectors in memory: quality is measured without a neighbour index's losses."""

    def __init__(self, passages: Sequence[Passage], embedder: Embedder) -> None:
        self._passages = {passage.id: passage for passage in passages}
        self._ids = list(self._passages)
        self._vectors = embedder.embed_passages([embedding_text(p) for p in self._passages.values()])

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """All are live."""
        return {id_: self._passages[id_] for id_ in ids}

    def query(self, embedding: Vector, limit: int, sources: frozenset[str]) -> list[tuple[str, float]]:
        """Nearest first."""
        cosines = self._vectors @ embedding
        nearest = np.argsort(-cosines)[:limit]
        return [(self._ids[i], float(cosines[i])) for i in nearest]

    def missing(self, ids: Collection[str]) -> Collection[str]:
        """None."""
        return ()


def main() -> None:
    """Prints a table for each task."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--stock", help="a Python that has the `stock` extra")
    options.add_argument("--items", type=int, default=300, help="known items to look for (0: none, -1: all)")
    given = options.parse_args()
    if not given.stock:
        print("Without the stock recipe: install vocero[stock] in a Python and name it with --stock.")
    with tempfile.TemporaryDirectory() as folder:
        embedder = open_embedder("local", cache=Path(folder))
        assert embedder is not None
        for task in tasks(given.data, given.items):
            rankings = ours(task, embedder, Path(folder) / "index")
            if given.stock:
                rankings["stock LlamaIndex"] = stock(task, given.stock)
            report(task, rankings)


def tasks(data: Path, items: int) -> Iterator[Task]:
    """What the data folder has."""
    paragraphs, questions = {}, {}
    for language in ("es", "en"):
        paragraphs[language], questions[language] = xquad(data / f"xquad_{language}_dev.json")
    for asked, read_in in (("es", "es"), ("en", "en"), ("es", "en"), ("en", "es")):
        yield Task(f"XQuAD {asked} → {read_in}", paragraphs[read_in], questions[asked])
    known = data / "known_item_visualstudio_es.jsonl"
    if items and known.exists():
        yield from known_items(known, data / "corpora", items)


def xquad(path: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Paragraphs as documents without titles, and each question with its paragraph."""
    articles = json.loads(path.read_text("utf-8"))["data"]
    documents, questions = {}, []
    for number, paragraph in enumerate(p for article in articles for p in article["paragraphs"]):
        name = f"{number:03}.md"
        documents[name] = paragraph["context"]
        questions += [(entry["question"], name) for entry in paragraph["qas"]]
    return documents, questions


def known_items(path: Path, corpora: Path, items: int) -> Iterator[Task]:
    """Documents to be found by their title or description, which are taken out of them."""
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    random.Random(1).shuffle(entries)
    entries = entries if items < 0 else entries[:items]
    others = sorted(corpora.glob("visualstudio-es/**/*.md"))
    if items >= 0:
        others = random.Random(2).sample(others, min(len(others), 2 * items))
    paths = {entry["path"] for entry in entries} | {other.relative_to(corpora).as_posix() for other in others}
    documents = {name: bare((corpora / name).read_text("utf-8")) for name in sorted(paths)}
    for what in ("title", "description"):
        queries = [(entry[what], entry["path"]) for entry in entries if entry.get(what)]
        yield Task(f"known item es, by {what}", documents, queries)


def bare(text: str) -> str:
    """A page without its front matter and first main heading."""
    text = re.sub(r"\A\ufeff?---\s*\n.*?\n---\s*\n", "", text, flags=re.DOTALL)
    return re.sub(r"^# .*\n?", "", text, count=1, flags=re.MULTILINE)


def ours(task: Task, embedder: Embedder, index: Path) -> dict[str, list[list[str]]]:
    """Rankings by each stage of search."""
    passages = [passage for name, text in task.documents.items() for passage in passages_of(name, text)]
    store = Memory(passages, embedder)
    with LexicalWriter(index) as writer:
        writer.delete(LexicalReader(index).ids())
        writer.add(passages)
        writer.commit()
        reader = LexicalReader(index)
        rankings: dict[str, list[list[str]]] = {"stems": [stems(reader, store, q) for q, _ in task.queries]}
        for name, retriever in (
            ("words", Retriever(reader, store)),
            ("words and vectors", Retriever(reader, store, store, embedder)),
        ):
            found = [
                retriever.search(query, sources=frozenset({SOURCE}), readers=None, per_document=True)
                for query, _ in task.queries
            ]
            rankings[name] = [[hit.passage.document for hit in one.hits] for one in found]
            retriever.close()
        rankings["and evidence"] = [
            [hit.passage.document for hit in by_evidence(query, one.hits, reader)]
            for (query, _), one in zip(task.queries, found, strict=True)
        ]
    return rankings


def passages_of(name: str, text: str) -> list[Passage]:
    """As indexing makes them, but with no title: it would give the known item away."""
    try:
        document = read(Fetched(name, text.encode()))
    except UnreadableError:
        return []
    untitled = Document("", document.blocks, document.as_of)
    return chunk(untitled, source=SOURCE, path=name, count=count_pieces)


def stems(reader: LexicalReader, store: Memory, query: str) -> list[str]:
    """BM25 over stems alone."""
    found = reader.search(Terms.of(query), 100, frozenset({SOURCE})).stems
    return list(dict.fromkeys(store.passages([id_])[id_].document for id_ in found))


def stock(task: Task, python: str) -> list[list[str]]:
    """Rankings by the stock recipe, run by the Python that has it."""
    script = str(Path(__file__).with_name("stock.py"))
    with tempfile.TemporaryDirectory() as folder:
        documents, store, queries = Path(folder, "documents"), Path(folder, "store"), Path(folder, "queries")
        for name, text in task.documents.items():
            path = documents / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        queries.write_text("\n".join(json.dumps({"query": query}) for query, _ in task.queries), "utf-8")
        store.mkdir()
        subprocess.run([python, script, "index", str(documents), str(store)], check=True, capture_output=True)
        ran = subprocess.run(
            [python, script, "rank", str(queries), str(store)], check=True, capture_output=True
        )
        rankings = json.loads(ran.stdout)["rankings"]
        return [[str(Path(path).relative_to(documents)) for path in ranking] for ranking in rankings]


def report(task: Task, rankings: dict[str, list[list[str]]]) -> None:
    """A table of measures in percent."""
    print(f"\n{task.name}: {len(task.queries)} queries, {len(task.documents)} documents")
    print(f"{'':20}" + "".join(f"{name:>11}" for name in MEASURES))
    for name, ranked in rankings.items():
        measured = scores(ranked, [{relevant} for _, relevant in task.queries])
        print(f"{name:20}" + "".join(f"{100 * measured[measure]:11.1f}" for measure in MEASURES), flush=True)


if __name__ == "__main__":
    main()
