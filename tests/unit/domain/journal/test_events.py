from decimal import Decimal
from typing import Any

import pytest

from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee
from shared.domain.journal.book import Book, build_book
from tests.rows import event, fill, key_of, log

PUT = "SPY260417P00400000"
OPTION: dict[str, Any] = {
    "symbol": PUT,
    "root": "SPY",
    "asset_class": AssetClass.OPTION,
    "multiplier": "100",
}


def book(*rows: Execution | AccountEvent) -> Book:
    return build_book("SPY", log(*rows))


def option(name: str, kind: EventType, *, minute: float = 60, **more: Any) -> AccountEvent:
    return event(name, kind=kind, minute=minute, **{"amount": "0", **OPTION, **more})


def shares(name: str, kind: EventType, quantity: str, **more: Any) -> AccountEvent:
    return event(
        name,
        **{"amount": "0", "minute": 60, **more},
        kind=kind,
        root="SPY",
        quantity=quantity,
        asset_class=AssetClass.EQUITY,
    )


@pytest.mark.parametrize(("quantity", "gross"), [("2", "-300"), ("-2", "300")])
def test_an_expiry_without_a_sign_closes_whichever_side_is_held(quantity: str, gross: str) -> None:
    found = book(fill("a", quantity, "1.5", **OPTION), option("e", EventType.EXPIRY, closes="2"))
    (trip,) = found.trips
    assert (trip.gross, trip.ended_by, found.positions) == (Decimal(gross), "expiry", ())
    assert found.unapplied == 0


@pytest.mark.parametrize(
    "told",
    [
        {"closes": "2"},
        {"quantity": "-2"},
        {"quantity": "-2", "price": "0"},
    ],
)
def test_an_ending_of_what_nobody_knows_is_flagged_and_moves_nothing(told: Any) -> None:
    ending = option("e", EventType.EXPIRY, **told)
    found = book(ending)
    assert (found.trips, found.positions, found.unapplied) == ((), (), 1)
    assert found.flags[0].key == key_of(ending)


def test_an_ending_against_the_side_that_is_held_is_flagged() -> None:
    found = book(fill("a", "-2", "1", **OPTION), option("e", EventType.EXPIRY, quantity="-2"))
    assert (found.positions[0].quantity, found.unapplied) == (Decimal(-2), 1)


def test_an_ending_of_more_than_is_held_ends_what_is_known_and_flags_the_rest() -> None:
    found = book(fill("a", "2", "1", **OPTION), option("e", EventType.EXPIRY, closes="5"))
    assert (found.positions, found.trips[0].gross, found.unapplied) == ((), Decimal(-200), 1)
    assert "3 more" in found.flags[0].reason


def test_a_cash_settled_exercise_earns_its_cash() -> None:
    settled = option("e", EventType.EXERCISE, closes="2", amount="900")
    (trip,) = book(fill("a", "2", "1.5", **OPTION), settled).trips
    assert (trip.gross, trip.exit_price) == (Decimal(600), Decimal("4.5"))


def test_a_cash_settled_assignment_costs_its_cash() -> None:
    settled = option("e", EventType.ASSIGNMENT, closes="1", amount="-450")
    (trip,) = book(fill("a", "-1", "1.5", **OPTION), settled).trips
    assert (trip.gross, trip.exit_price) == (Decimal(-300), Decimal("4.5"))


def test_an_assigned_put_gives_its_premium_and_the_shares_at_the_strike() -> None:
    found = book(
        fill("a", "-1", "2", **OPTION),
        option("e", EventType.ASSIGNMENT, closes="1"),
        shares("d", EventType.DELIVERY, "100", price="400", fees=(Fee(amount=5, currency="USD"),)),
    )
    assert (found.trips[0].gross, found.trips[1].fees) == (Decimal(200), Decimal(5))
    assert (found.positions[0].symbol, found.positions[0].cost) == ("SPY", Decimal(40000))
    assert sum(day.fees for day in found.days) == Decimal(5)


def test_a_future_that_expires_without_a_price_is_flagged() -> None:
    month: dict[str, Any] = {"asset_class": AssetClass.FUTURE, "multiplier": "50"}
    ending = event("e", "0", kind=EventType.EXPIRY, root="ES", closes="1", minute=60, **month)
    found = build_book("ES", log(fill("a", "1", "3000", symbol="ES", **month), ending))
    assert (found.positions[0].quantity, found.unapplied) == (Decimal(1), 1)


def test_a_future_that_expires_at_a_price_is_settled_there() -> None:
    month: dict[str, Any] = {"asset_class": AssetClass.FUTURE, "multiplier": "50"}
    ending = event(
        "e", "0", kind=EventType.EXPIRY, root="ES", closes="1", price="3001", minute=60, **month
    )
    found = build_book("ES", log(fill("a", "1", "3000", symbol="ES", **month), ending))
    assert (found.positions, found.trips[0].gross) == ((), Decimal(50))


