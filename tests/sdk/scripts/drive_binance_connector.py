"""Runs in .venv-sdk-binance-connector: drives a simulator with Binance's own connector."""

import json
import sys
from typing import Any

from binance.error import ClientError
from binance.spot import Spot


def refusal(ask: Any) -> list[int]:
    try:
        ask()
    except ClientError as error:
        return [error.status_code, error.error_code]
    return []


def main(base: str, pem: str) -> None:
    spot = Spot("k1", "s1", base_url=base)
    signing = Spot("k2", base_url=base, private_key=pem)
    wrong = Spot("k1", "wrong", base_url=base)
    (first, *_) = spot.my_trades("BTCUSDT", fromId=0, limit=1)
    day = {"startTime": first["time"], "endTime": first["time"] + 86_400_001}
    seen = {
        "clock": sorted(spot.time()),
        "symbols": len(spot.exchange_info()["symbols"]),
        "uid": spot.account()["uid"],
        "pages": [len(spot.my_trades("BTCUSDT", fromId=one, limit=1000)) for one in (0, 1001)],
        "newest": [row["id"] for row in spot.my_trades("BTCUSDT", limit=2)],
        "with a private key": signing.account()["uid"],
        "wrong secret": refusal(wrong.account),
        "too long": refusal(lambda: spot.my_trades("BTCUSDT", **day)),
        "unknown symbol": refusal(lambda: spot.my_trades("NOUSDT")),
        "both": refusal(lambda: spot.my_trades("BTCUSDT", fromId=1, startTime=day["startTime"])),
    }
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
