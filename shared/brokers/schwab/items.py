"""What one Schwab transaction moved: its `transferItems`, read into things traded and fees.

Source: Schwab's "Accounts and Trading Production" page (schema; read 2026-05); signs and forms from
recorded rows in tests of public repositories.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Any

from shared.brokers.rows import fields_of, text_of
from shared.brokers.schwab.fields import CURRENCY, asset_class_of, root_of, symbol_of
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.money import divide, divide_rounded, no_digit_lost, parse_decimal

_CURRENCY = re.compile(r"CURRENCY_([A-Z]{3})")
_ZERO, _CENT = Decimal(0), Decimal("0.01")
_DOWN = Context(prec=400, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing traded.

    Units: `amount` signed (positive: received), `cost` signed cash, `price` per share or unit.
    Shape: `place` counts the row's items of one symbol from 1, whatever the order they came in.
    """

    symbol: str
    root: str
    asset_class: AssetClass
    amount: Decimal
    cost: Decimal
    price: Decimal
    multiplier: Decimal
    put_call: str | None = None
    place: int = 1


@dataclass(frozen=True, slots=True)
class Items:
    """All items of a row.

    Units: `fee` positive is a cost; `cost` the signed sum of every item's.
    """

    traded: tuple[Item, ...]
    fee: Decimal
    cost: Decimal
    currency: str


def items_of(row: dict[str, Any]) -> Items:
    """Read every item; equal and opposite ones of one symbol and price cancel each other.

    Raises: UnparseableRow.
    """
    traded, fee, cost, currencies = [], _ZERO, _ZERO, set()
    with no_digit_lost():
        for item in raw_items(row):
            item_cost = parse_decimal(item.get("cost"), "cost")
            cost += item_cost
            if item.get("feeType"):
                fee -= item_cost
                currencies.add(_currency(item))
            else:
                traded.append(_item(item, item_cost))
    if len(currencies) > 1:
        raise UnparseableRow(f"fees in several currencies: {', '.join(sorted(currencies))}")
    placed = _placed(_without_pairs(traded))
    return Items(placed, fee, cost, currencies.pop() if currencies else CURRENCY)


def raw_items(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Take a row's items as they came.

    Raises: UnparseableRow.
    """
    found = row.get("transferItems")
    if not isinstance(found, list):
        raise UnparseableRow(f"transferItems: expected an array, found {found!r}")
    return [fields_of(item) for item in found]


def is_money(item: dict[str, Any]) -> bool:
    """Tell whether an item is cash or a fee rather than a thing held."""
    return fields_of(item.get("instrument")).get("assetType") == "CURRENCY"


def shares_of_fee(fee: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split a row's fee by size; the last takes what does not divide, so the sum is unchanged."""
    finest = min(_CENT, Decimal((0, (1,), int(fee.as_tuple().exponent))))
    with no_digit_lost():
        whole = sum(weights, _ZERO)
        parts = [
            divide(fee * weight, whole).quantize(finest, context=_DOWN) for weight in weights[:-1]
        ]
        return [*parts, fee - sum(parts, _ZERO)]


def _item(raw: dict[str, Any], cost: Decimal) -> Item:
    instrument = fields_of(raw.get("instrument"))
    asset_class = asset_class_of(instrument)
    amount, price = (parse_decimal(raw.get(name), name) for name in ("amount", "price"))
    if not amount:
        raise UnparseableRow("amount: nothing was traded")
    return Item(
        symbol=symbol_of(instrument),
        root=root_of(instrument),
        asset_class=asset_class,
        amount=amount,
        cost=cost,
        price=price,
        multiplier=_multiplier(instrument, asset_class, cost, amount * price),
        put_call=instrument.get("putCall"),
    )


def _multiplier(
    instrument: dict[str, Any], asset_class: AssetClass, cost: Decimal, value: Decimal
) -> Decimal:
    if asset_class is AssetClass.EQUITY:
        return Decimal(1)  # a slice's cost is rounded to cents, so no quotient
    if instrument.get("optionPremiumMultiplier") is not None:
        return parse_decimal(instrument["optionPremiumMultiplier"], "optionPremiumMultiplier")
    if cost and value:
        try:
            return abs(divide_rounded(cost, value))
        except InvalidOperation as error:
            raise UnparseableRow("multiplier: cost and price do not go together") from error
    if asset_class is AssetClass.OPTION:
        return Decimal(100)
    raise UnparseableRow("multiplier: neither told nor to be worked out from cost and price")


def _currency(item: dict[str, Any]) -> str:
    symbol = text_of(fields_of(item.get("instrument")), "symbol")
    found = _CURRENCY.fullmatch(symbol)
    if found is None:
        raise UnparseableRow(f"symbol of a fee: expected CURRENCY_USD, found {symbol!r}")
    return found[1]


def _without_pairs(items: list[Item]) -> list[Item]:
    """Cancel within this row only: an assignment's shares come three times, -200, +200, -200."""
    left: list[Item] = []
    for item in items:
        opposite = replace(item, amount=-item.amount, cost=-item.cost)
        if opposite in left:
            left.remove(opposite)
        else:
            left.append(item)
    return left


def _placed(items: list[Item]) -> tuple[Item, ...]:
    """Number the items of each symbol by their content: the order in a row is not promised."""
    seen: Counter[str] = Counter()
    placed = []
    for item in sorted(items, key=lambda i: (i.symbol, i.price, i.amount)):
        seen[item.symbol] += 1
        placed.append(replace(item, place=seen[item.symbol]))
    return tuple(placed)
