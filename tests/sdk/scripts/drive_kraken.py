"""Runs in .venv-sdk-kraken: drives a simulator with three clients; only their addresses change.

Each has a key of its own: they count nonces in different units.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import ccxt
import krakenex
from kraken.exceptions import KrakenInvalidSignatureError
from kraken.spot import User


def by_ccxt(base: str, secret: str) -> dict[str, Any]:
    exchange = ccxt.kraken({"apiKey": "CCXT", "secret": secret, "enableRateLimit": False})
    exchange.urls["api"] = {"public": base, "private": base}
    markets = exchange.load_markets()
    pages = [exchange.fetch_my_trades(params={"ofs": ofs}) for ofs in (0, 50)]
    trade = pages[0][-1]
    since = exchange.fetch_my_trades(since=pages[0][-2]["timestamp"])
    wrong = ccxt.kraken({"apiKey": "NONE", "secret": secret, "enableRateLimit": False})
    wrong.urls["api"] = exchange.urls["api"]
    return {
        "markets": sorted(markets),
        "pages": [len(page) for page in pages],
        "trade": [trade["symbol"], trade["side"], trade["amount"], trade["price"], trade["fee"]],
        "since": len(since),
        "balance": {name: exchange.fetch_balance()[name]["total"] for name in ("BTC", "USD")},
        "ledger": [one["currency"] for one in exchange.fetch_ledger()],
        "wrong": error_of(wrong.fetch_balance, ccxt.BaseError),
    }


def error_of(ask: Callable[[], Any], kind: type[Exception]) -> str:
    try:
        ask()
    except kind as error:
        return type(error).__name__
    return "none"


def by_krakenex(base: str, secret: str) -> dict[str, Any]:
    client = krakenex.API("KRAKENEX", secret)
    client.uri = base
    first = client.query_private("TradesHistory", {"ofs": 0})["result"]
    wrong = krakenex.API("KRAKENEX", "YW5vdGhlcg==")
    wrong.uri = base
    return {
        "pairs": sorted(client.query_public("AssetPairs")["result"]),
        "first": [first["count"], len(first["trades"])],
        "wrong": wrong.query_private("Balance")["error"],
    }


def by_sdk(base: str, secret: str) -> dict[str, Any]:
    user = User("SDK", secret, url=base)
    found = user.get_trades_history(ofs=50)
    ledger = user.get_ledgers_info()
    return {
        "second": [found["count"], len(found["trades"])],
        "balances": user.get_balances()["XXBT"]["balance"],
        "account": user.get_account_balance()["XXBT"],
        "ledger": ledger["count"],
        "one": [*user.get_trades_info(txid=[*found["trades"]][:1])] == [*found["trades"]][:1],
        "open": user.get_open_positions(),
        "wrong": error_of(
            User("SDK", "YW5vdGhlcg==", url=base).get_account_balance, KrakenInvalidSignatureError
        ),
    }


def main(base: str, secret: str) -> None:
    seen = {
        "ccxt": by_ccxt(base, secret),
        "krakenex": by_krakenex(base, secret),
        "sdk": by_sdk(base, secret),
    }
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
