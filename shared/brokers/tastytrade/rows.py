"""tastytrade's transactions, read into executions and account events.

A Trade is a fill. Receive Deliver moves a position without an order: with an action it says which
way, without one (expiry, assignment, exercise) nothing does, and what is held decides. Money
Movement moves cash alone; futures settle through it each day, which their prices count already.
Source: developer.tastytrade.com (guides, OpenAPI of transactions 10.3.0), a user's description of
the real log, recorded rows in tests of public repositories; samples in tests/fixtures/tastytrade.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, number_text, text_of, time_of, unparseable
from shared.brokers.spec import BrokerAccount, Ignored, Parsed, ParsedRow
from shared.brokers.tastytrade.fields import (
    CURRENCY,
    Row,
    assert_dollars,
    asset_class_of,
    fees_of,
    instant_of,
    multiplier_of,
    root_of,
    signed,
)
from shared.brokers.tastytrade.reversals import REVERSAL, REVERSES, UNDONE
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    RowStatus,
    Side,
)
from shared.domain.money import decimal_text, no_digit_lost, parse_decimal

_SIDES = {
    **dict.fromkeys(("Buy", "Buy to Open", "Buy to Close"), Side.BUY),
    **dict.fromkeys(("Sell", "Sell to Open", "Sell to Close"), Side.SELL),
}
# Receive Deliver without an action.
_ENDS = {
    "Expiration": EventType.EXPIRY,
    **dict.fromkeys(("Assignment", "Cash Settled Assignment"), EventType.ASSIGNMENT),
    **dict.fromkeys(("Exercise", "Cash Settled Exercise"), EventType.EXERCISE),
}
# Receive Deliver with an action; one that is named for the action delivers at the strike.
_MOVES = {
    **dict.fromkeys(_SIDES, EventType.DELIVERY),
    "Dividend": EventType.TRANSFER,  # reinvested: the price is the cost, the cash a row of its own
    "ACAT": EventType.TRANSFER,
    **dict.fromkeys(("Forward Split", "Reverse Split"), EventType.SPLIT),
    "Symbol Change": EventType.RENAME,
}
_PRICED = frozenset((*_SIDES, "Dividend"))  # what a price means elsewhere is unverified
# Money Movement; whatever else there is moves cash and nothing more.
_CASH = {
    "Dividend": EventType.DIVIDEND,
    **dict.fromkeys(("Credit Interest", "Debit Interest"), EventType.INTEREST),
    **dict.fromkeys(("Fee", "Balance Adjustment"), EventType.FEE),  # of a day, without an order
}


def parse_transaction(raw: Any, account: BrokerAccount) -> Parsed:
    """Normalize one transaction, or a reversal together with what it takes back.

    Raises: UnparseableRow, also for rows that move positions in ways that are not known here.
    """
    row = fields_of(raw)
    if REVERSAL in row:
        return _both_cancelled(row, account)
    if row.get("account-number") != account.account_id:
        raise UnparseableRow(f"account-number: {row.get('account-number')!r} was not asked for")
    kind = text_of(row, "transaction-type")
    if kind not in _READERS:
        raise UnparseableRow(f"transaction-type: {kind!r} is not known; it may change positions")
    assert_dollars(row)
    try:
        with no_digit_lost():
            found = _READERS[kind](row)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error, kind) from error
    if isinstance(found, Ignored):
        return found
    # a reversal never counts, also where it stands alone
    return found if row.get(REVERSES) is None else _cancelled(found)


def _trade(row: Row) -> ParsedRow:
    row_id = number_text(row, "id")
    execution = Execution(
        execution_id=row_id,
        order_id=None if row.get("order-id") is None else number_text(row, "order-id"),
        symbol=text_of(row, "symbol"),
        root=root_of(row),
        asset_class=asset_class_of(row),
        side=_side(row),
        quantity=parse_decimal(row.get("quantity"), "quantity"),
        price=parse_decimal(row.get("price"), "price"),
        multiplier=multiplier_of(row),
        currency=CURRENCY,
        executed_at=instant_of(row),
        fees=fees_of(row),
    )
    return ParsedRow((row_id,), execution)


def _receive_deliver(row: Row) -> ParsedRow:
    sub_type, moves = text_of(row, "transaction-sub-type"), row.get("action") is not None
    known = _MOVES if moves else _ENDS
    if sub_type not in known:
        form = "with" if moves else "without"
        raise UnparseableRow(
            f"Receive Deliver: {sub_type!r} {form} an action is not read yet; kept until then"
        )
    quantity, kind = parse_decimal(row.get("quantity"), "quantity"), known[sub_type]
    if quantity <= 0:
        raise UnparseableRow(f"quantity: expected one without a sign, found {row['quantity']!r}")
    moved: dict[str, Any] = {"closes": quantity}
    if moves:
        moved = {"quantity": quantity if _side(row) is Side.BUY else -quantity}
        if sub_type in _PRICED:
            moved["price"] = parse_decimal(row.get("price"), "price")
        if kind in {EventType.SPLIT, EventType.RENAME}:
            kind, moved["action_id"] = _action(row, kind)
    is_paid = "action_id" not in moved  # what such rows name as value goes out and comes in
    return _event(
        row,
        type=kind,
        symbol=text_of(row, "symbol"),
        root=root_of(row),
        asset_class=asset_class_of(row),
        multiplier=multiplier_of(row),
        amount=signed(row, "value") if is_paid else Decimal(0),
        fees=fees_of(row),
        **moved,
    )


def _action(row: Row, kind: EventType) -> tuple[EventType, str]:
    """Name the change that two rows tell, out and in; what they share is unverified.

    A split of options gives them other symbols.
    """
    told = (text_of(row, "transaction-sub-type"), text_of(row, "executed-at"))
    if kind is EventType.RENAME:
        return kind, ":".join((*told, decimal_text(parse_decimal(row["quantity"], "quantity"))))
    if asset_class_of(row) is AssetClass.OPTION:
        kind = EventType.RENAME
    return kind, ":".join((*told, root_of(row), text_of(row, "instrument-type")))


def _money(row: Row) -> ParsedRow | Ignored:
    sub_type, amount = text_of(row, "transaction-sub-type"), signed(row, "net-value")
    if not amount:
        return Ignored(f"{sub_type} of nothing")
    about = {}
    if row.get("symbol") is not None:  # nothing of it moves, so it may be of any kind
        about = {"symbol": text_of(row, "symbol"), "root": root_of(row)}
    return _event(row, type=_CASH.get(sub_type, EventType.CASH), amount=amount, **about)


def _event(row: Row, **fields: Any) -> ParsedRow:
    row_id, description = number_text(row, "id"), row.get("description")
    event = AccountEvent(
        event_id=row_id,
        subtype=text_of(row, "transaction-sub-type"),
        currency=CURRENCY,
        effective_on=time_of(row, "transaction-date", date.fromisoformat),
        occurred_at=instant_of(row),
        description=description if isinstance(description, str) else "",
        **fields,
    )
    return ParsedRow((row_id,), event)


def _side(row: Row) -> Side:
    action = text_of(row, "action")
    if action not in _SIDES:
        raise UnparseableRow(f"action: expected one of {', '.join(_SIDES)}, found {action!r}")
    return _SIDES[action]


def _both_cancelled(pair: Row, account: BrokerAccount) -> Parsed:
    """Cancel a reversal and what it takes back, if that is the whole of it.

    Which side and amounts a reversal has is unverified: only symbol and quantity are compared.
    """
    reversal, named = fields_of(pair[REVERSAL]), fields_of(pair[REVERSAL]).get(REVERSES)
    if pair[UNDONE] is None:
        raise UnparseableRow(f"{REVERSES}: {named!r} is not in the history of the account")
    undone = fields_of(pair[UNDONE])
    if undone.get(REVERSES) is not None:
        raise UnparseableRow(f"{REVERSES}: {named!r} is a reversal itself; this needs a person")
    if _size(undone) != _size(reversal):
        raise UnparseableRow(f"{REVERSES}: {named!r} is not taken back as a whole; kept until then")
    rows = [parse_transaction(one, account) for one in (undone, reversal)]
    cancelled = tuple(_cancelled(one) for one in rows if isinstance(one, ParsedRow))
    return cancelled or Ignored("reversal of nothing")


def _size(row: Row) -> tuple[Any, Decimal]:
    return row.get("symbol"), parse_decimal(row.get("quantity") or 0, "quantity")


def _cancelled(found: ParsedRow) -> ParsedRow:
    return replace(found, row=found.row.model_copy(update={"status": RowStatus.BUSTED}))


_READERS: Mapping[str, Any] = {
    "Trade": _trade,
    "Receive Deliver": _receive_deliver,
    "Money Movement": _money,
}
