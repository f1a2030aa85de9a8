"""The Flex Web Service: two questions for a report, the login in their query, and its error codes.

A report is asked for by SendRequest and fetched by GetStatement, at the same host whatever the
answer's <Url> says: the token travels along. A request that failed is not repeated within the hour,
because failed ones add up to a lock-out (1025, in no documentation) that asking again prolongs.
Source: ibkrguides.com "Flex Web Service Version 3"; IBKR Campus "Flex Web Service"; the error table
as public clients quote it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shared.brokers.spec import Again, Credentials, Moment, Reply, Request
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
)
from shared.domain.time import NEW_YORK

_SERVICE = "/AccountManagement/FlexWebService"
SEND, GET = f"{_SERVICE}/SendRequest", f"{_SERVICE}/GetStatement"
RECENT_DAYS = 14  # the overlap, a long weekend, and a report that is late
_DAY = timedelta(days=1)
_FORM = "%Y%m%d"
_POLL_S, _THROTTLED_S = 5.0, 15.0
_PATIENCE = 5  # times that a token is throttled in one message
_HOUR_S, _LOCKED_S = 3600.0, 12 * 3600.0
_NUMBER = re.compile(r"[0-9]{1,40}")
_REFERENCE = re.compile(r"[0-9A-Za-z_-]{1,80}")

_BUSY = frozenset(("1001", "1004", "1005", "1006", "1007", "1008", "1009", "1021"))
_NOT_OUT = frozenset(("1003", "1020"))  # 1020 also while a query that was just saved is not known
_REFUSED = {
    "1010": "it is a legacy Flex query: save it anew as an activity query",
    "1011": "the Flex Web Service is not active: activate it in the Client Portal",
    "1012": "the token has expired: a new token is needed",
    "1013": "the token is bound to another IP address: make one without that restriction",
    "1014": "the query is not valid: look up its id again",
    "1015": "the token is not valid: a new token is needed",
    "1016": "the account is not valid for this token",
}


class NoReport(RateLimited):
    """There is no report for these days yet."""


class NotAsked(RequestRejected):
    """The user has named no query for this."""


def activity(first: date, last: date) -> Request:
    """Ask for the activity of some days, the first and the last included; 365 at most."""
    return _report("activity", fd=first.strftime(_FORM), td=last.strftime(_FORM))


def recent_activity() -> Request:
    """Ask for the last days that a statement is out of; which those are is told when it is sent."""
    return _report("activity", days=str(RECENT_DAYS))


def confirmations(first: date, last: date) -> Request:
    """Ask for what no statement has yet; the service mostly has today alone."""
    return _report("confirmations", fd=first.strftime(_FORM), td=last.strftime(_FORM))


def _report(kind: str, **days: str) -> Request:
    return Request(SEND, {"report": kind, **days}, shared=True)


def show_login(request: Request, credentials: Credentials, moment: Moment) -> Request:
    """Put the token, the query's id and the days into the query.

    Raises: AuthRejected before anything is sent for a token or an id that can be none, since such
    attempts add up to a lock-out; NotAsked.
    """
    params = {"t": _digits(credentials, "token"), "v": "3"}
    if request.path == GET:
        return replace(request, params={**params, "q": request.params["reference"]})
    kind = request.params["report"]
    if kind == "confirmations":
        if not credentials.get("confirmations_query_id"):
            raise NotAsked("no query for trade confirmations is named")
        query = _digits(credentials, "confirmations_query_id")
    else:
        query = _digits(credentials, "query_id")
    days = _days(request.params, moment)
    return replace(request, params={**params, "q": query, **days})


def _digits(credentials: Credentials, field: str) -> str:
    text = credentials[field].strip()
    if _NUMBER.fullmatch(text) is None:
        raise AuthRejected(f"Interactive Brokers: {field} must consist of digits; copy it again")
    return text


def _days(params: Mapping[str, str], moment: Moment) -> dict[str, str]:
    """Tell the days; always both ends, since without them the saved period is not kept to."""
    if "days" in params:
        today = moment.now.astimezone(NEW_YORK).date()
        first, last = today - int(params["days"]) * _DAY, weekday_before(today)
        days = {"fd": first.strftime(_FORM), "td": last.strftime(_FORM)}
    else:
        days = {name: params[name] for name in ("fd", "td")}
    if "earlier" in params:
        before = weekday_before(date.fromisoformat(days["td"])).strftime(_FORM)
        days["td"] = max(days["fd"], before)
    return days


def weekday_before(day: date) -> date:
    """Go back to the weekday before a day: the last one whose statement may be out."""
    day -= _DAY
    return day - max(0, day.weekday() - 4) * _DAY


def meaning(reply: Reply) -> DaybiasError | Again | None:
    """Tell what an answer of either step means; a report means itself."""
    answer = reply.body.get("answer") if isinstance(reply.body, dict) else None
    if answer is None:
        return None
    if answer.get("status") == "Success":
        return _statement_of(reply, answer)
    code = answer.get("errorcode", "")
    return _of_the_token(reply, code) or (
        _waiting(reply, code) if reply.request.path == GET else _unsent(reply.request, code)
    )


def _of_the_token(reply: Reply, code: str) -> DaybiasError | Again | None:
    """Tell what concerns the token, at either step."""
    if code == "1025":
        return RateLimited(
            "Interactive Brokers locked Flex requests out after failed attempts (1025); nothing is "
            "configured wrongly, and asking earlier would prolong it",
            retry_after_s=_LOCKED_S,
        )
    if code == "1018" and reply.repeats < _PATIENCE:
        return Again(reply.request, _THROTTLED_S)
    if code == "1018":
        return _later(code, "too many requests with this token")
    if code in _REFUSED:
        which = reply.request.params.get("report", "report")
        return AuthRejected(f"Interactive Brokers: {which}: {_REFUSED[code]} ({code})")
    return None


def _statement_of(reply: Reply, answer: Mapping[str, Any]) -> Again | ContractBroken:
    reference = answer.get("referencecode", "")
    if reply.request.path != SEND or _REFERENCE.fullmatch(reference) is None:
        return ContractBroken("Interactive Brokers: the answer promises a report without reference")
    return Again(Request(GET, {"reference": reference}))


def _waiting(reply: Reply, code: str) -> DaybiasError | Again:
    if code == "1019" or code in _BUSY:
        return Again(reply.request, _POLL_S)
    if code in _NOT_OUT:
        return _no_report(code)
    return ContractBroken(f"Interactive Brokers does not give the report that it promised ({code})")


def _unsent(request: Request, code: str) -> DaybiasError | Again:
    if code in _NOT_OUT:
        if request.params["report"] == "activity" and "earlier" not in request.params:
            return Again(replace(request, params={**request.params, "earlier": "1"}))
        return _no_report(code)
    if code in _BUSY or code == "1019":
        return _later(code, "no report can be made now")
    return ContractBroken(f"Interactive Brokers refuses the report with {code or 'no code'}")


def _no_report(code: str) -> NoReport:
    text = f"Interactive Brokers has no report for these days yet ({code}); if that stays, look up"
    return NoReport(f"{text} the query's id", retry_after_s=_HOUR_S)


def _later(code: str, what: str) -> RateLimited:
    return RateLimited(f"Interactive Brokers: {what} ({code})", retry_after_s=_HOUR_S)
