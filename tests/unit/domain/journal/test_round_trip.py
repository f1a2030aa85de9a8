from decimal import Decimal

from shared.domain.execution import AccountEvent, AssetClass, Execution, RowStatus
from shared.domain.journal.book import build_book
from shared.domain.journal.round_trip import MAX_ROW_KEYS, Direction, RoundTrip
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
