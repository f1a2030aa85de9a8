"""What a crash between a changed basis and its build leaves behind, and that it is found."""

import pytest

from shared.domain.annotation import Subject
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import LotOrigin, OpeningLot
from shared.journal.annotations.store import Annotations
from shared.journal.projection.basis import lot_body, lot_key
from shared.journal.projection.staleness import is_stale, stale_roots
from shared.journal.upkeep.cost_method import CostMethods
from shared.ports import Create, Key
from tests.house import House
from tests.rows import ACCOUNT, START, USER, fill, key_of, page
from tests.twins.memory_documents import MemoryDocuments

BUY = fill("a", "1", "10")
OTHER = fill("q", "1", "10", symbol="QQQ")


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    body = {"broker": "alpaca", "environment": "paper", "account_id": "A1", "last_run": 1}
    await made.documents.commit([Create(Key("accounts", (USER, ACCOUNT)), body)])
    await made.store.store(page([BUY, fill("b", "1", "20", minute=1), OTHER]))
    await made.settle()
    return made


def lot(symbol: str) -> OpeningLot:
    return OpeningLot.model_validate(
        {
            "symbol": symbol,
            "root": symbol,
            "asset_class": "equity",
            "currency": "USD",
            "multiplier": "1",
            "quantity": "5",
            "price": None,
            "held_at": START,
            "origin": LotOrigin.INFERRED,
        }
    )


async def stale(house: House) -> tuple[str, ...]:
    return await stale_roots(house.documents, USER, ACCOUNT)


async def test_what_was_built_is_not_stale(house: House) -> None:
    assert await stale(house) == ()
    assert not await is_stale(house.documents, USER, ACCOUNT, "SPY")


async def test_a_lost_exclusion_makes_its_root_stale(house: House) -> None:
    use = Annotations(house.documents, house.bus, house.clock, house.entropy)
    await use.exclude(USER, Subject.EXECUTION, key_of(BUY), "a test order")
    assert await stale(house) == ("SPY",)
    assert await is_stale(house.documents, USER, ACCOUNT, "SPY")
    assert not await is_stale(house.documents, USER, ACCOUNT, "QQQ")


@pytest.mark.parametrize("symbol", ["SPY", "IBM"])
async def test_a_lost_opening_lot_makes_its_root_stale(house: House, symbol: str) -> None:
    found = lot(symbol)
    body = lot_body(ACCOUNT, found)
    await house.documents.commit([Create(lot_key(USER, ACCOUNT, found), body)])
    assert await stale(house) == (symbol,)


async def test_a_comparison_builds_what_a_crash_left_behind(house: House) -> None:
    use = CostMethods(house.documents, house.bus, house.clock, house.entropy)
    await use.choose(USER, ACCOUNT, CostMethod.AVERAGE)
    house.bus.take()  # the worker died between the store and the bus
    assert await stale(house) == ("QQQ", "SPY")
    await house.reconcile.reconcile(USER, ACCOUNT)
    assert await stale(house) == ()
