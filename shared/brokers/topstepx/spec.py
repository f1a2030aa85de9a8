"""TopstepX (ProjectX Gateway API) as a value: host, login, and how its trades are asked for.

Every call is a POST with a JSON body, and most refusals come with HTTP 200 and a code whose meaning
depends on the endpoint. There are no pages, no order and no cursor. Whether a window's ends belong
to it, and whether long answers are cut, is unverified: windows are asked for a little wider, and
long answers again in halves. A voided trade only changes its flag: the overlap finds it.
Source: https://gateway.docs.projectx.com pages "Authenticate (with API key)", "Rate Limits",
"Search for Account", "Search for Trades", "Search for Positions" (read 2026-11).
"""

from datetime import timedelta

from shared.brokers.engine.auth import session_login
from shared.brokers.engine.paging import by_halves, in_spans
from shared.brokers.gives import Gives
from shared.brokers.spec import (
    AccountsEndpoint,
    BrokerAccount,
    BrokerSpec,
    Credentials,
    HistoryEndpoint,
    HoldingsEndpoint,
    RateLimit,
    Reply,
    Request,
    Window,
)
from shared.brokers.topstepx.rows import (
    booked_on,
    parse_trade,
    read_accounts,
    read_holdings,
    rows_of,
)
from shared.domain.errors import AuthRejected, DaybiasError, RequestRejected, UpstreamUnavailable
from shared.domain.sync.schedule import FUTURES, Schedule
from shared.domain.time import NEW_YORK, iso

_LOGIN = "/api/Auth/loginKey"
_TOKEN_LIFE = timedelta(hours=24)  # then the key logs in again; older tokens stay good
_SPAN = timedelta(days=7)
_SUSPICIOUS = 1000  # rows of an answer that may have been cut (unverified)
_MARGIN = timedelta(seconds=1)  # whether a window's ends belong to it is unverified
# Blown and passed accounts are no longer active; their trades still belong to the journal.
_ACCOUNTS = Request("/api/Account/search", json={"onlyActiveAccounts": False})

_WRONG_KEY = "the user name (the login's, not the e-mail) or the API key is wrong"
_REFUSED_LOGINS = {
    **dict.fromkeys((1, 2, 3), _WRONG_KEY),
    6: "this device is not accepted",
    7: "agreements wait to be signed: sign them on TopstepX, then connect again",
    9: "the API subscription, a paid add-on, is missing: order it, then connect again",
    10: "logging in by key is switched off for this user",
}
_UNKNOWN_ERROR = 8
_NOT_FOUND = 1  # of every search that names an account


def error_of(reply: Reply) -> DaybiasError | None:
    """Tell a refusal that came with HTTP 200; its code means one thing at login, another later."""
    body = reply.body
    if reply.status != 200 or not isinstance(body, dict) or body.get("success") is not False:
        return None
    code = body.get("errorCode")
    code = code if type(code) is int else None
    if reply.request.path == _LOGIN:
        return _refused_login(code)
    if code == _NOT_FOUND:
        return RequestRejected("TopstepX does not know this account any more", status=200)
    return RequestRejected(f"TopstepX: {reply.request.path} was refused, code {code}", status=200)


def _refused_login(code: int | None) -> DaybiasError:
    if code == _UNKNOWN_ERROR:
        return UpstreamUnavailable("TopstepX: the login met an error that has no name")
    if code in _REFUSED_LOGINS:
        return AuthRejected(f"TopstepX: {_REFUSED_LOGINS[code]}")
    return RequestRejected(f"TopstepX: the login was refused, code {code}", status=200)


def _log_in(credentials: Credentials) -> Request:
    named = {"userName": credentials["user_name"], "apiKey": credentials["api_key"]}
    return Request(_LOGIN, json=named)


def _trades(account: BrokerAccount, window: Window) -> Request:
    asked = {
        "accountId": int(account.account_id),
        "startTimestamp": iso(window.since - _MARGIN),
        "endTimestamp": iso(window.until + _MARGIN),
    }
    return Request("/api/Trade/search", json=asked)


def _holdings(account: BrokerAccount) -> tuple[Request, Request]:
    named = {"accountId": int(account.account_id)}
    return _ACCOUNTS, Request("/api/Position/searchOpen", json=named)


SPEC = BrokerSpec(
    name="topstepx",
    title="TopstepX",
    hosts={"live": "https://api.topstepx.com"},  # practice accounts are behind the same login
    auth={
        "api_key": session_login(
            ("user_name", "api_key"),
            _log_in,
            token=lambda body: body.get("token") if isinstance(body, dict) else None,
            life=_TOKEN_LIFE,
        ),
    },
    accounts=AccountsEndpoint(_ACCOUNTS, read_accounts),
    history=(
        HistoryEndpoint(
            name="trades",
            walk=in_spans(_SPAN, by_halves(_trades, rows=rows_of, limit=_SUSPICIOUS)),
            parse=parse_trade,
            booked_on=booked_on,
            rows=rows_of,
            account_field="accountId",
        ),
    ),
    holdings=HoldingsEndpoint(_holdings, read_holdings),
    overlap=timedelta(days=3),
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    schedule=Schedule(hours=FUTURES),
    # of 200, since the user's own tools count too; that they are a login's own is unverified
    limit=RateLimit(190, timedelta(minutes=1)),
    gives=Gives(
        fills="each fill (half of a round turn)",
        fees="in the fill",
        events="nothing: resets, payouts and fees outside trades are not told",
        positions="quantities and balance, at once",
        corrections="a voided fill is told by a flag, and kept as taken back",
        streaming="SignalR websocket of trades",
    ),
    errors=error_of,
    notices=(
        "Topstep is quoted as forbidding API use from remote servers and VPNs.",
        "So let this connection be synchronized by Daybias on your own machine.",
        "The API is a paid add-on; your API key itself is stored, encrypted.",
        "Resets, payouts and fees outside trades are not told by the API.",
        "A closed account may stop answering: what was read before is kept.",
    ),
)
