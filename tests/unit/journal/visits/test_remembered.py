from decimal import Decimal

import pytest

from shared.brokers.spec import FillProgress
from shared.journal.visits.remembered import OpenOrders, SeenRows


def test_a_content_is_new_once() -> None:
    seen = SeenRows()
    told = [seen.is_new("a", 1), seen.is_new("a", 1), seen.is_new("a", 2), seen.is_new("b", 1)]
    assert (told, seen.count) == ([True, False, True, True], 3)


def test_no_more_rows_are_remembered_than_the_latest() -> None:
    seen = SeenRows(most=2)
    for key in "abc":
        seen.is_new(key, 1)
    assert [seen.is_new(key, 1) for key in "cba"] == [False, False, True]


def progress(fill: str, quantity: int, cumulative: int, leaves: int) -> FillProgress:
    return FillProgress("o", fill, Decimal(quantity), Decimal(cumulative), Decimal(leaves))


FIRST, SECOND, LAST = progress("1", 2, 2, 3), progress("2", 1, 3, 2), progress("3", 2, 5, 0)


def orders(*fills: FillProgress | None) -> OpenOrders:
    made = OpenOrders()
    for fill in fills:
        made.add(fill)
    return made


@pytest.mark.parametrize("fills", [(FIRST, SECOND, LAST), (LAST, FIRST, SECOND)])
def test_an_order_that_is_whole_is_forgotten(fills: tuple[FillProgress, ...]) -> None:
    assert orders(*fills).to_read_again() == []


def test_a_row_that_is_no_fill_counts_for_nothing() -> None:
    assert orders(None).to_read_again() == []


@pytest.mark.parametrize("fills", [(FIRST, LAST), (FIRST, SECOND)], ids=["gap", "open"])
def test_an_order_that_may_lack_fills_is_read_again_once(fills: tuple[FillProgress, ...]) -> None:
    made = orders(*fills)
    assert (made.to_read_again(), made.to_read_again()) == (["o"], [])


def test_an_order_that_has_changed_is_read_again() -> None:
    made = orders(FIRST)
    made.to_read_again()
    made.add(SECOND)
    assert made.to_read_again() == ["o"]


def test_the_same_fill_again_counts_once() -> None:
    assert orders(FIRST, FIRST, SECOND, LAST).to_read_again() == []


def test_an_order_that_stays_short_is_given_up_with_what_was_found() -> None:
    made = orders(FIRST, LAST)
    (short,) = made.give_up_short()
    assert (short.order_id, short.filled, short.cumulative) == ("o", Decimal(4), Decimal(5))
    assert made.give_up_short() == []


def test_an_order_that_is_open_but_adds_up_is_not_given_up() -> None:
    assert orders(FIRST, SECOND).give_up_short() == []
