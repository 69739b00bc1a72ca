"""How good a ranking is, against documents known to be relevant (Manning et al. 2008, chapter 8)."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

DEPTH = 10


def evaluate(rank: Callable[[str], Sequence[str]], queries: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means over queries of `{"query", "relevant"}`, each query ranked by `rank`, best document first.

    Latencies are seconds. The first query is ranked once before, so that no start-up is in them.
    """
    if not queries:
        raise ValueError("There is no query to evaluate.")
    rank(queries[0]["query"])
    rankings, seconds = [], []
    for entry in queries:
        started = time.perf_counter()
        rankings.append(rank(entry["query"]))
        seconds.append(time.perf_counter() - started)
    relevant = [frozenset(entry["relevant"]) for entry in queries]
    return scores(rankings, relevant) | {
        "latency_p50": percentile(seconds, 0.5),
        "latency_p95": percentile(seconds, 0.95),
    }


def scores(rankings: Sequence[Sequence[str]], relevant: Sequence[Collection[str]]) -> dict[str, float]:
    """Number of queries, and recall@1, 5 and 10, mrr@10 and ndcg@10 between 0 and 1."""
    unique = [list(dict.fromkeys(ranking)) for ranking in rankings]
    pairs = list(zip(unique, relevant, strict=True))

    def mean(measure: Callable[..., float], *depth: int) -> float:
        return sum(measure(ranking, wanted, *depth) for ranking, wanted in pairs) / max(1, len(pairs))

    return {
        "n": len(pairs),
        **{f"recall@{depth}": mean(recall, depth) for depth in (1, 5, DEPTH)},
        f"mrr@{DEPTH}": mean(reciprocal_rank),
        f"ndcg@{DEPTH}": mean(ndcg),
    }


def recall(ranking: Sequence[str], relevant: Collection[str], depth: int) -> float:
    """The share of the relevant documents among the first."""
    return sum(document in relevant for document in ranking[:depth]) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    """1 / rank of the first relevant document, 0 when none is among the first."""
    return next((1 / rank for rank, one in enumerate(ranking[:depth], 1) if one in relevant), 0.0)


def ndcg(ranking: Sequence[str], relevant: Collection[str], depth: int = DEPTH) -> float:
    """Discounted gain of the relevant documents among the first, as a share of the best order's."""
    gain = sum(1 / math.log2(rank + 1) for rank, one in enumerate(ranking[:depth], 1) if one in relevant)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(relevant)) + 1))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
