"""Search: words and vectors together, and what remains of it when one of them is missing."""

import hashlib
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import Passage
from knowledge.embedding import Vector
from knowledge.errors import KnowledgeError, ModelError
from knowledge.lexical import LexicalReader, LexicalWriter, Scores
from knowledge.ranking import at_home, by_words, fuse
from knowledge.readers import permits
from knowledge.retrieval import Retriever

ALL = frozenset({"a", "b"})
TEXTS = {
    "vacaciones": "Cada empleado tiene quince días de vacaciones al año.",
    "gastos": "Los gastos de viaje se reintegran en treinta días.",
    "correo": "El servidor de correo se reinicia cada noche.",
    "holidays": "Every employee has fifteen days of holidays a year.",
    "nada": "Lorem ipsum dolor sit amet consectetur.",
}


class Store:
    """Passages of which some are live, in memory."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.live = {passage.id: passage for passage in passages}
        self.asked: list[str] = []

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        self.asked += ids
        return {id_: self.live[id_] for id_ in ids if id_ in self.live}

    def unreadable(self, ids: Collection[str], readers: frozenset[str]) -> Collection[str]:
        return [id_ for id_ in ids if id_ in self.live and not permits(self.live[id_].readers, readers)]


class Vectors:
    """Similarities set by hand; `lacking` have none yet."""

    def __init__(self, similar: dict[str, float], lacking: Collection[str] = (), source: str = "a") -> None:
        self.similar = similar
        self.lacking = lacking
        self.source = source

    def query(self, embedding: Vector, limit: int, sources: frozenset[str]) -> list[tuple[str, float]]:
        near = sorted(self.similar.items(), key=lambda hit: -hit[1]) if self.source in sources else []
        return [hit for hit in near if hit[0] not in self.lacking][:limit]

    def missing(self, ids: Collection[str]) -> Collection[str]:
        return [id_ for id_ in ids if id_ in self.lacking]


class Hashes:
    """Vectors without meaning."""

    name = "hashes"
    dimensions = 8
    window = 256
    english_only = False

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vector:
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        return np.frombuffer(digest, np.uint8).astype(np.float32)


def passage(id_: str, text: str, source: str = "a", document: str = "") -> Passage:
    return Passage(id_, source, document or f"{id_}.md", "", (), text)


@pytest.fixture
def passages():
    return [passage(name, text) for name, text in TEXTS.items()]


@pytest.fixture
def lexical(tmp_path, passages):
    with LexicalWriter(tmp_path) as writer:
        writer.add(passages)
        writer.commit()
    return LexicalReader(tmp_path)


@pytest.fixture
def search(lexical, passages):
    """Ids found, best first."""
    opened = []

    def run(question, *, store=None, vectors=None, embedder=None, sources=ALL, **options):
        retriever = Retriever(lexical, store or Store(passages), vectors, embedder or Hashes())
        opened.append(retriever)
        run.found = retriever.search(question, sources=sources, **options)
        return [hit.passage.id for hit in run.found.hits]

    yield run
    for retriever in opened:
        retriever.close()


def test_words_alone_find(search):
    """With no vectors at all, search works, and says what it searched by."""
    assert search("¿Cuántos días de vacaciones hay?")[0] == "vacaciones"
    found = search.found
    assert "s_vacacion" in found.terms.stems
    assert found.problem is None
    assert found.top_stems == found.hits[0].parts["stem"]
    assert found.top_grams == found.hits[0].parts["char4"]
    assert {"lexical", "passages", "search"} == found.timings.keys()


def test_scores_are_between_0_and_1_and_fall(search):
    """Hits come best first, none scored beyond 1."""
    search(
        "días de vacaciones de los empleados", vectors=Vectors({"vacaciones": 1.0, "gastos": 0.9, "nada": -1})
    )
    scores = [hit.score for hit in search.found.hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1


def test_vectors_find_what_words_do_not(search):
    """A passage without any word of the question is found by its vector alone, and its cosine is told."""
    assert "nada" not in search("reembolsos")
    similar = {"nada": 0.8, "correo": 0.1, "gastos": 0.1}
    assert search("reembolsos", vectors=Vectors(similar))[0] == "nada"
    assert search.found.hits[0].parts == {"dense": 0.8}
    assert {"embedding", "vectors"} <= search.found.timings.keys()


def test_vectors_decide_between_equal_words(tmp_path):
    """Of two passages with the same words the nearer one comes first."""
    twins = [passage("1", "mismo texto"), passage("2", "mismo texto")]
    with LexicalWriter(tmp_path) as writer:
        writer.add(twins)
        writer.commit()
    for first, second in (("1", "2"), ("2", "1")):
        vectors = Vectors({first: 0.9, second: 0.5})
        retriever = Retriever(LexicalReader(tmp_path), Store(twins), vectors, Hashes())
        assert [hit.passage.id for hit in retriever.search("texto", sources=ALL).hits] == [first, second]
        retriever.close()


def test_replaced_passages_are_passed_over(search, passages):
    """The store alone says what is live: what the indexes still hold of old versions takes no place."""
    old = {"vacaciones", "gastos"}
    store = Store([one for one in passages if one.id not in old])
    found = search("días de vacaciones", store=store, limit=2, vectors=Vectors(dict.fromkeys(TEXTS, 0.5)))
    assert len(found) == 2
    assert not old & set(found)


def test_only_the_asked_sources_even_if_an_index_errs(search):
    """A passage of another source is not returned, whatever the engines and the store say."""
    store = Store([passage(name, text, source="b") for name, text in TEXTS.items()])
    vectors = Vectors(dict.fromkeys(TEXTS, 0.5))
    assert search("vacaciones", store=store, vectors=vectors, sources=frozenset({"a"})) == []
    assert search("vacaciones", sources=frozenset()) == []


def test_the_best_passage_of_each_document(tmp_path):
    """`per_document` gives a document one place, its best passage's."""
    text = ["vacaciones", "vacaciones y otras cosas más", "vacaciones de verano o de invierno según convenga"]
    passages = [passage(f"{d}{n}", one, document=d) for d in "xyz" for n, one in enumerate(text)]
    with LexicalWriter(tmp_path) as writer:
        writer.add(passages)
        writer.commit()
    retriever = Retriever(LexicalReader(tmp_path), Store(passages))
    hits = retriever.search("vacaciones", sources=ALL, per_document=True, limit=3).hits
    assert sorted(hit.passage.id for hit in hits) == ["x0", "y0", "z0"]
    assert len(retriever.search("vacaciones", sources=ALL, limit=9).hits) == 9
    retriever.close()


