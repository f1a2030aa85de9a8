"""Runs in .venv-sdk-alpaca: drives a simulator with alpaca-py; only its base URL is changed."""

import json
import sys

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import QueryOrderStatus
from alpaca.trading.requests import GetOrdersRequest


def refusal(url: str) -> dict:
    try:
        TradingClient("PK1", "wrong", url_override=url).get_account()
    except APIError as error:
        return {"status": error.status_code, "code": error.code, "message": error.message}
    return {}


def activities(client: TradingClient) -> list:
    found, token = [], None
    while True:
        asked = {"direction": "asc", "page_size": 100}
        page = client.get(
            "/account/activities/FILL", {**asked, "page_token": token} if token else asked
        )
        found.append(len(page))
        if len(page) < 100:
            return found
        token = page[-1]["id"]


def flat(client: TradingClient) -> int:
    try:
        client.get_open_position("QQQ")
    except APIError as error:
        return error.status_code
    return 0


def main(url: str) -> None:
    client = TradingClient("PK1", "s1", url_override=url)
    account = client.get_account()
    orders = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))
    json.dump(
        {
            "account": [str(account.id), account.account_number, account.cash],
            "positions": {p.symbol: p.qty for p in client.get_all_positions()},
            "one": client.get_open_position("SPY").qty,
            "flat": flat(client),
            "pages": activities(client),
            "orders": len(orders),
            "filled": all(order.status.value == "filled" for order in orders),
            "open": client.get_clock().is_open,
            "refusal": refusal(url),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
