"""Runs in .venv-sdk-binance: drives a simulator with ccxt; only its addresses are changed."""

import json
import sys
from typing import Any

import ccxt


def client(base: str, secret: str) -> Any:
    markets = {"types": ["spot", "linear"]}
    options = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": markets}
    exchange = ccxt.binance({"apiKey": "k1", "secret": secret, "options": options})
    exchange.urls["api"] = {
        name: base + url.split(".com", 1)[1] for name, url in exchange.urls["api"].items()
    }
    return exchange


def refusal(exchange: Any) -> str:
    try:
        exchange.fetch_balance()
    except ccxt.BaseError as error:
        return type(error).__name__
    return "none"


def main(base: str) -> None:
    exchange = client(base, "s1")
    markets = exchange.load_markets()
    first = exchange.fetch_my_trades("BTC/USDT", None, 1000, {"fromId": 0})
    second = exchange.fetch_my_trades("BTC/USDT", None, 1000, {"fromId": int(first[-1]["id"]) + 1})
    contracts = exchange.fetch_my_trades("BTC/USDT:USDT")
    (position,) = exchange.fetch_positions(["BTC/USDT:USDT"])
    seen = {
        "markets": sorted(markets),
        "pages": [len(first), len(second)],
        "trade": [first[0]["side"], first[0]["amount"], first[0]["price"], first[0]["fee"]],
        "contract": [len(contracts), contracts[0]["side"], contracts[0]["amount"]],
        "balance": {coin: exchange.fetch_balance()[coin]["total"] for coin in ("BTC", "BNB")},
        "position": [position["symbol"], position["side"], position["contracts"]],
        "wrong secret": refusal(client(base, "wrong")),
    }
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
