"""Ways of showing and renewing a login: pure functions from credentials to headers and requests."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.spec import AuthScheme, Credentials, Renewal, Request
from shared.domain.errors import ContractBroken
from shared.domain.time import iso

_EARLY = timedelta(minutes=2)  # renewed before it runs out, so that no request meets its end


def key_headers(header_of: Mapping[str, str]) -> AuthScheme:
    """Send each credential field in the header that is named for it."""

    def headers(credentials: Credentials) -> dict[str, str]:
        return {name: credentials[field] for field, name in header_of.items()}

    return AuthScheme(tuple(header_of), headers)


def bearer(field: str) -> AuthScheme:
    """Send one credential field as a bearer token; nothing renews it."""
    return AuthScheme((field,), _bearer_of(field))


def session_login(
    fields: tuple[str, ...],
    login: Callable[[Credentials], Request],
    *,
    token: Callable[[Any], Any],
    life: timedelta,
) -> AuthScheme:
    """Trade the user's own credentials for a session token, and again when it has run out."""

    def read(body: Any, asked_at: datetime) -> dict[str, str]:
        return {"session_token": _text(token(body)), "expires_at": iso(asked_at + life)}

    renewal = Renewal(login, read, _EARLY)
    return AuthScheme(fields, _bearer_of("session_token"), renewal)


def oauth_refresh(  # noqa: PLR0913 - what brokers differ in
    path: str,
    *,
    client: tuple[str, ...] = ("client_id", "client_secret"),
    basic: bool = False,
    hosts: Mapping[str, str] | None = None,
    rotates: bool = False,
    refresh_life: timedelta | None = None,
    rotating_life: timedelta | None = None,
) -> AuthScheme:
    """Trade a refresh token for an access token; a new refresh token replaces the old one.

    Shape: `client` names what shows the application; `basic` puts it into a Basic header instead of
    the form.
    Source: RFC 6749 section 6.
    """

    def request(credentials: Credentials) -> Request:
        form = {"grant_type": "refresh_token", "refresh_token": credentials["refresh_token"]}
        shown = {name: credentials[name] for name in client}
        if not basic:
            return Request(path, form={**form, **shown})
        pair = ":".join(shown.values()).encode()
        return Request(path, form=form, headers={"Authorization": f"Basic {_base64(pair)}"})

    def read(body: Any, asked_at: datetime) -> dict[str, str]:
        found = body if isinstance(body, dict) else {}
        life = found.get("expires_in")
        if type(life) is not int or life <= 0:
            raise ContractBroken("the token's answer does not say how long the token lives")
        kept = {
            "access_token": _text(found.get("access_token")),
            "expires_at": iso(asked_at + timedelta(seconds=life)),
        }
        if found.get("refresh_token") is not None:
            kept["refresh_token"] = _text(found["refresh_token"])
        return kept

    renewal = Renewal(request, read, _EARLY, hosts, rotates, refresh_life, rotating_life)
    return AuthScheme((*client, "refresh_token"), _bearer_of("access_token"), renewal)


def _bearer_of(field: str) -> Callable[[Credentials], dict[str, str]]:
    return lambda credentials: {"Authorization": f"Bearer {credentials[field]}"}


def _base64(plain: bytes) -> str:
    return b64encode(plain).decode()


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ContractBroken("the login's answer has no token")
    return value
