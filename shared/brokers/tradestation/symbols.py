"""What TradeStation's symbols stand for: our root, the asset class, the money of one point.

Futures go by TradeStation's own roots (US is ZB, EC is 6E) and are told apart by month and year
(ESM26). Their point values come from our table of contracts: the API tells them only with a
market-data scope that a journal does not ask for. A root that is not in it is refused, never
counted with 1.
Source: roots and the yen's prices x 100 from QuantConnect's Lean.Brokerages.TradeStation
(TradeStationSymbolMapper.cs, PriceMapper.cs, read 2026-11).
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.futures.contracts import CONTRACTS

_FUTURE = re.compile(r"([A-Z0-9]{1,4})[FGHJKMNQUVXZ]\d{2}", re.ASCII)
# a root with a digit is an adjusted option, whose multiplier is its own
_OPTION = re.compile(r"([A-Z.]{1,6}) \d{6}[CP]\d+(\.\d+)?", re.ASCII)
_SHARES_PER_OPTION = Decimal(100)
_SMALL_OPTIONS = frozenset({"NANOS"})  # one dollar a point

# Roots that TradeStation writes as the exchange does.
_SAME = (
    "ES", "MES", "NQ", "MNQ", "YM", "MYM", "RTY", "M2K", "EMD", "CL", "MCL", "QM", "NG", "QG",
    "RB", "HO", "GC", "MGC", "SI", "SIL", "HG", "MHG", "PL", "PA", "UB", "E7", "M6E", "M6B",
    "M6A", "BTC", "MBT", "ETH", "MET", "J7", "MJY",
)  # fmt: skip
# TradeStation's root -> the exchange's root.
_RENAMED = {
    "NK": "NKD",
    "TU": "ZT",
    "FV": "ZF",
    "TY": "ZN",
    "TEN": "TN",
    "US": "ZB",
    "AD": "6A",
    "BP": "6B",
    "CD": "6C",
    "EC": "6E",
    "JY": "6J",
    "MP1": "6M",
    "NE1": "6N",
    "SF": "6S",
    "C": "ZC",
    "S": "ZS",
    "W": "ZW",
    "KW": "KE",
    "O": "ZO",
    "BO": "ZL",
    "SM": "ZM",
    "LC": "LE",
    "LH": "HE",
    "FC": "GF",
}
_ROOTS = {**dict(zip(_SAME, _SAME, strict=True)), **_RENAMED}
_IN_HUNDREDTHS = frozenset({"6J", "J7", "MJY"})  # yen: prices are x 100, so a point is less
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
        if found is None or found[1] not in _ROOTS:
            raise UnparseableRow(f"Symbol: the point value of {symbol!r} is not known")
        root = _ROOTS[found[1]]
        return Traded(root, AssetClass.FUTURE, _point_value(root))
    reason = _REFUSED.get(asset_type, "it is not a documented type")
    raise UnparseableRow(f"AssetType {asset_type!r} of {symbol!r}: {reason}")


def _point_value(root: str) -> Decimal:
    value = CONTRACTS[root].point_value
    return value / 100 if root in _IN_HUNDREDTHS else value
