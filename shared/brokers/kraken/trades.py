"""A trade of Kraken's, with the entries of the ledger that tell what it really cost.

The fee of a trade is its worth in the quote currency; what was taken, and in which asset, says the
ledger alone. Trades on margin have entries of their own kind and are positions of their own.
Source: docs.kraken.com (TradesHistory; read 2026-11); support.kraken.com on fields of trades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from shared.brokers.kraken.fields import Row, cost_of, entries_of, instant_of
from shared.brokers.kraken.names import MONEY, Assets, asset_name, listed_pair, split_pair
from shared.brokers.rows import fields_of, text_of, unparseable
from shared.brokers.spec import ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, FeeOrigin, Side
from shared.domain.money import parse_decimal

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_AT_ONCE = timedelta(minutes=1)  # entries of a margin trade name the position, and may name it not


@dataclass(frozen=True, slots=True)
class _Market:
    assets: Assets
    symbol: str


def parse_trade(row: Row) -> ParsedRow:
    """Normalize one trade; `pair` and `entries` are what the walk has joined to it.

    Raises: UnparseableRow.
    """
    try:
        return _trade(row)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error


def _trade(row: Row) -> ParsedRow:
    txid, trade = text_of(row, "txid"), fields_of(row["trade"])
    entries = entries_of(row, "entries")
    side, price = text_of(trade, "type"), parse_decimal(trade.get("price"), "price")
    if side not in _SIDES:
        raise UnparseableRow(f"type: expected buy or sell, found {side!r}")
    if price <= 0:
        raise UnparseableRow(f"price: expected more than 0, found {price}")
    market, on_margin = _market(row, trade, entries), _is_on_margin(trade)
    symbol = f"{market.symbol}:MARGIN" if on_margin else market.symbol
    execution = Execution(
        execution_id=txid,
        order_id=trade.get("ordertxid"),
        symbol=symbol,
        root=symbol,
        asset_class=class_of(market.assets),
        side=_SIDES[side],
        quantity=parse_decimal(trade.get("vol"), "vol"),
        price=price,
        currency=market.assets.quote,
        executed_at=instant_of(trade),
        fees=_fees(txid, trade, entries, market.assets),
        base=None if on_margin else market.assets.base,  # a fee in it makes the position smaller
    )
    return ParsedRow((txid,), execution)


def class_of(assets: Assets) -> AssetClass:
    """Tell what a pair trades."""
    return AssetClass.FX if MONEY.issuperset(assets) else AssetClass.CRYPTO


def _is_on_margin(trade: Row) -> bool:
    return parse_decimal(trade.get("leverage", "0"), "leverage") != 0


def _market(row: Row, trade: Row, entries: Sequence[Row]) -> _Market:
    """Name the market, by the list of pairs.

    A pair that is listed no more keeps the name that it came with, and of a saved answer nobody
    has looked it up: its assets are those of the ledger, or what its name can only mean.
    """
    pair = text_of(trade, "pair")
    listed = listed_pair(text_of(row, "pair")) if row.get("pair") is not None else None
    if listed is not None:
        return _Market(listed, listed.symbol)
    assets = _moved_assets(pair, entries) or split_pair(pair)
    if assets is None:
        raise UnparseableRow(f"pair: {pair!r} is not listed, and nothing tells its two assets")
    return _Market(assets, pair if "pair" in row else assets.symbol)


def _moved_assets(pair: str, entries: Sequence[Row]) -> Assets | None:
    codes = sorted({text_of(entry, "asset") for entry in entries})
    base = next((code for code in codes if pair.startswith(code)), None)
    if base is None or len(codes) != 2:
        return None
    (quote,) = (code for code in codes if code != base)
    return Assets(asset_name(base), asset_name(quote))


def _fees(txid: str, trade: Row, entries: Sequence[Row], assets: Assets) -> tuple[Fee, ...]:
    own = [
        entry for entry in entries if entry.get("refid") == txid and entry.get("type") == "trade"
    ]
    if {asset_name(text_of(entry, "asset")) for entry in own} >= set(assets):
        found = [(asset_name(entry["asset"]), cost_of(entry)) for entry in own]
        return tuple(Fee(amount=cost, currency=name) for name, cost in found if cost)
    if _is_on_margin(trade) and any(_is_charged_by(entry, txid, trade) for entry in entries):
        return ()  # charged by that entry
    cost = parse_decimal(trade.get("fee"), "fee")
    told = Fee(amount=cost, currency=assets.quote, origin=FeeOrigin.ESTIMATED)
    return (told,) if cost else ()


def _is_charged_by(entry: Row, txid: str, trade: Row) -> bool:
    """Tell whether an entry charges a margin trade; which id it names is unverified."""
    return (
        entry.get("type") == "margin"
        and entry.get("refid") in (txid, trade.get("postxid"))
        and abs(instant_of(entry) - instant_of(trade)) <= _AT_ONCE
    )


def belongs_to(entry: Any, txid: str, trade: Any) -> bool:
    """Tell whether an entry of the ledger is to be joined to a trade."""
    if not isinstance(entry, dict) or not isinstance(trade, dict):
        return False
    try:
        return (entry.get("type") == "trade" and entry.get("refid") == txid) or _is_charged_by(
            entry, txid, trade
        )
    except UnparseableRow:
        return False
