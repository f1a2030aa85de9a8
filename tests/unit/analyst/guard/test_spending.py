import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.analyst.guard.spending import Spending
from shared.domain.errors import StoreUnavailable, Withheld
from shared.ports import Key
from tests.twins.manual_clock import START, ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


class House:
    def __init__(self, start: datetime = START) -> None:
        self.clock, self.documents = ManualClock(start), MemoryDocuments()

    def spending(self, usd_a_day: str = "1", *, provider: str = "gemini") -> Spending:
        """An instance's view of the money of a day."""
        money = Decimal(usd_a_day), Decimal("0.1")
        return Spending(provider, *money, self.documents, self.clock, SeededEntropy())

    async def stored(self) -> tuple[str, int]:
        day = self.clock.now().date().isoformat()
        (found,) = await self.documents.get_many([Key("model_spending", (f"gemini-{day}",))])
        return found.body["spent_usd"], found.body["calls"]


async def call(spending: Spending, cost: str | None) -> None:
    await spending.promise()
    await spending.pay(None if cost is None else Decimal(cost))


async def test_what_was_spent_is_added_up_exactly():
    house = House()
    spending = house.spending()
    for cost in ("0.0004", "0.00000007"):
        await call(spending, cost)
    assert await house.stored() == ("0.00040007", 2)


async def test_when_the_money_does_not_suffice_for_one_more_nobody_asks():
    house = House()
    await call(house.spending(), "0.95")
    with pytest.raises(Withheld, match="gemini: the day's 1 USD"):
        await house.spending().promise()


async def test_instances_spend_the_same_money():
    house = House()
    one, other = house.spending(), house.spending()
    await call(one, "0.5")
    await call(other, "0.45")
    house.clock.advance(5)
    with pytest.raises(Withheld):
        await one.promise()


async def test_an_unknown_price_is_the_worst_one_and_never_nothing():
    house = House()
    await call(house.spending(), None)
    assert await house.stored() == ("0.1", 1)


async def test_calls_under_way_count_as_the_worst():
    spending = House().spending()
    for _ in range(10):
        await spending.promise()
    with pytest.raises(Withheld):
        await spending.promise()


async def test_what_a_call_did_not_cost_is_there_again():
    spending = House().spending("0.1")
    await spending.promise()
    spending.take_back()
    await spending.promise()


async def test_the_next_day_has_its_own_money():
    house = House()
    spending = house.spending()
    await call(spending, "1")
    house.clock.advance(24 * 3600)
    await call(spending, "0.25")
    assert await house.stored() == ("0.25", 1)


async def test_a_payment_in_the_moment_of_midnight_adds_no_day_to_the_next():
    house = House()
    house.clock.advance(datetime(2020, 5, 30, tzinfo=UTC) - house.clock.now())
    await call(house.spending(), "0.1")  # an instance whose clock is ahead has begun the new day
    evening = House(datetime(2020, 5, 29, 23, 59, 59, tzinfo=UTC))
    evening.documents = house.documents
    await call(evening.spending(), "0.9")
    spending = evening.spending("5")
    await spending.promise()
    spending.documents = Midnight(house.documents, evening.clock)
    await spending.pay(Decimal("0.2"))
    assert await house.stored() == ("0.1", 1)


class Midnight:
    """A store whose reading lasts until the next day."""

    def __init__(self, documents: MemoryDocuments, clock: ManualClock) -> None:
        self.get, self.commit, self.clock = documents.get_many, documents.commit, clock

    async def get_many(self, keys):
        found = await self.get(keys)
        if self.clock.now().hour == 23:
            self.clock.advance(1)
        return found


async def test_payments_at_once_lose_nothing():
    house = House()
    instances = [house.spending("100") for _ in range(3)]
    await asyncio.gather(*(call(instances[n % 3], "0.01") for n in range(60)))
    assert await house.stored() == ("0.60", 60)


async def test_money_that_cannot_be_written_now_is_written_with_the_next():
    house = House()
    spending = house.spending()
    await spending.promise()
    spending.documents = Unreachable()
    await spending.pay(Decimal("0.3"))
    spending.documents = house.documents
    await call(spending, "0.3")
    assert await house.stored() == ("0.6", 2)


class Unreachable(MemoryDocuments):
    async def commit(self, writes) -> None:
        raise StoreUnavailable("away")
