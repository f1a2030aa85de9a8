"""Binance's trades of both markets, read into our own values.

A raw row is composed by the walk: {"trade": .., "baseAsset": .., "quoteAsset": ..} of spot and
{"trade": .., "commissions": [..]} of futures; a bare trade of a saved answer is read too.
Source: binance/binance-spot-api-docs rest-api.md "Account trade list"; binance-connector-python
(snapshots 2026-07-21 and 2026-08-21); samples in tests/fixtures/binance.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.binance.account import position_symbol, root_of
from shared.brokers.rows import fields_of, text_of, unparseable
from shared.brokers.spec import ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, Side, StatedPnl
from shared.domain.money import parse_decimal
from shared.domain.time import from_micros

_FIRST_MS, _LAST_MS = 1_483_228_800_000, 4_102_444_800_000  # 2017, when Binance began, and 2100
_IS_MICROS = 10**14
_FUTURES_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
# Of a bare row alone, where nothing tells the pair's two assets; longer ones hide no shorter.
_QUOTES = (
    "USDT",
    "USDC",
    "FDUSD",
    "TUSD",
    "BUSD",
    "BTC",
    "ETH",
    "BNB",
    "EUR",
    "TRY",
    "BRL",
    "JPY",
    "AUD",
)

Row = dict[str, Any]


def parse_trade(row: Row) -> ParsedRow:
    """Normalize one trade of either market; those of futures say which side of a hedge they are.

    Raises: UnparseableRow.
    """
    trade = fields_of(row["trade"]) if "trade" in row else row
    try:
        if trade.keys() & {"positionSide", "side"}:
            return _futures(trade, row.get("commissions"))
        return _spot(row, trade)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error


def _assets(row: Row, trade: Row) -> tuple[str, str]:
    """Take the pair's assets from exchangeInfo; of a bare row, what its symbol can only mean."""
    if "trade" in row:
        return text_of(row, "baseAsset"), text_of(row, "quoteAsset")
    symbol = text_of(trade, "symbol")
    found = [quote for quote in _QUOTES if symbol.endswith(quote) and symbol != quote]
    if len(found) != 1:
        raise UnparseableRow(f"symbol: the two assets of {symbol!r} are not known without its pair")
    return symbol.removesuffix(found[0]), found[0]


def _spot(row: Row, trade: Row) -> ParsedRow:
    symbol, buys = text_of(trade, "symbol"), _flag(trade, "isBuyer")
    base, quote = _assets(row, trade)
    name, cost = _name("spot", trade, buys=buys), _cost(trade, maker=_flag(trade, "isMaker"))
    execution = Execution(
        execution_id=name,
        order_id=id_of(trade, "orderId"),
        symbol=symbol,
        root=symbol,
        asset_class=AssetClass.CRYPTO,
        side=Side.BUY if buys else Side.SELL,
        quantity=parse_decimal(trade.get("qty"), "qty"),
        price=_price(trade),
        currency=quote,
        executed_at=instant_of(trade),
        fees=() if cost is None else (cost,),
        base=base,  # a fee in it makes the position smaller
    )
    return ParsedRow((name,), execution)


def _futures(trade: Row, commissions: Any) -> ParsedRow:
    symbol, side = text_of(trade, "symbol"), text_of(trade, "side")
    if side not in _FUTURES_SIDES:
        raise UnparseableRow(f"side: expected BUY or SELL, found {side!r}")
    name = _name("usdm", trade, buys=side == "BUY")
    if (
        isinstance(commissions, list) and len(commissions) == 1
    ):  # of a trade with oneself there are two, and both under one id
        told = fields_of(commissions[0])
        amount, asset = -parse_decimal(told.get("income"), "income"), text_of(told, "asset")
        cost = Fee(amount=amount, currency=asset) if amount else None
    else:
        cost = _cost(trade, maker=_flag(trade, "maker"))
    execution = Execution(
        execution_id=name,
        order_id=id_of(trade, "orderId"),
        symbol=position_symbol(symbol, text_of(trade, "positionSide")),
        root=root_of(symbol),
        asset_class=AssetClass.CRYPTO,
        side=_FUTURES_SIDES[side],
        quantity=parse_decimal(trade.get("qty"), "qty"),
        price=_price(trade),
        currency=text_of(trade, "marginAsset"),
        executed_at=instant_of(trade),
        fees=() if cost is None else (cost,),
        stated_pnl=_stated_pnl(trade),
    )
    return ParsedRow((name,), execution)


def _stated_pnl(trade: Row) -> StatedPnl | None:
    """Keep what Binance says a fill realized, before fees; it says 0 of one that opened."""
    if trade.get("realizedPnl") is None:
        return None
    return StatedPnl(amount=parse_decimal(trade["realizedPnl"], "realizedPnl"))


def _cost(trade: Row, *, maker: bool) -> Fee | None:
    """Read a commission: positive is a cost; negative is what makers are given back.

    Older official samples show costs of takers as negative, and no real answer does.
    """
    amount = parse_decimal(trade.get("commission"), "commission")
    if not amount:
        return None
    if amount < 0 and not maker:
        raise UnparseableRow(f"commission: {amount} of a taker may be a cost or its opposite")
    return Fee(amount=amount, currency=text_of(trade, "commissionAsset"))


def _name(market: str, trade: Row, *, buys: bool) -> str:
    """Name a trade: ids are unique in one symbol, and both sides of a trade with oneself share."""
    letter = "B" if buys else "S"
    return f"{market}:{text_of(trade, 'symbol')}:{id_of(trade, 'id')}:{letter}"


def _price(trade: Row) -> Decimal:
    price = parse_decimal(trade.get("price"), "price")
    if price <= 0:
        raise UnparseableRow(f"price: expected more than 0, found {price}")
    return price


def _flag(trade: Row, field: str) -> bool:
    value = trade.get(field)
    if not isinstance(value, bool):
        raise UnparseableRow(f"{field}: expected true or false, found {value!r}")
    return value


def id_of(row: Row, field: str) -> str:
    """Take an id, a whole number, as text.

    Raises: UnparseableRow.
    """
    value = row.get(field)
    if type(value) is not int or value < 0:
        raise UnparseableRow(f"{field}: expected an id, found {value!r}")
    return str(value)


def instant_of(row: Row) -> datetime:
    """Read `time`: milliseconds since 1970, or microseconds where they were turned on.

    Raises: UnparseableRow.
    """
    value = row.get("time")
    if type(value) is not int:
        raise UnparseableRow(f"time: expected milliseconds, found {value!r}")
    micros = value if value > _IS_MICROS else value * 1000
    if not _FIRST_MS <= micros // 1000 < _LAST_MS:
        raise UnparseableRow(f"time: expected one since 2017, found {value!r}")
    return from_micros(micros)


def booked_at(raw: Any) -> datetime | None:
    """Tell when a raw row was booked, composed or bare."""
    try:
        row = fields_of(raw)
        return instant_of(fields_of(row["trade"]) if "trade" in row else row)
    except UnparseableRow:
        return None


def booked_on(raw: Any) -> date | None:
    """Tell the day of a raw row: that of UTC."""
    at = booked_at(raw)
    return at.astimezone(UTC).date() if at else None
