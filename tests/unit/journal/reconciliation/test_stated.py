from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import InvalidInput, NotFound
from shared.domain.execution import AssetClass
from shared.domain.journal.opening import LotOrigin, OpeningLot
from shared.domain.time import to_micros
from shared.journal.projection.basis import lot_body, lot_key
from shared.journal.reconciliation.baseline import Baseline, OpeningLots
from shared.journal.reconciliation.stated import Stated, StatedLots
from shared.ports import Create, Key
from tests.house import House
from tests.rows import ACCOUNT, START, USER, fill, page
from tests.twins.memory_documents import MemoryDocuments

BEFORE = START - timedelta(days=30)


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    sold = fill("s", "-10", "50")
    future = {"asset_class": AssetClass.FUTURE, "multiplier": "50", "root": "ES"}
    bought = fill("f", "1", "3000", symbol="ESM0", **future)
    await made.store.store(page([sold, bought]))
    await made.settle()
    return made


def use_case(house: House) -> StatedLots:
    return StatedLots(house.documents, house.bus, house.clock, house.entropy)


async def state(house: House, symbol: str, quantity: str, price: str | None) -> OpeningLot:
    told = {"quantity": quantity, "price": price, "held_at": BEFORE}
    lot = await use_case(house).state(USER, ACCOUNT, symbol, Stated.model_validate(told))
    await house.settle()
    return lot


async def report(house: House, **quantities: str) -> Baseline:
    at_us = to_micros(START + timedelta(hours=1))
    positions = [
        {
            "symbol": symbol,
            "root": symbol,
            "quantity": quantity,
            "average_price": "40",
            "asset_class": "equity",
        }
        for symbol, quantity in quantities.items()
    ]
    body: dict[str, Any] = {"account_key": ACCOUNT, "run": 1, "at_us": at_us, "currency": "USD"}
    key = Key("position_reports", (USER, f"{ACCOUNT}-1"))
    await house.documents.commit([Create(key, {**body, "positions": positions})])
    (found,) = await house.documents.get_many([key])
    assert found is not None
    return Baseline(found, BEFORE)


async def lots(house: House) -> list[OpeningLot]:
    return list(await house.queries.opening_lots(USER, ACCOUNT))


async def test_a_stated_lot_explains_a_sale_and_its_profit(house: House) -> None:
    await state(house, "SPY", "10", "45")
    summary = await house.queries.summary(USER)
    assert (summary.round_trips, summary.totals[0].gross) == (1, Decimal(50))
    assert [held.symbol for held in await house.queries.positions(USER)] == ["ESM0"]


async def test_a_future_keeps_the_multiplier_of_its_rows(house: House) -> None:
    lot = await state(house, "ESM0", "2", None)
    assert (lot.root, lot.multiplier, lot.price) == ("ES", Decimal(50), None)


async def test_what_the_broker_reports_tells_what_was_never_traded(house: House) -> None:
    await report(house, IBM="7")
    lot = await state(house, "IBM", "7", "120")
    assert (lot.asset_class, lot.currency) == (AssetClass.EQUITY, "USD")


async def test_a_symbol_that_nobody_knows_cannot_be_stated(house: House) -> None:
    with pytest.raises(InvalidInput, match="GOLD"):
        await state(house, "GOLD", "1", None)


async def test_what_is_to_come_was_not_held(house: House) -> None:
    later = Stated(quantity=Decimal(1), held_at=house.clock.now() + timedelta(days=1))
    with pytest.raises(InvalidInput, match="future"):
        await use_case(house).state(USER, ACCOUNT, "SPY", later)


async def test_a_stated_lot_takes_the_place_of_an_inferred_one_and_stays(house: House) -> None:
    inferred = OpeningLot.model_validate(
        {**(await state(house, "SPY", "10", None)).model_dump(), "origin": LotOrigin.INFERRED}
    )
    await use_case(house).take_back(USER, ACCOUNT, "SPY")
    body = lot_body(ACCOUNT, inferred)
    await house.documents.commit([Create(lot_key(USER, ACCOUNT, inferred), body)])
    stated = await state(house, "SPY", "12", "45")
    known = OpeningLots(house.documents, house.clock, house.entropy, USER, ACCOUNT)
    assert "SPY" not in await known.keep(await report(house, SPY="0"))
    assert [lot for lot in await lots(house) if lot.symbol == "SPY"] == [stated]


async def test_a_lot_taken_back_is_gone_from_the_figures(house: House) -> None:
    await state(house, "SPY", "10", "45")
    await use_case(house).take_back(USER, ACCOUNT, "SPY")
    await house.settle()
    assert await lots(house) == []
    assert (await house.queries.summary(USER)).round_trips == 0


async def test_only_a_stated_lot_can_be_taken_back(house: House) -> None:
    with pytest.raises(NotFound, match="SPY"):
        await use_case(house).take_back(USER, ACCOUNT, "SPY")


async def test_the_same_statement_again_changes_nothing(house: House) -> None:
    first = await state(house, "SPY", "10", "45")
    before = await house.queries.positions(USER)
    assert await state(house, "SPY", "10", "45") == first
    assert await house.queries.positions(USER) == before
