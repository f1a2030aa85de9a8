"""What the journal makes of tastytrade's rows: the fact sheet's cases that end in a position."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import RowKey
from shared.domain.journal.book import Book, build_book
from tests.brokers.desk import START
from tests.brokers.tastytrade.test_sync import (
    FRIDAY,
    LONG_PUT,
    SHORT_PUT,
    TastytradeDesk,
    open_desk,
)

EXPIRY = datetime(2026, 3, 20, 21, tzinfo=UTC)


@pytest.fixture
def desk() -> TastytradeDesk:
    return open_desk()


async def book(desk: TastytradeDesk, root: str) -> Book:
    """Sync, and build the journal of one root from what was told last of each row."""
    await desk.sync(await desk.connect())
    heads: dict[RowKey, Execution | AccountEvent] = {row.key: row.row for row in desk.rows()}
    return build_book(root, [entry for entry in heads.items() if entry[1].root == root])


def positions(found: Book) -> dict[str, tuple[Decimal, Decimal | None]]:
    return {one.symbol: (one.quantity, one.average_price) for one in found.positions}


def assign(desk: TastytradeDesk) -> None:
    """Let the short put be assigned and the long one expire, as of the evening of their day."""
    desk.clock.advance(timedelta(days=5))
    for symbol, how in ((SHORT_PUT, "Assignment"), (LONG_PUT, "Expiration")):
        desk.world.end(desk.first, symbol, how, at=EXPIRY)
    two, strike = Decimal(200), Decimal(550)
    desk.world.receive(desk.first, "SPY", "Buy to Open", two, price=strike, at=EXPIRY)


async def test_an_assignment_closes_the_short_put_and_buys_the_shares(
    desk: TastytradeDesk,
) -> None:
    desk.trade(SHORT_PUT, "Sell to Open", "2", "1.25", FRIDAY)
    desk.trade(LONG_PUT, "Buy to Open", "2", "1.23", FRIDAY)
    assign(desk)
    found = await book(desk, "SPY")
    assert positions(found) == {"SPY": (200, 550)}
    ended = {trip.symbol: trip.gross for trip in found.trips if trip.symbol != "SPY"}
    assert (ended, found.unapplied) == ({SHORT_PUT: 250, LONG_PUT: -246}, 0)


async def test_what_ends_unknown_is_flagged_and_not_guessed(desk: TastytradeDesk) -> None:
    desk.trade(SHORT_PUT, "Sell to Open", "2", "1.25", FRIDAY)
    desk.trade(LONG_PUT, "Buy to Open", "2", "1.23", FRIDAY)
    assign(desk)
    del desk.first.book[:2]  # they were traded before the history that is read
    found = await book(desk, "SPY")
    assert (positions(found), found.unapplied) == ({"SPY": (200, 550)}, 2)


async def test_a_future_earns_by_its_prices_and_not_by_its_settlement_again(
    desk: TastytradeDesk,
) -> None:
    desk.trade("/ESM6", "Buy", "1", "5725.25", FRIDAY)
    desk.world.money(desk.first, "Mark to Market", Decimal("162.5"), at=FRIDAY, symbol="/ESM6")
    desk.trade("/ESM6", "Sell", "1", "5728.50", START - timedelta(hours=1))
    found = await book(desk, "ES")
    assert [trip.gross for trip in found.trips] == [Decimal("162.5")]
    assert sum(day.gross + day.income for day in found.days) == Decimal("162.5")


async def test_a_reversal_takes_the_position_back(desk: TastytradeDesk) -> None:
    desk.trade("AAPL", "Buy to Open", "60", "178.21", FRIDAY)
    taken_back = desk.trade("AAPL", "Buy to Open", "40", "178.22", FRIDAY)
    desk.world.reverse(desk.first, taken_back, at=START - timedelta(hours=1))
    found = await book(desk, "AAPL")
    assert positions(found) == {"AAPL": (60, Decimal("178.21"))}


async def test_a_split_keeps_what_the_shares_cost(desk: TastytradeDesk) -> None:
    desk.trade("AAPL", "Buy to Open", "50", "180", FRIDAY)
    at, name = START - timedelta(hours=1), "Forward Split"
    for action, quantity, price in (("Sell to Close", 50, 200), ("Buy to Open", 200, 50)):
        units, each = Decimal(quantity), Decimal(price)
        desk.world.receive(desk.first, "AAPL", action, units, price=each, at=at, sub_type=name)
    found = await book(desk, "AAPL")
    assert (positions(found), found.unapplied) == ({"AAPL": (200, 45)}, 0)


async def test_a_reinvested_dividend_adds_shares_at_their_cost(desk: TastytradeDesk) -> None:
    desk.trade("AAPL", "Buy to Open", "1", "180", FRIDAY)
    at, more = START - timedelta(hours=1), Decimal("0.5")
    desk.world.receive(
        desk.first,
        "AAPL",
        "Buy to Open",
        more,
        price=Decimal(183),
        at=at,
        sub_type="Dividend",
        paid=False,
    )
    desk.world.money(desk.first, "Dividend", Decimal("91.5"), at=at, symbol="AAPL")
    found = await book(desk, "AAPL")
    assert positions(found) == {"AAPL": (Decimal("1.5"), 181)}
    assert sum(day.income for day in found.days) == Decimal("91.5")
