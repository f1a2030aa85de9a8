"""A raw row of either account; and the income of USD-M futures: funding, transfers, rebates.

Source: developers.binance.com "Get Income History" (read 2026-11); samples in
tests/fixtures/binance. Three months are kept; a `tranId` is unique in its type.
"""

from typing import Any

from pydantic import ValidationError

from shared.brokers.binance.account import root_of
from shared.brokers.binance.rows import Row, instant_of, parse_trade
from shared.brokers.rows import fields_of, text_of, unparseable
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType
from shared.domain.money import parse_decimal

# Told with the trades that they belong to, or following from their prices.
_WITH_TRADES = frozenset(("COMMISSION", "REALIZED_PNL"))
_TYPES = {
    "FUNDING_FEE": EventType.FINANCING,
    **dict.fromkeys(
        (
            "INSURANCE_CLEAR",
            "COMMISSION_REBATE",
            "API_REBATE",
            "FEE_RETURN",
            "POSITION_LIMIT_INCREASE_FEE",
        ),
        EventType.FEE,
    ),
    **dict.fromkeys(
        (
            "TRANSFER",
            "INTERNAL_TRANSFER",
            "CROSS_COLLATERAL_TRANSFER",
            "STRATEGY_UMFUTURES_TRANSFER",
            "COIN_SWAP_DEPOSIT",
            "COIN_SWAP_WITHDRAW",
            "AUTO_EXCHANGE",
        ),
        EventType.TRANSFER,
    ),
    **dict.fromkeys(
        (
            "WELCOME_BONUS",
            "CONTEST_REWARD",
            "REFERRAL_KICKBACK",
            "BFUSD_REWARD",
            "OPTIONS_PREMIUM_FEE",
            "OPTIONS_SETTLE_PROFIT",
        ),
        EventType.CASH,
    ),
}
_DELIVERY = "DELIVERED_SETTELMENT"  # as Binance spells it


def parse_row(raw: Any, _: BrokerAccount) -> ParsedRow | Ignored:
    """Normalize one row of either account: a trade, an income, or a symbol that is gone.

    Raises: UnparseableRow, also for incomes that nobody knows.
    """
    row = fields_of(raw)
    if "gone" in row:
        return Ignored(f"{row['gone']} is not listed any more: its trades are in the site's export")
    if "incomeType" not in row:
        return parse_trade(row)
    kind = text_of(row, "incomeType")
    if kind in _WITH_TRADES:
        return Ignored(kind)
    if kind == _DELIVERY:  # whether a trade comes with it is not documented
        raise UnparseableRow(f"{kind}: the end of a contract closes a position; not read yet")
    if kind not in _TYPES:
        raise UnparseableRow(f"incomeType: {kind!r} is not known")
    try:
        return _event(row, kind)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error


def _event(row: Row, kind: str) -> ParsedRow:
    symbol, at = row.get("symbol") or None, instant_of(row)
    identity = ("income", kind, _transaction(row))
    event = AccountEvent(
        event_id=":".join(identity[1:]),
        type=_TYPES[kind],
        subtype=kind,
        symbol=symbol,
        root=root_of(symbol) if isinstance(symbol, str) else None,
        asset_class=AssetClass.CRYPTO if symbol else None,
        amount=parse_decimal(row.get("income"), "income"),
        currency=text_of(row, "asset"),
        effective_on=at.date(),
        occurred_at=at,
    )
    return ParsedRow(identity, event)


def _transaction(row: Row) -> str:
    """Take a row's id: a number, or a text of one."""
    value = row.get("tranId")
    text = str(value) if type(value) in (int, str) else ""
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise UnparseableRow(f"tranId: expected an id, found {value!r}")
    return text
