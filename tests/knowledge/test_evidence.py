"""What a person finds who looks for passages: the one with the best sentence first."""

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import Hit, Passage
from knowledge.evidence import by_evidence


class Even:
    """An index in which every word is as rare as the other."""

    size = 1_000

    def idf(self, _name: str, terms: Iterable[str]) -> Mapping[str, float]:
        return dict.fromkeys(terms, 5.0)


def hit(name: str, text: str, score: float) -> Hit:
    return Hit(Passage(id=name, source="s", document=f"{name}.md", title=name, headings=(), text=text), score)


def test_a_sentence_that_answers_beats_words_that_are_strewn_about() -> None:
    """Of two that search takes for nearly alike, the passage with all of it in one sentence comes first."""
    strewn = hit(
        "a",
        "Hay bombas en la tienda. La garantía se pide por correo. En México atendemos de lunes a viernes.",
        0.31,
    )
    told = hit("b", "El horario es otro. La garantía de las bombas en México es de 18 meses.", 0.3)
    found = by_evidence("¿Cuánto dura la garantía de las bombas en México?", [strewn, told], Even())
    assert [one.passage.id for one in found] == ["b", "a"]


def test_what_search_is_sure_of_stays() -> None:
    """A passage that is far ahead is not overtaken for a word more in a sentence."""
    ahead = hit("a", "La garantía de las bombas en México dura 18 meses.", 0.9)
    behind = hit("b", "Las bombas tienen garantía en México, en España y en Argentina.", 0.2)
    found = by_evidence("¿Cuánto dura la garantía de las bombas en México?", [ahead, behind], Even())
    assert [one.passage.id for one in found] == ["a", "b"]


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.text(min_size=1, max_size=200), st.floats(0, 1)), max_size=12),
)
def test_nothing_is_lost_and_scores_fall(question: str, texts: list[tuple[str, float]]) -> None:
    """Whatever is asked and found: the same passages, once each, the rest as they were, best score first."""
    scores = sorted((score for _, score in texts), reverse=True)
    hits = [hit(f"p{i}", text, score) for i, ((text, _), score) in enumerate(zip(texts, scores, strict=True))]
    found = by_evidence(question, hits, Even())
    assert sorted(one.passage.id for one in found) == sorted(one.passage.id for one in hits)
    assert list(found[6:]) == hits[6:]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
