"""What indexing costs, beside the stock LlamaIndex recipe.

    python benchmarks/indexing.py --data FOLDER [--stock PYTHON] [--embed 150]

FOLDER holds `corpora/visualstudio-es` (6,000 Markdown files). `--stock` names a Python that has the `stock`
extra; its full index takes some twenty CPU minutes. CPU seconds are of whole processes unless said otherwise.
"""

import argparse
import contextlib
import hashlib
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from harness import Table, configure, run, spending, vocero

from bot.config import load_settings
from bot.opening import open_library
from knowledge.chunking import embedding_text
from knowledge.embedding import open_embedder
from knowledge.library import Library

QUESTION = "¿Qué muestra la ventana Puntos de interrupción?"


def corpus(data: Path, folder: Path, documents: int) -> Path:
    """A copy of the first so many documents of the corpus."""
    source = data / "corpora" / "visualstudio-es"
    files = sorted(path for path in source.rglob("*.md"))[:documents]
    for path in files:
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return folder


def first_answer(table: Table, work: Path, documents: Path, stock: Path | None) -> None:
    """From nothing to the first answer over all documents, in one command."""
    answer = vocero(configure(work / "first", documents), "ask", QUESTION, "--json")
    table.add("nothing to first answer", f"{answer.cpu:.1f} CPU s", "")
    table.add("  answered from", str([one["document"] for one in answer.output["citations"]][:1]))
    if stock:
        full = run([stock, Path(__file__).parent / "stock.py", "index", documents, work / "stock"])
        table.add("stock: full index", f"{full.cpu:.1f} CPU s", "")
        table.add("stock ÷ vocero", f"{full.cpu / answer.cpu:.1f} ×", "≥ 40")
        table.add("stock: peak memory of the full index", f"{full.rss_mb:.0f} MB")


def unchanged(table: Table, library: Library, documents: Path) -> None:
    """A run over what has not changed, against reading and hashing it."""
    with spending() as hashing:
        for path in documents.rglob("*.md"):
            hashlib.sha256(path.read_bytes()).digest()
    with spending() as again:
        library.sync("docs")
    table.add("no-change run ÷ reading and hashing all", f"{again.cpu / hashing.cpu:.2f} ×", "≤ 3")


