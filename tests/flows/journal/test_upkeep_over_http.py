"""What a person does with connections and days, over the functions as deployed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.gateway import Gateway
from infra.simulators.brokers import faults
from infra.simulators.brokers.topstepx.account import Account
from infra.simulators.brokers.topstepx.world import TopstepXWorld
from infra.simulators.brokers.transport import SimulatorTransport
from tests.twins.manual_clock import ManualClock

LOGIN = {"user_name": "u-1", "api_key": "k-1"}
ASKED = {"auth": "api_key", "broker": "topstepx", "environment": "live", "label": "mine"}
OLD, NEW = "CON.F.US.MES.M20", "CON.F.US.MES.U20"


class Site:
    """A gateway with one connection, whose account rolled from one month to the next."""

    def __init__(self, gateway: Gateway, world: TopstepXWorld, account: Account) -> None:
        self.gateway, self.world, self.account = gateway, world, account

    async def get(self, path: str) -> Any:
        answer = await self.gateway.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def connection(self) -> str:
        [made] = (await self.get("/v1/connections"))["items"]
        return f"/v1/connections/{made['connection_id']}"

    async def account_key(self) -> str:
        key: str = (await self.get("/v1/accounts"))["items"][0]["account_key"]
        return key

    async def sync(self) -> None:
        await self.gateway.tick("topstepx")
        await self.gateway.drain()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def site(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Site]:
    world = TopstepXWorld(clock.now)
    world.add_login(LOGIN["user_name"], LOGIN["api_key"])
    account = world.add_account(LOGIN["user_name"], account_id=7, name="50K")
    at = clock.now() - timedelta(days=2)
    world.fill(account, OLD, "buy", 2, price=Decimal(3000), at=at)
    later = at + timedelta(hours=1)
    world.fill(account, OLD, "sell", 2, price=Decimal(3010), at=later)
    world.fill(account, NEW, "buy", 2, price=Decimal(3012), at=later + timedelta(seconds=20))
    transport = SimulatorTransport(world.handle)
    async with Gateway(tmp_path / "state", clock=clock, transport=transport) as gateway:
        made = await gateway.post("/v1/connections", {**ASKED, "credentials": LOGIN})
        assert made.status_code == 201
        site = Site(gateway, world, account)
        await site.sync()
        yield site


async def test_a_roll_is_shown_with_both_its_halves(site: Site) -> None:
    [roll] = (await site.get("/v1/rolls"))["items"]
    assert (roll["closed"]["symbol"], roll["opened"]["symbol"]) == (OLD, NEW)
    assert (roll["spread"], roll["closed"]["quantity"]) == ("2", "2")


async def test_rolls_of_an_account_of_somebody_else_are_refused(site: Site) -> None:
    assert (await site.gateway.get("/v1/rolls?account=another")).status_code == 400


async def test_a_sync_that_is_asked_for_reads_at_once(site: Site, clock: ManualClock) -> None:
    clock.advance(60)
    site.world.fill(site.account, NEW, "sell", 2, price=Decimal(3020), at=clock.now())
    asked = await site.gateway.post(f"{await site.connection()}/sync")
    await site.gateway.drain()
    assert asked.status_code == 202
    assert (await site.get("/v1/positions"))["items"] == []


async def test_a_paused_connection_cannot_be_asked_to_sync(site: Site) -> None:
    connection = await site.connection()
    transport = httpx.ASGITransport(site.gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        await http.patch(connection, json={"paused": True})
        refused = await http.post(f"{connection}/sync")
    assert (refused.status_code, "paused" in refused.json()["detail"]) == (400, True)


async def test_the_history_tells_each_state_and_each_run(site: Site, clock: ManualClock) -> None:
    site.world.refuse(LOGIN["user_name"], 9)
    clock.advance(timedelta(days=2))  # the session is over
    await site.sync()
    history = await site.get(f"{await site.connection()}/history")
    assert [past["state"] for past in history["past"]] == ["active"]
    assert history["health"]["state"] == "needs_reauth"
    assert [(run["new"], run["fault"]) for run in history["runs"]] == [(3, "")]


async def test_days_that_are_read_again_tell_the_difference(site: Site, clock: ManualClock) -> None:
    at = clock.now() - timedelta(days=2)
    site.world.fill(site.account, OLD, "buy", 1, price=Decimal(3000), at=at)
    day = at.date().isoformat()
    path = f"/v1/accounts/{await site.account_key()}/resync"
    done = await site.gateway.post(path, {"first": day, "last": day})
    counts = [(one["new"], one["same"]) for one in done.json()["days"]]
    assert (done.status_code, counts) == (200, [(1, 3)])


@pytest.mark.parametrize("days", [("2020-05-27", "2020-05-26"), ("2020-01-01", "2020-05-27")])
async def test_too_many_days_or_none_are_refused(site: Site, days: tuple[str, str]) -> None:
    path = f"/v1/accounts/{await site.account_key()}/resync"
    refused = await site.gateway.post(path, dict(zip(("first", "last"), days, strict=True)))
    assert (refused.status_code, "31 days" in refused.json()["detail"]) == (400, True)


async def test_a_login_that_is_refused_is_told_with_what_to_do(
    site: Site, clock: ManualClock
) -> None:
    site.world.expire_tokens()
    site.world.refuse(LOGIN["user_name"], 9)
    day = (clock.now() - timedelta(days=2)).date().isoformat()
    path = f"/v1/accounts/{await site.account_key()}/resync"
    refused = await site.gateway.post(path, {"first": day, "last": day})
    assert refused.status_code == 502
    assert "the API subscription" in refused.json()["detail"]


async def test_rows_that_could_not_be_read_are_read_once_more(
    site: Site, clock: ManualClock
) -> None:
    site.world.fill(site.account, NEW, "sell", 2, price=Decimal(3020), at=clock.now())
    spoil = faults.rows(lambda rows: [{**rows[0], "price": "none"}, *rows[1:]], at="trades")
    site.world.faults.plan(spoil, path="/api/Trade/search", times=9)
    clock.advance(60)
    await site.gateway.post(f"{await site.connection()}/sync")
    await site.gateway.drain()
    done = await site.gateway.post("/v1/quarantine/replay")
    [one] = done.json()["items"]
    assert (done.status_code, one["fate"]) == (200, "unread")
