from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.execution import AssetClass, Execution, RowStatus
from shared.domain.futures.rolls import Roll
from shared.domain.journal.book import build_book
from tests.rows import fill, log


def es(
    name: str,
    quantity: str,
    *,
    month: str = "Z5",
    minute: float = 0,
    price: str = "6000",
    status: RowStatus = RowStatus.BOOKED,
) -> Execution:
    return fill(
        name,
        quantity,
        price,
        symbol=f"ES{month}",
        root="ES",
        minute=minute,
        multiplier="50",
        asset_class=AssetClass.FUTURE,
        status=status,
    )


def rolls(*rows: Execution) -> tuple[Roll, ...]:
    return build_book("ES", log(*rows)).rolls


HELD = es("a", "2")
CLOSED = es("b", "-2", minute=60, price="6100")
OPENED = es("c", "2", month="H6", minute=61, price="6150.5")


def test_a_position_that_moves_to_the_next_month_is_a_roll() -> None:
    (roll,) = rolls(HELD, CLOSED, OPENED)
    assert (roll.root, roll.direction, roll.closed.symbol, roll.opened.symbol) == (
        "ES",
        "long",
        "ESZ5",
        "ESH6",
    )
    assert (roll.closed.quantity, roll.opened.quantity, roll.spread) == (2, 2, Decimal("50.5"))


def test_a_roll_names_the_fills_of_both_trades() -> None:
    keys = dict(zip("abc", (key for key, _ in log(HELD, CLOSED, OPENED)), strict=True))
    (roll,) = rolls(HELD, CLOSED, OPENED)
    assert (roll.closed.keys, roll.opened.keys) == ((keys["b"],), (keys["c"],))


def test_a_roll_merges_no_profit() -> None:
    book = build_book("ES", log(HELD, CLOSED, OPENED))
    assert [(trip.symbol, trip.gross) for trip in book.trips] == [("ESZ5", 10000), ("ESH6", 0)]
    (roll,) = rolls(HELD, CLOSED, OPENED)
    linked = [trip.symbol for trip in book.trips if {*roll.closed.keys} & {*trip.row_keys}]
    assert linked == ["ESZ5"]


def test_the_new_month_may_come_first() -> None:
    assert len(rolls(HELD, es("c", "2", month="H6", minute=59), CLOSED)) == 1


def test_a_short_position_rolls_too() -> None:
    (roll,) = rolls(es("a", "-1"), es("b", "1", minute=60), es("c", "-1", month="H6", minute=60))
    assert roll.direction == "short"


def test_both_halves_may_come_in_parts() -> None:
    (roll,) = rolls(
        HELD,
        es("b1", "-1", minute=60, price="6100"),
        es("c1", "1", month="H6", minute=61),
        es("b2", "-1", minute=62, price="6101"),
        es("c2", "1", month="H6", minute=63),
    )
    assert (roll.closed.price, len(roll.opened.keys)) == (Decimal("6100.5"), 2)


def test_a_part_of_a_position_can_be_rolled() -> None:
    (roll,) = rolls(es("a", "5"), CLOSED, OPENED)
    assert roll.closed.quantity == 2


def test_another_quantity_is_no_roll() -> None:
    assert rolls(HELD, CLOSED, es("c", "3", month="H6", minute=61)) == ()


def test_the_other_direction_is_no_roll() -> None:
    assert rolls(HELD, CLOSED, es("c", "-2", month="H6", minute=61)) == ()


def test_a_position_opened_much_later_is_no_roll() -> None:
    assert rolls(HELD, CLOSED, es("c", "2", month="H6", minute=60 + 16)) == ()


def test_going_back_into_the_same_month_is_no_roll() -> None:
    assert rolls(HELD, CLOSED, es("c", "2", minute=61)) == ()


def test_a_cancelled_half_is_no_half() -> None:
    busted = es("c", "2", month="H6", minute=61, status=RowStatus.BUSTED)
    assert rolls(HELD, CLOSED, busted) == ()


def test_shares_do_not_roll() -> None:
    assert rolls(fill("a", "2", "10"), fill("b", "-2", "11", minute=1)) == ()


def test_each_fill_is_linked_once() -> None:
    found = rolls(HELD, CLOSED, OPENED, es("d", "2", month="M6", minute=62))
    assert len(found) == 1


def test_a_fill_that_turns_over_closes_one_half_of_it() -> None:
    (roll,) = rolls(HELD, es("b", "-3", minute=60), OPENED)
    assert roll.closed.quantity == 2


@given(st.permutations([HELD, CLOSED, OPENED, es("d", "1", month="H6", minute=200)]))
def test_the_order_of_arrival_does_not_matter(rows: list[Execution]) -> None:
    assert rolls(*rows) == rolls(HELD, CLOSED, OPENED, es("d", "1", month="H6", minute=200))
