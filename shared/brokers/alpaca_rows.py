"""Alpaca's account activities, account and positions, read into our own values.

Source: Alpaca's OpenAPI page "Retrieve Account Activities" (read 2026-05); samples in
tests/fixtures/alpaca. What is not documented there is marked unverified where it is used.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, text_of, time_of
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
_OPTION = re.compile(r"[A-Z]{1,6}\d{6}[CP]\d{8}")

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
_ASSET_CLASSES = {
    "us_equity": AssetClass.EQUITY,
    "us_option": AssetClass.OPTION,
    "crypto": AssetClass.CRYPTO,
}
# Rows that move positions in ways that part 2 brings: kept raw, in sight, until then.
_LATER = {
    "CFEE": "crypto fees are paid in coins",
    **dict.fromkeys(("OPASN", "OPEXC", "OPEXP", "OPTRD", "OPCSH"), "options"),
    **dict.fromkeys(("SPLIT", "SSO", "SSP", "SPIN", "MA", "NC", "REORG"), "corporate actions"),
    **dict.fromkeys(("JNLS", "ACATS"), "transfers of positions"),
}


def parse_activity(raw: Any, account: BrokerAccount) -> ParsedRow:
    """Normalize one account activity.

    Raises: UnparseableRow, also for rows that change positions in ways that part 2 brings.
    """
    row = fields_of(raw)
    kind = text_of(row, "activity_type")
    try:
        if kind == "FILL":
            return _fill(row, account)
        if kind in _CASH_TYPES:
            return _cash_event(row, kind, account)
    except ValidationError as error:  # of the normalized row
        first = error.errors()[0]
        raise UnparseableRow(f"{kind}: {first['loc'][0]}: {first['msg']}") from error
    if kind in _LATER:
        raise UnparseableRow(f"{kind}: {_LATER[kind]} come with part 2; kept until then")
    raise UnparseableRow(f"activity_type: {kind!r} is not known; it may change positions")


def _asset_class(symbol: str) -> AssetClass:
    if "/" in symbol:
        return AssetClass.CRYPTO
    return AssetClass.OPTION if _OPTION.fullmatch(symbol) else AssetClass.EQUITY


def _fill(row: dict[str, Any], account: BrokerAccount) -> ParsedRow:
    symbol = text_of(row, "symbol")
    asset_class = _asset_class(symbol)
    if asset_class is not AssetClass.EQUITY:
        raise UnparseableRow(
            f"FILL of {symbol!r}: {asset_class}s come with part 2; kept until then"
        )
    side = text_of(row, "side")
    if side not in _SIDES:
        raise UnparseableRow(f"side: expected one of {', '.join(_SIDES)}, found {side!r}")
    fill_id = text_of(row, "id")
    execution = Execution(
        execution_id=fill_id,
        order_id=row.get("order_id"),
        symbol=symbol,
        root=symbol,
        asset_class=asset_class,
        side=_SIDES[side],
        quantity=parse_decimal(row.get("qty"), "qty"),
        price=parse_decimal(row.get("price"), "price"),
        currency=account.currency,
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
    return HeldPosition(
        symbol=symbol,
        root=symbol,
        quantity=parse_decimal(row.get("qty"), "qty"),
        average_price=None if price is None else parse_decimal(price, "avg_entry_price"),
        asset_class=_ASSET_CLASSES.get(text_of(row, "asset_class")) or _asset_class(symbol),
    )


def rows_of(body: Any) -> list[Any]:
    """Take the bare array that Alpaca answers with.

    Raises: ContractBroken.
    """
    if not isinstance(body, list):
        raise ContractBroken(f"Alpaca: expected an array, found {type(body).__name__}")
    return body
