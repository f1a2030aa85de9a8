from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from shared.brokers.alpaca.spec import SPEC
from shared.brokers.spec import BrokerAccount, BrokerSpec, Ignored, Parsed
from shared.domain.errors import LeaseHeld, NotFound, UnparseableRow
from shared.domain.messages import ExecutionsObserved
from shared.domain.sync.connection import Connection
from shared.journal.connect.lifecycle import Lifecycle
from shared.journal.upkeep.replay import Fate, Replay, Replayed
from shared.lease import Leases
from shared.ports import Create, Document, Key, Query
from tests.brokers.desk import ACCOUNT, START, USER, Desk


def with_parser(parse: Callable[[Any, BrokerAccount], Parsed]) -> BrokerSpec:
    return replace(SPEC, history=tuple(replace(one, parse=parse) for one in SPEC.history))


def refuse(_: Any, __: BrokerAccount) -> Parsed:
    raise UnparseableRow("an old parser does not know this")


def fill(desk: Desk, days_ago: int = 10) -> None:
    account, at = desk.world._accounts[ACCOUNT], START - timedelta(days=days_ago)
    desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    fill(desk)
    return desk


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    """A connection whose one fill an old parser could not read."""
    made = await desk.connect()
    desk.spec = with_parser(refuse)
    await desk.sync(made)
    await desk.store_all()
    desk.spec = SPEC
    return made


async def replay(
    desk: Desk, spec: BrokerSpec = SPEC, entry_id: str | None = None
) -> list[Replayed]:
    replay = Replay(desk.documents, desk.bus, desk.clock, desk.entropy, {"alpaca": spec})
    return await replay.replay(USER, entry_id)


async def entry(desk: Desk) -> Document:
    page = await desk.documents.scan(Query("quarantine", (USER,), order_by="at_us"))
    return page.documents[-1]


async def run(desk: Desk, number: int) -> dict[str, Any]:
    key = (await desk.one("accounts")).key.id
    (found,) = await desk.documents.get_many([Key("runs", (USER, f"{key}-{number:012d}"))])
    assert found is not None
    return dict(found.body)


async def test_a_row_that_can_be_read_now_is_stored_once(
    desk: Desk, connection: Connection
) -> None:
    done = await replay(desk)
    await desk.store_all()
    again = await replay(desk)
    await desk.store_all()
    assert ([one.fate for one in done], again) == ([Fate.READ], [])
    assert len(await desk.log()) == 1


async def test_a_replayed_row_is_the_row_that_a_sync_would_have_stored(
    desk: Desk, connection: Connection
) -> None:
    await replay(desk)
    await desk.store_all()
    replayed = await desk.log()
    other = Desk(clock=desk.clock)
    other.world = desk.world
    await other.sync(await other.connect())
    await other.store_all()
    assert replayed == await other.log()


async def test_a_replay_is_a_run_of_its_own_that_its_receipts_close(
    desk: Desk, connection: Connection
) -> None:
    await replay(desk)
    await desk.store_all()
    found = await run(desk, 2)
    assert (found["state"], found["rows"], found["new"]) == ("closed", 1, 1)


async def test_a_replay_makes_no_day_complete_and_moves_no_cursor(
    desk: Desk, connection: Connection
) -> None:
    account = (await desk.one("accounts")).key.id
    before = (await desk.one("coverage", "year", account_key=account)).body, await desk.cursor_us()
    await replay(desk)
    await desk.store_all()
    after = (await desk.one("coverage", "year", account_key=account)).body, await desk.cursor_us()
    assert before == after


async def test_a_resolved_entry_tells_how(desk: Desk, connection: Connection) -> None:
    await replay(desk)
    body = (await entry(desk)).body
    assert (body["state"], body["fate"], body["resolved_run"]) == ("resolved", "read", 2)


async def test_a_row_that_still_cannot_be_read_stays_open_with_the_newest_reason(
    desk: Desk, connection: Connection
) -> None:
    def newer(_: Any, __: BrokerAccount) -> Parsed:
        raise UnparseableRow("a newer parser says more")

    (done,) = await replay(desk, with_parser(newer))
    body = (await entry(desk)).body
    assert (done.fate, body["state"]) == (Fate.UNREAD, "open")
    assert body["reason"] == "a newer parser says more"
    assert desk.bus.take(ExecutionsObserved.topic) == []


async def test_a_row_that_is_left_out_on_purpose_now_is_resolved(
    desk: Desk, connection: Connection
) -> None:
    (done,) = await replay(desk, with_parser(lambda _, __: Ignored("a note")))
    assert (done.fate, (await entry(desk)).body["state"]) == (Fate.IGNORED, "resolved")
    assert desk.bus.take(ExecutionsObserved.topic) == []


async def test_a_row_that_was_read_since_is_not_published_over_what_is_newer(
    desk: Desk, connection: Connection
) -> None:
    fill(desk, days_ago=1)
    desk.spec = with_parser(refuse)
    await desk.sync(connection)
    await desk.store_all()
    desk.spec = SPEC
    await desk.sync(connection)  # the overlap holds the newer fill only
    await desk.store_all()
    fates = [one.fate for one in await replay(desk)]
    assert fates == [Fate.READ, Fate.KNOWN]
    assert len([row for page in desk.pages()[-1:] for row in page.rows]) == 1


async def test_nothing_is_replayed_while_pages_of_a_sync_are_under_way(
    desk: Desk, connection: Connection
) -> None:
    fill(desk, days_ago=1)
    await desk.sync(connection)
    with pytest.raises(LeaseHeld, match="not stored yet"):
        await replay(desk)


async def test_nothing_is_replayed_while_a_sync_holds_the_lease(
    desk: Desk, connection: Connection
) -> None:
    leases = Leases(desk.documents, desk.clock, desk.entropy)
    await leases.acquire(f"sync:{USER}:{connection.connection_id}", 60)
    with pytest.raises(LeaseHeld):
        await replay(desk)


async def test_rows_of_a_deleted_account_do_not_come_back(
    desk: Desk, connection: Connection
) -> None:
    kept = await entry(desk)
    await Lifecycle(desk.connections).delete(USER, connection.connection_id, journal=True)
    (gone,) = await desk.documents.get_many([kept.key])
    assert gone is None
    await desk.documents.commit(
        [Create(kept.key, kept.body)]
    )  # a page that was under way brings it once more
    (done,) = await replay(desk)
    await desk.store_all()
    assert (done.fate, await desk.log()) == (Fate.ERASED, {})


async def test_the_note_that_an_order_lacks_fills_keeps_its_reason(desk: Desk) -> None:
    account, at = desk.world._accounts[ACCOUNT], START - timedelta(days=2)
    parts = [(Decimal(3), Decimal(300), at), (Decimal(4), Decimal(300), at)]
    desk.world.order(account, "QQQ", "buy", parts)
    lose = faults.rows(lambda rows: [row for row in rows if row.get("cum_qty") != "3"])
    desk.world.faults.plan(lose, path="/v2/account/activities", times=9)
    await desk.sync(await desk.connect())
    await desk.store_all()
    before = (await entry(desk)).body["reason"]
    await replay(desk)
    body = (await entry(desk)).body
    assert (body["state"], body["reason"]) == ("open", before)
    assert "of 7 are in the history" in before


async def test_one_entry_is_replayed_by_its_id(desk: Desk, connection: Connection) -> None:
    entry_id = (await entry(desk)).key.id
    assert [one.entry_id for one in await replay(desk, entry_id=entry_id)] == [entry_id]


async def test_an_unknown_entry_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await replay(desk, entry_id="nothing")
