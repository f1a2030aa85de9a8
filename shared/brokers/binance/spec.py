"""Binance as a value: spot and USD-M futures, which are two accounts at two hosts behind one key.

Source: binance/binance-spot-api-docs (rest-api.md, errors.md, enums.md; snapshot 2026-07-21);
binance-connector-python (snapshot 2026-08-21); https://developers.binance.com/docs.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.brokers.binance.account import (
    ACCOUNT,
    FUTURES,
    array_of,
    holdings_requests,
    read_accounts,
    read_holdings,
    with_futures,
)
from shared.brokers.binance.errors import error_of
from shared.brokers.binance.income import parse_row
from shared.brokers.binance.rows import booked_on
from shared.brokers.binance.signing import SCHEME
from shared.brokers.binance.spot import by_symbols
from shared.brokers.binance.usdm import by_weeks
from shared.brokers.gives import Gives
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
    Request,
    Scope,
    TimeEndpoint,
)
from shared.domain.errors import ContractBroken

_MINUTE = timedelta(minutes=1)


def read_time(body: Any) -> datetime:
    """Read the exchange's clock.

    Raises: ContractBroken.
    """
    at_ms = body.get("serverTime") if isinstance(body, dict) else None
    if type(at_ms) is not int or not 0 < at_ms < 10**14:
        raise ContractBroken("Binance's clock: expected milliseconds")
    return datetime.fromtimestamp(at_ms / 1000, UTC)


SPEC = BrokerSpec(
    name="binance",
    title="Binance",
    hosts={
        "live": "https://api.binance.com",
        "demo": "https://demo-api.binance.com",
        "testnet": "https://testnet.binance.vision",
    },
    doors={
        "live": {FUTURES: "https://fapi.binance.com"},
        "demo": {FUTURES: "https://demo-fapi.binance.com"},
        "testnet": {FUTURES: "https://testnet.binancefuture.com"},
    },
    auth={"api_key": SCHEME},
    accounts=AccountsEndpoint(ACCOUNT, read_accounts, further=with_futures),
    history=(
        HistoryEndpoint(
            name="spot",
            walk=by_symbols(),
            parse=parse_row,
            booked_on=booked_on,
            rows=array_of,
            resumes=True,
        ),
        HistoryEndpoint(
            name="usdm",
            walk=by_weeks(),
            parse=parse_row,
            booked_on=booked_on,
            rows=array_of,
            resumes=True,
        ),
    ),
    holdings=HoldingsEndpoint(holdings_requests, read_holdings, compares=True, pooled=True),
    overlap=timedelta(days=3),  # of futures; spot is walked by ids
    first_window=timedelta(days=90),  # of futures; spot gives the account's whole life
    zone=ZoneInfo("UTC"),
    # 80 % of what an IP address has; the weight of futures is unverified
    limit=RateLimit(4800, _MINUTE, door="", scope=Scope.ADDRESS),
    more_limits=(RateLimit(1920, _MINUTE, door=FUTURES, scope=Scope.ADDRESS),),
    gives=Gives(
        fills="each fill of spot and of USD-M futures",
        fees="in the fill, in whatever coin was taken; a fee in the coin that was bought makes the "
        "position smaller",
        events="of futures: funding, transfers, rebates, bonuses; quarantined: deliveries; not "
        "read: deposits, conversions, dust, margin",
        positions="balances of coins; positions of futures, both sides of a hedge apart, and cash",
        corrections="none are documented",
        streaming="websocket of both accounts' orders and trades",
    ),
    time=TimeEndpoint(Request("/api/v3/time"), read_time),
    errors=error_of,
    largest_answer=64_000_000,  # exchangeInfo describes 3,000 symbols
    notices=(
        "Make a key that may only read; one that may withdraw is refused.",
        "The secret is that of an HMAC key, or an Ed25519 private key in PEM.",
        "Spot tells trades by symbol: what you hold or have orders in is found at once,",
        "other symbols are looked through a few at a time, all within about a day.",
        "Convert, dust, fiat purchases, margin and deposits are not read: balances differ by them.",
        "Fees paid in BNB are kept in BNB, and taken off what is held of it.",
        "Futures go back six months, their funding three; older trades are in the site's export.",
        "Sub-accounts have keys of their own: one connection each.",
    ),
)
