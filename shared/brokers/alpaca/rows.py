"""Alpaca's account activities, account and positions, read into our own values.

Source: Alpaca's OpenAPI page "Retrieve Account Activities" (read 2026-05); samples in
tests/fixtures/alpaca. What is not documented there is marked unverified where it is used.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.alpaca.symbols import Traded, coin, traded
from shared.brokers.rows import fields_of, text_of, time_of, unparseable
from shared.brokers.spec import BrokerAccount, FillProgress, HeldPosition, Holdings, ParsedRow
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    RowStatus,
    Side,
)
from shared.domain.money import parse_decimal
from shared.domain.time import NEW_YORK, as_utc, parse_instant

_SIDES = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}  # sell_short: older docs

# Rows that move cash and no position.
_CASH_TYPES = {
    **dict.fromkeys(("FEE", "PTC", "PTR", "DIVFEE"), EventType.FEE),
    **dict.fromkeys(
        ("DIV", "DIVCGL", "DIVCGS", "DIVFT", "DIVNRA", "DIVROC", "DIVTW", "DIVTXEX"),
        EventType.DIVIDEND,
    ),
    **dict.fromkeys(("INT", "INTNRA", "INTTW"), EventType.INTEREST),
    **dict.fromkeys(("CSD", "CSW", "JNLC"), EventType.CASH),
    "ACATC": EventType.TRANSFER,
}
# Rows of options beside their fills; a row's own sign is not reliable where the kind tells it.
_OPTION_TYPES = {
    "OPASN": EventType.ASSIGNMENT,  # of a short option: it closes upwards
    "OPEXC": EventType.EXERCISE,  # of a long one: it closes downwards
    "OPEXP": EventType.EXPIRY,  # of either: the sign is the row's (unverified)
    "OPTRD": EventType.DELIVERY,  # the shares of an assignment or exercise, at the strike
}
_CLOSES = {EventType.ASSIGNMENT: Decimal(1), EventType.EXERCISE: Decimal(-1)}
# Rows that move positions in ways that the journal does not know: kept raw, in sight.
_UNREAD = {
    "OPCSH": "cash settlements of options",
    # what of the cost goes to which of the shares, no row says
    **dict.fromkeys(("SSO", "SPIN", "MA", "REORG"), "corporate actions"),
}
# Rows that move units, with a sign, without a trade. A split comes in two rows, what goes and what
# comes (users' records); a row alone that tells the change is read alike. The price on them is a
# market's, so what is transferred in has no known cost (all unverified).
_UNIT_TYPES = {
    **dict.fromkeys(("SPLIT", "SSP"), EventType.SPLIT),
    "NC": EventType.RENAME,
    **dict.fromkeys(("JNLS", "ACATS"), EventType.TRANSFER),
}
_AFTER_HOURS = time(19, 59)  # of a row that names its day alone: after all fills of that day


def parse_activity(raw: Any, account: BrokerAccount) -> ParsedRow:
    """Normalize one account activity.

    Raises: UnparseableRow, also for rows that change positions in ways that are not known here.
    """
    row = fields_of(raw)
    kind = text_of(row, "activity_type")
    try:
        if kind == "FILL":
            return _fill(row, account)
        if kind in _CASH_TYPES:
            return _cash_event(row, kind, account)
        if kind in _OPTION_TYPES:
            return _option_event(row, kind, account)
        if kind == "CFEE":
            return _coin_fee(row, account)
        if kind in _UNIT_TYPES:
            return _units_event(row, kind, account)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error, kind) from error
    if kind in _UNREAD:
        raise UnparseableRow(f"{kind}: {_UNREAD[kind]} are not read yet; kept until then")
    raise UnparseableRow(f"activity_type: {kind!r} is not known; it may change positions")


def _fill(row: dict[str, Any], account: BrokerAccount) -> ParsedRow:
    what = traded(text_of(row, "symbol"))
    side = text_of(row, "side")
    if side not in _SIDES:
        raise UnparseableRow(f"side: expected one of {', '.join(_SIDES)}, found {side!r}")
    fill_id = text_of(row, "id")
    execution = Execution(
        execution_id=fill_id,
        order_id=row.get("order_id"),
        symbol=what.symbol,
        root=what.root,
        asset_class=what.asset_class,
        side=_SIDES[side],
        quantity=parse_decimal(row.get("qty"), "qty"),
        price=parse_decimal(row.get("price"), "price"),
        multiplier=what.multiplier,
        currency=what.currency or account.currency,
        executed_at=time_of(row, "transaction_time", parse_instant),
    )
    return ParsedRow((fill_id,), execution)


def _cash_event(row: dict[str, Any], kind: str, account: BrokerAccount) -> ParsedRow:
    """Read a row that moves cash; a `qty` here counts shares held, it moves none."""
    event_id = text_of(row, "id")
    symbol = row.get("symbol") or None
    day = time_of(row, "date", date.fromisoformat)
    event = AccountEvent(
        event_id=event_id,
        type=_CASH_TYPES[kind],
        subtype=row.get("activity_sub_type") or kind,
        symbol=symbol,
        root=symbol,
        amount=parse_decimal(row.get("net_amount"), "net_amount"),
        currency=row.get("currency") or account.currency,
        effective_on=day,
        occurred_at=_created_at(row) or as_utc(datetime.combine(day, time(), NEW_YORK)),
        description=row.get("description") or "",
        status=RowStatus.BUSTED if row.get("status") == "canceled" else RowStatus.BOOKED,
    )
    # Alpaca's own samples give one id to rows of two types, so the id alone is no identity.
    return ParsedRow((kind, event_id, symbol or ""), event)


def _option_event(row: dict[str, Any], kind: str, account: BrokerAccount) -> ParsedRow:
    """Read what ends an option, or the shares that come or go with it."""
    event_type = _OPTION_TYPES[kind]
    what = traded(text_of(row, "symbol"))
    is_delivery = event_type is EventType.DELIVERY
    if (what.asset_class is AssetClass.EQUITY) is not is_delivery:
        raise UnparseableRow(f"{kind}: {what.symbol!r} is not what such a row moves")
    quantity = parse_decimal(row.get("qty"), "qty")
    if event_type in _CLOSES:
        quantity = abs(quantity) * _CLOSES[event_type]
    price = parse_decimal(row.get("price"), "price") if is_delivery else Decimal(0)
    moved = {"quantity": quantity, "price": price, "multiplier": what.multiplier}
    return _moving_event(row, kind, event_type, what, account, moved)


def _coin_fee(row: dict[str, Any], account: BrokerAccount) -> ParsedRow:
    """Read a fee that is taken in coins: it makes the position smaller and moves no cash."""
    what = coin(text_of(row, "symbol"))
    quantity = parse_decimal(row.get("qty"), "qty")
    if quantity >= 0:
        raise UnparseableRow(f"CFEE: expected coins that go, found {quantity}")
    moved = {"quantity": quantity, "price": parse_decimal(row.get("price"), "price")}
    return _moving_event(row, "CFEE", EventType.FEE, what, account, moved)


def _units_event(row: dict[str, Any], kind: str, account: BrokerAccount) -> ParsedRow:
    """Read units that come or go without a trade.

    A corporate action applies before the first trade of its day. Its rows are of one action if they
    say so, else if they are of one kind, symbol and day.
    """
    event_type, what = _UNIT_TYPES[kind], traded(text_of(row, "symbol"))
    quantity = parse_decimal(row.get("qty"), "qty")
    if not quantity:
        raise UnparseableRow(f"{kind}: expected units that come or go, found {quantity}")
    moved: dict[str, Any] = {"quantity": quantity, "multiplier": what.multiplier}
    if event_type is not EventType.TRANSFER:
        day = time_of(row, "date", date.fromisoformat)
        named = row.get("group_id") or f"{kind} {what.symbol} {day}"
        moved |= {
            "action_id": named,
            "occurred_at": as_utc(datetime.combine(day, time(), NEW_YORK)),
        }
    return _moving_event(row, kind, event_type, what, account, moved)


def _moving_event(  # noqa: PLR0913, PLR0917 - a row, what it is, and what it moves
    row: dict[str, Any],
    kind: str,
    event_type: EventType,
    what: Traded,
    account: BrokerAccount,
    moved: dict[str, Any],
) -> ParsedRow:
    event_id, day = text_of(row, "id"), time_of(row, "date", date.fromisoformat)
    told = {
        "event_id": event_id,
        "type": event_type,
        "subtype": kind,
        "symbol": what.symbol,
        "root": what.root,
        "asset_class": what.asset_class,
        "amount": parse_decimal(row.get("net_amount"), "net_amount"),
        "currency": what.currency or account.currency,
        "effective_on": day,
        "occurred_at": _created_at(row) or as_utc(datetime.combine(day, _AFTER_HOURS, NEW_YORK)),
        "description": row.get("description") or "",
        "status": RowStatus.BUSTED if row.get("status") == "canceled" else RowStatus.BOOKED,
    }
    event = AccountEvent.model_validate({**told, **moved})
    return ParsedRow((kind, event_id, text_of(row, "symbol")), event)


def _created_at(row: dict[str, Any]) -> datetime | None:
    return time_of(row, "created_at", parse_instant) if row.get("created_at") else None


def booked_at(raw: Any) -> datetime | None:
    """Tell when Alpaca created a row; never from the id, whose digits are New York local time."""
    try:
        row = fields_of(raw)
        if row.get("transaction_time"):
            return time_of(row, "transaction_time", parse_instant)
        return _created_at(row)
    except UnparseableRow:
        return None


def booked_on(raw: Any) -> date | None:
    """Tell the trading day of a row, from its `date` or its New York transaction time."""
    try:
        return time_of(fields_of(raw), "date", date.fromisoformat)
    except UnparseableRow:
        at = booked_at(raw)
        return at.astimezone(NEW_YORK).date() if at else None


def fill_progress(raw: Any) -> FillProgress | None:
    """Read how far a fill brought its order; None for other rows and old rows without sums."""
    try:
        row = fields_of(raw)
        return FillProgress(
            order_id=text_of(row, "order_id"),
            fill_id=text_of(row, "id"),
            quantity=parse_decimal(row.get("qty"), "qty"),
            cumulative=parse_decimal(row.get("cum_qty"), "cum_qty"),
            leaves=parse_decimal(row.get("leaves_qty"), "leaves_qty"),
        )
    except UnparseableRow:
        return None


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read the one account that a credential stands for.

    Raises: ContractBroken.
    """
    try:
        row = fields_of(body)
        account = BrokerAccount(
            account_id=text_of(row, "id"),
            number=text_of(row, "account_number"),
            currency=text_of(row, "currency"),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"Alpaca's account: {error}") from error
    return (account,)


def read_holdings(bodies: Sequence[Any], _: BrokerAccount) -> Holdings:
    """Read cash and what Alpaca says is held; short quantities are negative.

    Raises: ContractBroken.
    """
    account, positions = bodies
    try:
        return Holdings(
            cash=parse_decimal(fields_of(account).get("cash"), "cash"),
            positions=tuple(_position(fields_of(raw)) for raw in rows_of(positions)),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"Alpaca's holdings: {error}") from error


def _position(row: dict[str, Any]) -> HeldPosition:
    symbol, price = text_of(row, "symbol"), row.get("avg_entry_price")
    what = coin(symbol) if text_of(row, "asset_class") == "crypto" else traded(symbol)
    return HeldPosition(
        symbol=what.symbol,
        root=what.root,
        quantity=parse_decimal(row.get("qty"), "qty"),
        average_price=None if price is None else parse_decimal(price, "avg_entry_price"),
        asset_class=what.asset_class,
    )


def rows_of(body: Any) -> list[Any]:
    """Take the bare array that Alpaca answers with.

    Raises: ContractBroken.
    """
    if not isinstance(body, list):
        raise ContractBroken(f"Alpaca: expected an array, found {type(body).__name__}")
    return body
