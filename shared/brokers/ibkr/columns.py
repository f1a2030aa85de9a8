"""What a Flex query must give: users choose its columns one by one, and forget some."""

from collections.abc import Iterable
from typing import Any

from shared.brokers.ibkr.corrections import is_trade
from shared.domain.errors import InvalidInput

_INSTRUMENT = ("accountId", "currency", "assetCategory", "symbol", "multiplier")
_TRADE = (
    *_INSTRUMENT,
    "tradeID",
    "transactionID",
    "ibExecID",
    "ibOrderID",
    "origTradeID",
    "transactionType",
    "notes",
    "quantity",
    "tradePrice",
    "ibCommission",
    "ibCommissionCurrency",
)
_REQUIRED = {
    "Trade": _TRADE,
    "TradeConfirm": (*_INSTRUMENT, "tradeID", "execID", "orderID", "quantity", "price",
                     "commission", "code"),
    "OpenPosition": (*_INSTRUMENT, "position", "levelOfDetail"),
    "CashReportCurrency": ("accountId", "currency", "endingCash"),
    "CashTransaction": ("accountId", "currency", "type", "amount", "transactionID"),
    "Transfer": (*_INSTRUMENT, "transactionID", "direction", "quantity", "cashTransfer"),
    "CorporateAction": (*_INSTRUMENT, "type", "quantity", "transactionID"),
}  # fmt: skip


def refuse_missing(statements: Iterable[dict[str, Any]]) -> None:
    """Make sure that every row has the columns that are read.

    Raises: InvalidInput, which names those that the query does not give.
    """
    missing: dict[str, None] = {}
    for statement in statements:
        for row in statement["rows"]:
            missing |= dict.fromkeys(_missing_of(row))
    if missing:
        raise InvalidInput(
            "Interactive Brokers: the Flex query does not give what is needed; edit it in the "
            f"Client Portal and add {', '.join(missing)}",
            expected=tuple(missing),
        )


def _missing_of(row: dict[str, Any]) -> list[str]:
    name = row["row"]
    if name not in _REQUIRED or (name in ("Trade", "TradeConfirm") and not is_trade(row)):
        return []
    missing = [f"{name}.{column}" for column in _REQUIRED[name] if column not in row]
    if name in ("Trade", "TradeConfirm") and "dateTime" not in row and "tradeTime" not in row:
        missing.append(f"{name}.dateTime")
    return missing