def one_changed(table: Table, library: Library, documents: Path, count: int) -> None:
    """One changed document, its own embedding and the listing taken off."""
    changed = sorted(documents.rglob("*.md"))[count // 2]
    library.sync("docs")
    costs = []
    for turn in range(9):
        with spending() as idle:
            library.sync("docs")
        changed.write_text(f"{changed.read_text('utf-8')}\n\nNota número {turn} sobre el cambio.\n", "utf-8")
        with spending() as spent:
            library.sync("docs")
        costs.append((spent.cpu - idle.cpu) * 1000)
    table.add(
        f"one changed of {count:,}, words (median of 9)", f"{statistics.median(costs):.0f} CPU ms", "≤ 150"
    )


def some_changed(table: Table, library: Library, documents: Path) -> None:
    """1, 50 and 500 changed documents among all, the listing taken off: what each of them costs."""
    files = sorted(documents.rglob("*.md"))
    library.sync("docs")
    with spending() as idle:
        library.sync("docs")
    each: dict[int, float] = {}
    for many in (1, 50, 500):
        costs = []
        for turn in range(3):
            for path in files[:: len(files) // many][:many]:
                text = path.read_text("utf-8", "replace")
                path.write_text(f"{text}\n\nNota {turn} de {many} sobre el cambio.\n", "utf-8")
            with spending() as spent:
                report = library.sync("docs")
            assert report.changed == many, report
            costs.append(spent.cpu - idle.cpu)
        each[many] = sorted(costs)[1] / many * 1000
        told = f"{each[many] * many / 1000:.2f} CPU s, {each[many]:.1f} ms each"
        table.add(f"{many} changed of {len(files):,}, words (median of 3)", told)
    table.add("each of 50 ÷ each of 500", f"{each[50] / each[500]:.2f} ×", "≤ 2")


def fill_vectors(library: Library) -> None:
    """Random vectors for every passage: what a change costs does not depend on what they say."""
    vectors = library.vectors
    assert vectors is not None
    generator, ids = np.random.default_rng(0), library.manifest.live()
    for start in range(0, len(ids), 2_000):
        part = ids[start : start + 2_000]
        made = generator.standard_normal((len(part), 384), np.float32)
        vectors.upsert(part, made / np.linalg.norm(made, axis=1, keepdims=True), "docs")
        library.manifest.set_embedder(part, vectors.embedder)


def embedding(table: Table, work: Path, data: Path, count: int, stock: Path | None) -> None:
    """Indexing with vectors against embedding the same passages alone; peak memory against stock."""
    documents = corpus(data, work / "embedded-docs", count)
    folder = configure(work / "embedded", documents)
    vocero(configure(work / "warm", corpus(data, work / "warm-docs", 1)), "index", "--wait", "--json")
    shutil.copytree(work / "warm" / ".vocero" / "models", folder / ".vocero" / "models")
    whole = vocero(folder, "index", "--wait", "--json")
    idle = vocero(folder, "index", "--wait", "--json")
    library = open_library(load_settings(folder / "vocero.toml"), writing=False)
    passages = list(library.manifest.passages(library.manifest.live()).values())
    embedder = open_embedder("local", cache=folder / ".vocero" / "models")
    assert embedder is not None
    embedder.embed_query("warm")
    texts = sorted((embedding_text(passage) for passage in passages), key=len)
    with spending() as forward:
        embedder.embed_passages(texts)
    library.close()
    table.add(f"passages of {count} documents", str(len(texts)))
    table.add("embedding one passage", f"{forward.cpu / len(texts) * 1000:.1f} CPU ms")
    ratio = (whole.cpu - idle.cpu) / forward.cpu
    table.add("indexing ÷ (tokenise + forward), start-up taken off", f"{ratio:.3f} ×", "≤ 1.08")
    table.add("peak memory", f"{whole.rss_mb:.0f} MB")
    if stock:
        given = work / "texts.json"
        given.write_text(json.dumps({"queries": [], "passages": texts}), "utf-8")
        alone = run([stock, Path(__file__).parent / "stock.py", "embed", given]).output["passage_cpu_ms"]
        table.add("stock: embedding one passage", f"{alone:.1f} CPU ms")
        theirs = (whole.cpu - idle.cpu) / len(texts) * 1000 / alone
        table.add("indexing ÷ stock's embedding of the same", f"{theirs:.3f} ×", "≤ 1.08")
        other = run([stock, Path(__file__).parent / "stock.py", "index", documents, work / "stock-part"])
        table.add("stock: peak memory", f"{other.rss_mb:.0f} MB")
        table.add("vocero ÷ stock", f"{whole.rss_mb / other.rss_mb:.2f} ×", "≤ 0.5")


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--stock", type=Path)
    parser.add_argument("--embed", type=int, default=150, help="documents that are really embedded")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        documents = corpus(given.data, work / "docs", 10_000)
        count = sum(1 for _ in documents.rglob("*.md"))
        table = Table(f"Indexing {count:,} documents")
        first_answer(table, work, documents, given.stock)
        small = corpus(given.data, work / "small", 1_000)
        for folder, size in ((small, 1_000), (documents, count)):
            settings = load_settings(configure(work / f"of-{size}", folder) / "vocero.toml")
            with contextlib.closing(open_library(settings, writing=True)) as library:
                library.sync("docs")
                if size == count:
                    unchanged(table, library, folder)
                fill_vectors(library)
                one_changed(table, library, folder, size)
                if size == count:
                    some_changed(table, library, folder)
        embedding(table, work, given.data, given.embed, given.stock)


if __name__ == "__main__":
    main()
