"""Ask every question of a labelled set through the search that a bias uses, and measure."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.domain.passage import Passage, PassageKind
from shared.ports import Clock, Embedder, VectorIndex, VectorQuery
from shared.retrieval import sparse
from shared.retrieval.evaluation.labelled import LabelledQuery, LabelledSet
from shared.retrieval.evaluation.measures import MEASURES, averaged, measure
from shared.retrieval.search import Scope, Search, SearchConfig
from shared.retrieval.shelves import Shelves, collection_of

KIND = PassageKind.NEWS
BARS = (
    ("scoped", "text", "recall@10", 0.95),
    ("scoped", "all", "recall@10", 0.86),
    ("open", "text", "recall@10", 0.90),
)
_THEN = datetime(2020, 1, 1, tzinfo=UTC)  # all of a set was known at one time
_IDS = uuid.UUID("0b6f9a52-6d37-5d0a-9a6c-0f6d3c2a7e11")
_BATCH = 64
_WAYS = ("hybrid", "dense", "sparse")
_PLACES = ("scoped", "open")

Told = Callable[[str, int, int], None]  # what is being done, done, of how many


class _Remembering:
    """Embeds a question once: it is asked in several ways."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._last: tuple[str, list[float]] | None = None
        self.model, self.dimension = inner.model, inner.dimension
        self.documents, self.close = inner.documents, inner.close

    async def query(self, text: str) -> list[float]:
        if self._last is None or self._last[0] != text:
            self._last = text, await self._inner.query(text)
        return self._last[1]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An empty index, the embedder and the configuration that are measured.

    Shape: `told` hears of every step.
    """

    index: VectorIndex
    embedder: Embedder
    clock: Clock
    config: SearchConfig = field(default_factory=SearchConfig)
    told: Told = lambda *_: None

    async def run(self, labelled: LabelledSet) -> dict[str, Any]:
        """Measure.

        Shape: scoped | open -> text | all -> n and MEASURES; `halves` the same for dense and
        sparse alone; `latency_ms` of a scoped question, its embedding included; `bars`.
        Raises: RetryableError, PermanentError.
        """
        names = await self._fill(labelled)
        asking = _Asking(self.index, _Remembering(self.embedder), self.config, self.clock)
        for number, query in enumerate(labelled.queries, 1):
            await asking.ask(query, names)
            self.told("asking", number, len(labelled.queries))
        lines = {way: _lines(labelled.queries, asking.measured[way]) for way in _WAYS}
        return {
            **lines["hybrid"],
            "latency_ms": {name: _quantile(asking.took_ms, q) for name, q in _QUANTILES.items()},
            "halves": {way: lines[way] for way in _WAYS[1:]},
            "bars": _bars(lines),
            "embedder": {"model": self.embedder.model, "dimension": self.embedder.dimension},
            "rrf_k": self.config.rrf_k,
            "documents": len(labelled.documents),
            "queries": len(labelled.queries),
            "ignored": dict(labelled.ignored),
        }

    async def _fill(self, labelled: LabelledSet) -> dict[str, str]:
        """Index the documents; give their ids by those of the points."""
        shelves = Shelves(self.index, self.embedder)
        await shelves.open()
        names: dict[str, str] = {}
        for start in range(0, len(labelled.documents), _BATCH):
            batch = labelled.documents[start : start + _BATCH]
            passages = [_passage(one.id, one.group, one.text) for one in batch]
            names |= {p.id: one.id for p, one in zip(passages, batch, strict=True)}
            await shelves.put(passages)
            self.told("indexing", start + len(batch), len(labelled.documents))
        return names


@dataclass(slots=True)
class _Asking:
    index: VectorIndex
    embedder: _Remembering
    config: SearchConfig
    clock: Clock
    measured: dict[str, defaultdict[str, dict[str, dict[str, float]]]] = field(
        default_factory=lambda: {way: defaultdict(dict) for way in _WAYS}
    )
    took_ms: list[float] = field(default_factory=list)

    async def ask(self, query: LabelledQuery, names: Mapping[str, str]) -> None:
        search = Search(self.index, self.embedder, self.config)
        for place in _PLACES:  # scoped first: it is what a bias asks, and what is timed
            scope = Scope(_THEN, instruments=(query.group,) if place == "scoped" else ())
            started = self.clock.monotonic()
            findings = await search.find(KIND, query.text, scope)
            if place == "scoped":
                self.took_ms.append((self.clock.monotonic() - started) * 1000)
            rankings = await self._halves(query.text, scope)
            rankings["hybrid"] = [one.passage.id for one in findings.found]
            for way, ranking in rankings.items():
                found = [names[one] for one in ranking]
                self.measured[way][place][query.id] = measure(found, query.relevant)

    async def _halves(self, text: str, scope: Scope) -> dict[str, list[str]]:
        only, limit = scope.filter(), self.config.limit
        dense = VectorQuery(await self.embedder.query(text), None, only, limit=limit)
        words = VectorQuery(None, sparse.query_weights(text), only, limit=limit)
        name = collection_of(KIND, self.embedder)
        return {
            way: [hit.id for hit in await self.index.search(name, asked)]
            for way, asked in (("dense", dense), ("sparse", words))
        }


def _passage(name: str, group: str, text: str) -> Passage:
    return Passage(
        id=str(uuid.uuid5(_IDS, name)),
        kind=KIND,
        document=name,
        title="",
        text=text,
        source="labelled",
        instruments=(group,),
        known_at=_THEN,
        happened_at=_THEN,
    )


def _lines(
    queries: Sequence[LabelledQuery], measured: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> dict[str, dict[str, dict[str, float | int | None]]]:
    plain = {query.id for query in queries if query.plain}
    return {
        place: {
            "text": averaged(row for name, row in measured[place].items() if name in plain),
            "all": averaged(measured[place].values()),
        }
        for place in _PLACES
    }


def _bars(lines: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    hybrid, dense = lines["hybrid"], lines["dense"]
    bars = {
        f"{place} {which} {name}": _bar(hybrid[place][which][name], asked)
        for place, which, name, asked in BARS
    }
    for place in _PLACES:
        for which in ("text", "all"):
            pairs = [(hybrid[place][which][m], dense[place][which][m]) for m in MEASURES]
            least = min((h - d for h, d in pairs if h is not None), default=None)
            bars[f"{place} {which}: hybrid less dense alone, the worst measure"] = _bar(least, 0.0)
    return bars


def _bar(found: float | None, asked: float) -> dict[str, Any]:
    return {"asked": asked, "found": found, "met": found is not None and found >= asked}


_QUANTILES = {"p50": 0.50, "p95": 0.95}


def _quantile(values: Iterable[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else None
