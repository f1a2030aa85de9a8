"""Runs in .venv-sdk-oanda: drives a simulator with oandapyV20; only its base URL is changed."""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import oandapyV20
from oandapyV20.endpoints import accounts, positions, transactions

ACCOUNT = "101-004-9990417-001"


def refusal(api: oandapyV20.API, request: object) -> list:
    try:
        api.request(request)
    except oandapyV20.exceptions.V20Error as error:
        return [error.code, json.loads(error.msg)["errorMessage"]]
    return []


def paged(api: oandapyV20.API, kinds: str) -> list:
    found, params = [], {"pageSize": 100, "type": kinds}
    listed = api.request(transactions.TransactionList(ACCOUNT, params=params))
    for link in listed["pages"]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        page = api.request(transactions.TransactionIDRange(ACCOUNT, params=query))
        found.append(len(page["transactions"]))
    return found


def since(api: oandapyV20.API) -> list:
    last, found = "0", []
    while True:
        asked = transactions.TransactionsSinceID(ACCOUNT, params={"id": last})
        page = api.request(asked)
        found.append(len(page["transactions"]))
        last = page["transactions"][-1]["id"]
        if last == page["lastTransactionID"]:
            return found


def main(url: str) -> None:
    oandapyV20.oandapyV20.TRADING_ENVIRONMENTS["practice"] = {"api": url, "stream": url}
    api = oandapyV20.API(access_token="t1", environment="practice")
    summary = api.request(accounts.AccountSummary(ACCOUNT))["account"]
    (held,) = api.request(positions.OpenPositions(ACCOUNT))["positions"]
    detail = api.request(transactions.TransactionDetails(ACCOUNT, transactionID="2"))
    wrong = oandapyV20.API(access_token="wrong", environment="practice")
    json.dump(
        {
            "accounts": [row["id"] for row in api.request(accounts.AccountList())["accounts"]],
            "summary": [summary["currency"], summary["balance"], summary["lastTransactionID"]],
            "held": [held["instrument"], held["long"]["units"], held["short"]["units"]],
            "pages": paged(api, "ORDER_FILL"),
            "since": since(api),
            "one": detail["transaction"]["type"],
            "unauthorized": refusal(wrong, accounts.AccountList()),
            "range": refusal(
                api, transactions.TransactionIDRange(ACCOUNT, params={"from": 9, "to": 1})
            ),
            "missing": refusal(api, accounts.AccountSummary("101-004-9990417-009")),
            "python list": refusal(
                api, transactions.TransactionList(ACCOUNT, params={"type": str(["ORDER_FILL"])})
            ),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
