"""Logins of a broker that has few sessions to give: renewed for days, begun anew seldom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.wire import Answer, Call, answer
from shared.brokers.spec import AuthScheme, Credentials, LogIn, Renewal, Request
from shared.domain.errors import RateLimited, UpstreamUnavailable
from shared.domain.sync.connection import Connection
from shared.domain.time import iso
from shared.journal.connect.lifecycle import Lifecycle
from tests.brokers.desk import ACCOUNT, USER, Desk

LIFE, EVERY = timedelta(minutes=80), timedelta(minutes=15)
LOGIN = {"name": "trader", "password": "p-1"}


@dataclass
class Sessions:
    """A broker with sessions, on hosts that it tells at login, before Alpaca's accounts."""

    desk: Desk
    tokens: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # host, path

    def handle(self, call: Call) -> Answer:
        self.asked.append((call.host, call.path))
        if call.path not in ("/login", "/renew"):
            return self.desk.world.handle(call)
        return self.desk.world.faults.apply(call, self._answer(call))

    def _answer(self, call: Call) -> Answer:
        if call.path == "/login" and json.loads(call.body) != LOGIN:
            return answer({}, 401)
        if call.path == "/renew" and call.headers["authorization"] not in self.tokens:
            return answer({}, 401)
        self.tokens.append(f"t-{len(self.tokens)}")
        return answer({"token": self.tokens[-1], "host": "https://moved.test"})

    def count(self, path: str) -> int:
        return sum(asked == path for _, asked in self.asked)


def _renew(credentials: Credentials) -> Request | None:
    token = credentials.get("token")
    return Request("/renew", headers={"Authorization": token}) if token else None


def _log_in(credentials: Credentials) -> Request:
    return Request("/login", json={name: credentials[name] for name in LOGIN})


def _kept(body: Any, asked_at: datetime) -> dict[str, str]:
    return {"token": body["token"], "host": body["host"], "expires_at": iso(asked_at + LIFE)}


def _home(credentials: Mapping[str, str], environment: str) -> str:
    assert environment == "paper"
    return credentials.get("host", "")


@pytest.fixture
def desk() -> Desk:
    renewal = Renewal(_renew, _kept, timedelta(minutes=65), anew=LogIn(_log_in, EVERY))
    scheme = AuthScheme(tuple(LOGIN), lambda _: {"Authorization": "Bearer t"}, renewal)
    desk = Desk(auth="oauth", credentials=LOGIN)
    desk.spec = replace(desk.spec, auth={"oauth": scheme}, home=_home)
    desk.world.add_account(account_id=ACCOUNT, number="PA1", oauth_token="t")
    return desk


@pytest.fixture
def broker(desk: Desk) -> Sessions:
    sessions = Sessions(desk)
    desk.handle = sessions.handle
    return sessions


@pytest.fixture
async def connection(desk: Desk, broker: Sessions) -> Connection:
    assert broker.tokens == []
    return await desk.connect()


async def test_one_login_is_renewed_for_as_long_as_it_is_asked_every_hour(
    desk: Desk, connection: Connection, broker: Sessions
) -> None:
    for _ in range(30):
        assert (await desk.sync(connection)).outcome == "complete"
        desk.clock.advance(timedelta(hours=1))
    assert (broker.count("/login"), broker.count("/renew")) == (1, 29)


async def test_a_session_that_ended_is_begun_anew(
    desk: Desk, connection: Connection, broker: Sessions
) -> None:
    await desk.sync(connection)
    broker.tokens.clear()
    desk.clock.advance(timedelta(hours=3))
    assert (await desk.sync(connection)).outcome == "complete"
    assert broker.count("/login") == 2


async def test_sessions_are_begun_once_in_a_quarter_of_an_hour(
    desk: Desk, connection: Connection, broker: Sessions
) -> None:
    desk.world.faults.plan(faults.status(500), path="/login", times=9)
    with pytest.raises(UpstreamUnavailable):
        await desk.sync(connection)
    for _ in range(2):
        with pytest.raises(RateLimited) as told:
            await desk.syncing().test(USER, connection.connection_id)
        assert told.value.retry_after_s == EVERY.total_seconds()
    assert broker.count("/login") == 1


async def test_a_user_who_signs_in_again_need_not_wait(
    desk: Desk, connection: Connection, broker: Sessions
) -> None:
    desk.world.faults.plan(faults.status(401), path="/login")
    assert (await desk.sync(connection)).outcome == "needs_reauth"
    desk.clock.advance(timedelta(minutes=1))
    await Lifecycle(desk.connections).sign_in(USER, connection.connection_id, desk.spec, LOGIN)
    assert (await desk.sync(connection)).outcome == "complete"
    assert broker.count("/login") == 2


async def test_the_host_that_the_login_told_is_asked_from_then_on(
    desk: Desk, connection: Connection, broker: Sessions
) -> None:
    await desk.sync(connection)
    hosts = {path: host for host, path in broker.asked}
    assert (hosts.pop("/login") != "moved.test", set(hosts.values())) == (True, {"moved.test"})
    desk.clock.advance(timedelta(minutes=70))
    await desk.sync(connection)
    assert ("moved.test", "/renew") in broker.asked
