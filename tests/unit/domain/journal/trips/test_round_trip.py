from decimal import Decimal

import pytest

from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    Execution,
    Fee,
    RowStatus,
    StatedPnl,
)
from shared.domain.journal.book import build_book
from shared.domain.journal.ledger import Basis
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.trips.open_trip import MAX_ROW_KEYS
from shared.domain.journal.trips.round_trip import Direction, RoundTrip
from tests.rows import fill, key_of, log


def trips(*rows: Execution | AccountEvent) -> tuple[RoundTrip, ...]:
    return build_book("SPY", log(*rows)).trips


def test_partial_fills_in_and_out_make_one_trip() -> None:
    rows = (
        fill("a", "60", "100", minute=0),
        fill("b", "40", "101", minute=1),
        fill("c", "-50", "103", minute=2),
        fill("d", "-50", "104", minute=3),
    )
    (trip,) = trips(*rows)
    assert trip.direction is Direction.LONG
    assert (trip.quantity, trip.entry_price, trip.exit_price) == (
        Decimal(100),
        Decimal("100.4"),
        Decimal("103.5"),
    )
    assert trip.gross == Decimal(310)
    assert (trip.opened_at, trip.closed_at) == (rows[0].executed_at, rows[3].executed_at)
    assert trip.row_keys == tuple(key_of(row) for row in rows)


def test_a_flip_closes_one_trip_and_opens_the_other() -> None:
    rows = (
        fill("a", "10", "100", minute=0),
        fill("flip", "-25", "104", minute=1, fee="0.25"),
        fill("c", "15", "101", minute=2),
    )
    long, short = trips(*rows)
    assert (long.direction, long.quantity, long.gross) == (Direction.LONG, Decimal(10), Decimal(40))
    assert (short.direction, short.quantity, short.gross) == (
        Direction.SHORT,
        Decimal(15),
        Decimal(45),
    )
    assert (long.fees, short.fees) == (Decimal("0.1"), Decimal("0.15"))
    assert short.key == key_of(rows[1])
    assert key_of(rows[1]) in long.row_keys


def test_a_fee_that_does_not_divide_is_not_lost_in_a_flip() -> None:
    rows = (fill("a", "1", "100"), fill("flip", "-3", "100", minute=1, fee="0.01"))
    assert sum(trip.fees for trip in trips(*rows)) == Decimal("0.01")


def test_fifo_realizes_the_oldest_lot_first() -> None:
    rows = (
        fill("a", "10", "100", minute=0),
        fill("b", "10", "110", minute=1),
        fill("c", "-10", "120", minute=2),
    )
    book = build_book("SPY", log(*rows))
    assert book.trips[0].gross == Decimal(200)
    assert book.trips[0].closed_at is None
    assert (book.positions[0].quantity, book.positions[0].average_price) == (
        Decimal(10),
        Decimal(110),
    )


def test_a_short_earns_when_the_price_falls() -> None:
    (trip,) = trips(fill("a", "-2", "50"), fill("b", "2", "45", minute=1))
    assert (trip.direction, trip.gross) == (Direction.SHORT, Decimal(10))


def test_the_multiplier_turns_points_into_money() -> None:
    future = {"asset_class": AssetClass.FUTURE, "multiplier": "50"}
    (trip,) = trips(
        fill("a", "2", "3000", **future),  # type: ignore[arg-type]  # keywords of one call
        fill("b", "-2", "3001.25", minute=1, **future),  # type: ignore[arg-type]  # as above
    )
    assert trip.gross == Decimal(125)


def test_contracts_of_one_root_are_held_apart() -> None:
    book = build_book(
        "ES",
        log(
            fill("a", "1", "3000", symbol="ESM0", root="ES"),
            fill("b", "-1", "2990", minute=1, symbol="ESU0", root="ES"),
        ),
    )
    assert [(p.symbol, p.quantity) for p in book.positions] == [
        ("ESM0", Decimal(1)),
        ("ESU0", Decimal(-1)),
    ]


def test_a_busted_fill_counts_for_nothing() -> None:
    book = build_book(
        "SPY", log(fill("a", "5", "10"), fill("b", "5", "11", status=RowStatus.BUSTED))
    )
    assert book.positions[0].quantity == Decimal(5)
    assert book.days[0].executions == 1


def test_an_endless_trip_lists_its_first_executions_and_counts_them_all() -> None:
    rows = [fill(f"f{i}", "1", "10", minute=i) for i in range(MAX_ROW_KEYS + 5)]
    (trip,) = trips(*rows)
    assert (len(trip.row_keys), trip.executions) == (MAX_ROW_KEYS, MAX_ROW_KEYS + 5)


