"""An OANDA account: its names, balance and positions, and what is booked in it without a fill.

Source: oanda/v20-openapi (json/v20.json 3.0.25); developer.oanda.com/rest-live-v20/transaction-df
for DIVIDEND_ADJUSTMENT, which is newer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from shared.brokers.rows import fields_of, text_of, time_of
from shared.brokers.spec import BrokerAccount, HeldPosition, Holdings, ParsedRow
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType
from shared.domain.money import parse_decimal
from shared.domain.time import NEW_YORK, parse_instant

_CURRENCY = (
    "(AUD|CAD|CHF|CNH|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY"
    "|MXN|NOK|NZD|PLN|SAR|SEK|SGD|THB|TRY|TWD|USD|ZAR)"
)
_PAIR = re.compile(f"{_CURRENCY}_{_CURRENCY}")
_TRANSFERS = frozenset(("ACCOUNT_TRANSFER", "DIVISION_MIGRATION", "SITE_MIGRATION"))

Row = dict[str, Any]


def root_of(instrument: str) -> str:
    """Name what positions are kept by: EUR_USD is EURUSD, as in our instruments."""
    return instrument.replace("_", "")


def asset_class_of(instrument: str) -> AssetClass:
    """Tell a pair of currencies from everything else, which OANDA offers as CFDs."""
    return AssetClass.FX if _PAIR.fullmatch(instrument) else AssetClass.CFD


def transaction_id(row: Row, field: str = "id") -> str:
    """Take an id: a whole number as text, unique within its account only.

    Raises: UnparseableRow.
    """
    text = text_of(row, field)
    if not (text.isascii() and text.isdecimal()):
        raise UnparseableRow(f"{field}: expected digits, found {text!r}")
    return text


def listed(row: Row, field: str) -> list[Any]:
    """Take a list that is left out when it is empty.

    Raises: UnparseableRow.
    """
    found = row.get(field)
    if found is None:
        return []
    if not isinstance(found, list):
        raise UnparseableRow(f"{field}: expected an array, found {type(found).__name__}")
    return found


def event(
    row: Row, account: BrokerAccount, instrument: str, part: str = "", **fields: Any
) -> ParsedRow:
    """Make an event of a row; its instrument and `part` tell it from the row's others.

    Raises: UnparseableRow; pydantic's ValidationError.
    """
    at = time_of(row, "time", parse_instant)
    identity = (transaction_id(row), part, instrument)
    told = AccountEvent(
        event_id=":".join(filter(None, identity)),
        symbol=instrument or None,
        root=root_of(instrument) or None,
        asset_class=asset_class_of(instrument) if instrument else None,
        currency=account.currency,
        occurred_at=at,
        **{"effective_on": at.astimezone(NEW_YORK).date(), **fields},
    )
    return ParsedRow(identity, told)


def read_daily_financing(row: Row, account: BrokerAccount) -> Iterable[ParsedRow]:
    """Read the rollover, an event a position; it belongs to the New York day that it ends."""
    told = {"type": EventType.FINANCING, "subtype": "DAILY_FINANCING"}
    rest = parse_decimal(row.get("financing"), "financing")
    found = []
    for position in map(fields_of, listed(row, "positionFinancings")):
        if amount := parse_decimal(position.get("financing"), "financing of a position"):
            found.append(
                event(row, account, text_of(position, "instrument"), amount=amount, **told)
            )
            rest -= amount
    if rest or not found:  # not shared out, or a night that cost nothing
        found.append(event(row, account, "", amount=rest, **told))
    return found


def read_dividend(row: Row, account: BrokerAccount) -> Iterable[ParsedRow]:
    """Read what a share index paid or took for its members' dividends, in home currency."""
    amount = parse_decimal(row.get("dividendAdjustment"), "dividendAdjustment")
    told = {"type": EventType.DIVIDEND, "subtype": "DIVIDEND_ADJUSTMENT"}
    return [event(row, account, text_of(row, "instrument"), amount=amount, **told)]


def read_transfer(row: Row, account: BrokerAccount) -> Iterable[ParsedRow]:
    """Read money that came or went; OANDA's corrections (ADJUSTMENT, unverified) are among it."""
    reason = text_of(row, "fundingReason")
    told: dict[str, Any] = {
        "type": EventType.TRANSFER if reason in _TRANSFERS else EventType.CASH,
        "subtype": reason,
        "amount": parse_decimal(row.get("amount"), "amount"),
        "description": row.get("comment") or "",
    }
    return [event(row, account, "", **told)]


def read_accounts(body: Any) -> list[BrokerAccount]:
    """Read the accounts of a token; their summaries tell their currencies.

    Accounts of MetaTrader 4 are among them; whether v20 answers for these is unverified.
    Raises: ContractBroken.
    """
    names = [_text(row, "id") for row in array_of(body, "accounts")]
    return [BrokerAccount(account_id=name, number=name, currency="") for name in names]


def read_summary(body: Any, account: BrokerAccount) -> BrokerAccount:
    """Complete an account by its summary.

    Raises: ContractBroken.
    """
    return replace(account, currency=_text(_summary(body), "currency"))


def read_holdings(bodies: Sequence[Any], _: BrokerAccount) -> Holdings:
    """Read balance and open positions; longs and shorts of an account that hedges are netted.

    Raises: ContractBroken.
    """
    summary, positions = bodies
    try:
        return Holdings(
            cash=parse_decimal(_summary(summary).get("balance"), "balance"),
            positions=tuple(_position(fields_of(row)) for row in array_of(positions, "positions")),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"OANDA's positions: {error}") from error


def _position(row: Row) -> HeldPosition:
    symbol = text_of(row, "instrument")
    sides = [fields_of(row.get(name)) for name in ("long", "short")]
    units = [parse_decimal(side.get("units"), "units") for side in sides]
    open_sides = [side for side, held in zip(sides, units, strict=True) if held]
    alone = open_sides[0] if len(open_sides) == 1 else None  # two prices have no average
    return HeldPosition(
        symbol=symbol,
        root=root_of(symbol),
        quantity=sum(units, Decimal(0)),
        average_price=parse_decimal(alone.get("averagePrice"), "averagePrice") if alone else None,
        asset_class=asset_class_of(symbol),
    )


def array_of(body: Any, field: str) -> list[Any]:
    """Take an array of an answer.

    Raises: ContractBroken.
    """
    found = body.get(field) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ContractBroken(f"OANDA: expected {field!r} to be an array")
    return found


def _summary(body: Any) -> Row:
    found = body.get("account") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise ContractBroken("OANDA's summary: expected an account")
    return found


def _text(row: Any, field: str) -> str:
    try:
        return text_of(fields_of(row), field)
    except UnparseableRow as error:
        raise ContractBroken(f"OANDA's account: {error}") from error
