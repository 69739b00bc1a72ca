"""How good answers without a model are: the fact in the reply, and declining what is not there.

    python benchmarks/answers.py --data FOLDER [--stock PYTHON] [--vectors] [--only es]

FOLDER holds `xquad_es_dev.json` and `xquad_en_dev.json`, or others of that form by `--questions`, and the
documents to hide them among in `corpora/`. A paragraph is a document without a title. The reply of at most
40, 60 and 80 words is searched for the expected answer (case, accents, punctuation and articles aside), and
beside it, with `--stock`, the top chunk of the stock LlamaIndex recipe cut to the same length. For declining
every question is asked again of an index without its paragraph and of one without its whole article; both
also among 3,000 passages of other documents. Takes about ten minutes of CPU, `--vectors` as much again.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import Table, own_cpu
from retrieval import SOURCE, Memory, Task, passages_of, stock

from knowledge.chunking import chunk
from knowledge.documents import Fetched, Passage
from knowledge.embedding import Embedder, Vector, count_pieces, open_embedder
from knowledge.errors import UnreadableError
from knowledge.extract import Extract, extract
from knowledge.lexical import LexicalReader, LexicalWriter
from knowledge.reading import read
from knowledge.retrieval import Retriever
from knowledge.words import fold

PASSAGES = 6  # as many as the engine answers from
ROOMS = (40, 60, 80)
OTHERS = {"es": "visualstudio-es", "en": "sourcegraph-handbook"}
AMONG = 3000
_ARTICLES = frozenset("a an the el la los las un una unos unas".split())


@dataclass(frozen=True)
class Asked:
    """A question, the accepted answers, and where it belongs."""

    question: str
    answers: tuple[str, ...]
    article: str
    document: str


@dataclass(frozen=True)
class Questions:
    """XQuAD in one language: paragraphs as documents, by article."""

    language: str
    documents: dict[str, str]
    articles: dict[str, str]
    asked: tuple[Asked, ...]


class Embeddings:
    """The local embedder, with what it was given kept: one passage is in hundreds of indexes."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector] = {}
        self.name, self.dimensions, self.window = embedder.name, embedder.dimensions, embedder.window
        self.english_only = embedder.english_only

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """[n, dimensions]."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_passages(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def embed_query(self, text: str) -> Vector:
        """[dimensions]."""
        if text not in self._vectors:
            self._vectors[text] = self._embedder.embed_query(text)
        return self._vectors[text]


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--questions", default="xquad_{language}_dev.json")
    options.add_argument("--stock", help="a Python that has the `stock` extra")
    options.add_argument("--vectors", action="store_true", help="search by vectors, too")
    options.add_argument("--only", choices=("es", "en"))
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        local = open_embedder("local", cache=Path(folder)) if given.vectors else None
        embedder = Embeddings(local) if local else None
        for language in (given.only,) if given.only else ("es", "en"):
            questions = xquad(given.data / given.questions.format(language=language), language)
            place = Place(Path(folder) / language, embedder)
            containing(place, questions, given.stock)
            others = list(corpus(given.data / "corpora" / OTHERS[language]))
            declining(place, questions, others)


def xquad(path: Path, language: str) -> Questions:
    """The questions of a file."""
    documents: dict[str, str] = {}
    articles: dict[str, str] = {}
    asked: list[Asked] = []
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            name = f"{len(documents):03}.md"
            documents[name] = paragraph["context"]
            articles[name] = article["title"]
            for entry in paragraph["qas"]:
                accepted = tuple(answer["text"] for answer in entry["answers"])
                asked.append(Asked(entry["question"], accepted, article["title"], name))
    return Questions(language, documents, articles, tuple(asked))


def corpus(folder: Path) -> Iterator[Passage]:
    """The first passages of a folder's documents, shuffled."""
    files = sorted(folder.rglob("*.md"))
    random.Random(1).shuffle(files)
    count = 0
    for file in files:
        try:
            document = read(Fetched(file.name, file.read_bytes()))
        except UnreadableError:
            continue
        for passage in chunk(document, source=SOURCE, path=str(file), count=count_pieces):
            yield passage
            count += 1
            if count == AMONG:
                return


class Place:
    """Where indexes are made, one after the other."""

    def __init__(self, folder: Path, embedder: Embeddings | None) -> None:
        self._folder = folder
        self._embedder = embedder
        self._made = 0

    def answers(self, passages: Sequence[Passage], asked: Iterable[Asked], words: int = 60) -> list[Extract]:
        """The extracts for these questions over an index of these passages and nothing else."""
        self._made += 1
        path = self._folder / f"index{self._made}"
        with LexicalWriter(path) as writer:
            writer.add(passages)
            writer.commit()
            writer.completed()
            reader = LexicalReader(path)
            if self._embedder is None:
                retriever = Retriever(reader, _Texts(passages))
            else:
                store = Memory(passages, self._embedder)
                retriever = Retriever(reader, store, store, self._embedder)
            found = []
            for one in asked:
                hits = retriever.search(
                    one.question, limit=PASSAGES, sources=frozenset({SOURCE}), readers=None
                ).hits
                found.append(extract(one.question, hits, reader, words=words))
            retriever.close()
        return found