def coin(name: str, quantity: str, price: str, fee: str, *, minute: float = 0) -> Execution:
    """A fill of which a fee was taken in the coin itself."""
    return fill(
        name,
        quantity,
        price,
        minute=minute,
        asset_class=AssetClass.CRYPTO,
        base="BTC",
        fees=(Fee(amount=Decimal(fee), currency="BTC"),),
    )


def test_a_fee_in_the_coin_itself_makes_the_position_smaller_and_costs_its_worth() -> None:
    book = build_book("SPY", log(coin("a", "1", "100", "0.001")))
    assert book.positions[0].quantity == Decimal("0.999")
    assert (book.trips[0].fees, book.trips[0].executions) == (Decimal("0.1"), 1)


@pytest.mark.parametrize(("held", "sold"), [("1", "-0.999"), ("-1", "1.001")])
def test_a_fee_in_the_coin_itself_never_opens_a_trip_of_its_own(held: str, sold: str) -> None:
    book = build_book("SPY", log(fill("a", held, "100"), coin("b", sold, "90", "0.001", minute=1)))
    assert (book.positions, len(book.trips)) == ((), 1)


def test_a_fee_in_a_third_currency_stands_beside_the_trip() -> None:
    paid = fill("a", "1", "100", fees=(Fee(amount=Decimal("0.002"), currency="BNB"),))
    (trip,) = trips(paid, fill("b", "-1", "101", minute=1))
    assert [(fee.currency, fee.amount) for fee in trip.other_fees] == [("BNB", Decimal("0.002"))]
    assert (trip.fees, trip.net) == (0, 1)


def test_average_cost_spreads_the_cost_over_all_that_is_held() -> None:
    rows = (
        fill("a", "10", "100"),
        fill("b", "10", "110", minute=1),
        fill("c", "-10", "120", minute=2),
    )
    book = build_book("SPY", log(*rows), Basis(CostMethod.AVERAGE))
    assert (book.trips[0].gross, book.positions[0].cost) == (Decimal(150), Decimal(1050))


def test_a_trip_tells_how_long_it_took() -> None:
    (trip,) = trips(fill("a", "1", "10"), fill("b", "-1", "11", minute=1.5))
    assert trip.duration_s == 90


def stated(amount: str, *, after_fees: bool = False) -> StatedPnl:
    return StatedPnl(amount=Decimal(amount), after_fees=after_fees)


@pytest.mark.parametrize(
    ("theirs", "after_fees", "differs"),
    [("10", False, False), ("10.004", False, False), ("9.98", False, True), ("8", True, False)],
)
def test_a_stated_profit_is_held_against_ours(theirs: str, after_fees: bool, differs: bool) -> None:
    (trip,) = trips(
        fill("a", "10", "100", fee="1"),
        fill(
            "b", "-10", "101", minute=1, fee="1", stated_pnl=stated(theirs, after_fees=after_fees)
        ),
    )
    assert trip.stated is not None
    assert (trip.stated.theirs, trip.stated.ours) == (Decimal(theirs), 8 if after_fees else 10)
    assert trip.stated.differs is differs


def test_a_trip_of_which_a_closing_fill_states_nothing_is_not_compared() -> None:
    (trip,) = trips(
        fill("a", "10", "100"),
        fill("b", "-5", "101", minute=1, stated_pnl=stated("5")),
        fill("c", "-5", "101", minute=2),
    )
    assert trip.stated is None


def test_a_roll_links_both_trips() -> None:
    month = {"root": "ES", "asset_class": AssetClass.FUTURE, "multiplier": "50"}
    rows = (
        fill("a", "2", "3000", symbol="ESM0", **month),  # type: ignore[arg-type]  # as above
        fill("b", "-2", "3010", minute=60, symbol="ESM0", **month),  # type: ignore[arg-type]  # as above
        fill("c", "2", "3012", minute=61, symbol="ESU0", **month),  # type: ignore[arg-type]  # as above
    )
    left, entered = trips(*rows)
    assert (left.rolled_to, entered.rolled_from) == ((entered.key,), (left.key,))
    assert (left.rolled_from, entered.rolled_to) == ((), ())


def test_long_and_short_of_one_contract_under_two_symbols_do_not_net() -> None:
    book = build_book(
        "BTC",
        log(
            fill("a", "1", "100", symbol="BTCUSDT:LONG", root="BTC"),
            fill("b", "-1", "110", minute=1, symbol="BTCUSDT:SHORT", root="BTC"),
        ),
    )
    assert [position.quantity for position in book.positions] == [1, -1]
