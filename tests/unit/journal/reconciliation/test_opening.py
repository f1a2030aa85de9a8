from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.execution import AssetClass, EventType, Execution
from shared.domain.journal.book import build_book
from shared.domain.journal.ledger import Basis
from shared.domain.journal.opening import OpeningLot
from shared.journal.reconciliation.opening import Reported, inferred_lots
from tests.rows import START, event, fill, log

BEGINS = START - timedelta(days=90)


def told(
    quantity: str,
    price: str | None = None,
    kind: AssetClass = AssetClass.EQUITY,
    root: str = "SPY",
) -> Reported:
    average = None if price is None else Decimal(price)
    return Reported("SPY", root, Decimal(quantity), average, kind, "USD")


def lots(rows: list[Execution], *reported: Reported) -> tuple[OpeningLot, ...]:
    return inferred_lots("SPY", log(*rows), reported, BEGINS)


def test_what_agrees_needs_no_lot() -> None:
    assert lots([fill("a", "10", "100")], told("10")) == ()


def test_a_holding_without_rows_has_the_brokers_average() -> None:
    (lot,) = lots([], told("10", "95.5"))
    assert (lot.quantity, lot.price, lot.held_at) == (Decimal(10), Decimal("95.5"), BEGINS)


def test_fills_that_only_added_are_taken_out_of_the_average() -> None:
    (lot,) = lots([fill("a", "10", "110")], told("30", "100"))
    assert (lot.quantity, lot.price) == (Decimal(20), Decimal(95))


def test_the_cost_of_what_was_sold_in_part_is_unknown() -> None:
    (lot,) = lots([fill("a", "-5", "110")], told("5", "100"))
    assert (lot.quantity, lot.price) == (Decimal(10), None)


def test_a_short_from_before_is_taken_for_one_only_while_it_is_held() -> None:
    assert [lot.quantity for lot in lots([], told("-4"))] == [Decimal(-4)]
    assert lots([fill("a", "4", "100")]) == ()


def test_a_derivative_whose_multiplier_nobody_told_has_no_lot() -> None:
    assert lots([], told("2", "3", AssetClass.OPTION)) == ()


def test_a_known_future_brings_its_point_value() -> None:
    (lot,) = inferred_lots("ES", [], [told("2", "3000", AssetClass.FUTURE, "ES")], BEGINS)
    assert lot.multiplier == Decimal(50)


def test_nothing_is_worked_out_over_a_split() -> None:
    split = event("s", "0", kind=EventType.SPLIT, quantity="10", root="SPY")
    rows = log(fill("a", "-5", "100"), split)
    assert inferred_lots("SPY", rows, [told("10")], BEGINS) == ()


@given(
    st.lists(st.integers(-20, 20).filter(bool), max_size=12),
    st.integers(-30, 30),
)
def test_with_its_lot_a_journal_holds_what_the_broker_says(fills: list[int], held: int) -> None:
    rows = [fill(f"f{n}", str(units), "100", minute=n) for n, units in enumerate(fills)]
    reported = [told(str(held))] if held else []
    found = lots(rows, *reported)
    book = build_book("SPY", log(*rows), Basis(opening=found))
    ours = sum((one.quantity for one in book.positions), Decimal(0))
    missing = held - sum(fills)
    assert ours == (held if missing >= 0 or held < 0 else sum(fills))
