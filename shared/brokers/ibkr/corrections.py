"""Trades beside what cancels or replaces them: a report tells it in rows of their own.

A cancellation names the trade by `origTradeID`, yet a trade that is booked anew keeps its tradeID:
meant is the one that was booked before. The last digits of an execution's id count its corrections.
Composed rows are the raw trade with `cancelled_by` (the cancelling row), `replaced_by` (the id of
the later correction), `fold` (the hour that comes twice) or `confirmed` (by an activity statement).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from shared.brokers.ibkr.fields import codes, instant_of, number
from shared.domain.errors import UnparseableRow
from shared.domain.time import NEW_YORK

Row = dict[str, Any]
_TRADES = ("Trade", "TradeConfirm")


def is_trade(row: Row) -> bool:
    """Tell whether a row is an execution, or its cancellation: not an order, a lot or a sum."""
    return row["row"] in _TRADES and row.get("levelOfDetail") in (None, "", "EXECUTION")


def is_cancellation(row: Row) -> bool:
    """Tell whether a row takes a trade back."""
    told = row.get("transactionType") == "TradeCancel" or "Ca" in codes(row)
    return told or "(Ca.)" in str(row.get("buySell"))


def execution_id(row: Row) -> str:
    """Name an execution as both kinds of reports do; an empty text where it has no such id."""
    return str(row.get("execID" if row["row"] == "TradeConfirm" else "ibExecID") or "")


def settled(rows: Iterable[Row], earlier: Iterable[Row] = ()) -> Iterator[Row]:
    """Give the rows with each trade beside what became of it; of `earlier` ones, what changed."""
    found = list(rows)
    again = {_booked_as(row) for row in found}
    before = [row for row in earlier if _booked_as(row) not in again]
    confirmed = _confirmed(found)
    struck = _struck([row for row in (*before, *found) if id(row) not in confirmed])
    used = {id(more["cancelled_by"]) for more in struck.values() if "cancelled_by" in more}
    folds = _second_hours(found)
    yield from (row | struck[id(row)] for row in before if id(row) in struck)
    for row in found:
        if id(row) in confirmed:
            yield {**row, "confirmed": "yes"}
        elif id(row) not in used:
            yield row | struck.get(id(row), {}) | folds.get(id(row), {})


def _booked_as(row: Row) -> tuple[str, str]:
    return str(row.get("transactionID") or ""), execution_id(row)


def _confirmed(rows: Iterable[Row]) -> set[int]:
    """Tell which confirmations an activity statement has as well: its word counts."""
    trades = [row for row in rows if is_trade(row)]
    told = {_event(row) for row in trades if row["row"] == "Trade"}
    return {id(row) for row in trades if row["row"] != "Trade" and _event(row) in told}


def _event(row: Row) -> tuple[str, str]:
    if is_cancellation(row):
        return "cancelled", str(row.get("origTradeID") or id(row))
    return "traded", execution_id(row) or str(id(row))


def _struck(rows: Iterable[Row]) -> dict[int, Row]:
    """Tell which trades do not stand, and why."""
    shown = sorted((row for row in rows if is_trade(row)), key=_booking)
    trades = [row for row in shown if not is_cancellation(row)]
    struck: dict[int, Row] = {}
    for cancel in (row for row in shown if is_cancellation(row)):
        meant = [t for t in trades if id(t) not in struck and _undoes(cancel, t)]
        if meant:  # the last before it; where bookings have no numbers, the first
            trade = meant[-1 if cancel.get("transactionID") else 0]
            struck[id(trade)] = {"cancelled_by": cancel}
    newest = _newest_corrections(trades)
    for trade in trades:
        head, _, _ = execution_id(trade).rpartition(".")
        if head and id(trade) not in struck and newest[head] > execution_id(trade):
            struck[id(trade)] = {"replaced_by": newest[head]}
    return struck


def _undoes(cancel: Row, trade: Row) -> bool:
    numbered = trade.get("transactionID") and cancel.get("transactionID")
    if numbered and _booking(trade) > _booking(cancel):
        return False
    try:
        opposite = number(trade, "quantity") == -number(cancel, "quantity")
    except UnparseableRow:
        return False
    return opposite and bool(trade.get("tradeID")) and trade["tradeID"] == cancel.get("origTradeID")


def _booking(row: Row) -> tuple[int, str]:
    """Order rows by their booking; confirmations only have the correction's number."""
    text = str(row.get("transactionID") or execution_id(row))
    return len(text), text


def _newest_corrections(trades: Iterable[Row]) -> dict[str, str]:
    newest: defaultdict[str, str] = defaultdict(str)
    for trade in trades:
        head, _, _ = execution_id(trade).rpartition(".")
        newest[head] = max(newest[head], execution_id(trade))
    return newest


def _second_hours(rows: Iterable[Row]) -> dict[int, Row]:
    """Tell which trades of the hour that comes twice are of its second coming.

    Bookings are numbered in order, so from where the clock goes back on they are.
    """
    twice: list[tuple[tuple[int, str], datetime, Row]] = []
    for row in rows:
        try:
            at = instant_of(row).astimezone(NEW_YORK) if row["row"] == "Trade" else None
        except UnparseableRow:
            continue
        if at is not None and at.utcoffset() != at.replace(fold=1).utcoffset():
            twice.append((_booking(row), at, row))
    twice.sort(key=lambda one: one[0])
    second: dict[int, Row] = {}
    latest: datetime | None = None
    for _, at, row in twice:
        if latest is not None and (second or at < latest) and at.date() == latest.date():
            second[id(row)] = {"fold": "1"}
        latest = at
    return second
