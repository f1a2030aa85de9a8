"""Charles Schwab's Trader API as a value: host, login, accounts, and how its history is walked.

Source: Schwab's "Accounts and Trading Production" page (read 2026-05); schwab-py 1.5.1 and
schwabdev 4.0.0 (source and docs). What none of them says is marked unverified.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.engine.auth import oauth_refresh
from shared.brokers.engine.oauth import OAuth
from shared.brokers.engine.paging import by_halves, in_spans
from shared.brokers.gives import Gives
from shared.brokers.rows import fields_of, text_of
from shared.brokers.schwab.fields import (
    CURRENCY,
    asset_class_of,
    booked_on,
    root_of,
    symbol_of,
)
from shared.brokers.schwab.rows import TYPES, parse_transaction
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    HeldPosition,
    HistoryEndpoint,
    Holdings,
    HoldingsEndpoint,
    RateLimit,
    Reply,
    Request,
    Scope,
    Walk,
    Window,
)
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UnparseableRow,
    UpstreamUnavailable,
)
from shared.domain.money import parse_decimal
from shared.domain.sync.schedule import SHARES, Schedule
from shared.domain.time import NEW_YORK, as_utc

_HOST = "https://api.schwabapi.com"
_ACCOUNTS = "/trader/v1/accounts"
_TOKEN = "/v1/oauth/token"  # noqa: S105 - a path
_REFRESH_LIFE = timedelta(days=7)  # from the login, however often it is used
_SPAN = timedelta(days=7)  # a year is allowed; a week keeps answers small
# 3000 rows are the most, and nothing says that an answer was cut: well below, it was not.
_SURELY_WHOLE = 2500
_MILLISECOND = timedelta(milliseconds=1)
# What a refresh token that is dead is answered with, today or in former times.
_DEAD = (
    "invalid_grant",
    "unsupported_token_type",
    "refresh_token_authentication_error",
    "invalid_client",
)
# Held, but never in the journal: their rows are refused too (bonds), or they are money.
_NOT_KEPT = frozenset(("FIXED_INCOME", "CASH_EQUIVALENT", "CURRENCY"))


def transactions(surely_whole: int = _SURELY_WHOLE, span: timedelta = _SPAN) -> Walk:
    """Walk a history without pages: halves of a span, until none has too many rows."""
    return in_spans(span, by_halves(_transactions, rows=rows_of, limit=surely_whole))


def _transactions(account: BrokerAccount, window: Window) -> Request:
    """Ask for all rows between two instants, both included."""
    params = {
        "startDate": _milliseconds(window.since),
        "endDate": _milliseconds(window.until + _MILLISECOND),
        "types": ",".join(TYPES),
    }
    return Request(f"{_ACCOUNTS}/{account.handle}/transactions", params)


def _milliseconds(at: datetime) -> str:
    utc = as_utc(at)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read numbers and hashes; a hash stands for the number in paths, and may change.

    Raises: ContractBroken.
    """
    try:
        return tuple(_account(fields_of(raw)) for raw in rows_of(body))
    except UnparseableRow as error:
        raise ContractBroken(f"Schwab's account numbers: {error}") from error


