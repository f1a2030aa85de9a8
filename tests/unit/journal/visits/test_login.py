"""Logins that are renewed by a token which its use uses up."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call, answer
from shared.brokers.engine.auth import oauth_refresh
from shared.brokers.spec import RateLimit
from shared.domain.errors import BudgetSpent, LeaseHeld, UpstreamUnavailable
from shared.domain.sync.connection import Connection
from shared.journal.connect.lifecycle import Lifecycle
from shared.lease import Held, Leases
from tests.brokers.desk import ACCOUNT, USER, Desk, request

PATH = "/oauth/token"
LOGIN = {"client_id": "app", "client_secret": "hush", "refresh_token": "r-0"}
NEWER = {**LOGIN, "refresh_token": "of-the-user"}
WEEK = timedelta(days=7)


@dataclass
class Rotating:
    """A broker whose refresh tokens work once, if its keys rotate, before Alpaca's accounts."""

    desk: Desk
    token: str = "r-0"
    rotates: bool = True
    shown: list[str] = field(default_factory=list)

    def handle(self, call: Call) -> Answer:
        if call.path != PATH:
            return self.desk.world.handle(call)
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        self.shown.append(form["refresh_token"])
        return self.desk.world.faults.apply(call, self._answer(form["refresh_token"]))

    def _answer(self, given: str) -> Answer:
        if given != self.token:
            return answer({"error": "invalid_grant"}, 400)
        if self.rotates:
            self.token = f"r-{len(self.shown)}"
        return answer({"access_token": "t", "expires_in": 1200, "refresh_token": self.token})


@pytest.fixture
def desk() -> Desk:
    scheme = oauth_refresh(PATH, rotates=True, refresh_life=WEEK)
    desk = Desk(auth="oauth", credentials=LOGIN)
    desk.spec = replace(desk.spec, auth={"oauth": scheme})
    desk.world.add_account(account_id=ACCOUNT, number="PA1", oauth_token="t")
    return desk


@pytest.fixture
def broker(desk: Desk) -> Rotating:
    rotating = Rotating(desk)
    desk.handle = rotating.handle
    return rotating


@pytest.fixture
async def connection(desk: Desk, broker: Rotating) -> Connection:
    assert broker.shown == []
    return await desk.connect()


def lease(desk: Desk, fence: int) -> Held:
    return Held("sync", fence, f"worker-{fence}", desk.clock.now() + timedelta(minutes=9))


