"""Runs in .venv-sdk-tradestation: drives a simulator with the client; only its URLs are changed."""

import asyncio
import json
import sys

from tradestation import TradeStationClient
from tradestation.utils.exceptions import TradeStationAPIError, TradeStationRateLimitError
from tradestation.utils.token_manager import TokenManager

ACCOUNTS = "11223344,210F5566"


async def pages(client: TradeStationClient, since: str) -> list:
    found, token = [], None
    while True:
        page = await client.brokerage.get_historical_orders(
            ACCOUNTS, since=since, page_size=600, next_token=token
        )
        found.append([len(page.Orders), page.Orders[0].Legs[0].ExecQuantity])
        token = page.NextToken
        if token is None:
            return found


async def stream(client: TradeStationClient) -> list:
    reader = await client.brokerage.stream_orders("11223344")
    lines = []
    while line := await reader.readline():
        lines.append(next(iter(json.loads(line))))
    return lines


async def limited(client: TradeStationClient) -> int:
    try:
        await client.brokerage.get_balances("SPENT")
    except TradeStationRateLimitError as error:
        return error.status_code
    return 0


async def refused(url: str) -> bool:
    config = {"client_id": "key-1", "client_secret": "secret-1", "refresh_token": "gone"}
    client = TradeStationClient({**config, "environment": "Simulation"})
    client.http_client.base_url = url
    try:
        await client.brokerage.get_accounts()
    except TradeStationAPIError as error:
        return "Unknown or invalid refresh token" in str(error)
    finally:
        await client.http_client.close()
    return False


async def main(url: str, refresh_token: str, since: str) -> None:
    TokenManager._TOKEN_URL = f"{url}/oauth/token"
    client = TradeStationClient(
        {
            "client_id": "key-1",
            "client_secret": "secret-1",
            "refresh_token": refresh_token,
            "environment": "Simulation",
        }
    )
    client.http_client.base_url = url
    accounts = await client.brokerage.get_accounts()
    today = await client.brokerage.get_orders(ACCOUNTS)
    positions = await client.brokerage.get_positions(ACCOUNTS)
    balances = await client.brokerage.get_balances(ACCOUNTS)
    failing = await client.brokerage.get_positions("11223344,11223345C")
    json.dump(
        {
            "accounts": [[a.AccountID, a.AccountType] for a in accounts],
            "pages": await pages(client, since),
            "today": [[o.Status, o.Legs[0].ExecQuantity] for o in today.Orders],
            "positions": {p.Symbol: p.Quantity for p in positions.Positions},
            "balances": {b.AccountID: b.CashBalance for b in balances.Balances},
            "errors": [e.AccountID for e in failing.Errors],
            "stream": await stream(client),
            "limited": await limited(client),
            "rotated": client.http_client.get_refresh_token() != refresh_token,
            "refused": await refused(url),
        },
        sys.stdout,
    )
    await client.http_client.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
