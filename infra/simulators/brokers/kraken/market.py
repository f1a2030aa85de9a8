"""The assets and pairs of the simulated Kraken."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pair:
    """A pair as AssetPairs lists it."""

    name: str
    altname: str
    wsname: str
    base: str
    quote: str


PAIRS = (
    Pair("XXBTZUSD", "XBTUSD", "XBT/USD", "XXBT", "ZUSD"),
    Pair("XXBTZEUR", "XBTEUR", "XBT/EUR", "XXBT", "ZEUR"),
    Pair("XETHZEUR", "ETHEUR", "ETH/EUR", "XETH", "ZEUR"),
    Pair("XETHXXBT", "ETHXBT", "ETH/XBT", "XETH", "XXBT"),
    Pair("ADAUSD", "ADAUSD", "ADA/USD", "ADA", "ZUSD"),
    Pair("SOLEUR", "SOLEUR", "SOL/EUR", "SOL", "ZEUR"),
    Pair("XICNXETH", "ICNETH", "ICN/ETH", "XICN", "XETH"),
)


def pair_body(pair: Pair) -> dict[str, Any]:
    """Render a pair."""
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": pair.base,
        "aclass_quote": "currency",
        "quote": pair.quote,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": 1,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [2, 3],
        "leverage_sell": [2, 3],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }


def asset_bodies(pairs: list[Pair]) -> dict[str, Any]:
    """Render the assets that the pairs are of."""
    names = {pair.base: pair.altname[:3] for pair in pairs} | {
        pair.quote: pair.altname[-3:] for pair in pairs
    }
    return {
        code: {
            "aclass": "currency",
            "altname": altname,
            "decimals": 10,
            "display_decimals": 5,
            "status": "enabled",
        }
        for code, altname in names.items()
    }