@pytest.mark.parametrize("error", [ModelError("The embedder is away."), KnowledgeError("No Chroma.")])
def test_without_the_vectors_words_answer_and_it_is_said(search, error, caplog):
    """An embedder or a vector store that fails costs its help, not the answer."""

    class Broken(Vectors, Hashes):
        def embed_query(self, text):
            if isinstance(error, ModelError):
                raise error
            return super().embed_query(text)

        def query(self, *_):
            raise error

    broken = Broken({})
    assert search("vacaciones", vectors=broken, embedder=broken)[0] == "vacaciones"
    assert search.found.problem == str(error)
    assert str(error) in caplog.text


ODD = [
    "",
    "   ",
    "¿?",
    "el de la",
    "😀",
    "\ud800",
    "\0",
    "a" * 10_000,
    "casa " * 2000,
    "x y z " * 1500,
    '")OR*:',
]


@pytest.mark.parametrize("question", ODD)
def test_odd_questions(search, question):
    """Any question gets an answer, if only an empty one; nothing is an error."""
    search(question, vectors=Vectors({"nada": 0.1}))
    assert len(search.found.hits) <= 10


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_limit(search, limit):
    """No more than asked for, and as many as there are."""
    vectors = Vectors(dict.fromkeys(TEXTS, 0.5))
    assert len(search("vacaciones", limit=limit, vectors=vectors)) == min(limit, len(TEXTS))