class _Texts:
    """Passages by id, without vectors."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = {passage.id: passage for passage in passages}

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """All are live."""
        return {id_: self._passages[id_] for id_ in ids}


def containing(place: Place, questions: Questions, python: str | None) -> None:
    """How often the expected answer is in the reply."""
    title = f"{questions.language}: the answer in the reply, {len(questions.asked)} questions"
    table = Table(title)
    passages = [p for name, text in questions.documents.items() for p in passages_of(name, text)]
    tops = stock_tops(questions, python) if python else None
    for room in ROOMS:
        started = own_cpu()
        found = place.answers(passages, questions.asked, room)
        spent = (own_cpu() - started) / len(found) * 1000
        whole = [" ".join(q.text for q in one.quotes if not (q.cut_before or q.cut_after)) for one in found]
        replies = [" ".join(quote.text for quote in one.quotes) for one in found]
        pairs = list(zip(questions.asked, replies, strict=True))
        goal = {"es": "≥ 87 %", "en": "≥ 91 %"}[questions.language] if room == 60 else ""
        table.add(f"{room} words", percent(contains(one, reply) for one, reply in pairs), goal)
        kept = (contains(one, reply) for one, reply in zip(questions.asked, whole, strict=True))
        table.add(f"{room} words, cut sentences left out", percent(kept))
        cut = (any(quote.cut_before or quote.cut_after for quote in one.quotes) for one in found)
        table.add(f"{room} words, replies with a cut sentence", percent(cut))
        table.add(f"{room} words, search and extract, CPU a question", f"{spent:.1f} ms")
        if tops:
            first = (" ".join(text.split()[:room]) for text in tops)
            stock_kept = (contains(one, reply) for one, reply in zip(questions.asked, first, strict=True))
            table.add(f"{room} words of stock LlamaIndex's top chunk", percent(stock_kept))
    if not tops:
        print("  Without the stock recipe: install vocero[stock] in a Python and name it with --stock.")


def stock_tops(questions: Questions, python: str) -> list[str]:
    """The stock recipe's first chunk for each question: paragraphs are far shorter than its 1,024 tokens."""
    queries = [(one.question, one.document) for one in questions.asked]
    rankings = stock(Task("", questions.documents, queries), python)
    return [questions.documents[ranking[0]] if ranking else "" for ranking in rankings]


def declining(place: Place, questions: Questions, others: Sequence[Passage]) -> None:
    """How well what is there and what is not are told apart."""
    own = {name: passages_of(name, text) for name, text in questions.documents.items()}
    for among, goals in (([], ("≥ 94 %", "≤ 10 %")), (others, ("≥ 88 %", "≤ 10 %"))):
        if others is among and not others:
            print("  Without other documents: none in the data folder.")
            return
        table = Table(f"{questions.language}: declining{f', among {len(others)} others' if among else ''}")
        everything = [passage for passages in own.values() for passage in passages]
        present = place.answers([*everything, *among], questions.asked)
        table.add("answer there, wrongly declined", percent(not one.answered for one in present), goals[1])
        for what, groups, least in (
            ("article", questions.articles, "≥ 0.98"),
            ("paragraph", {name: name for name in own}, "≥ 0.94"),
        ):
            absent = without(place, questions, own, groups, among)
            table.add(f"{what} absent, AUC", f"{area(present, absent):.3f}", least)
            goal = goals[0] if what == "article" else ""
            table.add(f"{what} absent, declined", percent(not one.answered for one in absent), goal)


def without(
    place: Place,
    questions: Questions,
    own: dict[str, list[Passage]],
    groups: dict[str, str],
    among: Sequence[Passage],
) -> list[Extract]:
    """Every question asked of an index that lacks the group of its paragraph."""
    found: list[Extract] = []
    for group in dict.fromkeys(groups.values()):
        kept = [passage for name, passages in own.items() if groups[name] != group for passage in passages]
        asked = [one for one in questions.asked if groups[one.document] == group]
        found += place.answers([*kept, *among], asked)
    return found


def area(present: Sequence[Extract], absent: Sequence[Extract]) -> float:
    """How often an answerable question has the higher confidence of two; a tie counts half."""
    one = np.array([extracted.confidence for extracted in present])[:, None]
    other = np.array([extracted.confidence for extracted in absent])
    return float(np.mean((one > other) + (one == other) / 2))


def contains(asked: Asked, reply: str) -> bool:
    """Whether a reply holds an accepted answer."""
    bare = f" {normal(reply)} "
    return any(f" {normal(answer)} " in bare for answer in asked.answers)


def normal(text: str) -> str:
    """Without case, accents, punctuation and articles."""
    return " ".join(word for word in re.findall(r"[^\W_]+", fold(text)) if word not in _ARTICLES)


def percent(values: Iterable[bool]) -> str:
    """The share that is true."""
    values = list(values)
    return f"{100 * sum(values) / len(values):.1f} %"


if __name__ == "__main__":
    main()
