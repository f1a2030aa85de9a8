"""Alpaca Trading API v2 as a value: hosts, logins, and how its history is walked.

Source: Alpaca's OpenAPI page "Retrieve Account Activities" and "Using OAuth2 and Trading API"
(read 2026-05); https://docs.alpaca.markets/reference/getaccountactivities-2.
"""

from datetime import timedelta

from shared.brokers.alpaca.rows import (
    booked_at,
    booked_on,
    fill_progress,
    parse_activity,
    read_accounts,
    read_holdings,
    rows_of,
)
from shared.brokers.alpaca.stream import STREAM
from shared.brokers.engine.auth import bearer, key_headers
from shared.brokers.engine.limits import reset_at
from shared.brokers.engine.oauth import OAuth
from shared.brokers.engine.paging import FirstRequest, by_last_id
from shared.brokers.gives import Gives
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    OrderCheck,
    Params,
    RateLimit,
    Request,
    Walk,
    Window,
)
from shared.domain.time import NEW_YORK, iso

_PAGE_SIZE = 100
_MARGIN = timedelta(seconds=1)  # `after` and `until` are exclusive; equality is unverified
_ACCOUNT = Request("/v2/account")


def _asked(params: Params) -> Request:
    page = {"direction": "asc", "page_size": str(_PAGE_SIZE)}
    return Request("/v2/account/activities", {**params, **page})


def _of_window(_: BrokerAccount, window: Window) -> Request:
    return _asked(
        {
            "after": iso((window.since - _MARGIN).replace(microsecond=0)),
            "until": iso((window.until + _MARGIN + _MARGIN).replace(microsecond=0)),
        }
    )


def _paged(first: FirstRequest) -> Walk:
    return by_last_id(
        first,
        parameter="page_token",
        id_field="id",
        size=_PAGE_SIZE,
        rows=rows_of,
        booked_at=booked_at,
    )


def _of_order(order_id: str) -> Walk:
    return _paged(lambda _, __: _asked({"order_id": order_id}))


SPEC = BrokerSpec(
    name="alpaca",
    title="Alpaca",
    hosts={"live": "https://api.alpaca.markets", "paper": "https://paper-api.alpaca.markets"},
    auth={
        "api_key": key_headers({"key_id": "APCA-API-KEY-ID", "secret_key": "APCA-API-SECRET-KEY"}),
        "oauth": bearer("access_token"),  # has no expiry and no refresh: a 401 means reconnect
    },
    accounts=AccountsEndpoint(_ACCOUNT, read_accounts),
    history=(
        HistoryEndpoint(
            name="activities",
            walk=_paged(_of_window),
            parse=parse_activity,
            booked_on=booked_on,
            rows=rows_of,
            check=OrderCheck(fill_progress, _of_order),
        ),
    ),
    holdings=HoldingsEndpoint(
        lambda _: (_ACCOUNT, Request("/v2/positions")), read_holdings, cash_adds_up=True
    ),
    overlap=timedelta(days=3),
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    # of each account, which is each login
    limit=RateLimit(200, timedelta(minutes=1), reset_at("X-RateLimit-Reset")),
    gives=Gives(
        fills="each fill",
        fees="rows of their own, mostly a day later, for a trading day and not for a fill",
        events="cash, dividends, interest, fees (also in coins), expiry, exercise, assignment, "
        "splits, renames, position transfers; quarantined: mergers, spin-offs, adjusted options",
        positions="quantities and cash, at once",
        corrections="of rows beside fills by their status; a fill that is taken back is not told",
        streaming="websocket of order updates, and server-sent account activities",
    ),
    oauth=OAuth(  # reading is what is granted when no scope is asked for
        "https://app.alpaca.markets/oauth/authorize", "https://api.alpaca.markets/oauth/token"
    ),
    stream=STREAM,
)
