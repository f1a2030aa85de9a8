"""Logins of the simulated Tradovate: two sessions a user, tokens, penalties, an hour of silence."""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.brokers.tradovate.books import stamp
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, bearer, form

_MOST_SESSIONS = 2
_SILENCE = timedelta(hours=1)
DENIED = Answer(401, b"Access is denied", {"content-type": "text/plain"})
SILENT = Answer(429, b"", {"content-length": "0"})


@dataclass
class User:
    """Someone who may log in; `captcha` asks for what no machine can give."""

    name: str
    password: str
    cid: int
    secret: str
    captcha: bool = False
    sessions: deque[int] = field(default_factory=deque)
    asked: deque[datetime] = field(default_factory=deque)
    silent_until: datetime | None = None


@dataclass
class _Token:
    user: User
    session: int
    expires_at: datetime


@dataclass
class Sessions:
    """Who is logged in.

    Units: `life` of a token; `requests_a_minute` of a user, over which an hour of 429 begins.
    """

    life: timedelta = timedelta(minutes=80)
    requests_a_minute: int = 5000
    hosts: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _issued: int = 0

    def log_in(self, call: Call, now: datetime) -> Answer:
        """Open a session; a third one closes the oldest. A refusal comes with HTTP 200."""
        given = _body(call)
        user = self.users.get(str(given.get("name")))
        shown = (str(given.get(name)) for name in ("password", "cid", "sec"))
        if user is None or tuple(shown) != (user.password, str(user.cid), user.secret):
            return answer({"errorText": "Incorrect username or password. Please try again."})
        if user.captcha:
            return answer({"p-ticket": "pt-7c1f", "p-time": 3600, "p-captcha": True})
        self._issued += 1
        user.sessions.append(self._issued)
        while len(user.sessions) > _MOST_SESSIONS:
            user.sessions.popleft()
        return self._grant(user, user.sessions[-1], now)

    def renew(self, call: Call, now: datetime) -> Answer:
        """Give a new token for the same session."""
        user = self.user_of(call, now)
        return self._grant(user, self._tokens[bearer(call)].session, now)

    def user_of(self, call: Call, now: datetime) -> User:
        """Tell who asks.

        Raises: Refused.
        """
        token = self._tokens.get(bearer(call))
        if token is None or token.expires_at <= now:
            raise Refused(DENIED)
        if token.session not in token.user.sessions:
            raise Refused(DENIED)
        return token.user

    def count(self, user: User, now: datetime) -> None:
        """Count a question; too many of them bring an hour without answers.

        Raises: Refused.
        """
        if user.silent_until is not None and now < user.silent_until:
            raise Refused(SILENT)
        while user.asked and now - user.asked[0] >= timedelta(minutes=1):
            user.asked.popleft()
        user.asked.append(now)
        if len(user.asked) > self.requests_a_minute:
            user.silent_until = now + _SILENCE
            raise Refused(SILENT)

    def end_all(self) -> None:
        """End every session, as the user's own platforms would."""
        for user in self.users.values():
            user.sessions.clear()

    def _grant(self, user: User, session: int, now: datetime) -> Answer:
        self._issued += 1
        expires_at = now + self.life
        self._tokens[f"tok_{self._issued}"] = _Token(user, session, expires_at)
        return answer(
            {
                "accessToken": f"tok_{self._issued}",
                "mdAccessToken": f"md_{self._issued}",
                "expirationTime": stamp(expires_at),
                "userId": 15_001,
                "name": user.name,
                "userStatus": "Active",
                "hasLive": True,
                "apiHosts": self.hosts,
            }
        )


def _body(call: Call) -> dict[str, Any]:
    """Read JSON or a form, as the real one does."""
    if "json" not in call.headers.get("content-type", ""):
        return dict(form(call))
    try:
        found = json.loads(call.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