def test_what_comes_by_transfer_with_its_cost_counts_like_a_purchase() -> None:
    found = book(
        shares("t", EventType.TRANSFER, "10", price="90"), fill("s", "-10", "100", minute=90)
    )
    assert (found.trips[0].gross, found.trips[0].executions) == (Decimal(100), 1)
    assert sum(day.gross for day in found.days) == Decimal(100)


def test_what_comes_by_transfer_without_its_cost_is_shown_and_left_out_of_totals() -> None:
    found = book(shares("t", EventType.TRANSFER, "10"), fill("s", "-10", "100", minute=90, fee="1"))
    (trip,) = found.trips
    assert (trip.entry_price, trip.gross, trip.net) == (None, None, None)
    assert (trip.exit_price, trip.fees, trip.result) == (Decimal(100), Decimal(1), None)
    (day,) = found.days
    assert (day.executions, day.round_trips, day.left_out, day.gross, day.fees) == (1, 0, 1, 0, 0)


def test_what_was_realized_before_the_cost_became_unknown_stays() -> None:
    found = book(
        fill("a", "10", "100"),
        fill("b", "-5", "110", minute=1),
        shares("t", EventType.TRANSFER, "10"),
        fill("c", "-5", "120", minute=90),
    )
    assert sum(day.gross for day in found.days) == Decimal(50)
    assert found.trips[0].gross is None
    assert (found.positions[0].cost, found.positions[0].unrealized(Decimal(1))) == (None, None)


def test_a_transfer_out_takes_the_cost_along_and_realizes_nothing() -> None:
    found = book(
        fill("a", "10", "100"),
        fill("b", "10", "110", minute=1),
        shares("t", EventType.TRANSFER, "-15"),
    )
    assert (found.positions[0].quantity, found.positions[0].cost) == (Decimal(5), Decimal(550))
    assert (found.trips[0].gross, found.trips[0].exit_price) == (Decimal(0), None)


def test_a_trip_that_was_transferred_away_is_no_round_trip_of_the_totals() -> None:
    found = book(fill("a", "10", "100"), shares("t", EventType.TRANSFER, "-10"))
    (trip,) = found.trips
    assert (trip.ended_by, trip.result) == ("transfer", None)
    assert sum(day.round_trips for day in found.days) == 0
    assert sum(day.left_out for day in found.days) == 1


def test_a_transfer_out_of_what_nobody_knows_makes_no_short() -> None:
    found = book(shares("t", EventType.TRANSFER, "-10"))
    assert (found.positions, found.unapplied) == ((), 1)


def test_a_row_that_moves_units_of_nothing_is_flagged() -> None:
    found = book(event("x", "0", kind=EventType.TRANSFER, quantity="5"))
    assert (found.unapplied, found.flags[0].reason) == (1, "it does not say what it moves")


def test_coins_that_are_earned_are_income_at_their_price() -> None:
    found = book(shares("i", EventType.INTEREST, "0.5", price="100"))
    assert (found.positions[0].cost, sum(d.income for d in found.days)) == (
        Decimal(50),
        Decimal(50),
    )


def test_coins_that_are_earned_without_a_price_have_no_known_cost() -> None:
    found = book(shares("i", EventType.INTEREST, "0.5"))
    assert (found.positions[0].cost, found.trips[0].gross) == (None, None)


def test_a_fee_in_units_without_a_price_costs_what_they_cost() -> None:
    found = book(fill("a", "10", "100"), shares("f", EventType.FEE, "-1"))
    assert found.positions[0].quantity == Decimal(9)
    assert (sum(d.day_fees for d in found.days), sum(d.gross for d in found.days)) == (100, 0)


def test_a_fee_in_units_that_nobody_knows_is_flagged() -> None:
    found = book(fill("a", "1", "100"), shares("f", EventType.FEE, "-1.5"))
    assert (found.positions[0].quantity, found.unapplied) == (Decimal(1), 1)


def test_cash_in_lieu_alone_is_income() -> None:
    found = book(event("c", "3.21", kind=EventType.CASH_IN_LIEU, root="SPY"))
    assert sum(day.income for day in found.days) == Decimal("3.21")


def test_cash_in_lieu_of_a_fraction_is_what_the_fraction_brought() -> None:
    found = book(fill("a", "10.5", "10"), shares("c", EventType.CASH_IN_LIEU, "-0.5", amount="6"))
    assert (found.positions[0].quantity, found.trips[0].gross) == (Decimal(10), Decimal(1))
