"""Runs in .venv-sdk-tastytrade: drives a simulator with the client; only its URL is changed."""

import asyncio
import json
import sys
from datetime import datetime

import tastytrade.session
from tastytrade import Account, Session
from tastytrade.utils import TastytradeError

NUMBER = "5WT00001"


async def refused(secret: str, refresh_token: str) -> str:
    async with Session(secret, refresh_token) as session:
        try:
            await Account.get(session)
        except TastytradeError as error:
            return str(error)
    return ""


async def forbidden(session: Session) -> str:
    account = await Account.get(session, NUMBER)
    account.account_number = "5WT00003"
    try:
        await account.get_history(session)
    except TastytradeError as error:
        return str(error)
    return ""


async def main(url: str, secret: str, refresh_token: str, since: str, until: str) -> None:
    tastytrade.session.API_URL = url
    window = {"start_at": datetime.fromisoformat(since), "end_at": datetime.fromisoformat(until)}
    async with Session(secret, refresh_token) as session:
        open_accounts = await Account.get(session)
        every_account = await Account.get(session, include_closed=True)
        account = await Account.get(session, NUMBER)
        every = await account.get_history(
            session, per_page=4, page_offset=None, sort="Asc", **window
        )
        first = await account.get_history(session, per_page=4, sort="Asc")
        events = await account.get_history(session, types=["Receive Deliver"])
        positions = await account.get_positions(session)
        balance = await account.get_balances(session)
        await session.refresh(force=True)
        json.dump(
            {
                "open": [one.account_number for one in open_accounts],
                "closed": [one.account_number for one in every_account if one.is_closed],
                "every": [[str(row.quantity), row.symbol] for row in every],
                "first": len(first),
                "costs": [str(row.clearing_fees) for row in first],
                "events": [row.transaction_sub_type for row in events],
                "positions": {
                    one.symbol: [str(one.quantity), one.quantity_direction] for one in positions
                },
                "cash": str(balance.cash_balance),
                "forbidden": await forbidden(session),
                "mismatch": await refused("another", refresh_token),
            },
            sys.stdout,
        )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
