"""Runs in .venv-sdk-topstepx: drives a simulator with topstep-client-py at another base URL."""

import asyncio
import json
import sys
from datetime import UTC, datetime

from topstep import TopstepClient
from topstep.exceptions import APIError, AuthenticationError

START, END = datetime(2026, 3, 16, 12, 0, tzinfo=UTC), datetime(2026, 3, 16, 15, 0, tzinfo=UTC)


async def refusal(url: str) -> dict:
    try:
        await TopstepClient.create(username="trader", api_key="wrong", base_url=url)
    except APIError as error:
        return {"code": error.error_code}
    return {}


async def unknown_account(client: TopstepClient) -> int:
    try:
        await client.positions.search_open(404)
    except APIError as error:
        return error.error_code
    return 0


async def after_logout(client: TopstepClient) -> str:
    await client._http.post("/api/Auth/logout")
    try:
        await client.accounts.search()
    except AuthenticationError as error:
        return type(error).__name__
    return ""


async def main(url: str) -> None:
    async with await TopstepClient.create(
        username="trader", api_key="key-1", base_url=url
    ) as client:
        first = client.token
        await client.refresh_token()
        trades = await client.trades.search(101, START, END)
        orders = await client.orders.search(101, START, END)
        contract = await client.contracts.search_by_id(trades[0].contract_id)
        found = {
            "accounts": [
                [a.id, a.balance] for a in await client.accounts.search(only_active=False)
            ],
            "active": len(await client.accounts.search()),
            "renewed": client.token != first,
            "trades": [[t.size, t.price, t.profit_and_loss, t.voided] for t in trades],
            "orders": [[o.status.name, o.side.name, o.fill_volume] for o in orders],
            "held": [
                [p.contract_id, p.type.name, p.size]
                for p in await client.positions.search_open(101)
            ],
            "contract": [contract.name, contract.tick_size, contract.tick_value],
            "searched": [c.name for c in await client.contracts.search("MNQ")],
            "unknown": await unknown_account(client),
            "logged_out": await after_logout(client),
            "refusal": await refusal(url),
        }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
