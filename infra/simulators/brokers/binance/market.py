"""The symbols of both markets, as exchangeInfo describes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

_TICK, _STEP, _LEAST = "0.01000000", "0.00001000", "5.00000000"


@dataclass(frozen=True)
class Listed:
    """A symbol with its two assets; `contract` is PERPETUAL or CURRENT_QUARTER, "" on spot."""

    symbol: str
    base: str
    quote: str
    contract: str = ""


def spot_info(listed: list[Listed], server_ms: int) -> dict[str, Any]:
    """Render GET /api/v3/exchangeInfo."""
    return {**_head(6000, server_ms), "symbols": [_spot_symbol(one) for one in listed]}


def futures_info(listed: list[Listed], server_ms: int) -> dict[str, Any]:
    """Render GET /fapi/v1/exchangeInfo."""
    symbols = [_futures_symbol(one) for one in listed]
    return {**_head(2400, server_ms), "futuresType": "U_MARGINED", "symbols": symbols}


def _head(weight: int, server_ms: int) -> dict[str, Any]:
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return {
        "timezone": "UTC",
        "serverTime": server_ms,
        "rateLimits": [{**limit, "limit": weight}],
        "exchangeFilters": [],
    }


def _filters() -> list[dict[str, Any]]:
    lots = {"minQty": _STEP, "maxQty": "9000.00000000", "stepSize": _STEP}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": _TICK,
            "maxPrice": "1000000.00000000",
            "tickSize": _TICK,
        },
        {"filterType": "LOT_SIZE", **lots},
    ]


def _spot_symbol(one: Listed) -> dict[str, Any]:
    least = {"minNotional": _LEAST, "applyMinToMarket": True, "maxNotional": "9000000.00000000"}
    return {
        "symbol": one.symbol,
        "status": "TRADING",
        "baseAsset": one.base,
        "baseAssetPrecision": 8,
        "quoteAsset": one.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "icebergAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": [*_filters(), {"filterType": "NOTIONAL", **least, "avgPriceMins": 5}],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
    }


def _delivery_ms(symbol: str) -> int:
    """Tell when a contract ends: at 8:00 on the day in its symbol, and a perpetual in 2100."""
    day = symbol.partition("_")[2]
    if not day:
        return 4_133_404_800_000
    at = datetime.strptime(f"{day}08+0000", "%y%m%d%H%z")
    return int(at.timestamp()) * 1000


def _futures_symbol(one: Listed) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "pair": one.base + one.quote,
        "contractType": one.contract,
        "deliveryDate": _delivery_ms(one.symbol),
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.quote,
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "filters": [*_filters(), {"filterType": "MIN_NOTIONAL", "notional": "5"}],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC"],
    }
