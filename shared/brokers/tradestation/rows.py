"""TradeStation's orders, accounts, balances and positions, read into our own values.

v3 has no executions and no fill ids, only orders with cumulative quantities and average prices. So
a leg of an order is one record that grows: its identity is (order, symbol, side), since actions are
spelled in several ways, and each later sighting with more filled is a revision of it. The prints
inside a leg are not told.
Unverified, and handled here alone: whether ExecutionPrice is the average or the last print (a leg
that stands alone takes FilledPrice, the documented average); when a live partial fill happened (the
order's opening stands for it until the order closes); which of a broken order's quantities remain.
Exchange and regulatory fees are not in the API: net results differ from the statement by them.
Source: TradeStation's v3 OpenAPI file (mxcoppell/tradestation-api-python) and recorded frames in
QuantConnect's Lean.Brokerages.TradeStation (read 2026-11); samples in tests/fixtures/tradestation.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, text_of, time_of, unparseable
from shared.brokers.spec import BrokerAccount, HeldPosition, Ignored, ParsedRow
from shared.brokers.tradestation.symbols import traded
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, RowStatus, Side
from shared.domain.money import parse_decimal
from shared.domain.time import NEW_YORK, parse_instant

_SIDES = {
    **dict.fromkeys(("buy", "buytocover", "buytoopen", "buytoclose"), Side.BUY),
    **dict.fromkeys(("sell", "sellshort", "selltoopen", "selltoclose"), Side.SELL),
}
_ROUGHLY = {
    **dict.fromkeys(("STOCKOPTION", "INDEXOPTION", "FUTUREOPTION"), AssetClass.OPTION),
    "FUTURE": AssetClass.FUTURE,
    **dict.fromkeys(("FOREX", "CURRENCYOPTION"), AssetClass.FX),
}
_BROKEN, _CORRECTED = "BRO", "COR"
# Whether they ever arrive as orders is unverified; if they do, they are no trades of the user's.
_NO_TRADES = {"ASS": "an assignment", "EXE": "an exercise"}


def parse_order(raw: Any, account: BrokerAccount) -> tuple[ParsedRow, ...] | Ignored:
    """Normalize one order: a record for each leg with a fill, ignored when nothing was filled.

    Never by status: canceled, expired and even just received orders can hold fills.
    Raises: UnparseableRow for the whole order, so that it is never stored in half.
    """
    order = fields_of(raw)
    if "OrderID" not in order:
        if order.keys() & {"StreamStatus", "Heartbeat"}:
            return Ignored("line of a stream without an order")
        if "Error" in order:
            raise UnparseableRow(f"Error {order['Error']!r}: nothing was given")
    order_id, status = text_of(order, "OrderID"), text_of(order, "Status")
    if order.get("AccountID") != account.account_id:
        raise UnparseableRow(f"AccountID: {order.get('AccountID')!r} is not the account asked for")
    if status in _NO_TRADES:
        raise UnparseableRow(f"Status {status}: {_NO_TRADES[status]} is not read yet")
    legs = _legs(order)
    fee = _fee(order, account)
    rows: list[ParsedRow] = []
    for leg in _filled(legs, status):
        try:
            execution = _execution(order, leg, account, alone=len(legs) == 1)
        except ValidationError as error:  # of the normalized row
            raise unparseable(error) from error
        if not rows and fee is not None:  # one fee for the whole order
            execution = execution.model_copy(update={"fees": (fee,)})
        identity = (order_id, execution.symbol, execution.side.value)
        rows.append(ParsedRow(identity, execution))
    return tuple(rows) or Ignored("order without a fill")


def _legs(order: dict[str, Any]) -> list[dict[str, Any]]:
    legs = order.get("Legs")
    if not isinstance(legs, list) or not legs:
        raise UnparseableRow(f"Legs: expected a list of legs, found {legs!r}")
    return [fields_of(leg) for leg in legs]


def _filled(legs: Iterable[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    """Take the legs that were filled, each once.

    Answers for spreads may repeat a leg; the larger quantity is the later one.
    """
    found: dict[tuple[str, Side | None], tuple[Decimal, dict[str, Any]]] = {}
    for leg in legs:
        key = (text_of(leg, "Symbol"), _SIDES.get(text_of(leg, "BuyOrSell").lower()))
        quantity = parse_decimal(leg.get("ExecQuantity"), "ExecQuantity")
        if quantity < 0:
            raise UnparseableRow(f"ExecQuantity: expected no sign, found {quantity}")
        if key not in found or quantity > found[key][0]:
            found[key] = (quantity, leg)
    emptied = status in {_BROKEN, _CORRECTED}  # what was filled before may be taken back
    return [leg for quantity, leg in found.values() if quantity or emptied]


def _execution(
    order: dict[str, Any], leg: dict[str, Any], account: BrokerAccount, *, alone: bool
) -> Execution:
    symbol, action = text_of(leg, "Symbol"), text_of(leg, "BuyOrSell")
    side = _SIDES.get(action.lower())
    if side is None:
        raise UnparseableRow(f"BuyOrSell: {action!r} is not known")
    what = traded(symbol, text_of(leg, "AssetType"))
    quantity = parse_decimal(leg.get("ExecQuantity"), "ExecQuantity")
    gone = not quantity or order["Status"] == _BROKEN
    if not quantity:  # of a fill that was taken back only the order's own size is left
        quantity = parse_decimal(leg.get("QuantityOrdered"), "QuantityOrdered")
    return Execution(
        execution_id=f"{order['OrderID']}:{symbol}{action}",
        order_id=order["OrderID"],
        symbol=symbol,
        root=what.root,
        asset_class=what.asset_class,
        side=side,
        quantity=quantity,
        price=_price(order, leg, alone=alone, gone=gone),
        multiplier=what.multiplier,
        currency=_currency(order, account),
        executed_at=_instant(order),
        status=RowStatus.BUSTED if gone else RowStatus.BOOKED,
    )


def _price(order: dict[str, Any], leg: dict[str, Any], *, alone: bool, gone: bool) -> Decimal:
    """Take the average price; a spread's FilledPrice is its net price, of no leg."""
    known = [order.get("FilledPrice"), leg.get("ExecutionPrice")]
    for value in known if alone else known[1:]:
        if not _is_blank(value) and (price := parse_decimal(value, "price")):
            return price
    if gone:
        return Decimal(0)
    raise UnparseableRow("ExecutionPrice: a filled leg has no price")


