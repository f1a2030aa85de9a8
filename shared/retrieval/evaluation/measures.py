"""What a ranking is worth, given what is relevant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import log2
from statistics import fmean

DEPTH = 10  # ranks that count
MEASURES = ("recall@10", "nDCG@10", "success@1", "success@5", "success@10", "mrr")


def measure(ranking: Sequence[str], relevant: Collection[str]) -> dict[str, float]:
    """Measure one ranking of distinct ids, of which the first ten count.

    Shape: MEASURES -> a number in [0, 1]. nDCG with relevance 0 or 1; `mrr` is one over the rank
    of the first relevant one.
    """
    first = [found in relevant for found in ranking[:DEPTH]]
    gained = sum(hit / log2(rank + 2) for rank, hit in enumerate(first))
    best = sum(1 / log2(rank + 2) for rank in range(min(DEPTH, len(relevant))))
    return {
        "recall@10": sum(first) / len(relevant),
        "nDCG@10": gained / best,
        "success@1": float(any(first[:1])),
        "success@5": float(any(first[:5])),
        "success@10": float(any(first)),
        "mrr": 1 / (1 + first.index(True)) if any(first) else 0.0,
    }


def averaged(measured: Iterable[Mapping[str, float]]) -> dict[str, float | int | None]:
    """Average over questions.

    Shape: `n` questions, then MEASURES; these are None where there is no question.
    """
    rows = list(measured)
    means = {name: fmean(row[name] for row in rows) if rows else None for name in MEASURES}
    return {"n": len(rows)} | means