async def test_each_renewal_shows_the_token_of_the_one_before(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    for _ in range(3):
        assert (await desk.sync(connection)).outcome == "complete"
        desk.clock.advance(timedelta(minutes=20))
    assert broker.shown == ["r-0", "r-1", "r-2"]


async def test_a_token_whose_successor_was_lost_is_shown_once_more_and_then_needs_the_user(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    desk.world.faults.plan(faults.timeout(), path=PATH)
    with pytest.raises(UpstreamUnavailable):
        await desk.sync(connection)
    assert (await desk.sync(connection)).outcome == "needs_reauth"
    assert (broker.shown, await desk.health(connection)) == (["r-0", "r-0"], "needs_reauth")


@pytest.mark.parametrize("lost", [faults.timeout(), faults.cut_body()])
async def test_two_lost_answers_in_a_row_need_the_user(
    desk: Desk, connection: Connection, broker: Rotating, lost: faults.Fault
) -> None:
    desk.world.faults.plan(lost, path=PATH, times=9)
    with pytest.raises(UpstreamUnavailable):
        await desk.sync(connection)
    assert (await desk.sync(connection)).outcome == "needs_reauth"
    assert len(broker.shown) == 2


async def test_a_worker_that_was_overtaken_stores_no_login(
    desk: Desk, connection: Connection
) -> None:
    overtaken = await desk.connections.begin_renewal(connection, lease(desk, 6))
    await desk.connections.begin_renewal(connection, lease(desk, 7))
    with pytest.raises(LeaseHeld):
        await desk.connections.end_renewal(connection, overtaken, {**LOGIN, "refresh_token": "old"})
    with pytest.raises(LeaseHeld):
        await desk.connections.begin_renewal(connection, lease(desk, 6))
    assert desk.sealed_now(connection) == connection.sealed


async def test_a_worker_whose_lease_ran_out_begins_no_renewal(
    desk: Desk, connection: Connection
) -> None:
    late = lease(desk, 6)
    desk.clock.advance(timedelta(minutes=10))
    with pytest.raises(LeaseHeld):
        await desk.connections.begin_renewal(connection, late)
    assert not (await desk.connections.begin_renewal(connection, lease(desk, 7))).unknown


async def test_a_login_that_was_stored_meanwhile_is_the_one_to_renew(
    desk: Desk, connection: Connection
) -> None:
    newer = {**LOGIN, "refresh_token": "newer"}
    begun = await desk.connections.begin_renewal(connection, lease(desk, 1))
    await desk.connections.end_renewal(connection, begun, newer)
    begun = await desk.connections.begin_renewal(connection, lease(desk, 2))
    assert await desk.vault.open(connection.connection_id, begun.sealed) == newer


async def test_no_secret_is_written_in_clear(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    await desk.sync(connection)
    stored = json.dumps([body for body, _ in desk.documents._rows.values()])
    assert not [word for word in ("hush", "r-0", broker.token, "access_token") if word in stored]


async def test_the_end_of_a_consent_is_told_a_day_ahead(desk: Desk, connection: Connection) -> None:
    reasons = []
    for _ in range(2):
        await desk.sync(connection)
        health = (await desk.connections.get(USER, connection.connection_id)).health
        reasons.append(health.reason)
        desk.clock.advance(WEEK - timedelta(hours=23))
    assert reasons == ["", "sign in again before 2026-03-23 14:00 UTC, when the consent ends"]


async def test_signing_in_again_goes_on_from_the_cursor_and_renews_the_consent(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    await desk.sync(connection)
    before = await desk.cursor_us()
    broker.token = "another"
    desk.clock.advance(WEEK)
    assert (await desk.sync(connection)).outcome == "needs_reauth"
    login = {**LOGIN, "refresh_token": "another"}
    lifecycle = Lifecycle(desk.connections)
    await lifecycle.sign_in(USER, connection.connection_id, desk.spec, login)
    assert await desk.cursor_us() == before
    assert (await desk.sync(connection)).outcome == "complete"
    health = (await desk.connections.get(USER, connection.connection_id)).health
    assert (health.state, health.reason) == ("active", "")


async def sync_while_the_user_signs_in(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    class Meanwhile(httpx.AsyncBaseTransport):
        async def handle_async_request(self, asked: httpx.Request) -> httpx.Response:
            answered = await SimulatorTransport(broker.handle).handle_async_request(asked)
            if asked.url.path == PATH:
                lifecycle = Lifecycle(desk.connections)
                await lifecycle.sign_in(USER, connection.connection_id, desk.spec, NEWER)
            return answered

    syncing = replace(desk.syncing(), transport=Meanwhile())
    await syncing.run(request(connection, "tick", desk.clock.now()))


async def test_a_renewal_under_way_does_not_overwrite_the_login_of_its_user(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    with pytest.raises(LeaseHeld):
        await sync_while_the_user_signs_in(desk, connection, broker)
    stored = await desk.vault.open(connection.connection_id, desk.sealed_now(connection))
    assert stored == NEWER


async def test_a_refusal_of_the_old_login_says_nothing_of_the_new_one(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    broker.token = NEWER["refresh_token"]  # the old login is refused
    with pytest.raises(LeaseHeld):
        await sync_while_the_user_signs_in(desk, connection, broker)
    assert await desk.health(connection) == "active"
    assert (await desk.sync(connection)).outcome == "complete"


async def test_what_an_old_login_was_found_out_with_leaves_the_health_alone(
    desk: Desk, connection: Connection
) -> None:
    await Lifecycle(desk.connections).sign_in(USER, connection.connection_id, desk.spec, NEWER)
    await desk.connections.note_health(connection, "needs_reauth")
    assert await desk.health(connection) == "active"


@pytest.fixture
def undeclared(desk: Desk) -> Desk:
    """A broker that leaves it to the user's key whether tokens rotate."""
    scheme = oauth_refresh(PATH, rotating_life=timedelta(hours=24))
    desk.spec = replace(desk.spec, auth={"oauth": scheme})
    return desk


async def test_a_key_that_replaced_its_token_once_is_known_to_rotate(
    undeclared: Desk, connection: Connection, broker: Rotating
) -> None:
    await undeclared.sync(connection)
    undeclared.clock.advance(timedelta(minutes=20))
    undeclared.world.faults.plan(faults.cut_body(), path=PATH, times=9)
    with pytest.raises(UpstreamUnavailable):
        await undeclared.sync(connection)
    assert (await undeclared.sync(connection)).outcome == "needs_reauth"


async def test_a_key_whose_token_stays_is_tried_until_its_broker_answers(
    undeclared: Desk, connection: Connection, broker: Rotating
) -> None:
    broker.rotates = False
    undeclared.world.faults.plan(faults.timeout(), path=PATH, times=3)
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable):
            await undeclared.sync(connection)
    assert (await undeclared.sync(connection)).outcome == "complete"


async def test_only_a_rotating_key_is_told_that_its_consent_ends_after_a_day(
    undeclared: Desk, connection: Connection, broker: Rotating
) -> None:
    notices = []
    for broker.rotates in (False, True):
        await undeclared.sync(connection)
        undeclared.clock.advance(timedelta(hours=20))
        report = await undeclared.sync(connection)
        notices.append(report.notice)
    assert notices[0] == ""
    assert notices[1].startswith("sign in again before 2026-03-17 14:00")


async def test_a_renewal_that_must_wait_for_a_limit_has_not_begun(
    desk: Desk, connection: Connection, broker: Rotating
) -> None:
    desk.spec = replace(desk.spec, limit=RateLimit(1, timedelta(hours=1)))
    leases = Leases(desk.documents, desk.clock, desk.entropy)
    held = await leases.acquire("sync", 60)
    async with desk.syncing().logged_in(connection, held) as (_, login):
        desk.clock.advance(timedelta(minutes=20))
        with pytest.raises(BudgetSpent):
            await login.renew()
    begun = await desk.connections.begin_renewal(connection, lease(desk, 9))
    assert (broker.shown, begun.unknown) == (["r-0"], False)
