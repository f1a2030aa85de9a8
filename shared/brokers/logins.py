"""How a login is shown to a broker, begun and renewed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.asking import Credentials, Request, Sign


@dataclass(frozen=True, slots=True)
class LogIn:
    """How a session is begun; it is asked for once in `every` at most, whatever comes of it."""

    request: Callable[[Credentials], Request]
    every: timedelta


@dataclass(frozen=True, slots=True)
class Renewal:
    """How a login that runs out is renewed.

    Shape: `request` logs in or refreshes, None where there is nothing to renew; `anew` begins a
    session then, and where the renewal is refused; `read` gives what is kept from the answer (at
    least "expires_at", an ISO instant; names as in the credentials, which it adds to or replaces),
    given when it was asked for. `hosts` where logins have hosts of their own. `rotates`: the token
    that renews is used up by its use; False too where that depends on the login, which is then
    known from the first answer that replaces the token. `margin`: renewed when less is left.
    Units: `refresh_life` how long the user's consent lasts, None where it has no end;
    `rotating_life` the same for a login that has proved to rotate.
    """

    request: Callable[[Credentials], Request | None]
    read: Callable[[Any, datetime], dict[str, str]]
    margin: timedelta
    hosts: Mapping[str, str] | None = None
    rotates: bool = False
    refresh_life: timedelta | None = None
    rotating_life: timedelta | None = None
    anew: LogIn | None = None


@dataclass(frozen=True, slots=True)
class AuthScheme:
    """How a login is shown to the broker.

    Shape: `fields` names the credentials that the user gives, `optional` those that he may leave
    out; `headers` turns them, and what the renewal has added, into headers; `sign` shows them in
    each request instead, or as well, as the last thing that is done to it (a refusal that it raises
    is met before anything is sent); `counts` tells that signatures take nonces.
    """

    fields: tuple[str, ...]
    headers: Callable[[Credentials], dict[str, str]]
    renewal: Renewal | None = None
    sign: Sign | None = None
    counts: bool = False
    optional: tuple[str, ...] = ()
