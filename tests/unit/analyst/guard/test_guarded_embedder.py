import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.analyst.accounts.ledger import Ledger
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.guarded_embedder import GuardedEmbedder
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.domain.errors import (
    AuthRejected,
    BudgetSpent,
    RateLimited,
    UpstreamUnavailable,
    Withheld,
)
from shared.domain.model_use import EmbeddingPurpose, EmbeddingUse
from shared.ports import Embedded, Key, Rate
from tests.contract.embedder import EmbedderContract
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

PRICED = datetime(2026, 11, 26, 12, tzinfo=UTC)
DOWN = UpstreamUnavailable("down")


class Scripted:
    """Raises what its script says, one call after the other, then embeds; tells `tokens` a call."""

    dimension = 64

    def __init__(
        self,
        *script: BaseException,
        model: str = "gemini-embedding-001",
        tokens: int | None = None,
    ) -> None:
        self.script, self.calls = list(script), list[int]()
        self.model, self._tokens = model, tokens
        self._inner = HashingEmbedder(model, self.dimension)

    async def documents(self, texts):
        self.calls.append(len(texts))
        if self.script:
            raise self.script.pop(0)
        return Embedded(await self._inner.documents(texts), self._tokens)

    async def query(self, text):
        return await self.documents([text])

    async def close(self):
        await self._inner.close()


class Counter(MemoryRateLimiter):
    """A limiter at which others stand until an instant."""

    busy_until = 0.0

    async def acquire(self, name: str, cost: int, deadline: float) -> None:
        if self.busy_until > deadline:
            raise BudgetSpent("too late")
        await super().acquire(name, cost, deadline)


class House:
    def __init__(self, *script, calls: int = 10, usd: str = "5", **embedder) -> None:
        self.clock, self.documents = ManualClock(PRICED), MemoryDocuments()
        self.limiter = Counter(self.clock, {"gemini": Rate(calls)})
        entropy = SeededEntropy(3)
        self.embedder = Scripted(*script, **embedder)
        self.ledger = Ledger(self.documents)
        self.guarded = GuardedEmbedder(
            self.embedder,
            "gemini",
            Turns("gemini", self.limiter, self.clock),
            Breaker("gemini embeddings", self.clock),
            Spending("gemini", Decimal(usd), Decimal("0.5"), self.documents, self.clock, entropy),
            self.ledger,
            self.clock,
            entropy,
        )

    async def spent(self) -> Decimal:
        (found,) = await self.documents.get_many([Key("model_spending", ("gemini-2026-11-26",))])
        return Decimal(found.body["spent_usd"]) if found else Decimal(0)

    async def noted(self) -> list[EmbeddingUse]:
        return [u for u in await self.ledger.of_day(PRICED.date()) if isinstance(u, EmbeddingUse)]


class TestGuardedEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> GuardedEmbedder:
        return House().guarded


async def test_a_hundred_texts_take_one_turn_at_the_shared_limit():
    house = House(calls=2)
    vectors = await house.guarded.documents([f"text {n}" for n in range(250)])
    assert (len(vectors), house.embedder.calls) == (250, [100, 100, 50])
    assert house.clock.slept == [pytest.approx(1.0)]


async def test_a_failure_that_passes_costs_a_pause():
    house = House(DOWN, RateLimited("429"))
    assert len(await house.guarded.query("oil")) == house.guarded.dimension
    assert len(house.embedder.calls) == 3


async def test_a_question_waits_less_long_for_its_turn_than_texts_do():
    house = House()
    house.limiter.busy_until = 11.0
    with pytest.raises(BudgetSpent):
        await house.guarded.query("oil")
    assert house.embedder.calls == []
    assert await house.guarded.documents(["oil"])


async def test_what_was_embedded_is_paid_by_our_own_count_of_its_tokens(caplog):
    caplog.set_level(logging.INFO)
    house = House()
    await house.guarded.documents(["gold fell again"] * 100)
    assert await house.spent() == Decimal(300) * Decimal("0.15") / 1_000_000
    (record,) = (r for r in caplog.records if r.message == "embedding.paid")
    assert (record.texts, record.tokens, record.usd) == (100, 300, "0.000045")
    assert "gold" not in str(vars(record))


async def test_a_call_is_noted_with_the_tokens_that_the_provider_told():
    house = House(tokens=1_000_000)
    await house.guarded.documents(["gold fell again"] * 100)
    (use,) = await house.noted()
    assert (use.purpose, use.texts, use.at) == (EmbeddingPurpose.INDEX, 100, PRICED)
    assert (use.tokens, use.estimated, use.cost_usd) == (1_000_000, False, Decimal("0.15"))
    assert await house.spent() == Decimal("0.15")


async def test_tokens_that_nobody_told_are_our_own_count_and_said_to_be():
    house = House()
    await house.guarded.query("gold fell again")
    (use,) = await house.noted()
    assert (use.purpose, use.tokens, use.estimated) == (EmbeddingPurpose.SEARCH, 3, True)
    assert use.cost_usd == Decimal("0.00000045")


async def test_two_calls_that_are_alike_are_noted_twice():
    house = House()
    await house.guarded.query("oil")
    await house.guarded.query("oil")
    assert len(await house.noted()) == 2


async def test_a_call_that_was_lost_has_an_unknown_cost_and_one_that_was_refused_none():
    house = House(DOWN, RateLimited("429"))
    await house.guarded.query("oil")
    costs = [use.cost_usd for use in await house.noted()]
    assert sorted(costs, key=str) == [Decimal("0.00000015"), None]


async def test_what_has_no_price_is_noted_with_an_unknown_cost():
    house = House(model="gemini-x", tokens=5)
    await house.guarded.query("oil")
    assert [(use.tokens, use.cost_usd) for use in await house.noted()] == [(5, None)]


async def test_what_was_refused_costs_nothing_and_what_was_cut_is_counted():
    house = House(AuthRejected("no"))
    with pytest.raises(AuthRejected):
        await house.guarded.query("oil")
    assert await house.spent() == 0
    cut = House(DOWN)
    await cut.guarded.query("oil")
    assert await cut.spent() == 2 * Decimal("0.00000015")


async def test_a_model_without_a_price_counts_as_the_worst_call():
    house = House(model="gemini-x")
    await house.guarded.query("oil")
    assert await house.spent() == Decimal("0.5")


async def test_with_the_days_money_spent_nothing_is_asked():
    house = House(usd="0.4")
    with pytest.raises(Withheld):
        await house.guarded.query("oil")
    assert house.embedder.calls == []


async def test_a_key_that_is_refused_rests_the_embedder():
    house = House(AuthRejected("no"))
    with pytest.raises(AuthRejected):
        await house.guarded.query("oil")
    with pytest.raises(Withheld, match="gemini embeddings is down"):
        await house.guarded.query("oil")
    assert len(house.embedder.calls) == 1


async def test_a_turn_that_never_came_gives_its_money_back():
    house = House(usd="0.5")
    house.limiter.busy_until = 11.0
    with pytest.raises(BudgetSpent):
        await house.guarded.query("oil")
    house.limiter.busy_until = 0.0
    assert await house.guarded.query("oil")
