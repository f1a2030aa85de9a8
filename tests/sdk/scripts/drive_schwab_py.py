"""Runs in .venv-sdk-schwab: drives a simulator with schwab-py; only its base URL is changed."""

import json
import sys
from datetime import UTC, datetime, timedelta

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from schwab.client import Client

KINDS = Client.Transactions.TransactionType
FIELDS = Client.Account.Fields


class SimulatedClient(Client):
    """The host stands in the code of schwab-py, so one method is replaced."""

    def __init__(self, url: str, session: OAuth2Client) -> None:
        super().__init__("app-key", session)
        self.url = url

    def _get_request(self, path, params):
        return self.session.get(self.url + path, params=params)


def session(url: str, token: dict, saved: list) -> OAuth2Client:
    return OAuth2Client(
        "app-key",
        client_secret="app-secret",
        token=token,
        token_endpoint=url + "/v1/oauth/token",
        update_token=lambda token, **_: saved.append(token["refresh_token"]),
        leeway=300,
    )


def dead_refresh(url: str, token: dict) -> str:
    try:
        SimulatedClient(url, session(url, token, [])).get_account_numbers()
    except OAuthError as error:
        return error.error
    return ""


def main(url: str, refresh_token: str, now: datetime) -> None:
    expired = {
        "access_token": "old",
        "token_type": "Bearer",
        "refresh_token": refresh_token,
        "expires_at": 1,
    }
    saved: list = []
    client = SimulatedClient(url, session(url, expired, saved))
    numbers = client.get_account_numbers().json()
    first = numbers[0]["hashValue"]
    window = {"start_date": now - timedelta(days=30), "end_date": now}
    rows = client.get_transactions(first, transaction_types=[KINDS.TRADE], **window).json()
    every = client.get_transactions(first, **window).json()
    held = client.get_account(first, fields=[FIELDS.POSITIONS]).json()["securitiesAccount"]
    orders = client.get_orders_for_account(
        first, from_entered_datetime=window["start_date"], to_entered_datetime=now
    ).json()
    json.dump(
        {
            "numbers": [row["accountNumber"] for row in numbers],
            "saved": saved,
            "trades": len(rows),
            "types": sorted({row["type"] for row in every}),
            "one": client.get_transaction(first, rows[0]["activityId"]).json()[0] == rows[0],
            "positions": {p["instrument"]["symbol"]: p["longQuantity"] for p in held["positions"]},
            "cash": held["currentBalances"]["cashBalance"],
            "accounts": len(client.get_accounts().json()),
            "orders": [len(order["orderActivityCollection"]) for order in orders],
            "plain_number": client.get_account(numbers[0]["accountNumber"]).status_code,
            "dead": dead_refresh(url, expired),  # it was rotated, so the first one is dead
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3]).astimezone(UTC))
