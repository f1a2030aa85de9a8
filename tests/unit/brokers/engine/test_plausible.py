from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.brokers.engine.plausible import assert_known_units, assert_not_ahead
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    Side,
)

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)


def fill(**fields: Any) -> Execution:
    return Execution(
        **{
            "execution_id": "e1",
            "symbol": "SPY",
            "root": "SPY",
            "asset_class": AssetClass.EQUITY,
            "side": Side.BUY,
            "quantity": Decimal(1),
            "price": Decimal(300),
            "currency": "USD",
            "executed_at": NOW,
            **fields,
        }
    )


def event(**fields: Any) -> AccountEvent:
    given = {"event_id": "v1", "type": EventType.CASH, "currency": "USD", "occurred_at": NOW}
    return AccountEvent(**{**given, "effective_on": NOW.date(), **fields})


def test_a_fill_may_be_ahead_by_what_clocks_differ() -> None:
    assert_not_ahead(fill(executed_at=NOW + timedelta(minutes=5)), NOW)
    with pytest.raises(UnparseableRow, match="2026-03-16T14:06:00Z lies in the future"):
        assert_not_ahead(fill(executed_at=NOW + timedelta(minutes=6)), NOW)


def test_an_event_may_stand_at_the_end_of_its_day() -> None:
    assert_not_ahead(event(occurred_at=NOW + timedelta(hours=10)), NOW)
    with pytest.raises(UnparseableRow):
        assert_not_ahead(event(occurred_at=NOW + timedelta(hours=25)), NOW)


FUTURE = {"asset_class": AssetClass.FUTURE, "symbol": "ESM6", "root": "ES"}
COIN = {"asset_class": AssetClass.CRYPTO, "symbol": "BTC/USDT", "root": "BTC"}


@pytest.mark.parametrize(
    "row",
    [
        fill(),
        fill(**COIN, currency="USDT", fees=(Fee(amount=Decimal(1), currency="BNB"),)),
        fill(**FUTURE, multiplier=Decimal(50)),
        fill(**{**FUTURE, "root": "PF_XBTUSD"}, currency="XXBT"),
        event(currency="ETH2.S"),
        fill(price=Decimal(0)),  # an option that is worth nothing
        fill(**{**FUTURE, "root": "CL"}, multiplier=Decimal(1000), price=Decimal("-37.63")),
        fill(asset_class=AssetClass.CFD, root="WTICOUSD", price=Decimal("-0.1")),
    ],
)
def test_money_and_coins_are_taken_where_they_belong(row: Execution | AccountEvent) -> None:
    assert_known_units(row)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (fill(currency="USX"), "currency: 'USX' is not known"),
        (fill(currency="BTC"), "currency: 'BTC'"),
        (fill(fees=(Fee(amount=Decimal(1), currency="dollars"),)), "currency: 'dollars'"),
        (fill(**COIN, currency="us dollars"), "currency: 'us dollars'"),
        (event(currency="us dollars"), "currency"),
        (event(fees=(Fee(amount=Decimal(1), currency="us dollars"),)), "currency: 'us dollars'"),
        (fill(multiplier=Decimal(100)), "multiplier: SPY has 1, the row says 100"),
        (fill(**FUTURE), "multiplier: ES has 50, the row says 1"),
        (fill(price=Decimal("-1.50")), "price: expected none below 0, found -1.5"),
        (fill(asset_class=AssetClass.OPTION, price=Decimal(-1)), "price: expected none below 0"),
        (event(**COIN, price=Decimal(-1)), "price: expected none below 0"),
    ],
)
def test_units_that_nobody_knows_are_named(row: Execution | AccountEvent, reason: str) -> None:
    with pytest.raises(UnparseableRow, match=reason):
        assert_known_units(row)
