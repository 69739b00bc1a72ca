"""How long a search takes, against embedding its question alone, and while documents are read.

    python benchmarks/latency.py --data FOLDER [--stock PYTHON] [--sizes 10000 100000] [--questions 200]

FOLDER holds `corpora/` (any Markdown) and `xquad_es_dev.json`, whose questions are asked. Vectors are random
ones near real ones: what a search costs does not depend on what they say. Wall-clock milliseconds.
"""

import argparse
import contextlib
import json
import random
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle, islice, takewhile
from pathlib import Path

import numpy as np
from harness import Table, configure, percentiles, run

from bot.config import load_settings
from bot.opening import open_library
from knowledge.chunking import chunk
from knowledge.documents import Fetched, Passage
from knowledge.embedding import count_pieces, open_embedder
from knowledge.embedding.minilm import MiniLM
from knowledge.errors import UnreadableError
from knowledge.index_writer import IndexWriter
from knowledge.library import Library
from knowledge.manifest import Record
from knowledge.priority import take_turns
from knowledge.reading import read

SOURCES = frozenset({"docs"})
APART = 0.02
"""Seconds between questions that are not asked without a break."""


def questions(data: Path, count: int) -> list[str]:
    """Questions as people ask them."""
    articles = json.loads((data / "xquad_es_dev.json").read_text("utf-8"))["data"]
    asked = [qa["question"] for a in articles for p in a["paragraphs"] for qa in p["qas"]]
    return random.Random(0).sample(asked, min(count, len(asked)))


def passages(data: Path) -> Iterator[Passage]:
    """Passages without end: the corpora's, then again under other ids."""
    made: list[Passage] = []
    for path in sorted((data / "corpora").rglob("*.md")):
        with contextlib.suppress(UnreadableError):
            name = str(path.relative_to(data))
            document = read(Fetched(name, path.read_bytes()))
            for passage in chunk(document, source="docs", path=name, count=count_pieces):
                made.append(passage)
                yield passage
    copies = 0
    while True:
        copies += 1
        for passage in made:
            yield replace(passage, id=f"{passage.id}-{copies}", document=f"{passage.document}-{copies}")


def fill(library: Library, data: Path, wanted: list[Passage], embedder: MiniLM) -> None:
    """Puts passages and vectors straight into the stores."""
    vectors = library.vectors
    assert vectors is not None
    writer = IndexWriter(library.manifest, library.index.words, vectors, lambda: None)
    writer.open()
    by_document: dict[str, list[Passage]] = {}
    for passage in wanted:
        by_document.setdefault(passage.document, []).append(passage)
    names = list(by_document)
    for start in range(0, len(names), 500):
        part = {name: by_document[name] for name in names[start : start + 500]}
        writer.switch("docs", [Record(name, "-", None, "-", "-", len(part[name])) for name in part], part)
    writer.settle("docs")
    writer.close()
    generator = np.random.default_rng(0)
    real = embedder.embed_passages([passage.text[:400] for passage in wanted[:2_000:4]])
    ids = [passage.id for passage in wanted]
    for start in range(0, len(ids), 2_000):
        part_ids = ids[start : start + 2_000]
        near = real[generator.integers(0, len(real), len(part_ids))]
        near = near + generator.standard_normal(near.shape, np.float32) * np.float32(0.03)
        vectors.upsert(part_ids, near / np.linalg.norm(near, axis=1, keepdims=True), "docs")
        library.manifest.set_embedder(part_ids, vectors.embedder)


def idle(table: Table, library: Library, embedder: MiniLM, asked: list[str], size: int) -> float:
    """Search against embedding, without a break; milliseconds of a search at p50."""
    for question in asked[:20]:
        library.search(question, sources=SOURCES, readers=None)
    embed50, _ = percentiles(embedder.embed_query, asked)
    search50, search95 = percentiles(
        lambda question: library.search(question, sources=SOURCES, readers=None), asked
    )
    table.add(f"{size:,} passages: embedding a question, p50", f"{embed50:.1f} ms")
    table.add(f"{size:,} passages: search, p50 / p95", f"{search50:.1f} / {search95:.1f} ms")
    goal = f"≤ {2 if size <= 10_000 else 2.5}"
    table.add(f"{size:,} passages: search ÷ embedding, p50", f"{search50 / embed50:.2f} ×", goal)
    return search50


def stock_embedding(table: Table, stock: Path, asked: list[str], search50: float) -> None:
    """The same against embedding as the stock recipe does."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as texts:
        json.dump({"queries": asked, "passages": []}, texts)
        texts.flush()
        measured = run([stock, Path(__file__).parent / "stock.py", "embed", texts.name]).output
    table.add("stock: embedding a question, p50", f"{measured['query_p50_ms']:.1f} ms")
    table.add("search ÷ stock's embedding, p50", f"{search50 / measured['query_p50_ms']:.2f} ×")


def busy(table: Table, library: Library, asked: list[str]) -> None:
    """Questions as they come, a moment apart, without and with documents being read and embedded behind."""
    _, idle95 = percentiles(partial(library.search, sources=SOURCES, readers=None), asked, apart=APART)
    stop = threading.Event()
    backfill = threading.Thread(target=library.fill_vectors, args=(stop,))
    reading = threading.Thread(target=library.sync, args=("docs",))
    backfill.start()
    reading.start()
    meanwhile = takewhile(lambda _: reading.is_alive(), cycle(asked))
    _, busy95 = percentiles(partial(library.search, sources=SOURCES, readers=None), meanwhile, apart=APART)
    stop.set()
    reading.join()
    backfill.join()
    table.add("questions a moment apart: search, p95", f"{idle95:.1f} ms")
    table.add("the same while re-indexing, p95", f"{busy95:.1f} ms")
    table.add("busy ÷ idle, p95", f"{busy95 / idle95:.2f} ×", "≤ 2")


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stock", type=Path, help="a Python that has the `stock` extra")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    take_turns()  # as every process that answers does
    asked = questions(given.data, given.questions)
    table = Table(f"Searching ({len(asked)} questions)")
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as name:
            documents = Path(name) / "docs"
            documents.mkdir()
            settings = load_settings(configure(Path(name) / "latency", documents) / "vocero.toml")
            with contextlib.closing(open_library(settings, writing=True, answering=True)) as library:
                embedder = open_embedder("local", cache=settings.data / "models")
                assert isinstance(embedder, MiniLM)
                fill(library, settings.data, list(islice(passages(given.data), size)), embedder)
                search50 = idle(table, library, embedder, asked, size)
                if given.stock:
                    stock_embedding(table, given.stock, asked, search50)
                if size == min(given.sizes):
                    for number, path in enumerate(
                        islice(sorted((given.data / "corpora").rglob("*.md")), 600)
                    ):
                        (documents / f"{number}.md").write_bytes(path.read_bytes())
                    busy(table, library, asked)


if __name__ == "__main__":
    main()
