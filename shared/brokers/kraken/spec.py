"""Kraken spot as a value: hosts, login, errors, and how trades and ledger are walked together.

Not read: Kraken Futures, which has an API, keys and accounts of its own.
Source: docs.kraken.com (spot REST: authentication, rate limits, errors, account data; read
2026-11); source of python-kraken-sdk 3.5.1 and ccxt 4.5.90. What none says is marked unverified.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from shared import VERSION
from shared.brokers.gives import Gives
from shared.brokers.kraken.account import (
    BALANCES,
    look_up,
    read_accounts,
    read_holdings,
    refuse_withdrawals,
)
from shared.brokers.kraken.errors import error_of
from shared.brokers.kraken.fields import booked_on, rows_of
from shared.brokers.kraken.rows import parse_row
from shared.brokers.kraken.signing import SCHEME
from shared.brokers.kraken.walk import by_two_histories
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
)

_PERMISSIONS = (
    "It needs Query funds, Query closed orders & trades and Query ledger entries, nothing more; "
    "one that may withdraw is refused. With Query open orders & trades, positions on margin are "
    "compared too."
)
_COINS = "Coins are compared by coin, whatever they were bought with or paid for."

SPEC = BrokerSpec(
    name="kraken",
    title="Kraken",
    hosts={"live": "https://api.kraken.com"},  # there is no sandbox of spot
    auth={"api_key": SCHEME},
    accounts=AccountsEndpoint(
        BALANCES, read_accounts, named_by="api_key", further=refuse_withdrawals
    ),
    history=(
        HistoryEndpoint(
            name="trades",
            walk=by_two_histories(),
            parse=parse_row,
            booked_on=booked_on,
            rows=rows_of,
            resumes=True,
        ),
    ),
    holdings=HoldingsEndpoint(
        lambda _: (BALANCES,), read_holdings, compares=True, pooled=True, look_up=look_up
    ),
    overlap=timedelta(days=3),  # and once a week a month
    first_window=timedelta(days=90),
    zone=ZoneInfo("UTC"),
    # The lowest tier's counter: at most 15, less 0.33 each second. A second more than it takes to
    # empty it, so that it is never full.
    limit=RateLimit(15, timedelta(seconds=46)),
    gives=Gives(
        fills="each order's trade as taker in one piece, each fill as maker; purchases without an "
        "order",
        fees="in the ledger, in whatever asset was taken; a fee in the coin that was bought makes "
        "the position smaller",
        events="deposits, withdrawals, rewards, dividends, fees and gains of margin; quarantined: "
        "margin settled in coins, kinds of entries that are not known",
        positions="balances of coins, and cash; positions on margin where the key may ask",
        corrections="none are documented",
        streaming="websocket of executions",
    ),
    errors=error_of,
    headers={"User-Agent": f"daybias/{VERSION}"},
    notices=(
        "Make a key for Daybias alone: nonces are counted by key, and two programs lock each out.",
        _PERMISSIONS,
        "Without the ledger, fees are estimates, and deposits and instant purchases are missing.",
        "Very long histories take time: 10,000 trades about an hour.",
        _COINS,
        "A second key of the same account makes a second account here, with the same trades.",
        "Kraken Futures is not read.",
    ),
)
