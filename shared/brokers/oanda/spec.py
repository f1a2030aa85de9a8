"""OANDA's v20 REST API as a value: hosts, logins, and how its history is walked.

The first import walks a window of time: `transactions` lists stretches of ids, `idrange` gives one.
From then on `sinceid` gives what is newer than the newest id known: OANDA books nothing late and
changes nothing (its own corrections are new rows). No type filter is sent, so that a kind of row
which nobody knows yet comes into sight.
Source: oanda/v20-openapi (json/v20.json 3.0.25); developer.oanda.com/rest-live-v20/transaction-ep
and best-practices; `sinceid` gives 1000 rows at most (github.com/yhilpisch/tpqoa/issues/25).
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from shared.brokers.engine.auth import bearer
from shared.brokers.engine.paging import by_plan, in_spans, since_mark
from shared.brokers.gives import Gives
from shared.brokers.oanda.account import (
    array_of,
    read_accounts,
    read_holdings,
    read_summary,
)
from shared.brokers.oanda.rows import booked_at, booked_on, parse_transaction
from shared.brokers.oanda.stream import STREAM
from shared.brokers.spec import (
    AccountDetail,
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
    Reply,
    Request,
    Scope,
    Window,
)
from shared.domain.errors import ContractBroken, DaybiasError, RequestRejected
from shared.domain.sync.schedule import CURRENCIES, Schedule
from shared.domain.time import NEW_YORK, iso

_PAGE_SIZE = 100  # ids a page spans, of at most 1000
_LONGEST = timedelta(days=365)
_ID = re.compile("[0-9]{1,20}")
_ACCOUNTS = Request("/v3/accounts")


def page_requests(body: Any, account: BrokerAccount) -> list[Request]:
    """Turn the links of a transaction list into requests of our own.

    Only the ids are taken from a link: it names a host, and that host would be shown the token.
    Raises: ContractBroken.
    """
    found = []
    for link in array_of(body, "pages"):
        query = parse_qs(link.partition("?")[2]) if isinstance(link, str) else {}
        ids = {name: query.get(name, [""])[0] for name in ("from", "to")}
        if not all(map(_is_id, ids.values())):
            raise ContractBroken("OANDA's transaction list: a page without its ids")
        found.append(Request(f"{_base(account)}/transactions/idrange", ids))
    return found


def mark_of(raw: Any) -> str | None:
    """Tell a transaction's id; None where it cannot be read."""
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if _is_id(found) else None


def rows_of(body: Any) -> list[Any]:
    """Take the transactions of an answer.

    Raises: ContractBroken.
    """
    return array_of(body, "transactions")


def refused_account(reply: Reply) -> DaybiasError | None:
    """Tell an account that is not open to the API (403) from a token that is refused (401)."""
    if reply.status == 403 and reply.request.path != _ACCOUNTS.path:
        return RequestRejected("OANDA: this account is not open to the API", status=403)
    return None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _base(account: BrokerAccount) -> str:
    return f"/v3/accounts/{account.account_id}"


def _summary_request(account: BrokerAccount) -> Request:
    return Request(f"{_base(account)}/summary")


def _positions_request(account: BrokerAccount) -> Request:
    return Request(f"{_base(account)}/openPositions")


def _window(account: BrokerAccount, window: Window) -> Request:
    """Ask for the pages of a window; both ends belong to it."""
    bounds = {"from": iso(window.since), "to": iso(window.until), "pageSize": str(_PAGE_SIZE)}
    return Request(f"{_base(account)}/transactions", bounds)


def _since(account: BrokerAccount, mark: str) -> Request:
    return Request(f"{_base(account)}/transactions/sinceid", {"id": mark})


def reached_id(body: Any, mark: str) -> tuple[str, bool]:
    """Tell the newest id of an answer of `sinceid`, and whether newer ones are left.

    Raises: ContractBroken when rows are not newer than was asked for, or when newer ones exist and
    none was given.
    """
    rows, last = rows_of(body), body.get("lastTransactionID")
    ids = [int(name) for raw in rows if (name := mark_of(raw))]
    if min(ids, default=int(mark) + 1) <= int(mark):
        raise ContractBroken(f"OANDA's transactions: {min(ids)} is not newer than {mark}")
    if not _is_id(last) or (int(last) > int(mark) and not rows):
        raise ContractBroken(
            f"OANDA's transactions: none newer than {mark}, and the last is {last}"
        )
    reached = max(ids, default=int(mark))
    return str(reached), bool(ids) and reached < int(last)  # spoiled rows alone lead no further


SPEC = BrokerSpec(
    name="oanda",
    title="OANDA",
    hosts={
        "live": "https://api-fxtrade.oanda.com",
        "practice": "https://api-fxpractice.oanda.com",
    },
    auth={"api_key": bearer("token")},  # has no expiry and no refresh: a 401 means a new token
    accounts=AccountsEndpoint(
        _ACCOUNTS, read_accounts, AccountDetail(_summary_request, read_summary)
    ),
    history=(
        HistoryEndpoint(
            name="transactions",
            walk=since_mark(
                _since,
                rows=rows_of,
                booked_at=booked_at,
                reached=reached_id,
                otherwise=in_spans(
                    _LONGEST,
                    by_plan(
                        _window,
                        pages=page_requests,
                        rows=rows_of,
                        booked_at=booked_at,
                        mark_of=mark_of,
                    ),
                ),
            ),
            parse=parse_transaction,
            booked_on=booked_on,
            rows=rows_of,
            account_field="accountID",
        ),
    ),
    holdings=HoldingsEndpoint(
        lambda account: (_summary_request(account), _positions_request(account)), read_holdings
    ),
    overlap=timedelta(days=3),  # of windows only; a walk by id leaves nothing behind
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    schedule=Schedule(hours=CURRENCIES),
    limit=RateLimit(requests=100, window=timedelta(seconds=1), scope=Scope.ADDRESS),
    gives=Gives(
        fills="each fill, in legs where guaranteed stops make their prices differ",
        fees="in the fill",
        events="realized P&L in the account's currency, financing, dividend adjustments, cash",
        positions="quantities (longs and shorts netted) and cash, at once",
        corrections="nothing is ever changed; a correction is a new row",
        streaming="stream of transactions",
    ),
    errors=refused_account,
    headers={"Accept-Datetime-Format": "RFC3339"},
    stream=STREAM,
)
