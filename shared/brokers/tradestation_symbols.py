"""What TradeStation's symbols stand for: our root, the asset class, the money of one point.

Futures go by TradeStation's own roots (US is ZB, EC is 6E) and are told apart by month and year
(ESM26). Their point values are a table: the API tells them only with a market-data scope that a
journal does not ask for. A root that is not in it is refused, never counted with 1.
Source: roots and the yen's prices x 100 from QuantConnect's Lean.Brokerages.TradeStation
(TradeStationSymbolMapper.cs, PriceMapper.cs, read 2026-11); contract sizes from the exchanges'
contract specifications.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass

_FUTURE = re.compile(r"([A-Z0-9]{1,4})[FGHJKMNQUVXZ]\d{2}", re.ASCII)
# a root with a digit is an adjusted option, whose multiplier is its own
_OPTION = re.compile(r"([A-Z.]{1,6}) \d{6}[CP]\d+(\.\d+)?", re.ASCII)
_SHARES_PER_OPTION = Decimal(100)
_SMALL_OPTIONS = frozenset({"NANOS"})  # one dollar a point

# Exchange's root -> point value, where TradeStation writes the root as the exchange does.
_POINT_VALUES = {
    "ES": "50", "MES": "5", "NQ": "20", "MNQ": "2", "YM": "5", "MYM": "0.5", "RTY": "50",
    "M2K": "5", "EMD": "100",
    "CL": "1000", "MCL": "100", "QM": "500", "NG": "10000", "QG": "2500", "RB": "42000",
    "HO": "42000",
    "GC": "100", "MGC": "10", "SI": "5000", "SIL": "1000", "HG": "25000", "MHG": "2500",
    "PL": "50", "PA": "100",
    "UB": "1000",
    "E7": "62500", "M6E": "12500", "M6B": "6250", "M6A": "10000",
    "BTC": "5", "MBT": "0.1", "ETH": "50", "MET": "0.1",
    # yen: prices are x 100, so a point is a hundredth of the exchange's
    "J7": "62500", "MJY": "12500",
}  # fmt: skip
# TradeStation's root -> the exchange's root and the point value.
_RENAMED = {
    "NK": ("NKD", "5"),
    "TU": ("ZT", "2000"),
    "FV": ("ZF", "1000"),
    "TY": ("ZN", "1000"),
    "TEN": ("TN", "1000"),
    "US": ("ZB", "1000"),
    "AD": ("6A", "100000"),
    "BP": ("6B", "62500"),
    "CD": ("6C", "100000"),
    "EC": ("6E", "125000"),
    "JY": ("6J", "125000"),  # prices are x 100
    "MP1": ("6M", "500000"),
    "NE1": ("6N", "100000"),
    "SF": ("6S", "125000"),
    # grains and meats are priced in cents, soybean meal in dollars
    "C": ("ZC", "50"),
    "S": ("ZS", "50"),
    "W": ("ZW", "50"),
    "KW": ("KE", "50"),
    "O": ("ZO", "50"),
    "BO": ("ZL", "600"),
    "SM": ("ZM", "100"),
    "LC": ("LE", "400"),
    "LH": ("HE", "400"),
    "FC": ("GF", "500"),
}
_FUTURES = {
    **{root: (root, Decimal(value)) for root, value in _POINT_VALUES.items()},
    **{own: (root, Decimal(value)) for own, (root, value) in _RENAMED.items()},
}
_REFUSED = {
    "FUTUREOPTION": "how options on futures are written is not known",
    "FOREX": "in which units currencies are traded is not known",
    "CURRENCYOPTION": "in which units currencies are traded is not known",
    "INDEX": "an index cannot be held",
    "UNKNOWN": "TradeStation itself does not know what it is",
}


@dataclass(frozen=True, slots=True)
class Traded:
    """What a symbol stands for; money = price x quantity x `multiplier`."""

    root: str
    asset_class: AssetClass
    multiplier: Decimal


def traded(symbol: str, asset_type: str) -> Traded:
    """Read a symbol; an option is its own root, a future belongs to the exchange's root.

    Raises: UnparseableRow for what cannot be counted in money.
    """
    if asset_type == "STOCK":
        return Traded(symbol, AssetClass.EQUITY, Decimal(1))
    if asset_type in {"STOCKOPTION", "INDEXOPTION"}:
        found = _OPTION.fullmatch(symbol)
        if found is None or found[1] in _SMALL_OPTIONS:
            raise UnparseableRow(f"Symbol: {symbol!r} is no option of 100 that we know")
        return Traded(symbol, AssetClass.OPTION, _SHARES_PER_OPTION)
    if asset_type == "FUTURE":
        found = _FUTURE.fullmatch(symbol)
        if found is None or found[1] not in _FUTURES:
            raise UnparseableRow(f"Symbol: the point value of {symbol!r} is not known")
        root, point_value = _FUTURES[found[1]]
        return Traded(root, AssetClass.FUTURE, point_value)
    reason = _REFUSED.get(asset_type, "it is not a documented type")
    raise UnparseableRow(f"AssetType {asset_type!r} of {symbol!r}: {reason}")
