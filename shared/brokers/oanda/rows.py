"""OANDA's transactions, read into our own values.

Source: oanda/v20-openapi (json/v20.json 3.0.25); developer.oanda.com/rest-live-v20/transaction-df;
samples in tests/fixtures/oanda. What is not documented there is marked unverified where it is used.
Accounts that hedge hold longs and shorts side by side: quantities net to the same position, but
their lots are matched oldest first here, not by `tradeID`.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.oanda.account import (
    Row,
    asset_class_of,
    event,
    listed,
    read_daily_financing,
    read_dividend,
    read_transfer,
    root_of,
    transaction_id,
)
from shared.brokers.rows import fields_of, text_of, time_of, told, unparseable
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import EventType, Execution, Fee, Side
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import no_digit_lost, parse_decimal
from shared.domain.time import NEW_YORK, parse_instant

# Rows that change neither cash nor a position; every kind that nobody knows is kept in sight.
_QUIET = re.compile(
    "HEARTBEAT|[A-Z_]+_(ORDER|REJECT)|CREATE|CLOSE|REOPEN|CLIENT_CONFIGURE|ORDER_CANCEL|DELAYED_TRADE_CLOSURE"
    "|(ORDER|TRADE)_CLIENT_EXTENSIONS_MODIFY|MARGIN_CALL_(ENTER|EXTEND|EXIT)|RESET_RESETTABLE_PL"
)
_COSTS = ("commission", "guaranteedExecutionFee")  # positive is a cost
_SETTLED = (  # cash that a fill books besides its costs; positive is income
    ("pl", EventType.CASH, "realized_pl"),
    ("financing", EventType.FINANCING, "financing"),
)


def parse_transaction(raw: Any, account: BrokerAccount) -> tuple[ParsedRow, ...] | Ignored:
    """Normalize one transaction; one that changes neither cash nor a position is ignored.

    Shape: a fill gives its execution, and as events what it settled in the account's currency:
    realized P&L (it cannot be rebuilt from prices in another currency) and financing. So the sum
    of all amounts less all fees is the account's balance.
    Raises: UnparseableRow.
    """
    row = fields_of(raw)
    kind = text_of(row, "type")
    if is_quiet(kind):
        return Ignored(kind)
    if kind not in _READERS:
        raise UnparseableRow(f"type: {kind!r} is not known; it may change positions")
    try:
        with no_digit_lost():
            return tuple(_READERS[kind](row, account))
    except ValidationError as error:  # of the normalized row
        raise unparseable(error, kind) from error


def is_quiet(kind: str) -> bool:
    """Tell a kind of transaction that changes neither cash nor a position."""
    return _QUIET.fullmatch(kind) is not None


def booked_at(raw: Any) -> datetime | None:
    """Tell when OANDA booked a row."""
    return told(raw, "time", parse_instant)


def booked_on(raw: Any) -> date | None:
    """Tell the New York day of a row."""
    at = booked_at(raw)
    return at.astimezone(NEW_YORK).date() if at else None


def _fill(row: Row, account: BrokerAccount) -> Iterable[ParsedRow]:
    instrument, at = text_of(row, "instrument"), time_of(row, "time", parse_instant)
    quote = instrument.partition("_")[2]
    if not quote:
        raise UnparseableRow(f"instrument: expected BASE_QUOTE, found {instrument!r}")
    asset_class, fees = asset_class_of(instrument), _fees(row, account)
    for place, (identity, units, price) in enumerate(_parts(row)):
        execution = Execution(
            execution_id=":".join(identity),
            order_id=row.get("orderID"),
            symbol=instrument,
            root=root_of(instrument),
            asset_class=asset_class,
            side=Side.BUY if units > 0 else Side.SELL,
            quantity=abs(units),
            price=price,
            currency=quote,
            executed_at=at,
            fees=() if place else fees,
        )
        yield ParsedRow(identity, execution)
    day = trading_day(asset_class, at)
    for field, kind, part in _SETTLED:
        if amount := _amount(row, field):
            told = {"type": kind, "subtype": part, "amount": amount, "effective_on": day}
            yield event(row, account, instrument, part, **told)


def _parts(row: Row) -> list[tuple[tuple[str, ...], Decimal, Decimal]]:
    """List what a fill is booked as (identity, units, price): one, or its legs.

    Legs have the official prices and carry the fill's sign; guaranteed stops make them differ, and
    only then are they booked apart. The row's own price is deprecated.
    """
    name, whole, legs = transaction_id(row), parse_decimal(row.get("units"), "units"), _legs(row)
    if not legs:
        return [((name,), whole, _price(row))]
    units = [parse_decimal(leg.get("units"), "units of a leg") for leg in legs]
    if sum(units) != whole:
        raise UnparseableRow(f"units: the legs have {sum(units)} of {whole}")
    prices = [_price(leg) for leg in legs]
    if len(set(prices)) == 1:
        return [((name,), whole, prices[0])]
    names = [(name, transaction_id(leg, "tradeID")) for leg in legs]
    return list(zip(names, units, prices, strict=True))


def _legs(row: Row) -> list[Row]:
    found = (*listed(row, "tradesClosed"), row.get("tradeReduced"), row.get("tradeOpened"))
    return [fields_of(leg) for leg in found if leg is not None]


def _price(row: Row) -> Decimal:
    """Read a price; a commodity's may be negative (oil was, in April 2020)."""
    return parse_decimal(row.get("price"), "price")


def _fees(row: Row, account: BrokerAccount) -> tuple[Fee, ...]:
    amounts = (_amount(row, field) for field in _COSTS)
    return tuple(Fee(amount=a, currency=account.currency) for a in amounts if a)


def _amount(row: Row, field: str) -> Decimal:
    """Read an amount that older rows leave out.

    Whether `pl` has the newer `homeConversionCost` in it is unverified: it is taken as it is.
    """
    return parse_decimal(row[field], field) if field in row else Decimal(0)


_READERS: dict[str, Callable[[Row, BrokerAccount], Iterable[ParsedRow]]] = {
    "ORDER_FILL": _fill,
    "DAILY_FINANCING": read_daily_financing,
    "DIVIDEND_ADJUSTMENT": read_dividend,
    "TRANSFER_FUNDS": read_transfer,
}
