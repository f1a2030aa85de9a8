"""tastytrade's Open API as a value: hosts, login, errors, and how its transactions are walked.

Pages are numbered: they are asked for oldest first, up to a frozen end. No `Accept-Version` is
sent: the sandbox knows none, and what newer versions change is nothing that is read here.
Source: developer.tastytrade.com (guides of 2023, pages on OAuth2, pagination, errors, rate limits
and versions of 2026); source of tastytrade 13.2.3. What none of them says is marked unverified.
"""

from datetime import datetime, timedelta
from typing import Any

from shared import VERSION
from shared.brokers.engine.auth import oauth_refresh
from shared.brokers.engine.frozen_pages import by_number
from shared.brokers.engine.oauth import OAuth
from shared.brokers.gives import Gives
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
    Reply,
    Request,
    Walk,
    Window,
)
from shared.brokers.tastytrade.account import read_accounts, read_holdings, rows_of, total_of
from shared.brokers.tastytrade.fields import booked_at, booked_on
from shared.brokers.tastytrade.reversals import REVERSAL, by_id, paired, with_what_they_undo
from shared.brokers.tastytrade.rows import parse_transaction
from shared.domain.errors import AuthRejected, ContractBroken, DaybiasError, RequestRejected
from shared.domain.time import NEW_YORK, iso

_LIVE = "https://api.tastyworks.com"
_TOKEN = "/oauth/token"  # noqa: S105 - a path
_ACCOUNTS = Request("/customers/me/accounts")
_PAGE_SIZE = 2000  # the most
_MARGIN = timedelta(seconds=1)  # whether a window's bounds belong to it is unverified


def transactions(page_size: int = _PAGE_SIZE) -> Walk:
    """Walk an account's transactions, reversals together with what they take back."""

    def page(account: BrokerAccount, window: Window, number: int) -> Request:
        params = {
            "start-at": _second(window.since - _MARGIN),
            "end-at": _second(window.until + 2 * _MARGIN),
            "sort": "Asc",
            "per-page": str(page_size),
            "page-offset": str(number),  # a page's number, not a row's
        }
        return Request(_path(account, "transactions"), params)

    pages = by_number(page, size=page_size, rows=rows_of, total=total_of, booked_at=booked_at)
    return with_what_they_undo(pages, lambda a, row_id: Request(_path(a, f"transactions/{row_id}")))


def _told_of(body: Any) -> list[Any]:
    """Take the items of a saved answer, a reversal beside what it takes back, if that is there."""
    rows = rows_of(body)
    return [_named(row) for row in paired(rows, by_id(rows))]


def _named(row: Any) -> Any:
    """Say of a pair what its rows say: whose it is."""
    reversal = row.get(REVERSAL) if isinstance(row, dict) else None
    if not isinstance(reversal, dict):
        return row
    return {**row, "account-number": reversal.get("account-number")}


def _second(at: datetime) -> str:
    return iso(at.replace(microsecond=0))


def _path(account: BrokerAccount, what: str) -> str:
    return f"/accounts/{account.account_id}/{what}"


def error_of(reply: Reply) -> DaybiasError | None:
    """Tell whom a refusal concerns: the login, one account, or this program.

    A request without a product in its User-Agent is refused in front of the API, in HTML; a user
    who connected again would not mend that.
    """
    path, status, is_json = reply.request.path, reply.status, isinstance(reply.body, dict)
    if status == 401 and not is_json:
        return ContractBroken(
            "tastytrade refused Daybias itself, by its User-Agent, before it looked at the login"
        )
    if path == _TOKEN and status in (400, 401, 403):
        return _refused_login(reply.body)
    if status == 403 and path == _ACCOUNTS.path:
        return AuthRejected("tastytrade: the grant does not allow reading: create one with `read`")
    if status == 403:
        return RequestRejected(f"tastytrade: this login may not read {path}", status=403)
    if status == 406:
        return ContractBroken("tastytrade no longer speaks this version: update Daybias")
    return None


def _refused_login(body: Any) -> AuthRejected:
    told = str(body.get("error_description")) if isinstance(body, dict) else ""
    if "secret" in told.lower():
        return AuthRejected(
            "tastytrade: the client secret and the refresh token are not of one application"
        )
    return AuthRejected(
        "tastytrade: the grant is revoked, or of the other environment: create a new one at "
        "my.tastytrade.com (Manage, My Profile, API, OAuth Applications), then connect again"
    )


SPEC = BrokerSpec(
    name="tastytrade",
    title="tastytrade",
    hosts={"live": _LIVE, "sandbox": "https://api.cert.tastyworks.com"},
    auth={"oauth": oauth_refresh(_TOKEN, client=("client_secret",))},  # its tokens have no end
    accounts=AccountsEndpoint(_ACCOUNTS, read_accounts),
    history=(
        HistoryEndpoint(
            name="transactions",
            walk=transactions(),
            parse=parse_transaction,
            booked_on=booked_on,
            rows=_told_of,
            account_field="account-number",
        ),
    ),
    holdings=HoldingsEndpoint(
        lambda account: tuple(
            Request(_path(account, what)) for what in ("balances/USD", "positions")
        ),
        read_holdings,
    ),
    overlap=timedelta(days=5),  # expiries, dividends and corrections are booked days later
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    limit=RateLimit(120, timedelta(minutes=1)),  # none is published, and a 429 tells no end
    gives=Gives(
        fills="each fill",
        fees="in the fill, estimated; amendments as fees of a day",
        events="cash, dividends, interest, fees, expiry, exercise, assignment, splits, renames, "
        "transfers of positions; quarantined: mergers, bonds, event contracts",
        positions="quantities and cash, at once",
        corrections="a reversal names the row that it takes back: both are kept as cancelled",
        streaming="websocket of orders, positions and balances",
    ),
    errors=error_of,
    headers={"User-Agent": f"daybias/{VERSION}"},
    notices=(
        "The grant needs the scope `read` and nothing more; it has no end until you revoke it.",
        "Fees are estimates: tastytrade amends them later, and Daybias shows that as a day's fee.",
        "The sandbox forgets all trades and positions every 24 hours.",
    ),
    oauth=OAuth(
        "https://my.tastytrade.com/auth.html",
        f"{_LIVE}{_TOKEN}",
        scopes=("read",),  # never trade
        environments=("live",),
    ),
)
