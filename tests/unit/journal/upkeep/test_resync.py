from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from shared.domain.errors import AuthRejected, InvalidInput, LeaseHeld, NotFound
from shared.domain.ids import AccountKey
from shared.domain.sync.connection import Connection
from shared.journal.connect.lifecycle import Lifecycle
from shared.journal.storing.log import Outcome
from shared.journal.upkeep.resync import Resync, Resynced
from shared.lease import Leases
from tests.brokers.desk import ACCOUNT, START, USER, Desk

DAY = date(2026, 3, 6)
NEXT = DAY + timedelta(days=1)


def fill(desk: Desk, day: date, symbol: str = "SPY") -> None:
    account = desk.world._accounts[ACCOUNT]
    at = START.replace(month=day.month, day=day.day)
    desk.world.fill(account, symbol, "buy", Decimal(1), price=Decimal(300), at=at)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    fill(desk, DAY)
    return desk


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    made = await desk.connect()
    await desk.sync(made)
    await desk.store_all()
    return made


async def key(desk: Desk) -> AccountKey:
    return AccountKey((await desk.one("accounts")).key.id)


async def resync(desk: Desk, first: date = DAY, last: date = NEXT) -> Resynced:
    done = await Resync(desk.documents, lambda _: desk.syncing()).resync(
        USER, await key(desk), first, last
    )
    await desk.store_all()
    return done


async def day_told(desk: Desk, day: date) -> tuple[str, int]:
    found = await desk.one("coverage", "year", account_key=await key(desk))
    told = found.body["days"][day.isoformat()]
    return told["state"], told["run"]


async def test_what_a_sync_has_stored_is_the_same(desk: Desk, connection: Connection) -> None:
    done = await resync(desk)
    assert done.difference == {DAY: Counter({Outcome.SAME: 1})}


async def test_a_row_that_came_late_is_found_on_its_day(desk: Desk, connection: Connection) -> None:
    fill(desk, NEXT, "QQQ")
    done = await resync(desk)
    assert done.difference[NEXT] == {Outcome.NEW: 1}
    assert len(await desk.log()) == 2


async def test_a_row_that_the_broker_changed_is_revised(desk: Desk, connection: Connection) -> None:
    def dearer(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [{**row, "price": "301"} for row in rows]

    desk.world.faults.plan(faults.rows(dearer), path="/v2/account/activities")
    assert (await resync(desk)).difference[DAY] == {Outcome.REVISED: 1}


async def test_the_cursor_stays_where_it_is(desk: Desk, connection: Connection) -> None:
    before = (await desk.one("accounts")).body
    await resync(desk)
    assert (await desk.one("accounts")).body == before


async def test_days_that_were_read_whole_are_complete_by_the_new_run(
    desk: Desk, connection: Connection
) -> None:
    done = await resync(desk)
    assert [await day_told(desk, day) for day in (DAY, NEXT)] == [("complete", done.runs[0])] * 2
    assert await day_told(desk, DAY - timedelta(days=1)) == ("complete", 1)


async def test_a_range_that_one_budget_does_not_hold_is_read_in_several_runs(
    desk: Desk, connection: Connection
) -> None:
    account = desk.world._accounts[ACCOUNT]
    for i in range(300):
        at = START - timedelta(days=10, hours=-i)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    desk.slow_down()
    done = await resync(desk, DAY, date(2026, 3, 15))
    assert len(done.runs) > 1
    assert (
        sum((day[Outcome.NEW] for day in done.difference.values()), 0) == len(await desk.log()) - 1
    )
    assert (await day_told(desk, date(2026, 3, 14)))[0] == "complete"


async def test_days_in_the_wrong_order_are_refused(desk: Desk, connection: Connection) -> None:
    with pytest.raises(InvalidInput, match="before the first"):
        await resync(desk, NEXT, DAY)


async def test_days_that_the_broker_has_no_more_are_refused_with_its_reach(
    desk: Desk, connection: Connection
) -> None:
    desk.spec = replace(desk.spec, history_limit=timedelta(days=5))
    with pytest.raises(InvalidInput, match="goes back 5 days"):
        await resync(desk)


async def test_a_paused_connection_is_not_used(desk: Desk, connection: Connection) -> None:
    await Lifecycle(desk.connections).pause(USER, connection.connection_id)
    with pytest.raises(InvalidInput, match="desk is paused"):
        await resync(desk)


async def test_a_refused_login_needs_the_user(desk: Desk, connection: Connection) -> None:
    desk.world.faults.plan(faults.status(401))
    with pytest.raises(AuthRejected):
        await resync(desk)
    assert await desk.health(connection) == "needs_reauth"


async def test_a_sync_under_way_goes_first(desk: Desk, connection: Connection) -> None:
    leases = Leases(desk.documents, desk.clock, desk.entropy)
    await leases.acquire(f"sync:{USER}:{connection.connection_id}", 60)
    with pytest.raises(LeaseHeld):
        await resync(desk)


async def test_an_unknown_account_is_not_found(desk: Desk, connection: Connection) -> None:
    with pytest.raises(NotFound):
        await Resync(desk.documents, lambda _: desk.syncing()).resync(
            USER, AccountKey("nobody"), DAY, DAY
        )
