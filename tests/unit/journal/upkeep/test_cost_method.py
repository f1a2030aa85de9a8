from decimal import Decimal

import pytest

from shared.domain.errors import NotFound
from shared.domain.ids import AccountKey
from shared.domain.journal.lots import CostMethod
from shared.journal.upkeep.cost_method import CostMethods
from shared.ports import Create, Key
from tests.house import House
from tests.rows import ACCOUNT, USER, fill, page
from tests.twins.memory_documents import MemoryDocuments

ROWS = [fill("a", "1", "10"), fill("b", "1", "20", minute=1), fill("c", "-1", "20", minute=2)]


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    body = {"broker": "alpaca", "environment": "paper", "account_id": "A1", "last_run": 1}
    await made.documents.commit([Create(Key("accounts", (USER, ACCOUNT)), body)])
    await made.store.store(page(ROWS))
    await made.settle()
    return made


async def choose(house: House, method: CostMethod) -> int:
    ports = house.documents, house.bus, house.clock, house.entropy
    return await CostMethods(*ports).choose(USER, ACCOUNT, method)


async def cost(house: House) -> Decimal | None:
    (held,) = await house.queries.positions(USER)
    return held.cost


async def test_a_chosen_method_is_built_and_can_be_taken_back(house: House) -> None:
    assert await choose(house, CostMethod.AVERAGE) == 1
    await house.settle()
    assert await cost(house) == 15
    await choose(house, CostMethod.FIFO)
    await house.settle()
    assert await cost(house) == 20


async def test_the_method_that_holds_builds_nothing(house: House) -> None:
    assert await choose(house, CostMethod.FIFO) == 0
    assert house.bus.take() == []


async def test_a_choice_repeated_after_a_crash_is_built(house: House) -> None:
    await choose(house, CostMethod.AVERAGE)
    house.bus.take()  # the worker died between the store and the bus
    assert await choose(house, CostMethod.AVERAGE) == 1
    await house.settle()
    assert await cost(house) == 15


async def test_an_account_that_is_not_there_has_no_method(house: House) -> None:
    use = CostMethods(house.documents, house.bus, house.clock, house.entropy)
    with pytest.raises(NotFound):
        await use.choose(USER, AccountKey("nothing"), CostMethod.AVERAGE)
