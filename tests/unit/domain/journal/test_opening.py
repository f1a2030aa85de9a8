from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.execution import AccountEvent, AssetClass, Execution
from shared.domain.journal.book import Book, build_book
from shared.domain.journal.ledger import Basis
from shared.domain.journal.opening import LotOrigin, OpeningLot
from tests.rows import START, fill, log


def lot(quantity: str, price: str | None = None, **more: Any) -> OpeningLot:
    told = {
        "symbol": "SPY",
        "root": "SPY",
        "asset_class": AssetClass.EQUITY,
        "currency": "USD",
        "multiplier": "1",
        "quantity": quantity,
        "price": price,
        "held_at": START,
        "origin": LotOrigin.INFERRED,
    }
    return OpeningLot.model_validate({**told, **more})


def book(opening: OpeningLot, *rows: Execution | AccountEvent) -> Book:
    return build_book("SPY", log(*rows), Basis(opening=(opening,)))


def test_the_first_sale_of_an_older_holding_is_no_short() -> None:
    found = book(lot("100"), fill("s", "-40", "50", minute=1))
    (trip,) = found.trips
    assert (trip.direction, trip.origin, found.positions[0].quantity) == ("long", "inferred", 60)
    assert (trip.gross, sum(day.gross for day in found.days)) == (None, 0)


def test_a_lot_whose_cost_is_known_counts() -> None:
    found = book(lot("100", "45"), fill("s", "-100", "50", minute=1))
    assert (found.trips[0].gross, found.days[0].wins) == (500, 1)


def test_a_lot_is_held_before_the_rows_of_its_instant() -> None:
    assert book(lot("5", "1"), fill("s", "-5", "2")).positions == ()


def test_a_lot_after_which_nothing_happened_is_held() -> None:
    assert book(lot("5", held_at=START + timedelta(days=9))).positions[0].quantity == 5


OLDER = (fill("o1", "60", "40", minute=-9), fill("o2", "40", "41", minute=-8, fee="1"))


def test_a_lot_gives_way_to_the_real_fills_without_a_trace() -> None:
    later = fill("s", "-100", "50", minute=1)
    assert book(lot("100", "40.4"), *OLDER, later) == build_book("SPY", log(*OLDER, later))


def test_a_lot_brings_only_what_real_fills_leave_open_at_an_unknown_cost() -> None:
    found = book(lot("100", "40.4"), OLDER[0], fill("s", "-60", "50", minute=1))
    assert (found.positions[0].quantity, found.trips[0].gross) == (40, None)


def test_fills_that_hold_more_than_the_lot_outrank_it() -> None:
    found = book(lot("50"), *OLDER)
    assert (found.positions[0].quantity, found.unapplied) == (100, 1)


@given(st.permutations([*OLDER, fill("s", "-30", "50", minute=1)]), st.integers(0, 3))
def test_the_order_in_which_fills_arrive_leaves_no_trace(rows: list[Execution], count: int) -> None:
    build_book("SPY", log(*rows[:count]), Basis(opening=(lot("100"),)))
    assert book(lot("100"), *rows) == build_book("SPY", log(*rows))


def test_a_lots_key_is_that_of_its_trip() -> None:
    opening = lot("5", "1")
    assert book(opening).trips[0].key == opening.key
    assert opening.quantity == Decimal(5)
