"""Tradovate as a value: hosts, login, what its answers mean, and how its history is walked.

Refusals mostly come with HTTP 200 and an object, also where a list was asked for. A prop firm's
accounts are behind `demo`, and there may be twenty of them behind one login.
Source: partner.tradovate.com (environments, errors, limits; read 2026-11); tradovate/
example-api-faq (time penalties); what public integrations alone show is marked unverified.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.brokers.gives import Gives
from shared.brokers.spec import (
    AccountsEndpoint,
    Again,
    BrokerSpec,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
    Reply,
)
from shared.brokers.tradovate.fields import read_accounts
from shared.brokers.tradovate.holdings import holdings_requests, look_up, read_holdings
from shared.brokers.tradovate.login import LOGIN, RENEWAL, SCHEME, WHOAMI, home, own_host
from shared.brokers.tradovate.report import FILLS_REPORT
from shared.brokers.tradovate.rows import booked_on, parse_row, read_alone, rows_of
from shared.brokers.tradovate.walk import walk
from shared.brokers.tradovate.watch import ACCOUNTS
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
)
from shared.domain.sync.schedule import FUTURES, Schedule
from shared.domain.time import NEW_YORK

_HOUR_S, _MINUTE_S = 3600, 60
_MOST_HOPS = 3
_LONGEST_PENALTY_S = 600


def error_of(reply: Reply) -> DaybiasError | Again | None:
    """Tell what an answer means where that is not what HTTP says."""
    if reply.status in (307, 308):
        return _moved(reply)
    if reply.status == 429:
        text = "Tradovate: too many questions were asked; none is asked for an hour"
        return RateLimited(text, retry_after_s=_HOUR_S)
    if reply.status == 423:
        text = "Tradovate: this login is locked for a minute, before it would be for an hour"
        return RateLimited(text, retry_after_s=_MINUTE_S)
    if reply.status != 200 or not isinstance(reply.body, dict):
        return None
    return _penalty(reply, reply.body) if "p-ticket" in reply.body else _refusal(reply, reply.body)


def _moved(reply: Reply) -> DaybiasError | Again:
    """Ask at the host that an old one names; our own path and question are kept."""
    host = own_host(reply.headers.get("location", ""))
    if not host:
        return ContractBroken("Tradovate: an answer leads to a host that is not Tradovate's")
    if reply.repeats >= _MOST_HOPS:
        return ContractBroken(f"Tradovate: moved more than {_MOST_HOPS} times")
    return Again(replace(reply.request, host=host))


def _penalty(reply: Reply, body: dict[str, Any]) -> DaybiasError | Again:
    """Wait as long as it says and ask the same with its ticket, in a GET's query (unverified)."""
    if body.get("p-captcha"):
        text = "Tradovate wants a captcha: sign in on its website; it is asked again in an hour"
        return RateLimited(text, retry_after_s=_HOUR_S)
    ticket, wait_s = body["p-ticket"], body.get("p-time")
    if not isinstance(ticket, str) or type(wait_s) is not int:
        return ContractBroken("Tradovate: a time penalty without ticket or time")
    if not 0 <= wait_s <= _LONGEST_PENALTY_S:
        return RateLimited("Tradovate: a long time penalty", retry_after_s=_HOUR_S)
    asked, told = reply.request, {"p-ticket": ticket}
    if asked.json is None:
        return Again(replace(asked, params={**asked.params, **told}), wait_s)
    return Again(replace(asked, json={**asked.json, **told}), wait_s)


def _refusal(reply: Reply, body: dict[str, Any]) -> DaybiasError | None:
    path = reply.request.path
    failed = body.get("failureReason") not in (None, "", "Success")
    if not (body.get("errorText") or body.get("violations") or failed or body.get("ok") is False):
        return None
    if path in (LOGIN, RENEWAL):
        return AuthRejected(
            "Tradovate refuses this login: check user name, API password, cid and secret, and "
            "whether it is for live or demo, then connect again"
        )
    return RequestRejected(f"Tradovate: {path} was refused", status=200)


SPEC = BrokerSpec(
    name="tradovate",
    title="Tradovate",
    hosts={
        "live": "https://live.tradovateapi.com",
        "demo": "https://demo.tradovateapi.com",
    },
    auth={"api_key": SCHEME},
    accounts=AccountsEndpoint(ACCOUNTS, read_accounts),
    history=(
        HistoryEndpoint(
            name="fills",
            walk=walk,
            parse=parse_row,
            booked_on=booked_on,
            rows=rows_of,
            account_field="account",
            resumes=True,  # what was watched stays watched when a message ends early
            alone=read_alone,
        ),
    ),
    holdings=HoldingsEndpoint(holdings_requests, read_holdings, look_up=look_up),
    overlap=timedelta(days=3),  # fees come late
    schedule=Schedule(hours=FUTURES),  # at the end of a session what was not seen is forgotten
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    limit=RateLimit(300, timedelta(minutes=1)),  # of 5000; bursts earn time penalties
    more_limits=(RateLimit(4500, timedelta(hours=1)),),  # of 5000; the user's own tools count too
    gives=Gives(
        fills="each fill of the current session; older ones as far as the ledger names them",
        fees="apart and later than the fill, added up; prop firms often have none",
        events="deposits, withdrawals, fees and adjustments; cash settlement is quarantined",
        positions="quantities, average prices and cash, at once",
        corrections="a trade that is taken back is told by a report, and kept as taken back",
        streaming="WebSocket of fills, orders, positions and balances",
    ),
    errors=error_of,
    notices=(
        "Tradovate tells the fills of its current session only: keep this login connected.",
        "Older fills are found through the account's ledger, as far as that goes back.",
        "Days that nobody can tell any more show as gaps: upload the Fills report for them.",
        "The API key needs to read Orders, Accounting, Positions and the Contract Library.",
        "A login takes one of two sessions; it is kept for days and not begun at each visit.",
        "Accounts of prop firms and evaluations are in the environment demo.",
    ),
    home=home,
    whoami=WHOAMI,
    files=(FILLS_REPORT,),
)
