"""What Binance's refusals mean: a code in the body says more than the status.

Source: binance/binance-spot-api-docs errors.md and rest-api.md "LIMITS" (snapshot 2026-07-21).
"""

from shared.brokers.spec import Again, Reply
from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)

_CLOCK, _GONE = -1021, -1121
_BUSY = frozenset((-1001, -1007, -1008))
_REFUSED = {
    -1002: "this key may not read the account",
    -1022: "the signature is not valid: the secret does not belong to the API key",
    -2008: "there is no such API key in this environment",
    -2014: "the API key is not of Binance's form",
    -2015: (
        "the key, the IP address or the permission is refused, and Binance does not say which: "
        "see that the key still exists in this environment, that this machine's IP address is on "
        "its list, and that it may read"
    ),
}
_SHORTEST_BAN_S = 120.0  # "from 2 minutes to 3 days"
_WALL_S = 300.0  # the firewall says no time


class SymbolGone(RequestRejected):
    """The exchange does not know a symbol any more."""


def error_of(reply: Reply) -> DaybiasError | Again | None:
    """Tell what a refusal means; None where HTTP's own meaning holds."""
    if 200 <= reply.status < 300:
        return None
    if banned := _banned(reply):
        return banned
    told = reply.body.get("code") if isinstance(reply.body, dict) else None
    code = told if type(told) is int else 0
    if code in _REFUSED:
        return AuthRejected(f"Binance: {_REFUSED[code]}")
    if code == _CLOCK and not reply.repeats:
        return Again(reply.request, resync=True)
    return _passing(code, reply.status)


def _passing(code: int, status: int) -> DaybiasError | None:
    if code == _CLOCK:
        return UpstreamUnavailable("Binance: its clock and ours differ, also after it was read")
    if code == _GONE:
        return SymbolGone("Binance does not know this symbol any more", status=status)
    return UpstreamUnavailable("Binance is too busy to answer") if code in _BUSY else None


def _banned(reply: Reply) -> DaybiasError | None:
    if reply.status == 418:
        told = reply.headers.get("retry-after", "")
        wait_s = float(told) if told.isdecimal() else _SHORTEST_BAN_S
        return RateLimited("Binance has banned this IP address for a while", retry_after_s=wait_s)
    if reply.status == 403:
        return RateLimited("Binance's firewall turned us away", retry_after_s=_WALL_S)
    if reply.status == 451:
        return RequestRejected(
            "Binance does not serve the place that this machine is in; let the connection be "
            "synchronized by Daybias on your own machine",
            status=451,
        )
    return None
