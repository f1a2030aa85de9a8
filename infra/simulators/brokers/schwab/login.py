"""Logins at the simulated Schwab: apps, consents, codes, and tokens that end by the clock.

An access token lives 30 minutes, a refresh token 7 days from the consent, however often it is used.
Source: schwab-py's and schwabdev's auth docs (read 2026-05); a code's 30 seconds are unverified.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import bearer, form

_CODE_LIVES = timedelta(seconds=30)
_ACCESS_LIVES = timedelta(minutes=30)
_REFRESH_LIVES = timedelta(days=7)
_DEAD = (
    '400 Bad Request: "{"error_description":"Refresh token is invalid, expired or revoked",'
    '"error":"invalid_grant"}"'
)


@dataclass
class App:
    """An application as a user registers it at Schwab's developer portal."""

    key: str
    secret: str
    callback: str


@dataclass
class Consent:
    """One user's login for one app; the accounts that were ticked can be seen with it."""

    app: App
    numbers: tuple[str, ...]
    code: str
    code_until: datetime
    refresh_token: str = ""
    refresh_until: datetime | None = None
    access: dict[str, datetime] = field(default_factory=dict)  # token -> its end


@dataclass
class Logins:
    """All apps and consents.

    Shape: `rotates` makes every refresh hand out a new refresh token that ends when the first would
    have; whether Schwab ever does that is unverified.
    """

    now: Callable[[], datetime]
    rotates: bool = True
    apps: dict[str, App] = field(default_factory=dict)
    _consents: list[Consent] = field(default_factory=list)
    _made: int = 0

    def consent(self, app: App, numbers: tuple[str, ...]) -> Consent:
        """Log in and tick accounts: a code to exchange; the app's older logins end."""
        for earlier in self._consents:
            if earlier.app is app:
                self.revoke(earlier)
        consent = Consent(app, numbers, self._name("C0"), self.now() + _CODE_LIVES)
        self._consents.append(consent)
        return consent

    def log_in(self, app: App, numbers: tuple[str, ...]) -> Consent:
        """Give a consent whose code was exchanged already."""
        consent = self.consent(app, numbers)
        self._start(consent)
        return consent

    def revoke(self, consent: Consent) -> None:
        """End a login at once."""
        consent.refresh_until, consent.code = self.now(), ""
        consent.access.clear()

    def remember(self) -> Callable[[], None]:
        """Give a way back to the tokens of now."""
        before = [
            (consent, replace(consent, access={**consent.access})) for consent in self._consents
        ]

        def undo() -> None:
            for consent, earlier in before:
                vars(consent).update(vars(earlier))

        return undo

    def of_bearer(self, call: Call) -> Consent | None:
        """Find whose access token a call shows."""
        token = bearer(call)
        for consent in self._consents:
            until = consent.access.get(token)
            if until is not None and self.now() < until:
                return consent
        return None

    def authorize(self, query: Mapping[str, str], numbers: tuple[str, ...]) -> Answer:
        """Answer GET /v1/oauth/authorize as after a login that ticked every account."""
        app = self.apps.get(query.get("client_id", ""))
        if app is None or query.get("redirect_uri") != app.callback:
            return answer({"error": "invalid_request", "error_description": "redirect_uri"}, 400)
        found = {"code": self.consent(app, numbers).code, "session": "s-1"}
        if query.get("state"):
            found["state"] = query["state"]
        return Answer(302, b"", {"location": f"{app.callback}?{urlencode(found)}"})

    def token(self, call: Call) -> Answer:
        """Answer POST /v1/oauth/token."""
        asked = form(call)
        app = self.apps.get(_basic(call)[0])
        if call.method != "POST" or app is None or _basic(call)[1] != app.secret:
            return answer({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        match asked.get("grant_type"):
            case "authorization_code":
                return self._exchange(app, asked)
            case "refresh_token":
                return self._refresh(app, asked.get("refresh_token", ""))
            case _:
                return answer({"error": "unsupported_grant_type"}, 400)

    def _exchange(self, app: App, asked: Mapping[str, str]) -> Answer:
        for consent in self._consents:
            known = consent.app is app and consent.code and consent.code == asked.get("code")
            if known and self.now() < consent.code_until:
                if asked.get("redirect_uri") != app.callback:
                    break
                return answer(self._start(consent))
        return answer({"error": "invalid_grant", "error_description": "code"}, 400)

    def _refresh(self, app: App, token: str) -> Answer:
        for consent in self._consents:
            until = consent.refresh_until
            known = consent.app is app and token and consent.refresh_token == token
            if known and until is not None and self.now() < until:
                if self.rotates:
                    consent.refresh_token = self._name("RT")
                return answer(self._tokens(consent))
        return answer({"error": "unsupported_token_type", "error_description": _DEAD}, 400)

    def _start(self, consent: Consent) -> dict[str, Any]:
        consent.code = ""
        consent.refresh_token = self._name("RT")
        consent.refresh_until = self.now() + _REFRESH_LIVES
        return self._tokens(consent)

    def _tokens(self, consent: Consent) -> dict[str, Any]:
        token = self._name("I0")
        consent.access[token] = self.now() + _ACCESS_LIVES
        return {
            "expires_in": int(_ACCESS_LIVES.total_seconds()),
            "token_type": "Bearer",
            "scope": "api",
            "refresh_token": consent.refresh_token,
            "access_token": token,
            "id_token": "eyJsimulated",
        }

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}.SIMULATED-{self._made:04d}@"  # the @ must survive form encoding


def _basic(call: Call) -> tuple[str, str]:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        key, _, secret = b64decode(encoded).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return key, secret
