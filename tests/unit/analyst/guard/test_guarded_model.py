import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.guarded_model import GuardedModel
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.domain.bias import SectionDraft
from shared.domain.errors import (
    AuthRejected,
    BudgetSpent,
    ContractBroken,
    RateLimited,
    UpstreamUnavailable,
    Withheld,
)
from shared.ports import AnswerUnusable, Key, ModelAnswer, ModelRequest, Rate, Usage
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.scripted_language_model import ScriptedLanguageModel
from tests.twins.seeded_entropy import SeededEntropy
from tests.twins.stepped_clock import SteppedClock

PRICED = datetime(2026, 11, 25, 12, tzinfo=UTC)
DOWN = UpstreamUnavailable("down")


class House:
    """A provider behind its guard, with a clock that moves while somebody waits."""

    def __init__(self, *script, calls: int = 10, usd: str = "5", takes_s=1.0, clock=None):
        self.clock, self.documents = clock or ManualClock(PRICED), MemoryDocuments()
        entropy = SeededEntropy(3)
        self.model = ScriptedLanguageModel(script, self.clock, takes_s=takes_s)
        limiter = MemoryRateLimiter(self.clock, {"gemini": Rate(calls)})
        self.guarded = GuardedModel(
            self.model,
            Turns("gemini", limiter, self.clock),
            Breaker("gemini", self.clock),
            Spending("gemini", Decimal(usd), Decimal("0.5"), self.documents, self.clock, entropy),
            self.clock,
            entropy,
        )

    async def ask(self, timeout_s: float = 15.0) -> str:
        request = ModelRequest("s", "p", SectionDraft, 0.2, 512, timeout_s, asker="ES")
        return (await self.guarded.generate(request)).text

    async def spent(self) -> Decimal:
        (found,) = await self.documents.get_many([Key("model_spending", ("gemini-2026-11-25",))])
        return Decimal(found.body["spent_usd"]) if found else Decimal(0)


async def test_a_failure_that_passes_costs_a_pause():
    house = House(DOWN, DOWN, "fine")
    assert await house.ask() == "fine"
    assert len(house.model.requests) == 3


async def test_three_failures_are_enough():
    house = House(DOWN)
    with pytest.raises(UpstreamUnavailable):
        await house.ask()
    assert len(house.model.requests) == 3


async def test_the_pause_that_is_asked_for_is_kept():
    house = House(RateLimited("later", retry_after_s=4), "fine")
    assert await house.ask() == "fine"
    assert house.clock.monotonic() >= 2 + 4


async def test_a_pause_beyond_the_deadline_is_not_waited_for():
    house = House(RateLimited("later", retry_after_s=20), "fine")
    with pytest.raises(RateLimited):
        await house.ask(15)
    assert house.clock.monotonic() == 1


async def test_another_attempt_has_the_time_that_is_left():
    house = House(DOWN, "fine", takes_s=4.0)
    await house.ask(10)
    first, second = house.model.requests
    assert first.timeout_s == 10
    assert second.timeout_s <= 6


@pytest.mark.parametrize("error", [AuthRejected("key"), ContractBroken("blocked")])
async def test_what_will_fail_again_is_not_asked_again(error):
    house = House(error)
    with pytest.raises(type(error)):
        await house.ask()
    assert len(house.model.requests) == 1


async def test_a_provider_that_is_down_is_soon_not_asked_any_more():
    house = House(DOWN)
    for _ in range(10):
        with pytest.raises((UpstreamUnavailable, Withheld)):
            await house.ask()
    assert len(house.model.requests) == 5


async def test_who_was_asked_and_failed_says_so_though_the_provider_rests_since():
    house, told = House(DOWN), []
    for _ in range(3):
        with pytest.raises((UpstreamUnavailable, Withheld)) as refused:
            await house.ask()
        told.append(refused.type)
    assert len(house.model.requests) == 5  # the second question's third attempt was withheld
    assert told == [UpstreamUnavailable, UpstreamUnavailable, Withheld]


async def test_the_turn_may_take_half_of_the_time_and_no_more():
    clock = SteppedClock()
    house = House("fine", calls=1, takes_s=0.1, clock=clock)
    tasks = [asyncio.create_task(house.ask(4)) for _ in range(6)]
    await clock.step(10)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [str] * 3 + [BudgetSpent] * 3


async def test_an_answer_is_paid_for():
    house = House("fine")
    await house.ask()
    # 1,000 tokens at 1.50 and 100 at 9.00 USD a million
    assert await house.spent() == Decimal("0.0024")


async def test_cached_tokens_of_no_known_price_cost_the_day_what_fresh_ones_would():
    answer = ModelAnswer("", "gemini-3.8-flash", Usage(prompt=1000, cached=900, output=100))
    house = House(AnswerUnusable("blocked", answer))
    with pytest.raises(AnswerUnusable):
        await house.ask()
    # 1,000 tokens at 0.75 and 100 at 3.75 USD a million
    assert await house.spent() == Decimal("0.001125")


async def test_an_answer_of_another_shape_costs_the_worst():
    house = House(ContractBroken("a page"))
    with pytest.raises(ContractBroken):
        await house.ask()
    assert await house.spent() == Decimal("0.5")


async def test_an_answer_that_was_blocked_costs_what_it_counts():
    answer = ModelAnswer("", "gemini-3.5-flash", Usage(prompt=1000, output=100))
    house = House(AnswerUnusable("blocked", answer))
    with pytest.raises(AnswerUnusable):
        await house.ask()
    assert await house.spent() == Decimal("0.0024")


async def test_an_answer_that_nobody_waited_for_costs_the_worst():
    house = House(UpstreamUnavailable("timeout"), takes_s=15.0)
    with pytest.raises(UpstreamUnavailable):
        await house.ask(15)
    assert await house.spent() == Decimal("0.5")


async def test_a_refusal_costs_nothing():
    house = House(DOWN, DOWN, "fine")
    await house.ask()
    assert await house.spent() == Decimal("0.0024")


async def test_when_the_day_is_spent_the_provider_is_not_asked():
    house = House("fine", usd="0.4")
    with pytest.raises(Withheld, match=r"the day's 0\.4 USD"):
        await house.ask()
    assert house.model.requests == []


async def test_a_call_that_was_cancelled_may_be_billed():
    house = House("fine", "fine")
    task = asyncio.create_task(house.ask())
    while not house.model.requests:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await house.ask()
    assert await house.spent() == Decimal("0.5024")
