"""Logins at the simulated tastytrade: clients, grants, and access tokens of 15 minutes.

A refresh token has no end and is not replaced; a grant ends when the user revokes it. The token
endpoint words its errors in a way of its own. Source: recorded answers in tests of public clients.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, bearer, form

ACCESS_S = 900


@dataclass
class Client:
    """An OAuth application of a user, in one environment."""

    client_id: str
    secret: str
    environment: str
    redirect_uri: str = "http://localhost:8080/v1/oauth/callback"


@dataclass
class Grant:
    """One consent of the user for one client."""

    client: Client
    refresh_token: str
    scope: str = "read"
    revoked: bool = False
    access: dict[str, datetime] = field(default_factory=dict)  # token -> its end


def token_refused(description: str, code: str = "invalid_grant", status: int = 400) -> Refused:
    """Refuse as the token endpoint does."""
    body = {"error_code": code, "error_description": description}
    return Refused(answer(body, status))


@dataclass
class Grants:
    """All clients and grants."""

    clients: dict[str, Client] = field(default_factory=dict)
    _grants: list[Grant] = field(default_factory=list)
    _codes: dict[str, Grant] = field(default_factory=dict)
    _made: int = 0

    def grant(self, client: Client, scope: str = "read") -> Grant:
        """Let the user consent."""
        made = Grant(client, self._name("refresh"), scope)
        self._grants.append(made)
        return made

    def of_bearer(self, call: Call, now: datetime) -> Grant | None:
        """Find whose access token a call shows."""
        token = bearer(call)
        for grant in self._grants:
            if token in grant.access and now < grant.access[token] and not grant.revoked:
                return grant
        return None

    def authorize(self, query: Mapping[str, str]) -> Answer:
        """Consent at once and send the browser back with a code."""
        client = self.clients.get(query.get("client_id", ""))
        target = query.get("redirect_uri")
        if client is None or query.get("response_type") != "code" or target != client.redirect_uri:
            raise token_refused("client_id, response_type or redirect_uri", "invalid_request")
        code = self._name("code")
        self._codes[code] = self.grant(client, query.get("scope", ""))
        back = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(302, b"", {"location": f"{target}?{back}"})

    def token(self, call: Call, environments: tuple[str, ...], now: datetime) -> Answer:
        """Answer POST /oauth/token; a form and JSON are both understood.

        Raises: Refused.
        """
        fields = _fields(call)
        match fields.get("grant_type"):
            case "refresh_token":
                grant = self._by_refresh_token(fields.get("refresh_token", ""))
            case "authorization_code":
                grant = self._codes.pop(fields.get("code", ""), None)
                if grant and fields.get("client_id") != grant.client.client_id:
                    raise token_refused("Client id mismatch")
            case _:
                raise token_refused("Unknown grant type", "unsupported_grant_type")
        if grant is None or grant.revoked or grant.client.environment not in environments:
            raise token_refused("Grant revoked")
        if fields.get("client_secret") != grant.client.secret:
            raise token_refused("Client secret mismatch")
        token = self._name("access")
        grant.access[token] = now + timedelta(seconds=ACCESS_S)
        return answer(
            {
                "access_token": token,
                "refresh_token": grant.refresh_token,
                "token_type": "Bearer",
                "expires_in": ACCESS_S,
                "id_token": "simulated",
            }
        )

    def _by_refresh_token(self, token: str) -> Grant | None:
        return next((g for g in self._grants if g.refresh_token == token), None)

    def _name(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self._made:04d}"


def _fields(call: Call) -> dict[str, Any]:
    if "json" not in call.headers.get("content-type", ""):
        return form(call)
    try:
        body = json.loads(call.body)
    except ValueError:
        raise token_refused("Malformed body", "invalid_request") from None
    return body if isinstance(body, dict) else {}
