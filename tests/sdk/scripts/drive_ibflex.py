"""Runs in .venv-sdk-ibkr: drives a simulator with ibflex's client and parser at another address."""

import json
import sys
from types import SimpleNamespace

from ibflex import client, parser

SLEPT: list[int] = []
client.time = SimpleNamespace(sleep=SLEPT.append)  # waits by the simulator's clock, not by ours


def refused(token: str, query: str) -> str:
    try:
        client.download(token, query)
    except client.ResponseCodeError as error:
        return error.code
    return ""


def trades(document: bytes) -> list[list[str | None]]:
    (first, *_) = parser.parse(document).FlexStatements
    return [
        [t.symbol, t.transactionType.value, str(t.quantity), str(t.ibCommission), t.ibExecID]
        for t in first.Trades
    ]


def main(url: str, token: str, query: str, confirmations: str) -> None:
    client.REQUEST_URL = f"{url}/AccountManagement/FlexWebService/SendRequest"
    client.STMT_URL = f"{url}/AccountManagement/FlexWebService/GetStatement"
    last_day = parser.parse(client.download(token, query))
    asked = f"{client.REQUEST_URL}?fd=20260901&td=20260925"
    reference = client.request_statement(token, query, asked)
    answer = client.submit_request(reference.Url, token, reference.ReferenceCode)
    while client.check_statement_response(answer) is not True:
        answer = client.submit_request(reference.Url, token, reference.ReferenceCode)
    whole = parser.parse(answer.content)
    first, second = whole.FlexStatements
    today = parser.parse(client.download(token, confirmations)).FlexStatements[0]
    found = {
        "timestamp": reference.timestamp.isoformat(),
        "one_day": [str(last_day.FlexStatements[0].fromDate), len(last_day.FlexStatements)],
        "days": [str(first.fromDate), str(first.toDate), first.accountId, second.accountId],
        "base": first.AccountInformation.currency,
        "trades": trades(answer.content),
        "exercised": [[e.transactionType, str(e.quantity)] for e in first.OptionEAE],
        "held": [[p.symbol, str(p.position), p.levelOfDetail] for p in first.OpenPositions],
        "cash": [[c.currency, str(c.endingCash)] for c in first.CashReport],
        "dividends": [[c.type.value, str(c.amount)] for c in first.CashTransactions],
        "confirmed": [[c.execID, str(c.quantity), str(c.commission)] for c in today.TradeConfirms],
        "slept": SLEPT,
        "refused": [refused("9", query), refused(token, "9")],
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
