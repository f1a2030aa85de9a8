"""What Tradovate's contracts are to us: a symbol with its year, a root, a class, a point's worth.

Tradovate writes one digit of the year (ESM6 is June 2026 or 2016); the contract's maturity, or the
day of the trade, tells which. Two contract months are two symbols of one root.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shared.brokers.rows import fields_of, text_of
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.money import parse_decimal

_MONTH = re.compile(r"([FGHJKMNQUVXZ])(\d{1,2})", re.ASCII)
# A fill of a spread would come beside those of its legs (unverified): refused, not counted twice.
_CLASSES = {
    "Futures": AssetClass.FUTURE,
    "Options": AssetClass.OPTION,
    "Cryptocurrency": AssetClass.CRYPTO,
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """What was traded.

    Units: `multiplier` money for one contract and one point of its price.
    """

    symbol: str
    root: str
    asset_class: AssetClass
    multiplier: Decimal


def joined_instrument(row: dict[str, Any]) -> Instrument:
    """Read what a row was joined with: its contract, that one's maturity and product.

    Raises: UnparseableRow where one is missing, or is of a kind whose worth is unknown.
    """
    contract, product = _part(row, "contract"), _part(row, "product")
    name, root = text_of(contract, "name"), text_of(product, "name")
    kind = text_of(product, "productType")
    if kind not in _CLASSES:
        raise UnparseableRow(f"productType: expected {', '.join(_CLASSES)}, found {kind!r}")
    if kind == "Futures":
        month = _part(row, "maturity").get("expirationMonth")
        if type(month) is not int:
            raise UnparseableRow(f"expirationMonth: expected year and month, found {month!r}")
        year = month // 100
        # it may be the month of delivery or of the last day: January's crude ends in December
        name = full_symbol(name, root, (year, year + 1, year - 1))
    worth = parse_decimal(product.get("valuePerPoint"), "valuePerPoint")
    return Instrument(name, root, _CLASSES[kind], worth)


def listed_instrument(name: str, root: str, traded_on: date) -> Instrument:
    """Read what a report names without its worth, which is in our table of futures.

    Raises: UnparseableRow for what is not in the table: a wrong worth would look plausible.
    """
    if root not in CONTRACTS:
        raise UnparseableRow(f"Product: {root!r} is no future whose size is known")
    years = range(traded_on.year, traded_on.year + 10)  # a contract ends after it is traded
    symbol = full_symbol(name, root, years)
    return Instrument(symbol, root, AssetClass.FUTURE, CONTRACTS[root].point_value)


def full_symbol(name: str, root: str, years: Iterable[int]) -> str:
    """Write a contract's name with two digits of its year, the first of `years` that fits.

    Raises: UnparseableRow.
    """
    month = _MONTH.fullmatch(name.removeprefix(root)) if name.startswith(root) else None
    if month is None:
        raise UnparseableRow(f"contract: expected {root} and a month, found {name!r}")
    for year in years:
        if str(year).endswith(month[2]):
            return f"{root}{month[1]}{year % 100:02d}"
    raise UnparseableRow(f"contract: {name!r} does not end in the year that it was said to end")


def _part(row: dict[str, Any], name: str) -> dict[str, Any]:
    if row.get(name) is None:
        raise UnparseableRow(f"{name}: the row was read without it")
    return fields_of(row[name])