def _account(row: dict[str, Any]) -> BrokerAccount:
    number = text_of(row, "accountNumber")
    return BrokerAccount(number, number, CURRENCY, handle=text_of(row, "hashValue"))


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read cash, and what is held; the key `positions` is missing when nothing is.

    Raises: ContractBroken, also when another account's holdings were given.
    """
    try:
        (body,) = bodies
        found = fields_of(fields_of(body).get("securitiesAccount"))
        if text_of(found, "accountNumber") != account.number:
            raise ContractBroken("Schwab answered with another account's holdings")
        balances = fields_of(found.get("currentBalances"))
        rows = [fields_of(raw) for raw in rows_of(found.get("positions", []))]
        return Holdings(
            cash=parse_decimal(balances.get("cashBalance"), "cashBalance"),
            positions=tuple(_position(row) for row in rows if _asset_type(row) not in _NOT_KEPT),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"Schwab's account: {error}") from error


def _asset_type(row: dict[str, Any]) -> str:
    return text_of(fields_of(row.get("instrument")), "assetType")


def _position(row: dict[str, Any]) -> HeldPosition:
    instrument = fields_of(row.get("instrument"))
    long, short = (parse_decimal(row.get(n), n) for n in ("longQuantity", "shortQuantity"))
    return HeldPosition(
        symbol=symbol_of(instrument),
        root=root_of(instrument),
        quantity=long - short,
        average_price=parse_decimal(row.get("averagePrice"), "averagePrice"),
        asset_class=asset_class_of(instrument),
    )


def rows_of(body: Any) -> list[Any]:
    """Take the bare array that Schwab answers with.

    Raises: ContractBroken.
    """
    if not isinstance(body, list):
        raise ContractBroken(f"Schwab: expected an array, found {type(body).__name__}")
    return body


_REFUSED_APP = (
    "Charles Schwab: the app key or secret is refused: see that the app is Ready For Use,"
    " register it anew (daybias connections register schwab), then log in again"
)


def error_of(reply: Reply) -> DaybiasError | None:
    """Tell a refresh token that is dead, and an error that came with status 200 (unverified)."""
    if reply.request.path == _TOKEN:
        if reply.status == 401:
            return AuthRejected(_REFUSED_APP)
        dead = reply.status == 400 and any(word in str(reply.body) for word in _DEAD)
        return AuthRejected("Charles Schwab: the login has ended: log in again") if dead else None
    told = _told_status(reply.body) if reply.status < 300 else None
    if told is None or told < 400:
        return None
    text = f"Charles Schwab: {reply.request.path} was answered with {told} inside {reply.status}"
    if told == 401:
        return AuthRejected(text, bare=True)
    if told == 429:
        return RateLimited(text)
    return UpstreamUnavailable(text) if told >= 500 else RequestRejected(text, status=told)


def _told_status(body: Any) -> int | None:
    """Read the status inside a body, which is a number or a text."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    told = str(first.get("status")) if isinstance(first, dict) else ""
    return int(told) if told.isascii() and told.isdecimal() and len(told) == 3 else None


SPEC = BrokerSpec(
    name="schwab",
    title="Charles Schwab",
    hosts={"live": _HOST},  # paperMoney is not in this API
    # whether a refresh ever gives a new refresh token is unverified; where it does, it is kept
    auth={"oauth": oauth_refresh(_TOKEN, basic=True, refresh_life=_REFRESH_LIFE)},
    accounts=AccountsEndpoint(Request(f"{_ACCOUNTS}/accountNumbers"), read_accounts),
    history=(
        HistoryEndpoint(
            name="transactions",
            walk=transactions(),
            parse=parse_transaction,
            booked_on=booked_on,
            rows=rows_of,
            account_field="accountNumber",
        ),
    ),
    holdings=HoldingsEndpoint(
        lambda account: (Request(f"{_ACCOUNTS}/{account.handle}", {"fields": "positions"}),),
        read_holdings,
    ),
    overlap=timedelta(days=4),  # expiries and assignments are booked over the weekend
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    schedule=Schedule(hours=SHARES),
    # as users reckon, of all that one application asks; none is published for reading
    limit=RateLimit(120, timedelta(minutes=1), scope=Scope.APPLICATION),
    gives=Gives(
        fills="each fill, in legs where one row holds several",
        fees="in the fill",
        events="cash, dividends, interest, expiry, exercise, assignment; "
        "quarantined: splits, mergers, transfers of positions",
        positions="quantities and cash, at once",
        corrections="marked as such, and quarantined: how they look is not known",
        streaming="websocket of account activity, a hint at most",
    ),
    errors=error_of,
    history_limit=timedelta(days=365),  # how far back it really answers is unverified
    notices=(
        "Schwab ends every login after 7 days: you will be asked to log in again each week.",
        "An application of your own at developer.schwab.com must be ready for use.",
        "Practice accounts (paperMoney) cannot be reached.",
    ),
    oauth=OAuth(
        f"{_HOST}/v1/oauth/authorize",
        f"{_HOST}{_TOKEN}",
        basic=True,
        own_callback="https://127.0.0.1:8182",  # https alone, and no slash at its end
    ),
)
