"""Find passages: by meaning and by words at once, among those that were known."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import (
    ContractBroken,
    DaybiasError,
    NotFound,
    PermanentError,
    RetryableError,
)
from shared.domain.market.instrument import InstrumentClass
from shared.domain.passage import Passage, PassageKind
from shared.domain.time import to_micros
from shared.ports import Embedder, VectorFilter, VectorHit, VectorIndex, VectorQuery
from shared.retrieval import sparse
from shared.retrieval.shelves import alias_of, collection_of

NOTHING_INDEXED = "retrieval: nothing is indexed"
_SPARE = 10  # hits beyond the limit, so that the last place of it is not tossed for among equals
_TRIES = 3  # an alias may move, and what it named be dropped, between two calls


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """How every instrument's passages are searched.

    Shape: `rrf_k` 2 suits questions that one passage answers, 60 the gathering of a topic; each
    half brings `depth`; measured in docs/guides/retrieval.md.
    """

    limit: int = 10
    depth: int = 100
    rrf_k: int = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages may be found.

    Shape: nothing known after `as_of`, nothing that happened before `since` or after `until`; of
    each tuple that is not empty a passage must name one.
    """

    as_of: datetime
    since: datetime | None = None
    until: datetime | None = None
    instruments: tuple[str, ...] = ()
    classes: tuple[InstrumentClass, ...] = ()
    currencies: tuple[str, ...] = ()

    def filter(self) -> VectorFilter:
        """Write the scope as the index takes it."""
        named = {
            "instruments": self.instruments,
            "classes": tuple(kind.value for kind in self.classes),
            "currencies": self.currencies,
        }
        since = {} if self.since is None else {"happened_us": to_micros(self.since)}
        until = {} if self.until is None else {"happened_us": to_micros(self.until)}
        return VectorFilter(
            any={name: words for name, words in named.items() if words},
            at_most={"known_us": to_micros(self.as_of)} | until,
            at_least=since,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found; scores compare within one answer only."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, best first, and in words what is less than it should be."""

    found: tuple[Found, ...]
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Hybrid search over the collections that the aliases name."""

    index: VectorIndex
    embedder: Embedder
    config: SearchConfig = field(default_factory=SearchConfig)

    async def find(self, kind: PassageKind, question: str, scope: Scope) -> Findings:
        """Find the passages of a kind that answer a question best.

        Where a question cannot be embedded, or the alias names another model's collection, words
        alone are searched, and the findings say so.
        Shape: best first; of equal scores the later happened first, then by id.
        Raises: StoreUnavailable, ContractBroken for a payload that is none of ours.
        """
        embedded: list[float] | None = None
        for _ in range(_TRIES):
            target = await self.index.resolve(alias_of(kind))
            if target is None:
                break
            reason = None if target == collection_of(kind, self.embedder) else _other(target)
            if reason is None and embedded is None:
                embedded, reason = await self._embedded(question)
            try:
                hits = await self._hits(target, None if reason else embedded, question, scope)
            except NotFound:
                continue
            degraded = () if reason is None else (reason,)
            found = sorted((_found(hit) for hit in hits), key=_rank)
            return Findings(tuple(found[: self.config.limit]), degraded)
        return Findings((), (f"{NOTHING_INDEXED} of kind {kind.value}",))

    async def _embedded(self, question: str) -> tuple[list[float] | None, str | None]:
        try:
            return await self.embedder.query(question), None
        except (RetryableError, PermanentError) as error:
            return None, f"retrieval: searched by words alone, {_short(error)}"

    async def _hits(
        self, target: str, embedded: list[float] | None, question: str, scope: Scope
    ) -> list[VectorHit]:
        return await self.index.search(
            target,
            VectorQuery(
                embedded,
                sparse.query_weights(question),
                scope.filter(),
                limit=self.config.limit + _SPARE,
                depth=self.config.depth,
                rrf_k=self.config.rrf_k,
            ),
        )


def _other(target: str) -> str:
    return f"retrieval: searched by words alone, {target} is another model's"


def _short(error: DaybiasError) -> str:
    return f"{type(error).__name__}: {error!s:.200}"


def _rank(found: Found) -> tuple[float, float, str]:
    """Order equal scores, which an engine orders as it likes; sums differ in the last digits."""
    passage = found.passage
    return -round(found.score, 6), -to_micros(passage.happened_at), passage.id


def _found(hit: VectorHit) -> Found:
    try:
        return Found(Passage.read(hit.id, dict(hit.payload)), hit.score)
    except ValueError as error:
        raise ContractBroken(f"passage {hit.id} is none of ours: {error!s:.200}") from error
