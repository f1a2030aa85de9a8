"""An embedder behind its provider's guard, whose money and turns it shares with the models."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.accounts.prices import cost_usd
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
)
from shared.domain.model_use import EmbeddingPurpose, EmbeddingUse
from shared.ports import BilledEmbedder, Clock, Embedded, Entropy, ModelAnswer, Usage
from shared.retrieval.chunking import tokens_at_most
from shared.retry import ask_again

_log = logging.getLogger(__name__)

_ATTEMPTS = 3
_AT_ONCE = 100  # texts a call, as many as the API takes: a call is a turn
_QUERY_S, _DOCUMENTS_S = 10.0, 60.0  # a search does without its meaning sooner than late
_NOT_BILLED = (AuthRejected, QuotaSpent, RateLimited, RequestRejected)

Vectors = list[list[float]]


@dataclass(frozen=True, slots=True)
class _Order:
    """One call for vectors.

    Shape: `tokens` by our own count, rather too many.
    """

    purpose: EmbeddingPurpose
    texts: Sequence[str]
    call: Callable[[], Awaitable[Embedded]]
    within_s: float

    @property
    def tokens(self) -> int:
        return max(1, sum(map(tokens_at_most, self.texts)))


@dataclass(frozen=True, slots=True)
class GuardedEmbedder:
    """An Embedder that may be asked at any time by anybody.

    Shape: a call costs what its tokens cost, by our own count where the provider tells none.
    """

    embedder: BilledEmbedder
    provider: str
    turns: Turns
    breaker: Breaker
    spending: Spending
    ledger: Ledger
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
            vectors += await self._patiently(
                _Order(EmbeddingPurpose.INDEX, part, call, _DOCUMENTS_S)
            )
        return vectors

    async def query(self, text: str) -> list[float]:
        """Embed what is looked for.

        Raises: as `documents`.
        """
        call = partial(self.embedder.query, text)
        order = _Order(EmbeddingPurpose.SEARCH, [text], call, _QUERY_S)
        (vector,) = await self._patiently(order)
        return vector

    async def close(self) -> None:
        """Release what the embedder has opened."""
        await self.embedder.close()

    async def _patiently(self, order: _Order) -> Vectors:
        give_up_at = self.clock.monotonic() + order.within_s
        ask = partial(self._ask, order, give_up_at)
        return await ask_again(
            self.clock, self.entropy, ask, attempts=_ATTEMPTS, give_up_at=give_up_at
        )

    async def _ask(self, order: _Order, deadline: float) -> Vectors:
        with self.breaker.watch():
            await self.spending.promise()
            try:
                await self.turns.take(order.purpose, deadline)
            except BaseException:
                self.spending.take_back()
                raise
            try:
                embedded = await order.call()
            except _NOT_BILLED:
                self.spending.take_back()
                raise
            except BaseException as error:
                # what was cut or strange may be billed all the same
                self.spending.owe(self._cost_usd(order.tokens))
                if isinstance(error, DaybiasError):
                    await self.ledger.note(self._use(order, order.tokens, None, estimated=True))
                raise
            await self._pay(order, embedded.tokens)
        return embedded.vectors

    async def _pay(self, order: _Order, told: int | None) -> None:
        tokens = order.tokens if told is None else told
        cost = self._cost_usd(tokens)
        use = self._use(order, tokens, cost, estimated=told is None)
        await asyncio.gather(self.spending.pay(cost), self.ledger.note(use))
        _log.info(
            "embedding.paid",
            extra={"provider": self.provider, "model": self.model}
            | {"texts": use.texts, "tokens": tokens, "usd": None if cost is None else str(cost)},
        )

    def _use(
        self, order: _Order, tokens: int, cost: Decimal | None, *, estimated: bool
    ) -> EmbeddingUse:
        return EmbeddingUse(
            id=self.entropy.token(),
            at=self.clock.now(),
            provider=self.provider,
            model=self.model,
            purpose=order.purpose,
            texts=len(order.texts),
            tokens=tokens,
            estimated=estimated,
            cost_usd=cost,
        )

    def _cost_usd(self, tokens: int) -> Decimal | None:
        counted = ModelAnswer("", self.model, Usage(prompt=tokens))
        return cost_usd(self.provider, [counted], self.clock.now().date())
