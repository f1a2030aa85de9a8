"""Single fields of Schwab's rows: what an instrument is, ids, times and days.

Source: Schwab's "Accounts and Trading Production" page (schema; read 2026-05); samples in
tests/fixtures/schwab.
"""

import re
from datetime import date, timedelta
from typing import Any

from shared.brokers.rows import text_of, told
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.time import NEW_YORK, parse_instant

CURRENCY = "USD"  # Schwab's US accounts are kept in nothing else
_ASSET_CLASSES = {
    **dict.fromkeys(("EQUITY", "COLLECTIVE_INVESTMENT", "MUTUAL_FUND"), AssetClass.EQUITY),
    "OPTION": AssetClass.OPTION,
    "FUTURE": AssetClass.FUTURE,
}
# "/ESZ25" belongs to ES: root, month letter, year. How futures look here is unverified.
_FUTURE = re.compile(r"/?([A-Z0-9]{1,4}?)[FGHJKMNQUVXZ]\d{1,2}")


def asset_class_of(instrument: dict[str, Any]) -> AssetClass:
    """Tell what an instrument is; ETFs come as COLLECTIVE_INVESTMENT or as EQUITY.

    Raises: UnparseableRow for bonds, indices and whatever else is not known.
    """
    name = text_of(instrument, "assetType")
    if name not in _ASSET_CLASSES:
        raise UnparseableRow(f"assetType: {name!r} is not supported yet; kept until then")
    return _ASSET_CLASSES[name]


def symbol_of(instrument: dict[str, Any]) -> str:
    """Take the symbol; some ETFs came without one in 2024, then the CUSIP stands in.

    Raises: UnparseableRow.
    """
    return text_of(instrument, "symbol" if instrument.get("symbol") else "cusip")


def root_of(instrument: dict[str, Any]) -> str:
    """Name what positions are kept by: an option's underlying, a future's root.

    Raises: UnparseableRow.
    """
    symbol = symbol_of(instrument)
    match asset_class_of(instrument):
        case AssetClass.OPTION:
            # AAPL  260417C00180000: six characters of root, padded with spaces
            named = "underlyingSymbol" if instrument.get("underlyingSymbol") else None
            return text_of(instrument, named) if named else symbol[:6].strip() or symbol
        case AssetClass.FUTURE:
            found = _FUTURE.fullmatch(symbol)
            if found is None:
                raise UnparseableRow(f"symbol: {symbol!r} names no contract month")
            return found[1]
        case _:
            return symbol


def day_of(text: str) -> date:
    """Name the day: what is booked at midnight in New York belongs to the day that just ended."""
    return (parse_instant(text) - timedelta(seconds=1)).astimezone(NEW_YORK).date()


def booked_on(raw: Any) -> date | None:
    """Tell the day that a row belongs to."""
    return told(raw, "time", day_of)