def test_a_limit_below_one_is_refused(search):
    """Asking for nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least 1"):
        search("vacaciones", limit=0)


def test_many_threads_get_what_one_gets(search, lexical, passages):
    """Concurrent searches do not mix."""
    questions = {
        "días de vacaciones": "vacaciones",
        "gastos de viaje": "gastos",
        "servidor de correo": "correo",
    }
    retriever = Retriever(lexical, Store(passages), Vectors(dict.fromkeys(TEXTS, 0.5)), Hashes())
    start = threading.Barrier(6)

    def run(number: int) -> bool:
        start.wait()
        return all(
            retriever.search(question, sources=ALL).hits[0].passage.id == best
            for question, best in list(questions.items()) * 5
        )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(run, range(6)))
    retriever.close()


ids = st.sampled_from("abcdefgh")
amounts = st.floats(0.01, 10)
found = st.builds(
    lambda stems, grams: Scores(stems, grams, 11.0, 11.0),
    st.dictionaries(ids, amounts),
    st.dictionaries(ids, amounts),
)
cosines = st.dictionaries(ids, st.floats(-1, 1))


@given(found, cosines, st.sets(ids), st.floats(0, 1))
def test_a_passage_without_a_vector_is_not_punished(scores, similar, unknown, home):
    """While vectors are backfilled, none that lacks one falls behind a passage whose words are no better."""
    near = {id_: cosine for id_, cosine in similar.items() if id_ not in unknown}
    words = by_words(scores)
    fused = fuse(scores, near, unknown & words.keys(), home)
    for waiting in unknown & words.keys():
        for other in fused.keys() - unknown:
            if words.get(other, 0.0) <= words[waiting]:
                assert fused[waiting] >= fused[other] - 1e-12


@given(found, st.floats(0, 1))
def test_without_any_vector_the_order_is_that_of_the_words(scores, home):
    """An index that has no vectors yet ranks as one without an embedder."""
    words, fused = by_words(scores), fuse(scores, {}, scores.stems.keys() | scores.grams.keys(), home)
    assert sorted(words, key=lambda id_: (words[id_], id_)) == sorted(
        fused, key=lambda id_: (fused[id_], id_)
    )


@given(found, cosines, st.floats(0, 1))
def test_fused_scores_are_between_0_and_1(scores, similar, home):
    """And everything found by either engine has one."""
    fused = fuse(scores, similar, (), home)
    assert fused.keys() == scores.stems.keys() | scores.grams.keys() | similar.keys()
    assert all(0 <= score <= 1 for score in fused.values())


@given(found, cosines, ids, st.floats(0, 1))
def test_being_nearer_never_harms(scores, similar, id_, home):
    """Of two results that differ in one passage's cosine, it scores no lower in that where it is nearer."""
    nearer = similar | {id_: max([*similar.values(), 0.0]) + 0.1}
    assert fuse(scores, nearer, (), home)[id_] >= fuse(scores, similar, (), home).get(id_, 0.0) - 1e-12


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_english_embedder_is_trusted_as_far_as_the_question_is_english(one, other):
    """More English is never less trust; another embedder knows every language."""
    low, high = sorted((one, other))
    assert 0 <= at_home(True, low) <= at_home(True, high) <= 1
    assert at_home(True, 0.0) == 0
    assert at_home(True, 1.0) == at_home(False, low) == 1


def test_a_version_that_changes_under_a_search_is_searched_again(search, lexical, passages, tmp_path):
    """A document replaced between the search and the look-up is found in its new version."""
    renewed = passage("vacaciones-2", "Cada empleado tiene dieciséis días de vacaciones al año.")

    class Switching(Store):
        def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
            if "vacaciones" in self.live:
                del self.live["vacaciones"]
                self.live[renewed.id] = renewed
                with LexicalWriter(tmp_path) as writer:
                    writer.add([renewed])
                    writer.delete(["vacaciones"])
                    writer.commit()
            return super().passages(ids)

    assert search("¿Cuántos días de vacaciones hay?", store=Switching(passages))[0] == "vacaciones-2"
