"""Showing a login to Tradovate: one session, renewed for days, on the hosts that it tells.

A login opens a session, of which a user has two: a third closes the oldest, which may be the
trader's own platform. So a login is begun once, renewed while its token lives, and begun anew at
most once in a quarter of an hour.
Source: partner.tradovate.com (authentication, sessions; two pages differ on the token's life, so
only `expirationTime` counts); hosts by organisation since 2026-10-03 from two public integrations.
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from shared.brokers.spec import AuthScheme, Credentials, LogIn, Renewal, Request
from shared.domain.errors import ContractBroken
from shared.domain.time import iso, parse_instant

LOGIN, RENEWAL = "/v1/auth/accesstokenrequest", "/v1/auth/renewaccesstoken"
WHOAMI = Request("/v1/auth/me")
_DOMAIN = ".tradovateapi.com"
_ENVIRONMENTS = ("live", "demo")
# A token lives 80 minutes or more, and while markets are closed it is shown once an hour.
_MARGIN = timedelta(minutes=65)
_LOGIN_EVERY = timedelta(minutes=15)


def _log_in(credentials: Credentials) -> Request:
    name, cid = credentials["user_name"], credentials["cid"].strip()
    body = {
        "name": name,
        "password": credentials["password"],
        "appId": "Daybias",
        "appVersion": "1.0",
        "deviceId": str(uuid5(NAMESPACE_URL, f"daybias:{name}:{cid}")),  # the same at every login
        "cid": int(cid) if cid.isascii() and cid.isdecimal() else cid,
        "sec": credentials["secret"],
    }
    return Request(LOGIN, json=body)


def _renew(credentials: Credentials) -> Request | None:
    token = credentials.get("access_token")
    return Request(RENEWAL, headers={"Authorization": f"Bearer {token}"}) if token else None


def _read(body: Any, _: datetime) -> dict[str, str]:
    """Keep the token, its end, and where this login's environments are."""
    found = body if isinstance(body, dict) else {}
    token, ends = found.get("accessToken"), found.get("expirationTime")
    if not isinstance(token, str) or not token:
        raise ContractBroken("Tradovate: the login's answer has no token")
    try:
        ends_at = parse_instant(str(ends))
    except ValueError as error:
        raise ContractBroken("Tradovate: the login's answer does not say when it ends") from error
    told = found.get("apiHosts")
    hosts = told if isinstance(told, dict) else {}
    kept = {f"{name}_host": own_host(f"https://{hosts.get(name)}") for name in _ENVIRONMENTS}
    return {"access_token": token, "expires_at": iso(ends_at), **kept}


def home(credentials: Credentials, environment: str) -> str:
    """Give the host that the login told for an environment, "" where it told none."""
    return credentials.get(f"{environment}_host", "")


def own_host(address: str) -> str:
    """Give the base URL of an address that is Tradovate's, "" for others: a token goes there."""
    try:
        parts = urlsplit(address)
        is_plain = parts.port in (None, 443) and parts.username is None
    except ValueError:
        return ""
    host = parts.hostname or ""
    is_own = parts.scheme == "https" and is_plain and host.endswith(_DOMAIN)
    return f"https://{host}" if is_own else ""


SCHEME = AuthScheme(
    fields=("user_name", "password", "cid", "secret"),
    headers=lambda credentials: {"Authorization": f"Bearer {credentials['access_token']}"},
    renewal=Renewal(_renew, _read, _MARGIN, anew=LogIn(_log_in, _LOGIN_EVERY)),
)
