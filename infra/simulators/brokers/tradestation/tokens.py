"""TradeStation's sign-in host: codes, access tokens of 20 minutes, refresh tokens that may rotate.

Reuse of a rotated token ends its whole sign-in, as at Auth0, which the host runs on (unverified for
TradeStation). Of the two documented lifetimes of a rotating token, 30 and 40 minutes, the shorter.
Source: https://api.tradestation.com/docs/fundamentals/authentication (read 2026-05).
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from infra.simulators.brokers.wire import Answer, answer

ACCESS_S = 1200
_ROTATING_LIFE = timedelta(minutes=30)
_SIGNED_IN_FOR = timedelta(hours=24)
_SCOPE = "openid offline_access ReadAccount"


@dataclass
class ApiKey:
    """A user's API key; `rotating` keys give a new refresh token at each refresh."""

    client_id: str
    client_secret: str
    rotating: bool
    redirect_uri: str = "http://localhost:8080"


@dataclass
class _SignIn:
    key: ApiKey
    at: datetime
    scope: str
    alive: bool = True


@dataclass
class Tokens:
    """Every token ever given, and what it is worth now."""

    _keys: dict[str, ApiKey] = field(default_factory=dict)
    _codes: dict[str, tuple[_SignIn, str]] = field(default_factory=dict)  # code -> PKCE challenge
    _refresh: dict[str, tuple[_SignIn, datetime]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _access: dict[str, tuple[_SignIn, datetime]] = field(default_factory=dict)

    def add_key(self, key: ApiKey) -> ApiKey:
        """Make an API key known."""
        self._keys[key.client_id] = key
        return key

    def sign_in(self, key: ApiKey, now: datetime, scope: str = _SCOPE) -> str:
        """Let the user of a key sign in; return the refresh token."""
        return self._new_refresh(_SignIn(key, now, scope), now)

    def revoke(self, key: ApiKey) -> None:
        """Revoke one token of a key, which revokes all of them."""
        for one, _ in self._refresh.values():
            if one.key is key:
                one.alive = False

    def expire_access(self, now: datetime) -> None:
        """End every access token early."""
        self._access = {token: (sign_in, now) for token, (sign_in, _) in self._access.items()}

    def scope_of(self, token: str, now: datetime) -> str | None:
        """Tell what an access token allows, None when it is worth nothing."""
        found = self._access.get(token)
        return found[0].scope if found and now < found[1] else None

    def authorize(self, query: Mapping[str, str], now: datetime) -> Answer:
        """Consent at once and send the browser back with a code."""
        key = self._keys.get(query.get("client_id", ""))
        target = query.get("redirect_uri")
        if key is None or query.get("response_type") != "code" or target != key.redirect_uri:
            return _refused("invalid_request", "client_id, response_type or redirect_uri", 400)
        code = f"code-{len(self._codes) + 1}"
        sign_in = _SignIn(key, now, query.get("scope", ""))
        self._codes[code] = (sign_in, query.get("code_challenge", ""))
        back = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(302, b"", {"location": f"{target}?{back}"})

    def grant(self, form: Mapping[str, str], now: datetime) -> Answer:
        """Exchange a code or a refresh token."""
        key = self._keys.get(form.get("client_id", ""))
        if key is None:
            return _refused("invalid_client", "Unknown client.", 401)
        match form.get("grant_type"):
            case "authorization_code":
                return self._grant_code(key, form, now)
            case "refresh_token":
                return self._grant_refresh(key, form, now)
            case _:
                return _refused("unsupported_grant_type", "Unsupported grant type.", 400)

    def _grant_code(self, key: ApiKey, form: Mapping[str, str], now: datetime) -> Answer:
        sign_in, challenge = self._codes.pop(form.get("code", ""), (None, ""))
        known = form.get("client_secret") == key.client_secret or (
            challenge and challenge == _challenge(form.get("code_verifier", ""))
        )
        if sign_in is None or sign_in.key is not key or not known:
            return _refused("invalid_grant", "Invalid authorization code.", 403)
        return self._answer(sign_in, now, refresh=self._new_refresh(sign_in, now))

    def _grant_refresh(self, key: ApiKey, form: Mapping[str, str], now: datetime) -> Answer:
        token = form.get("refresh_token", "")
        sign_in, since = self._refresh.get(token, (None, now))
        if form.get("client_secret") != key.client_secret:
            return _refused("access_denied", "Unauthorized", 401)
        if sign_in is not None and token in self._used:
            sign_in.alive = False
        if sign_in is None or sign_in.key is not key or not self._lives(sign_in, since, now):
            return _refused("invalid_grant", "Unknown or invalid refresh token.", 403)
        if not key.rotating:
            return self._answer(sign_in, now, refresh=None)
        self._used.add(token)
        return self._answer(sign_in, now, refresh=self._new_refresh(sign_in, now))

    def _lives(self, sign_in: _SignIn, since: datetime, now: datetime) -> bool:
        if not sign_in.key.rotating:
            return sign_in.alive
        return sign_in.alive and now < min(since + _ROTATING_LIFE, sign_in.at + _SIGNED_IN_FOR)

    def _new_refresh(self, sign_in: _SignIn, now: datetime) -> str:
        token = f"refresh-{len(self._refresh) + 1:04d}"
        self._refresh[token] = (sign_in, now)
        return token

    def _answer(self, sign_in: _SignIn, now: datetime, refresh: str | None) -> Answer:
        access = f"access-{len(self._access) + 1:04d}-{int(now.timestamp())}"
        self._access[access] = (sign_in, now + timedelta(seconds=ACCESS_S))
        body: dict[str, Any] = {
            "access_token": access,
            "id_token": "simulated",
            "token_type": "Bearer",
            "scope": sign_in.scope if refresh else "openid offline_access",
            "expires_in": ACCESS_S,
        }
        return answer(body | ({"refresh_token": refresh} if refresh else {}))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _refused(error: str, description: str, status: int) -> Answer:
    return answer({"error": error, "error_description": description}, status)
