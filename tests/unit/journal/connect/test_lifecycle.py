"""What a user does with a connection."""

from datetime import timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from shared.domain.errors import AuthRejected, InvalidInput, LeaseHeld, NotFound
from shared.domain.messages import ExecutionsObserved
from shared.domain.sync.connection import Connection
from shared.journal.connect.lifecycle import Lifecycle
from shared.journal.queries import JournalQueries
from shared.journal.store import StoreExecutions
from shared.journal.sync import lease_name
from shared.journal.tick import tick
from shared.lease import Leases
from tests.brokers.desk import ACCOUNT, START, USER, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for minute in range(3):
        at = START - timedelta(days=1, minutes=minute)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    return desk


@pytest.fixture
def lifecycle(desk: Desk) -> Lifecycle:
    return Lifecycle(desk.connections)


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    made = await desk.connect()
    await desk.sync(made)
    await desk.store_all()
    return made


async def due(desk: Desk) -> int:
    desk.clock.advance(timedelta(minutes=15))
    return (await tick(desk.documents, desk.bus, desk.clock, broker="alpaca")).due


async def test_a_new_label_is_kept(lifecycle: Lifecycle, connection: Connection) -> None:
    renamed = await lifecycle.rename(USER, connection.connection_id, "  Long term ")
    assert renamed.label == "Long term"


async def test_an_empty_label_is_refused(lifecycle: Lifecycle, connection: Connection) -> None:
    with pytest.raises(InvalidInput):
        await lifecycle.rename(USER, connection.connection_id, "  ")


async def test_a_paused_connection_is_left_alone_until_it_is_resumed(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await lifecycle.pause(USER, connection.connection_id)
    assert (await due(desk), (await desk.sync(connection)).outcome) == (0, "resting")
    await lifecycle.resume(USER, connection.connection_id)
    assert (await due(desk), (await desk.sync(connection)).outcome) == (1, "complete")


async def test_a_pause_outlasts_the_sync_that_was_under_way(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await lifecycle.pause(USER, connection.connection_id)
    await desk.connections.note_health(connection, "active")
    assert await desk.health(connection) == "paused"


async def test_resuming_what_is_not_paused_changes_nothing(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(401))
    await desk.sync(connection)
    await lifecycle.resume(USER, connection.connection_id)
    assert await desk.health(connection) == "needs_reauth"


async def test_credentials_of_another_form_are_refused(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    with pytest.raises(InvalidInput):
        await lifecycle.sign_in(USER, connection.connection_id, desk.spec, {"key_id": "PK1"})


async def test_a_test_names_the_accounts_and_publishes_nothing(
    desk: Desk, connection: Connection
) -> None:
    before = len(desk.pages())
    found = await desk.syncing().test(USER, connection.connection_id)
    assert ([one.account_id for one in found], len(desk.pages())) == ([ACCOUNT], before)


async def test_a_test_with_refused_credentials_says_so_in_the_health(
    desk: Desk, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(401))
    with pytest.raises(AuthRejected):
        await desk.syncing().test(USER, connection.connection_id)
    assert await desk.health(connection) == "needs_reauth"


async def test_a_deleted_connection_takes_its_secrets_and_leaves_the_journal(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await lifecycle.delete(USER, connection.connection_id)
    with pytest.raises(NotFound):
        await desk.connections.get(USER, connection.connection_id)
    (account,) = await JournalQueries(desk.documents).accounts(USER)
    assert (account.connection_ids, len(await desk.log())) == ((), 3)


async def test_a_connection_in_work_is_not_deleted(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    leases = Leases(desk.documents, desk.clock, desk.entropy)
    await leases.acquire(lease_name(USER, connection.connection_id), 60)
    with pytest.raises(LeaseHeld):
        await lifecycle.delete(USER, connection.connection_id)


async def test_with_the_journal_only_tombstone_and_counter_are_left(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await lifecycle.delete(USER, connection.connection_id, journal=True)
    left = {key.collection for key in desk.documents._rows}
    assert left == {"accounts", "counters", "leases"}
    assert await JournalQueries(desk.documents).accounts(USER) == []


async def test_rows_still_under_way_do_not_bring_a_deleted_journal_back(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    late = [ExecutionsObserved.encode(page) for page in desk.pages()]
    await lifecycle.delete(USER, connection.connection_id, journal=True)
    store = StoreExecutions(desk.documents, desk.bus, desk.clock, desk.entropy)
    for data in late:
        await store.store(ExecutionsObserved.decode(data))
    assert await desk.log() == {}


async def test_a_journal_that_another_connection_shares_stays(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await desk.sync(await desk.connect())
    await desk.store_all()
    await lifecycle.delete(USER, connection.connection_id, journal=True)
    assert len(await desk.log()) == 3


async def test_a_connection_made_anew_reads_the_whole_history_again(
    desk: Desk, lifecycle: Lifecycle, connection: Connection
) -> None:
    await lifecycle.delete(USER, connection.connection_id, journal=True)
    desk.clock.advance(timedelta(days=5))
    report = await desk.sync(await desk.connect())
    await desk.store_all()
    assert (report.run, len(await desk.log())) == (2, 3)
    assert len(await JournalQueries(desk.documents).accounts(USER)) == 1


async def test_a_deletion_of_what_is_gone_is_not_found(lifecycle: Lifecycle) -> None:
    with pytest.raises(NotFound):
        await lifecycle.delete(USER, "c-404")
