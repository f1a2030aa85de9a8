"""Coins that were bought with several currencies, and given away as prices and fees."""

from decimal import Decimal

import pytest

from shared.domain.execution import AssetClass, Execution, Fee
from shared.journal.reconciliation.comparison import Agreement
from shared.ports import Create, Key
from tests.rows import ACCOUNT, USER, fill
from tests.unit.journal.test_reconcile import Desk

COIN = AssetClass.CRYPTO


def coin(name: str, symbol: str, quantity: str, price: str, **told: object) -> Execution:
    base, currency = symbol.split("/")
    return fill(
        name,
        quantity,
        price,
        symbol=symbol,
        asset_class=COIN,
        currency=currency,
        base=base,
        **told,  # type: ignore[arg-type]
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def told(desk: Desk, at: int, run: int, **coins: str) -> None:
    positions = [
        {
            "symbol": f"{name}/USD",
            "root": f"{name}/USD",
            "quantity": quantity,
            "average_price": None,
            "asset_class": "crypto",
            "asset": name,
        }
        for name, quantity in coins.items()
    ]
    body = {
        "account_key": ACCOUNT,
        "run": run,
        "at_us": at,
        "currency": "USD",
        "cash": "0",
        "pooled": True,
        "positions": positions,
    }
    await desk.documents.commit([Create(Key("position_reports", (USER, f"{ACCOUNT}-{run}")), body)])
    await desk.note_run(run, "closed")


LATE = 2_000_000_000_000_000  # after every row


async def test_a_coin_bought_with_two_currencies_is_one_holding(desk: Desk) -> None:
    await desk.put(coin("a", "BTC/USD", "1", "9000"), coin("b", "BTC/EUR", "2", "8000"))
    await told(desk, LATE, 2, BTC="3")
    assert (await desk.compare()).state is Agreement.AGREED
    assert await desk.queries.opening_lots(USER, ACCOUNT) == ()


async def test_a_coin_that_paid_for_another_is_held_no_more(desk: Desk) -> None:
    await desk.put(coin("a", "BTC/USD", "1", "9000"), coin("b", "ETH/BTC", "10", "0.02", minute=1))
    await told(desk, LATE, 2, BTC="0.8", ETH="10")
    assert (await desk.compare()).state is Agreement.AGREED


async def test_a_coin_that_paid_a_fee_is_held_no_more(desk: Desk) -> None:
    fee = (Fee(amount=Decimal("0.5"), currency="BNB"),)
    await desk.put(
        coin("a", "BNB/USD", "10", "20"), coin("b", "BTC/USD", "1", "9000", minute=1, fees=fee)
    )
    await told(desk, LATE, 2, BTC="1", BNB="9.5")
    assert (await desk.compare()).state is Agreement.AGREED


async def test_an_older_holding_goes_to_the_pair_by_which_it_was_sold(desk: Desk) -> None:
    await desk.put(coin("a", "BTC/EUR", "-2", "8000"))
    await told(desk, LATE, 2, BTC="3")
    assert (await desk.compare()).state is Agreement.AGREED
    (lot,) = await desk.queries.opening_lots(USER, ACCOUNT)
    assert (lot.symbol, lot.quantity) == ("BTC/EUR", Decimal(5))


async def test_a_coin_of_which_nothing_was_traded_is_an_older_holding(desk: Desk) -> None:
    await desk.put(coin("a", "BTC/EUR", "2", "8000"))
    await told(desk, LATE, 2, BTC="2", ADA="7")
    assert (await desk.compare()).state is Agreement.AGREED
    assert [lot.symbol for lot in await desk.queries.opening_lots(USER, ACCOUNT)] == ["ADA/USD"]


async def test_what_is_lacking_is_a_difference_of_the_coin(desk: Desk) -> None:
    await desk.put(coin("a", "BTC/USD", "1", "9000"), coin("b", "BTC/EUR", "2", "8000"))
    await told(desk, LATE, 2, BTC="2.5")
    result = await desk.compare()
    assert [(line.symbol, line.ours, line.theirs) for line in result.differing] == [
        ("BTC/USD", Decimal(3), Decimal("2.5"))
    ]
