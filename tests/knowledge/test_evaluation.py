"""Measures of rankings."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.evaluation import evaluate, ndcg, percentile, recall, reciprocal_rank, scores

documents = st.lists(st.sampled_from("abcdefghijklmnop"), max_size=14, unique=True)
relevant = st.frozensets(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=12)


def test_known_values():
    """A ranking worked out by hand gets the textbook's values."""
    ranking, wanted = ["x", "a", "y", "b"], {"a", "b", "c"}
    assert recall(ranking, wanted, 1) == 0
    assert recall(ranking, wanted, 5) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, wanted) == 0.5
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(ranking, wanted) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


@given(documents, relevant)
def test_bounds_and_perfection(ranking, wanted):
    """Every measure lies between 0 and 1, is 1 for the relevant ones first and 0 for none."""
    for measure in (reciprocal_rank, ndcg, lambda r, w: recall(r, w, 10)):
        assert 0 <= measure(ranking, wanted) <= 1
        assert measure([d for d in ranking if d not in wanted], wanted) == 0
    perfect = [*sorted(wanted), *(d for d in ranking if d not in wanted)]
    assert ndcg(perfect, wanted) == pytest.approx(1)
    assert reciprocal_rank(perfect, wanted) == 1


@given(documents.filter(lambda r: len(r) > 1), relevant, st.data())
def test_moving_a_relevant_document_up_never_lowers_ndcg(ranking, wanted, data):
    """A better place for a relevant document is never a worse ranking."""
    at = data.draw(st.integers(1, len(ranking) - 1))
    if ranking[at] not in wanted:
        return
    better = [*ranking]
    better[at - 1], better[at] = better[at], better[at - 1]
    assert ndcg(better, wanted) >= ndcg(ranking, wanted) - 1e-12


def test_what_is_beyond_ten_does_not_count():
    """A document on place 11 is not found."""
    ranking = [*"abcdefghij", "z"]
    assert scores([ranking], [{"z"}]) == {
        "n": 1,
        **{f"recall@{k}": 0 for k in (1, 5, 10)},
        "mrr@10": 0,
        "ndcg@10": 0,
    }


def test_a_document_named_twice_counts_once():
    """A ranking that repeats a document does not reach more than 1."""
    assert scores([["a", "a", "b"]], [{"a", "b"}])["recall@5"] == 1
    assert scores([["a", "a", "b"]], [{"a", "b"}])["ndcg@10"] == pytest.approx(1)


def test_evaluate_ranks_every_query_and_reports_latencies():
    """The report has every name of the contract, and the warm-up is not counted as a query."""
    asked = []

    def rank(query):
        asked.append(query)
        return [query]

    report = evaluate(rank, [{"query": "a", "relevant": ["a"]}, {"query": "b", "relevant": ["x"]}])
    assert asked == ["a", "a", "b"]
    assert report["n"] == 2
    assert report["recall@1"] == report["mrr@10"] == report["ndcg@10"] == 0.5
    assert 0 <= report["latency_p50"] <= report["latency_p95"]


def test_no_queries_is_an_error():
    """An empty set has no mean."""
    with pytest.raises(ValueError, match="no query"):
        evaluate(lambda query: [query], [])


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.95, 4), (0.0, 1), (1.0, 4)])
def test_percentile(share, value):
    """Nearest rank: always one of the values."""
    assert percentile([4, 1, 3, 2], share) == value
