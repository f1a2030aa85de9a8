"""Runs in .venv-sdk-oanda: drives a simulator with OANDA's own v20; only its address is changed."""

import json
import sys
from urllib.parse import urlsplit

import v20

ACCOUNT = "101-004-9990417-001"


def main(url: str) -> None:
    place = urlsplit(url)
    api, wrong = (
        v20.Context(
            place.hostname, place.port, ssl=False, token=token, decimal_number_as_float=False
        )
        for token in ("t1", "wrong")
    )
    summary = api.account.summary(ACCOUNT).get("account", 200)
    listed = api.transaction.list(ACCOUNT, type="ORDER_FILL", pageSize=100)
    (_, fill) = api.transaction.range(ACCOUNT, fromID="1", toID="2").get("transactions", 200)
    newer = api.transaction.since(ACCOUNT, id="1199").get("transactions", 200)
    (held,) = api.position.list_open(ACCOUNT).get("positions", 200)
    refused = wrong.account.list()
    json.dump(
        {
            "accounts": [row.id for row in api.account.list().get("accounts", 200)],
            "summary": [summary.currency, summary.balance, summary.lastTransactionID],
            "held": [held.instrument, held.long.units, held.short.units],
            "listed": [listed.get("count"), len(listed.get("pages"))],
            "fill": [type(fill).__name__, fill.units, fill.tradeOpened.price],
            "since": [row.type for row in newer],
            "unauthorized": [refused.status, refused.get("errorMessage")],
            "python list": api.transaction.list(ACCOUNT, type=["ORDER_FILL"]).status,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
