"""Trades beside what cancels or replaces them, in whatever order they come."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.ibkr.corrections import settled
from shared.brokers.ibkr.fields import instant_of
from shared.domain.time import NEW_YORK


def trade(number: int, name: str, quantity: str = "1", **more: str) -> dict[str, Any]:
    return {
        "row": "Trade",
        "tradeID": "7",
        "transactionID": str(number),
        "ibExecID": name,
        "quantity": quantity,
        "transactionType": "ExchTrade",
        "dateTime": "20260924;123544",
        **more,
    }


def cancel(number: int, quantity: str = "-1", **more: str) -> dict[str, Any]:
    told = {"tradeID": "", "origTradeID": "7", "transactionType": "TradeCancel"}
    return trade(number, "", quantity, **{**told, **more})


def confirmed(name: str, quantity: str = "1", **more: str) -> dict[str, Any]:
    return {"row": "TradeConfirm", "tradeID": "7", "execID": name, "quantity": quantity, **more}


def fates(rows: list[dict[str, Any]], earlier: list[dict[str, Any]] | None = None) -> list[str]:
    found = []
    for row in settled(rows, earlier or []):
        name = row.get("ibExecID") or row.get("execID") or "cancellation"
        marks = [m for m in ("cancelled_by", "replaced_by", "confirmed", "fold") if m in row]
        found.append(" ".join([name, *marks]))
    return sorted(found)


@given(st.randoms(use_true_random=False))
def test_the_trade_before_a_cancellation_dies_and_the_one_behind_it_lives(
    shuffled: random.Random,
) -> None:
    rows = [trade(1, "a.01"), cancel(2), trade(3, "a.02")]
    shuffled.shuffle(rows)
    assert fates(rows) == ["a.01 cancelled_by", "a.02"]


@given(st.randoms(use_true_random=False))
def test_two_cancellations_of_one_number_kill_two_trades(shuffled: random.Random) -> None:
    rows = [trade(1, "a.01"), cancel(2), trade(3, "a.02"), cancel(4), trade(5, "a.03")]
    shuffled.shuffle(rows)
    assert fates(rows) == ["a.01 cancelled_by", "a.02 cancelled_by", "a.03"]


def test_a_later_correction_replaces_an_earlier_one_without_a_cancellation() -> None:
    assert fates([trade(1, "a.01"), trade(2, "a.02")]) == ["a.01 replaced_by", "a.02"]


def test_a_cancellation_takes_back_the_last_correction_before_it() -> None:
    rows = [trade(1, "a.01"), trade(2, "a.02"), cancel(3)]
    assert fates(rows) == ["a.01 replaced_by", "a.02 cancelled_by"]


def test_ids_without_a_number_of_corrections_replace_nothing() -> None:
    assert fates([trade(1, "EXEC1"), trade(2, "EXEC2")]) == ["EXEC1", "EXEC2"]


@pytest.mark.parametrize(
    "rows",
    [
        [trade(1, "a.01", "2"), cancel(2)],  # of another quantity
        [trade(3, "a.01"), cancel(2)],  # booked before the trade
        [trade(1, "a.01", tradeID="8"), cancel(2)],
        [trade(1, "a.01", tradeID=""), cancel(2, origTradeID="")],
        [trade(1, "a.01", "many"), cancel(2)],
    ],
)
def test_a_cancellation_that_fits_no_trade_kills_none(rows: list[dict[str, Any]]) -> None:
    assert fates(rows) == ["a.01", "cancellation"]


def test_a_trade_of_an_earlier_report_is_given_again_when_it_is_cancelled() -> None:
    assert fates([cancel(2)], [trade(1, "a.01"), trade(1, "b.01", tradeID="9")]) == [
        "a.01 cancelled_by"
    ]


def test_days_that_two_reports_share_count_once() -> None:
    rows = [trade(1, "a.01"), cancel(2)]
    assert fates([dict(row) for row in rows], rows) == ["a.01 cancelled_by"]


def test_a_confirmation_gives_way_to_the_statement() -> None:
    rows = [confirmed("a.01"), trade(1, "a.01"), confirmed("b.01", tradeID="8")]
    assert fates(rows) == ["a.01", "a.01 confirmed", "b.01"]


def test_a_confirmed_cancellation_kills_the_first_of_its_number() -> None:
    rows = [confirmed("a.02"), confirmed("a.01"), confirmed("", "-1", code="Ca", origTradeID="7")]
    assert fates(rows) == ["a.01 cancelled_by", "a.02"]


def test_a_confirmed_cancellation_kills_a_trade_of_the_statement() -> None:
    rows = [trade(1, "a.01"), confirmed("", "-1", code="Ca", origTradeID="7")]
    assert fates(rows) == ["a.01 cancelled_by"]


def test_a_cancellation_in_both_kinds_of_reports_is_one() -> None:
    rows = [trade(1, "a.01"), cancel(2), confirmed("", "-1", code="Ca", origTradeID="7")]
    assert fates(rows) == ["a.01 cancelled_by", "cancellation confirmed"]


def test_the_hour_that_comes_twice_goes_by_the_order_of_bookings() -> None:
    at = {"a": "20261101;013000", "b": "20261101;015000", "c": "20261101;011000"}
    rows = [trade(n, name, tradeID=name, dateTime=at[name]) for n, name in enumerate(at)]
    rows.append(trade(9, "d", tradeID="d", dateTime="20261101;014000"))
    found = {row["ibExecID"]: instant_of(row) for row in settled(reversed(rows))}
    assert sorted(found, key=lambda name: found[name]) == ["a", "b", "c", "d"]
    assert {f"{found[n].astimezone(NEW_YORK):%Z}" for n in "ab"} == {"EDT"}
    assert {f"{found[n].astimezone(NEW_YORK):%Z}" for n in "cd"} == {"EST"}


def test_one_trade_of_that_hour_is_taken_for_its_first_coming() -> None:
    (row,) = settled([trade(1, "a", dateTime="20261101;013000")])
    assert f"{instant_of(row).astimezone(NEW_YORK):%H:%M %Z}" == "01:30 EDT"
