from decimal import Decimal
from typing import Any

import pytest

from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Ratio
from shared.domain.journal.book import Book, build_book
from tests.rows import event, fill, log


def book(*rows: Execution | AccountEvent) -> Book:
    return build_book("SPY", log(*rows))


def action(name: str, kind: EventType = EventType.SPLIT, **more: Any) -> AccountEvent:
    told = {"root": "SPY", "amount": "0", "minute": 60, "asset_class": AssetClass.EQUITY, **more}
    return event(name, kind=kind, **told)


def ratio(new: str, old: str) -> Ratio:
    return Ratio(new=Decimal(new), old=Decimal(old))


@pytest.mark.parametrize(
    "told",
    [
        {"ratio": ratio("2", "1")},
        {"quantity": "10"},
        {"quantity": "10", "ratio": ratio("2", "1")},
    ],
)
def test_a_forward_split_keeps_the_cost(told: Any) -> None:
    found = book(fill("a", "10", "100"), action("s", **told))
    (held,) = found.positions
    assert (held.quantity, held.cost, held.average_price) == (20, 1000, 50)
    assert (found.trips[0].entry_price, found.trips[0].quantity) == (50, 20)
    assert found.unapplied == 0


def test_a_short_is_split_too() -> None:
    found = book(fill("a", "-10", "100"), action("s", ratio=ratio("2", "1")))
    assert (found.positions[0].quantity, found.positions[0].cost) == (-20, -1000)


def test_what_does_not_divide_is_not_lost() -> None:
    found = book(
        fill("a", "10", "100"),
        action("s", ratio=ratio("3", "1")),
        *(fill(f"x{n}", "-1", "40", minute=90 + n) for n in range(30)),
    )
    assert (found.trips[0].gross, found.positions) == (Decimal(200), ())


def test_lots_stay_in_their_order_through_a_split() -> None:
    found = book(
        fill("a", "10", "100"),
        fill("b", "10", "300", minute=1),
        action("s", ratio=ratio("2", "1")),
        fill("c", "-20", "60", minute=90),
    )
    assert (found.trips[0].gross, found.positions[0].cost) == (Decimal(200), Decimal(3000))


def test_a_reverse_split_sells_its_fraction_for_the_cash_in_lieu() -> None:
    split = action("s", ratio=ratio("1", "10"), quantity="-95", amount="60")
    found = book(fill("a", "105", "10"), split)
    assert (found.positions[0].quantity, found.positions[0].cost) == (10, 1000)
    assert (found.trips[0].gross, found.trips[0].exit_price) == (Decimal(10), Decimal(120))


def test_cash_with_a_ratio_alone_is_for_the_fraction() -> None:
    found = book(fill("a", "105", "10"), action("s", ratio=ratio("1", "10"), amount="60"))
    assert (found.positions[0].quantity, found.trips[0].gross) == (10, 10)


def test_a_holding_that_a_reverse_split_pays_out_ends() -> None:
    split = action("s", ratio=ratio("1", "10"), quantity="-3", amount="33")
    found = book(fill("a", "3", "10"), split)
    assert (found.positions, found.trips[0].gross, found.trips[0].ended_by) == ((), 3, "split")


def test_a_split_that_does_not_fit_what_is_held_is_flagged() -> None:
    split = action("s", ratio=ratio("2", "1"), quantity="100")
    found = book(fill("a", "10", "100"), split)
    assert (found.positions[0].quantity, found.unapplied) == (10, 1)


def test_a_split_of_what_nobody_knows_is_flagged() -> None:
    assert book(action("s", ratio=ratio("2", "1"))).unapplied == 1


def test_cash_of_a_split_that_is_not_applied_is_not_lost() -> None:
    found = book(action("s", ratio=ratio("1", "2"), amount="7"))
    assert sum(day.income for day in found.days) == 7


@pytest.mark.parametrize("names", [("out", "in"), ("in", "out")])
def test_a_split_told_in_two_rows_is_one(names: tuple[str, str]) -> None:
    halves = (
        action(names[0], quantity="-10", action_id="7"),
        action(names[1], quantity="20", action_id="7"),
    )
    found = book(fill("a", "10", "100"), *halves)
    assert (found.positions[0].quantity, found.positions[0].cost, len(found.trips)) == (20, 1000, 1)


def test_a_new_symbol_goes_on_with_the_trip() -> None:
    found = book(
        fill("a", "10", "100", symbol="FB", root="SPY"),
        action("r", EventType.RENAME, symbol="FB", new_symbol="META"),
        fill("b", "-10", "110", minute=90, symbol="META", root="SPY"),
    )
    (trip,) = found.trips
    assert (trip.symbol, trip.gross, trip.executions, len(trip.row_keys)) == ("META", 100, 2, 3)


@pytest.mark.parametrize("side", [1, -1])
def test_a_rename_told_in_two_rows_is_one_with_its_ratio(side: int) -> None:
    halves = (
        action("o", EventType.RENAME, symbol="OLD", quantity=str(-10 * side), action_id="7"),
        action("i", EventType.RENAME, symbol="NEW", quantity=str(5 * side), action_id="7"),
    )
    found = book(fill("a", str(10 * side), "100", symbol="OLD", root="SPY"), *halves)
    (held,) = found.positions
    assert (held.symbol, held.quantity, held.cost) == ("NEW", 5 * side, 1000 * side)


def test_a_rename_into_what_is_held_already_joins_both() -> None:
    found = book(
        fill("a", "10", "100", symbol="OLD", root="SPY"),
        fill("b", "10", "200", minute=1, symbol="NEW", root="SPY"),
        action("r", EventType.RENAME, symbol="OLD", new_symbol="NEW"),
    )
    (held,) = found.positions
    assert (held.symbol, held.quantity, held.cost) == ("NEW", 20, 3000)
    assert {trip.ended_by for trip in found.trips} == {None, "rename"}


def test_a_rename_of_what_nobody_knows_is_flagged() -> None:
    assert book(action("r", EventType.RENAME, new_symbol="NEW")).unapplied == 1


def test_half_of_a_rename_between_two_roots_comes_at_its_stated_cost() -> None:
    found = book(
        action("i", EventType.RENAME, quantity="10", price="90", action_id="7"),
        fill("b", "-10", "100", minute=90),
    )
    assert found.trips[0].gross == 100


def test_half_of_a_rename_between_two_roots_leaves_at_its_cost() -> None:
    found = book(
        fill("a", "10", "100"), action("o", EventType.RENAME, quantity="-10", action_id="7")
    )
    assert (found.positions, found.trips[0].gross, found.trips[0].result) == ((), 0, None)