def _fee(order: dict[str, Any], account: BrokerAccount) -> Fee | None:
    """Take the commission with routing; UnbundledRouteFee may be a part of it and is not added."""
    if _is_blank(order.get("CommissionFee")):
        return None
    amount = parse_decimal(order["CommissionFee"], "CommissionFee")
    return Fee(amount=amount, currency=_currency(order, account)) if amount else None


def _currency(order: dict[str, Any], account: BrokerAccount) -> str:
    return account.currency if _is_blank(order.get("Currency")) else text_of(order, "Currency")


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _instant(order: dict[str, Any]) -> datetime:
    name = "ClosedDateTime" if order.get("ClosedDateTime") else "OpenedDateTime"
    return time_of(order, name, parse_instant)


def booked_at(raw: Any) -> datetime | None:
    """Tell when an order closed or, while it is open, when it was opened."""
    try:
        return _instant(fields_of(raw))
    except UnparseableRow:
        return None


def booked_on(raw: Any) -> date | None:
    """Tell the day of an order in New York."""
    at = booked_at(raw)
    return at.astimezone(NEW_YORK).date() if at else None


def held_position(raw: Any) -> HeldPosition:
    """Read one line of the positions; a short quantity is negative, whatever its sign says.

    Raises: UnparseableRow.
    """
    row = fields_of(raw)
    symbol, price = text_of(row, "Symbol"), row.get("AveragePrice")
    quantity = parse_decimal(row.get("Quantity"), "Quantity")
    root, asset_class = _kept_by(symbol, text_of(row, "AssetType"))
    return HeldPosition(
        symbol=symbol,
        root=root,
        quantity=-abs(quantity) if row.get("LongShort") == "Short" else quantity,
        average_price=None if _is_blank(price) else parse_decimal(price, "AveragePrice"),
        asset_class=asset_class,
    )


def _kept_by(symbol: str, asset_type: str) -> tuple[str, AssetClass]:
    """Name what we cannot count too: it is held, and must show as a difference."""
    try:
        what = traded(symbol, asset_type)
    except UnparseableRow:
        return symbol, _ROUGHLY.get(asset_type, AssetClass.EQUITY)
    return what.root, what.asset_class
