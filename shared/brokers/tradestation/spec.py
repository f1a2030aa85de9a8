"""TradeStation's WebAPI v3 as a value: hosts, login, accounts, limits.

Closed orders come newest first from a day on, without an end; today's and all open ones come from a
list of their own, which is read after it and is the newer word.
Source: TradeStation's v3 OpenAPI file (mxcoppell/tradestation-api-python) and
https://api.tradestation.com/docs/fundamentals (read 2026-05); the rest is marked unverified.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.brokers.engine.auth import oauth_refresh
from shared.brokers.engine.limits import reset_in
from shared.brokers.engine.oauth import OAuth
from shared.brokers.gives import Gives
from shared.brokers.rows import fields_of, text_of
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    HistoryEndpoint,
    Holdings,
    HoldingsEndpoint,
    RateLimit,
    Reply,
    Request,
)
from shared.brokers.tradestation.rows import booked_on, held_position, parse_order
from shared.brokers.tradestation.stream import STREAM
from shared.brokers.tradestation.walk import (
    ACCOUNTS,
    closed_orders,
    open_orders,
    rows_of,
    told_of,
)
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UnparseableRow,
)
from shared.domain.money import parse_decimal
from shared.domain.sync.schedule import FUTURES, Schedule
from shared.domain.time import NEW_YORK

_TOKEN = "/oauth/token"  # noqa: S105 - a path
_SIGN_IN = "https://signin.tradestation.com"
# Other types are listed too (crypto), but their orders are refused.
_READABLE = frozenset(("Cash", "Margin", "Futures", "DVP"))


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read the accounts behind a login whose orders can be asked for.

    Raises: ContractBroken.
    """
    try:
        rows = [fields_of(raw) for raw in rows_of("Accounts", body)]
        known = [row for row in rows if text_of(row, "AccountType") in _READABLE]
        named = [(text_of(row, "AccountID"), text_of(row, "Currency")) for row in known]
    except UnparseableRow as error:
        raise ContractBroken(f"TradeStation's accounts: {error}") from error
    return tuple(BrokerAccount(name, name, currency) for name, currency in named)


def _holdings(account: BrokerAccount) -> tuple[Request, ...]:
    place = f"{ACCOUNTS}/{account.account_id}"
    return Request(f"{place}/balances"), Request(f"{place}/positions")


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read the cash of an account, and what it holds.

    Raises: ContractBroken, also when another account's holdings were given.
    """
    balances, positions = bodies
    try:
        (balance,) = _own("Balances", balances, account)
        return Holdings(
            cash=parse_decimal(balance.get("CashBalance"), "CashBalance"),
            positions=tuple(map(held_position, _own("Positions", positions, account))),
        )
    except (UnparseableRow, ValueError) as error:
        raise ContractBroken(f"TradeStation's holdings: {error}") from error


def _own(name: str, body: Any, account: BrokerAccount) -> list[dict[str, Any]]:
    rows = [fields_of(raw) for raw in rows_of(name, body)]
    if any(row.get("AccountID") != account.account_id for row in rows):
        raise ContractBroken(f"TradeStation: {name} of another account were given")
    return rows


_REFUSED_KEY = (
    "TradeStation: the API key's id or secret is refused: register it anew"
    " (daybias connections register tradestation), then sign in again"
)


def error_of(reply: Reply) -> DaybiasError | None:
    """Tell a login that has ended, and an account that a good answer leaves out.

    Which statuses a dead refresh token comes with is unverified; its code is Auth0's.
    """
    body = reply.body if isinstance(reply.body, dict) else {}
    if reply.request.path == _TOKEN and reply.status == 401:
        return AuthRejected(_REFUSED_KEY)
    if reply.request.path == _TOKEN and body.get("error") == "invalid_grant":
        return AuthRejected("TradeStation: the login has ended: sign in again")
    left_out = body.get("Errors")
    if not left_out or reply.status >= 300:
        return None
    first = left_out[0] if isinstance(left_out, list) else None
    title = str(first.get("Error")) if isinstance(first, dict) else ""
    text = f"TradeStation: {reply.request.path} gave nothing of the account"
    # whatever it is, it concerns this account alone, which is asked for again at the next run
    return RateLimited(text) if title == "TooManyRequests" else RequestRejected(text)


_ROWS = (told_of, "AccountID")

SPEC = BrokerSpec(
    name="tradestation",
    title="TradeStation",
    hosts={
        "live": "https://api.tradestation.com",
        "sim": "https://sim-api.tradestation.com",  # the same login; only the host decides
    },
    # Most keys' refresh tokens stay; those of rotating keys are replaced with each answer and end a
    # day after the sign-in. Which kind a key is, only its answers tell.
    auth={
        "oauth": oauth_refresh(
            _TOKEN,
            hosts=dict.fromkeys(("live", "sim"), _SIGN_IN),
            rotating_life=timedelta(hours=24),
        )
    },
    accounts=AccountsEndpoint(Request(ACCOUNTS), read_accounts),
    history=(
        HistoryEndpoint(
            "historicalorders",
            closed_orders,
            parse_order,
            booked_on,
            *_ROWS,
            resumes=True,
            forgets=True,
        ),
        HistoryEndpoint("orders", open_orders, parse_order, booked_on, *_ROWS),
    ),
    holdings=HoldingsEndpoint(_holdings, read_holdings),
    overlap=timedelta(days=3),
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    # by night too: the token of a rotating key lives for half an hour
    schedule=Schedule(quiet=timedelta(minutes=15), hours=FUTURES),
    # of each user and key
    limit=RateLimit(250, timedelta(minutes=5), reset_in("X-RateLimit-Reset")),
    gives=Gives(
        fills="one record a leg of an order, at its average price and the order's closing time",
        fees="commission, once an order; exchange and regulatory fees are not told",
        events="nothing: cash, expiry, exercise, assignment and splits are not told",
        positions="quantities and cash, at once",
        corrections="broken and corrected orders by their status",
        streaming="stream of orders and positions",
    ),
    errors=error_of,
    history_limit=timedelta(days=730),
    notices=(
        "An order's fills are one record here: their average price, at the order's closing time.",
        "Exchange and regulatory fees are not told: results are before them.",
        "Assignments, exercises and expiries of options show only as differences in positions.",
        "Crypto accounts cannot be read.",
    ),
    oauth=OAuth(
        f"{_SIGN_IN}/authorize",
        f"{_SIGN_IN}{_TOKEN}",
        scopes=("openid", "offline_access", "ReadAccount"),  # never Trade
        pkce=True,
        params={"audience": "https://api.tradestation.com"},
        own_callback="http://localhost:8080",  # of the few that every key may come back to
    ),
    stream=STREAM,
)
