"""An embedder behind its provider's guard, whose money and turns it shares with the models."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from shared.analyst.accounts.prices import at_most_usd
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.domain.errors import AuthRejected, QuotaSpent, RateLimited, RequestRejected
from shared.ports import Clock, Embedder, Entropy, ModelAnswer, Usage
from shared.retrieval.chunking import tokens_at_most
from shared.retry import ask_again

_log = logging.getLogger(__name__)

_ATTEMPTS = 3
_AT_ONCE = 100  # texts a call, as many as the API takes: a call is a turn
_QUERY_S, _DOCUMENTS_S = 10.0, 60.0  # a search does without its meaning sooner than late
_NOT_BILLED = (AuthRejected, QuotaSpent, RateLimited, RequestRejected)

Vectors = list[list[float]]


@dataclass(frozen=True, slots=True)
class GuardedEmbedder:
    """An Embedder that may be asked at any time by anybody.

    Shape: the provider counts no tokens of embeddings, so a call costs what its texts cost at most
    by our own count.
    """

    embedder: Embedder
    provider: str
    turns: Turns
    breaker: Breaker
    spending: Spending
    clock: Clock
    entropy: Entropy

    @property
    def model(self) -> str:
        """Name the model that is guarded."""
        return self.embedder.model

    @property
    def dimension(self) -> int:
        """Tell how many numbers its vectors have."""
        return self.embedder.dimension

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, a hundred a turn.

        Raises: as the embedder itself; Withheld while it is not asked at all; BudgetSpent when the
        turn would come too late; StoreUnavailable.
        """
        vectors: Vectors = []
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            call = partial(self.embedder.documents, part)
            vectors += await self._patiently("index", part, call, _DOCUMENTS_S)
        return vectors

    async def query(self, text: str) -> list[float]:
        """Embed what is looked for.

        Raises: as `documents`.
        """

        async def call() -> Vectors:
            return [await self.embedder.query(text)]

        (vector,) = await self._patiently("search", [text], call, _QUERY_S)
        return vector

    async def close(self) -> None:
        """Release what the embedder has opened."""
        await self.embedder.close()

    async def _patiently(
        self,
        asker: str,
        texts: Sequence[str],
        call: Callable[[], Awaitable[Vectors]],
        within_s: float,
    ) -> Vectors:
        give_up_at = self.clock.monotonic() + within_s
        tokens = sum(map(tokens_at_most, texts))
        ask = partial(self._ask, asker, tokens, call, give_up_at)
        return await ask_again(
            self.clock, self.entropy, ask, attempts=_ATTEMPTS, give_up_at=give_up_at
        )

    async def _ask(
        self, asker: str, tokens: int, call: Callable[[], Awaitable[Vectors]], deadline: float
    ) -> Vectors:
        with self.breaker.watch():
            await self.spending.promise()
            try:
                await self.turns.take(asker, deadline)
            except BaseException:
                self.spending.take_back()
                raise
            cost = self._at_most_usd(tokens)
            try:
                vectors = await call()
            except _NOT_BILLED:
                self.spending.take_back()
                raise
            except BaseException:
                self.spending.owe(cost)  # what was cut or strange may be billed all the same
                raise
            await self.spending.pay(cost)
        _log.info(
            "embedding.paid",
            extra={"provider": self.provider, "model": self.model}
            | {"texts": len(vectors), "tokens": tokens, "usd": None if cost is None else str(cost)},
        )
        return vectors

    def _at_most_usd(self, tokens: int) -> Decimal | None:
        counted = ModelAnswer("", self.model, Usage(prompt=max(1, tokens)))
        return at_most_usd(self.provider, [counted], self.clock.now().date())
