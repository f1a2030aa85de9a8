"""Opening lots worked out from the first report of a broker: what was held before we could read.

Pure. At the first report everything since the history begins is known whole, so what the broker
holds beyond our rows was there before. Later reports say nothing of it: a difference that comes up
then is a discrepancy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, RowStatus
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.ids import RowKey
from shared.domain.journal.book import build_book
from shared.domain.journal.opening import LotOrigin, OpeningLot
from shared.domain.money import divide_rounded, no_digit_lost

Row = Execution | AccountEvent
_ZERO, _ONE = Decimal(0), Decimal(1)
_OTHER_UNITS = (EventType.SPLIT, EventType.RENAME)
_SINGLE = (AssetClass.EQUITY, AssetClass.FX, AssetClass.CFD, AssetClass.CRYPTO)


@dataclass(frozen=True, slots=True)
class Reported:
    """One position of the first report; `currency` is the account's."""

    symbol: str
    root: str
    quantity: Decimal
    average_price: Decimal | None
    asset_class: AssetClass
    currency: str
    asset: str = ""

    @classmethod
    def of(cls, body: Mapping[str, Any], currency: str) -> "Reported":
        """Read a position of a report."""
        price = body["average_price"]
        return cls(
            body["symbol"],
            body["root"],
            Decimal(body["quantity"]),
            None if price is None else Decimal(price),
            AssetClass(body["asset_class"]),
            currency,
            body.get("asset", ""),
        )


def by_symbol(
    told: Iterable[Reported],
    held: Mapping[str, Decimal],
    assets: Mapping[str, str],
    spent: Mapping[str, Decimal],
) -> list[Reported]:
    """Tell coins by the symbols that they were traded by: one has the rest, the others agree.

    Shape: `held` are our units by symbol, `assets` symbol -> coin, `spent` what was given and got
    of a coin as price and fee. What the broker holds beyond all that goes to the symbol of which
    most was sold, else to the report's own; less than that is no older holding.
    """
    reports = list(told)
    theirs = {one.asset: one for one in reports if one.asset}
    found = [one for one in reports if not one.asset]
    for asset in sorted({*theirs, *assets.values()}):
        own = {symbol: held.get(symbol, _ZERO) for symbol in assets if assets[symbol] == asset}
        one = theirs.get(asset)
        with no_digit_lost():
            units = sum(own.values(), _ZERO) + spent.get(asset, _ZERO)
            rest = (one.quantity if one else _ZERO) - units
        if rest > 0:
            short = min(own, key=lambda symbol: (own[symbol], symbol), default=None)
            name = short if short is not None and own[short] < 0 else one.symbol if one else short
            if name is not None:
                own[name] = own.get(name, _ZERO) + rest
        currency = one.currency if one else ""
        found += [
            Reported(name, name, units, None, AssetClass.CRYPTO, currency)
            for name, units in own.items()
        ]
    return found


def inferred_lots(
    root: str,
    log: Sequence[tuple[RowKey, Row]],
    reported: Iterable[Reported],
    held_at: datetime,
) -> tuple[OpeningLot, ...]:
    """Work out what was held of one root's symbols when the history begins.

    Shape: `log` are the root's rows from `held_at` to the report. Nothing is worked out over a
    split or a rename, nor for a derivative whose multiplier nobody told.
    """
    booked = [(key, row) for key, row in log if row.status is RowStatus.BOOKED]
    if any(isinstance(row, AccountEvent) and row.type in _OTHER_UNITS for _, row in booked):
        return ()
    ours = {one.symbol: one.quantity for one in build_book(root, booked).positions}
    theirs = {one.symbol: one for one in reported}
    lots = []
    for symbol in sorted(ours.keys() | theirs.keys()):
        rows = [row for _, row in booked if row.symbol == symbol]
        told = theirs.get(symbol)
        with no_digit_lost():
            quantity = (told.quantity if told else _ZERO) - ours.get(symbol, _ZERO)
        what = terms_of(symbol, root, rows, told)
        if what is not None and _is_likely(quantity, told):
            lot = {**what, "quantity": quantity, "price": _price(quantity, rows, told)}
            lots.append(OpeningLot(**lot, held_at=held_at, origin=LotOrigin.INFERRED))
    return tuple(lots)


def _is_likely(quantity: Decimal, told: Reported | None) -> bool:
    """Take what is sold beyond what was bought for an older holding, as the first sale of one is.

    A short from before is taken for one only while it is still held: else a buy without a sale is
    as likely a row that is missing, and stays a difference.
    """
    return quantity > 0 or (quantity < 0 and told is not None and told.quantity < 0)


def terms_of(
    symbol: str, root: str, rows: Sequence[Row], told: Reported | None
) -> dict[str, Any] | None:
    """Say what a lot is of, by its rows, else by the report; None without a multiplier."""
    for row in rows:
        if row.asset_class is not None:
            return {
                "symbol": symbol,
                "root": root,
                "asset_class": row.asset_class,
                "currency": row.currency,
                "multiplier": row.multiplier,
            }
    multiplier = None if told is None else _multiplier(told)
    if told is None or multiplier is None:
        return None
    return {
        "symbol": symbol,
        "root": root,
        "asset_class": told.asset_class,
        "currency": told.currency,
        "multiplier": multiplier,
    }


def _multiplier(told: Reported) -> Decimal | None:
    if told.asset_class in _SINGLE:
        return _ONE
    if told.asset_class is AssetClass.FUTURE and told.root in CONTRACTS:
        return CONTRACTS[told.root].point_value
    return None


def _price(quantity: Decimal, rows: Sequence[Row], told: Reported | None) -> Decimal | None:
    """Take the broker's average where all of the lot is still held; else nobody knows the cost.

    Fills that only added to it are taken out of the average.
    """
    if told is None or told.average_price is None or told.quantity * quantity <= 0:
        return None
    added, paid = _ZERO, _ZERO
    with no_digit_lost():
        for row in rows:
            if not isinstance(row, Execution) or row.units_taken:
                return None
            if row.signed_quantity * quantity <= 0:
                return None
            added += row.signed_quantity
            paid += row.signed_quantity * row.price
        if added + quantity != told.quantity:
            return None
        cost = told.average_price * told.quantity - paid
    price = divide_rounded(cost, quantity)
    return price if price > 0 else None
