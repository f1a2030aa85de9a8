from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.topstepx.world import TopstepXWorld
from shared.brokers.topstepx.spec import SPEC as TOPSTEPX
from shared.domain.errors import UpstreamUnavailable
from shared.domain.sync.connection import Connection
from shared.journal.storing.log import Outcome
from shared.journal.upkeep.rehearsal import Rehearsal, rehearse
from tests.brokers.desk import ACCOUNT, START, USER, Desk

OURS = {"connections", "leases", "breakers"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for i in range(150):
        at = START - timedelta(days=2, minutes=i)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    return desk


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def dry_run(desk: Desk, connection: Connection) -> Rehearsal:
    return await rehearse(desk.syncing(), connection)


def counts(rehearsal: Rehearsal) -> Counter[Outcome]:
    total: Counter[Outcome] = Counter()
    for account in rehearsal.accounts:
        for day in account.difference.values():
            total += day
    return total


def stored(desk: Desk) -> dict[object, object]:
    return {key: row for key, row in desk.documents._rows.items() if key.collection not in OURS}


async def test_a_first_sync_would_bring_everything(desk: Desk, connection: Connection) -> None:
    rehearsal = await dry_run(desk, connection)
    assert counts(rehearsal) == {Outcome.NEW: 150}
    assert [(one.account_id, one.rows) for one in rehearsal.accounts] == [(ACCOUNT, 150)]


async def test_nothing_is_published_stored_or_moved(desk: Desk, connection: Connection) -> None:
    await desk.sync(connection)
    await desk.store_all()
    before = stored(desk), len(desk.pages())
    await dry_run(desk, connection)
    assert (stored(desk), len(desk.pages())) == before


async def test_the_sync_after_it_is_the_one_that_it_rehearsed(
    desk: Desk, connection: Connection
) -> None:
    rehearsal = await dry_run(desk, connection)
    report = await desk.sync(connection)
    assert (report.run, report.rows) == (1, rehearsal.accounts[0].rows)


async def test_only_what_is_new_or_revised_is_told_so(desk: Desk, connection: Connection) -> None:
    await desk.sync(connection)
    await desk.store_all()
    account = desk.world._accounts[ACCOUNT]
    desk.world.fill(account, "QQQ", "buy", Decimal(1), price=Decimal(9), at=desk.clock.now())
    assert counts(await dry_run(desk, connection)) == {Outcome.NEW: 1, Outcome.SAME: 150}


async def test_a_budget_that_ends_does_not_end_the_rehearsal(
    desk: Desk, connection: Connection
) -> None:
    account = desk.world._accounts[ACCOUNT]
    for i in range(300):
        at = START - timedelta(days=60, minutes=-i)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    desk.slow_down()
    rehearsal = await dry_run(desk, connection)
    assert counts(rehearsal) == {Outcome.NEW: 450}


async def test_a_login_that_is_refused_is_told_and_marked(
    desk: Desk, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(401))
    rehearsal = await dry_run(desk, connection)
    assert (rehearsal.accounts, "401" in rehearsal.reason) == ((), True)
    assert await desk.health(connection) == "needs_reauth"


async def test_a_broker_that_does_not_answer_ends_it(desk: Desk, connection: Connection) -> None:
    desk.world.faults.plan(faults.timeout(), times=6)
    with pytest.raises(UpstreamUnavailable):
        await dry_run(desk, connection)
    assert (await desk.connections.get(USER, connection.connection_id)).health.state == "failed"


async def test_a_login_that_was_renewed_stays_renewed() -> None:
    credentials = {"user_name": "trader", "api_key": "key-1"}
    desk = Desk(
        spec=TOPSTEPX,
        make_world=TopstepXWorld,
        environment="live",
        credentials=credentials,
    )
    desk.world.add_login("trader", "key-1")
    desk.world.add_account("trader", account_id=7, name="50K")
    connection = await desk.connect()
    await dry_run(desk, connection)
    await desk.sync(await desk.connections.get(USER, connection.connection_id))
    assert len([call for call in desk.world.calls if "loginKey" in call.path]) == 1
