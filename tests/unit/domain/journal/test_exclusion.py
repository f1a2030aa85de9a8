from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.execution import Execution
from shared.domain.journal.book import Book, build_book
from shared.domain.journal.ledger import Basis
from tests.rows import fill, key_of, log

DAY = 24 * 60
WON = [fill("a", "10", "100", fee="1"), fill("b", "-10", "105", minute=5, fee="1")]
LOST = [fill("c", "10", "100", minute=DAY, fee="1"), fill("d", "-10", "98", minute=DAY + 5)]


def book(rows: list[Execution], *, trips: tuple[Execution, ...] = ()) -> Book:
    basis = Basis(set_aside=frozenset(key_of(row) for row in trips))
    return build_book("SPY", log(*rows), basis)


def net(found: Book) -> Decimal:
    return sum((day.gross - day.fees for day in found.days), Decimal(0))


def test_an_excluded_trip_is_shown_and_in_no_figure() -> None:
    found = book([*WON, *LOST], trips=(LOST[0],))
    assert [(trip.excluded, trip.result is None) for trip in found.trips] == [
        (False, False),
        (True, True),
    ]
    assert (net(found), sum(day.losses for day in found.days)) == (Decimal(48), 0)


def test_its_fills_are_still_executions() -> None:
    found = book([*WON, *LOST], trips=(LOST[0],))
    assert sum(day.executions for day in found.days) == 4


def test_an_excluded_trip_that_is_open_is_still_held() -> None:
    found = book(WON[:1], trips=(WON[0],))
    assert [position.quantity for position in found.positions] == [Decimal(10)]


def test_what_an_excluded_trip_gave_to_earlier_days_is_taken_back() -> None:
    opened = fill("o", "10", "100", fee="1")
    part = fill("p", "-4", "110", minute=DAY, fee="1")
    spoken = fill("s", "-6", "120", minute=2 * DAY, fee="1")
    found = book([opened, part, spoken], trips=(spoken,))
    assert (net(found), [trip.excluded for trip in found.trips]) == (Decimal(0), [True])


def test_a_row_that_turned_the_position_over_excludes_the_trip_that_it_opened() -> None:
    flip = fill("f", "-20", "105", minute=5)
    end = fill("e", "10", "100", minute=9)
    found = book([WON[0], flip, end], trips=(flip,))
    assert [trip.excluded for trip in found.trips] == [False, True]
    assert net(found) == Decimal(49)


def test_an_excluded_execution_counts_for_nothing() -> None:
    stray = fill("stray", "3", "100", minute=1)
    basis = Basis(excluded=frozenset({key_of(stray)}))
    found = build_book("SPY", log(*WON, stray), basis)
    plain = build_book("SPY", log(*WON))
    assert (found.trips, found.positions, found.days) == (plain.trips, plain.positions, plain.days)


@given(
    st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.integers(90, 110)), min_size=2),
    st.data(),
)
def test_what_an_exclusion_takes_is_the_trips_own_result(
    moves: list[tuple[int, int]], data: st.DataObject
) -> None:
    rows = [
        fill(f"f{n}", str(units), str(price), minute=300 * n, fee="0.5")
        for n, (units, price) in enumerate(moves)
    ]
    plain = book(rows)
    chosen = data.draw(st.sampled_from(plain.trips))
    opener = next(row for row in rows if key_of(row) == chosen.key)
    found = book(rows, trips=(opener,))
    assert chosen.net is not None
    assert net(found) == net(plain) - chosen.net
    assert found.positions == plain.positions
