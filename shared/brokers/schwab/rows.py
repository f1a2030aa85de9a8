"""Charles Schwab's transactions, read into executions and account events.

One row can hold several things traded, its fees and its cash. What the sources do not say is marked
unverified where it is used; a row that fits no known form is refused, so that it stays in sight.
Source: Schwab's "Accounts and Trading Production" page (schema; read 2026-05) and recorded rows in
tests of public repositories; samples in tests/fixtures/schwab.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, number_text, time_of, unparseable
from shared.brokers.schwab.fields import CURRENCY, day_of
from shared.brokers.schwab.items import (
    Item,
    Items,
    is_money,
    items_of,
    raw_items,
    shares_of_fee,
)
from shared.brokers.spec import BrokerAccount, Ignored, Parsed, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, Side
from shared.domain.money import decimal_text, parse_decimal
from shared.domain.time import parse_instant

_CASH_TYPES = {
    "DIVIDEND_OR_INTEREST": EventType.DIVIDEND,
    **dict.fromkeys(
        ("ACH_RECEIPT", "ACH_DISBURSEMENT", "CASH_RECEIPT", "CASH_DISBURSEMENT"), EventType.CASH
    ),
    **dict.fromkeys(("ELECTRONIC_FUND", "WIRE_OUT", "WIRE_IN", "JOURNAL"), EventType.CASH),
}
# What is asked for. MONEY_MARKET (sweeps into a money fund) is left alone: unverified.
TYPES = ("TRADE", "RECEIVE_AND_DELIVER", *_CASH_TYPES)
_NOTICES = ("MEMORANDUM", "MARGIN_CALL", "SMA_ADJUSTMENT")


def parse_transaction(
    raw: Any,
    account: BrokerAccount,  # noqa: ARG001 - every broker's parser is given it
) -> Parsed:
    """Normalize one transaction; a row with several things traded gives several.

    Raises: UnparseableRow, also for rows that move positions in ways not supported yet.
    """
    row = fields_of(raw)
    _refuse_what_does_not_stand(row)
    kind = row.get("type")
    try:
        if kind == "TRADE":
            return _trade(row)
        if kind == "RECEIVE_AND_DELIVER":
            return _expiry(row)
        if isinstance(kind, str) and kind in _CASH_TYPES:
            return _cash(row, kind)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error, str(kind)) from error
    if kind in _NOTICES and not _moves_something(row):
        return Ignored(kind)
    raise UnparseableRow(f"type: {kind!r} is not known; it may change positions")


def _moves_something(row: dict[str, Any]) -> bool:
    amounts = [item.get("amount") for item in raw_items(row)]
    return any(parse_decimal(n, "amount") for n in (row.get("netAmount"), *amounts))


def _refuse_what_does_not_stand(row: dict[str, Any]) -> None:
    """Refuse corrections and rows that are not valid: how they really look is unverified."""
    if "orderLegCollection" in row:
        raise UnparseableRow("an order: fills with ids and fees are in the transactions alone")
    if row.get("status") != "VALID":
        raise UnparseableRow(f"status: {row.get('status')!r}: only VALID rows are booked")
    if row.get("activityType") not in (None, "", "EXECUTION"):
        raise UnparseableRow(f"activityType: {row['activityType']!r} needs a look by a person")


def _trade(row: dict[str, Any]) -> tuple[ParsedRow, ...]:
    items, net = items_of(row), parse_decimal(row.get("netAmount"), "netAmount")
    if net != items.cost:
        raise UnparseableRow(
            f"netAmount: {decimal_text(net)} is not the sum of all costs, "
            f"{decimal_text(items.cost)}"
        )
    if not items.traded:
        raise UnparseableRow("transferItems: nothing is left that was traded")
    removed = [i for i in items.traded if i.asset_class is AssetClass.OPTION and not i.price]
    if removed and row.get("orderId") is None:
        return _assignment(row, items, removed)
    return _executions(row, items, items.traded)


def _executions(row: dict[str, Any], items: Items, traded: Sequence[Item]) -> tuple[ParsedRow, ...]:
    shares = shares_of_fee(items.fee, [abs(item.amount) for item in traded])
    fees = [Fee(amount=share, currency=items.currency) for share in shares]
    return tuple(_execution(row, item, fee) for item, fee in zip(traded, fees, strict=True))


def _execution(row: dict[str, Any], item: Item, fee: Fee) -> ParsedRow:
    identity = _identity(row, item)
    execution = Execution(
        execution_id=":".join(identity),
        order_id=None if row.get("orderId") is None else number_text(row, "orderId"),
        symbol=item.symbol,
        root=item.root,
        asset_class=item.asset_class,
        side=Side.BUY if item.amount > 0 else Side.SELL,
        quantity=abs(item.amount),
        price=item.price,
        multiplier=item.multiplier,
        currency=fee.currency,
        executed_at=time_of(row, "time", parse_instant),
        fees=(fee,) if fee.amount else (),
    )
    return ParsedRow(identity, execution)


def _assignment(
    row: dict[str, Any], items: Items, options: Sequence[Item]
) -> tuple[ParsedRow, ...]:
    """Read options that became shares, or shares that were called away: a row without an order.

    The sign of the option's amount cannot be trusted (a short call closes with a negative one in
    the only recording); which way it closes follows from the shares.
    """
    shares = [item for item in items.traded if item.asset_class is AssetClass.EQUITY]
    kinds = (len(options), len(shares), len(items.traded))
    if kinds != (1, 1, 2) or options[0].put_call not in ("CALL", "PUT"):
        raise UnparseableRow(
            "an option at price 0 without an order and without one delivery of shares: "
            "which way it closes cannot be told"
        )
    option, bought = options[0], shares[0].amount > 0
    was_short = bought == (option.put_call == "PUT")
    kind = EventType.ASSIGNMENT if was_short else EventType.EXERCISE
    quantity = abs(option.amount) if was_short else -abs(option.amount)
    return (*_executions(row, items, shares), _removal(row, option, kind, quantity))


def _expiry(row: dict[str, Any]) -> tuple[ParsedRow, ...]:
    description = _description(row)
    if "EXPIRATION" not in description.upper():
        raise UnparseableRow(
            f"RECEIVE_AND_DELIVER {description!r}: splits, mergers and transfers of positions are "
            "not supported yet; kept until then"
        )
    items = items_of(row)
    worthless = all(i.asset_class is AssetClass.OPTION and not i.price for i in items.traded)
    if not items.traded or not worthless or items.cost:
        raise UnparseableRow(f"{description!r}: expected options at price 0 and nothing else")
    return tuple(_removal(row, item, EventType.EXPIRY, item.amount) for item in items.traded)


def _removal(row: dict[str, Any], option: Item, kind: EventType, quantity: Decimal) -> ParsedRow:
    identity, at = _identity(row, option), time_of(row, "time", parse_instant)
    event = AccountEvent(
        event_id=":".join(identity),
        type=kind,
        symbol=option.symbol,
        root=option.root,
        asset_class=option.asset_class,
        quantity=quantity,
        price=option.price,
        multiplier=option.multiplier,
        currency=CURRENCY,
        effective_on=time_of(row, "time", day_of),
        occurred_at=at,
        description=_description(row),
    )
    return ParsedRow(identity, event)


def _cash(row: dict[str, Any], kind: str) -> ParsedRow:
    """Read a row that moves cash; one that moves something held as well is refused."""
    for item in raw_items(row):
        if not is_money(item) and parse_decimal(item.get("amount"), "amount"):
            raise UnparseableRow(f"{kind}: it moves a position, which is not supported yet")
    activity_id, description = number_text(row, "activityId"), _description(row)
    interest = kind == "DIVIDEND_OR_INTEREST" and "INTEREST" in description.upper()  # unverified
    at = time_of(row, "time", parse_instant)
    event = AccountEvent(
        event_id=activity_id,
        type=EventType.INTEREST if interest else _CASH_TYPES[kind],
        subtype=kind,
        amount=parse_decimal(row.get("netAmount"), "netAmount"),
        currency=CURRENCY,
        effective_on=time_of(row, "time", day_of),
        occurred_at=at,
        description=description,
    )
    return ParsedRow((activity_id,), event)


def _identity(row: dict[str, Any], item: Item) -> tuple[str, str, str]:
    return number_text(row, "activityId"), item.symbol, str(item.place)


def _description(row: dict[str, Any]) -> str:
    text = row.get("description")
    return text if isinstance(text, str) else ""
