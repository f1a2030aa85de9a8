"""Alpaca Trading API v2 as a value: hosts, logins, and how its history is walked.

Source: Alpaca's OpenAPI page "Retrieve Account Activities" and "Using OAuth2 and Trading API"
(read 2026-05); https://docs.alpaca.markets/reference/getaccountactivities-2.
"""

from datetime import timedelta

from shared.brokers.alpaca_rows import (
    booked_at,
    booked_on,
    fill_progress,
    parse_activity,
    read_account,
    read_positions,
    rows_of,
)
from shared.brokers.auth import bearer, key_headers
from shared.brokers.paging import next_by_last_id
from shared.brokers.spec import BrokerSpec, HistoryEndpoint, Window
from shared.domain.time import NEW_YORK, iso

_PAGE_SIZE = 100
_MARGIN = timedelta(seconds=1)  # `after` and `until` are exclusive; equality is unverified


def _window_params(window: Window) -> dict[str, str]:
    return {
        "after": iso((window.since - _MARGIN).replace(microsecond=0)),
        "until": iso((window.until + _MARGIN + _MARGIN).replace(microsecond=0)),
        "direction": "asc",
        "page_size": str(_PAGE_SIZE),
    }


def _order_params(order_id: str) -> dict[str, str]:
    return {"order_id": order_id, "direction": "asc", "page_size": str(_PAGE_SIZE)}


SPEC = BrokerSpec(
    name="alpaca",
    title="Alpaca",
    hosts={"live": "https://api.alpaca.markets", "paper": "https://paper-api.alpaca.markets"},
    auth={
        "api_key": key_headers({"key_id": "APCA-API-KEY-ID", "secret_key": "APCA-API-SECRET-KEY"}),
        "oauth": bearer("access_token"),  # has no expiry and no refresh: a 401 means reconnect
    },
    account_path="/v2/account",
    read_account=read_account,
    positions_path="/v2/positions",
    read_positions=read_positions,
    history=(
        HistoryEndpoint(
            name="activities",
            path="/v2/account/activities",
            first_params=_window_params,
            next_params=next_by_last_id(_PAGE_SIZE, parameter="page_token", id_field="id"),
            rows=rows_of,
            parse=parse_activity,
            booked_at=booked_at,
            booked_on=booked_on,
            progress=fill_progress,
            order_params=_order_params,
        ),
    ),
    overlap=timedelta(days=3),
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    reset_header="X-RateLimit-Reset",
)
