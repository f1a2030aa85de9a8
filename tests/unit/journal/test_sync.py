"""What sync promises beyond the broker contract: leases, order of effects, runs that got lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.alpaca.rows import rows_of
from shared.brokers.engine.paging import by_halves
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow, RateLimit, Request
from shared.domain.errors import InvalidInput, LeaseHeld, NotFound, StoreUnavailable
from shared.domain.messages import ExecutionsObserved
from shared.domain.sync.connection import Connection
from shared.journal.queries import JournalQueries
from shared.journal.runs import close_if_complete
from shared.lease import Leases
from shared.ports import Body, Key, Outgoing
from tests.brokers.desk import ACCOUNT, START, USER, Desk, request
from tests.twins.memory_bus import MemoryBus

ROW_COUNTS = ("new", "same", "revised", "superseded")
PATH = "/v2/account/activities"


def busy(fills: int) -> Desk:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for i in range(fills):
        at = START - timedelta(days=10, minutes=i)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    return desk


@pytest.fixture
def desk() -> Desk:
    return busy(150)


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def account_key(desk: Desk) -> str:
    return (await desk.one("accounts")).key.id


async def test_a_connection_in_work_is_refused(desk: Desk, connection: Connection) -> None:
    name = f"sync:{USER}:{connection.connection_id}"
    await Leases(desk.documents, desk.clock, desk.entropy).acquire(name, 60)
    with pytest.raises(LeaseHeld):
        await desk.sync(connection)
    assert (desk.world.calls, await desk.health(connection)) == ([], "active")


async def test_the_lease_is_given_back_after_a_failure(desk: Desk, connection: Connection) -> None:
    desk.world.faults.plan(faults.body({}))
    assert (await desk.sync(connection)).outcome == "failed"
    assert (await desk.sync(connection)).outcome == "complete"


async def test_a_worker_that_lost_its_lease_moves_no_cursor(
    desk: Desk, connection: Connection
) -> None:
    other = Leases(desk.documents, desk.clock, desk.entropy)
    name = f"sync:{USER}:{connection.connection_id}"

    class StealingBus(MemoryBus):
        async def publish(self, messages: Sequence[Outgoing]) -> None:
            desk.clock.advance(desk.budget_s + 61)
            await other.acquire(name, 60)

    syncing = replace(desk.syncing(), bus=StealingBus())
    with pytest.raises(LeaseHeld):
        await syncing.run(request(connection, "tick", desk.clock.now()))
    assert await desk.cursor_us() is None


async def test_pages_that_cannot_be_published_move_no_cursor(
    desk: Desk, connection: Connection
) -> None:
    class DeadBus(MemoryBus):
        async def publish(self, messages: Sequence[Outgoing]) -> None:
            raise StoreUnavailable("down")

    syncing = replace(desk.syncing(), bus=DeadBus())
    with pytest.raises(StoreUnavailable):
        await syncing.run(request(connection, "tick", desk.clock.now()))
    assert await desk.cursor_us() is None
    assert await desk.run_state(await account_key(desk), 1) == "abandoned"


async def test_runs_are_numbered_across_connections_of_one_account(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    again = await desk.sync(await desk.connect())
    assert again.run == 2


async def test_a_run_whose_receipts_do_not_come_is_read_again(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    lost = desk.bus.take(ExecutionsObserved.topic)
    desk.clock.advance(timedelta(minutes=31))
    report = await desk.sync(connection)
    await desk.store_all()
    account = await account_key(desk)
    assert len(lost) == 1
    assert [await desk.run_state(account, run) for run in (1, 2)] == ["abandoned", "closed"]
    assert (report.rows, len(await desk.log())) == (150, 150)


async def test_the_days_of_a_lost_run_are_a_gap_until_they_are_read_again(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    desk.bus.take(ExecutionsObserved.topic)
    desk.clock.advance(timedelta(minutes=31))
    await desk.sync(connection)
    account, day = await account_key(desk), (START - timedelta(days=10)).date().isoformat()
    states = []
    for _ in range(2):
        found = await desk.one("coverage", order_by="year", account_key=account)
        states.append(found.body["days"][day]["state"])
        await desk.store_all()
    assert states == ["gap", "complete"]


async def lose_the_first_run(desk: Desk, connection: Connection) -> None:
    """Fetch the whole history and lose it; a short run follows before that comes to light."""
    await desk.sync(connection)
    desk.bus.take(ExecutionsObserved.topic)
    desk.clock.advance(timedelta(minutes=20))
    await desk.sync(connection)
    await desk.store_all()


async def test_a_run_under_way_does_not_pass_a_cursor_that_was_put_back_meanwhile(
    desk: Desk, connection: Connection
) -> None:
    other = await desk.connect()
    await lose_the_first_run(desk, connection)
    desk.clock.advance(timedelta(minutes=9))
    waits, inner = [True], desk.handle

    class Overtaken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, asked: httpx.Request) -> httpx.Response:
            if asked.url.path == PATH and waits.pop():
                waits.append(False)
                desk.clock.advance(timedelta(minutes=2))
                desk.world.faults.plan(faults.status(422), path=PATH)
                await desk.sync(other)  # puts the cursor back, and then cannot read
            return await SimulatorTransport(inner).handle_async_request(asked)

    syncing = replace(desk.syncing(), transport=Overtaken())
    await syncing.run(request(connection, "tick", desk.clock.now()))
    await desk.sync(connection)
    await desk.store_all()
    assert len(await desk.log()) == 150


async def test_receipts_that_come_before_the_end_of_the_fetch_close_the_run_too(
    desk: Desk, connection: Connection
) -> None:
    eager = desk.bus.publish

    async def publish(messages: Sequence[Outgoing]) -> None:
        await eager(messages)
        await desk.store_all()

    desk.bus.publish = publish  # type: ignore[method-assign]  # a bus that delivers at once
    report = await desk.sync(connection)
    assert await desk.run_state(await account_key(desk), report.run) == "closed"


async def test_receipts_add_up_in_the_closed_run() -> None:
    desk = busy(250)
    await desk.sync(await desk.connect())
    await desk.store_all()
    run = await desk.one("runs", order_by="run", account_key=await account_key(desk))
    assert {n: run.body[n] for n in ("pages", "rows", "new", "same", "quarantined")} == {
        "pages": 2,
        "rows": 250,
        "new": 250,
        "same": 0,
        "quarantined": 0,
    }


async def run_of(desk: Desk, number: int) -> Body:
    key = Key("runs", (USER, f"{await account_key(desk)}-{number:012d}"))
    (found,) = await desk.documents.get_many([key])
    assert found is not None
    return found.body


async def test_every_row_that_was_fetched_is_accounted_for(
    desk: Desk, connection: Connection
) -> None:
    account = desk.world._accounts[ACCOUNT]
    for _ in range(4):
        at = desk.clock.now()
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    await desk.sync(connection)
    await desk.store_all()
    await desk.sync(connection)
    (late,) = desk.bus.take(ExecutionsObserved.topic)
    account.book[-1].body["price"] = "301"
    desk.clock.advance(1)
    desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(9), at=desk.clock.now())
    desk.world.faults.plan(faults.spoiled(0, "qty", "abc"), path=PATH)
    await desk.sync(connection)
    await desk.store_all()
    desk.bus.deliveries.append(late)  # an older page comes after a newer one
    await desk.store_all()
    total: Counter[str] = Counter()
    for number in (1, 2, 3):
        run = await run_of(desk, number)
        stored = [run[name] for name in ROW_COUNTS]
        assert (sum(stored), run["quarantined"]) == (run["rows"], run["unread"])
        total.update({name: run[name] for name in (*ROW_COUNTS, "quarantined")})
    assert all(total.values())  # each kind did occur


async def test_a_run_says_how_long_it_took_and_how_long_of_that_it_waited(
    desk: Desk, connection: Connection
) -> None:
    slow = faults.rows(lambda rows: desk.clock.advance(2) or rows)
    desk.world.faults.plan(faults.status(429, {"Retry-After": "20"}), path=PATH)
    desk.world.faults.plan(slow, path=PATH, skip=1)
    report = await desk.sync(connection)
    run = await run_of(desk, report.run)
    waited_s = sum(desk.clock.slept)
    assert waited_s >= 20
    assert run["waited_ms"] == round(waited_s * 1000)
    assert run["duration_ms"] == round((waited_s + 2) * 1000)
    assert (run["outcome"], run["requests"]) == ("complete", report.requests - 1)


async def test_two_messages_keep_within_one_limit(desk: Desk, connection: Connection) -> None:
    desk.spec = replace(desk.spec, limit=RateLimit(8, timedelta(minutes=1)))
    await desk.sync(connection)
    asked, waited = len(desk.world.calls), sum(desk.clock.slept)
    await desk.sync(connection)
    assert (asked < 8, waited) == (True, 0)
    assert sum(desk.clock.slept) >= 60


async def test_a_run_that_fails_says_what_it_took_until_then(
    desk: Desk, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(422), path=PATH, skip=1)
    await desk.sync(connection)
    run = await run_of(desk, 1)
    assert (run["state"], run["outcome"]) == ("abandoned", "failed")
    assert (run["pages"], run["rows"], run["requests"]) == (1, 100, 2)


async def test_a_run_that_nobody_knows_is_not_closed(desk: Desk) -> None:
    assert not await close_if_complete(desk.documents, desk.clock, desk.entropy, USER, "nobody", 1)


async def test_positions_are_taken_again_when_a_fill_comes_in_between(
    desk: Desk, connection: Connection
) -> None:
    account = desk.world._accounts[ACCOUNT]

    def buy_once(rows: list[object]) -> list[object]:
        desk.world.fill(account, "SPY", "buy", Decimal(7), price=Decimal(300), at=desk.clock.now())
        return rows

    desk.world.faults.plan(faults.rows(buy_once), path="/v2/positions")
    report = await desk.sync(connection)
    found = await desk.one(
        "position_reports", order_by="at_us", account_key=await account_key(desk)
    )
    assert (report.rows, found.body["positions"][0]["quantity"]) == (151, "157")
    assert len([call for call in desk.world.calls if call.path == "/v2/positions"]) == 2


async def test_a_request_for_another_broker_is_refused(desk: Desk, connection: Connection) -> None:
    wrong = request(connection, "tick", START).model_copy(update={"broker": "oanda"})
    with pytest.raises(InvalidInput):
        await desk.syncing().run(wrong)


async def test_a_request_for_a_connection_that_is_gone_is_not_found(
    desk: Desk, connection: Connection
) -> None:
    gone = request(connection, "tick", START).model_copy(update={"connection_id": "c-404"})
    with pytest.raises(NotFound):
        await desk.syncing().run(gone)


async def test_credentials_that_do_not_open_need_the_user(
    desk: Desk, connection: Connection
) -> None:
    other = Desk(documents=desk.documents, clock=desk.clock, entropy=desk.entropy)
    await other.vault.seal(connection.connection_id, {"x": "y"})
    assert (await other.sync(connection)).outcome == "needs_reauth"


async def test_what_lies_beyond_the_brokers_history_is_not_asked_for_and_told(desk: Desk) -> None:
    desk.spec = replace(desk.spec, history_limit=timedelta(days=30))
    connection = await desk.connect()
    for _ in range(2):
        await desk.sync(connection)
        await desk.store_all()
        desk.clock.advance(timedelta(days=2))
    asked = min(c.query["after"] for c in desk.world.calls if "after" in c.query)
    account = (await desk.one("accounts")).key.id
    (year,) = await JournalQueries(desk.documents).coverage(USER, account)
    assert (asked[:10], year["beyond_before"]) == ("2026-02-14", "2026-02-14")
    assert min(year["days"]) == "2026-02-15"  # the first whole one


async def test_rows_left_out_on_purpose_are_counted_by_reason(desk: Desk) -> None:
    (endpoint,) = desk.spec.history
    ignoring = replace(endpoint, parse=lambda *_: Ignored("a kind"), check=None)
    desk.spec = replace(desk.spec, history=(ignoring,))
    report = await desk.sync(await desk.connect())
    run = await desk.one("runs", order_by="run", account_key=await account_key(desk))
    assert (report.rows, report.accounts[0].ignored, run.body["ignored"]) == (
        0,
        150,
        {"a kind": 150},
    )


async def test_one_raw_row_may_be_several_rows_of_the_log(desk: Desk) -> None:
    (endpoint,) = desk.spec.history

    def legs(raw: object, account: BrokerAccount) -> tuple[ParsedRow, ...]:
        one = endpoint.parse(raw, account)
        assert isinstance(one, ParsedRow)
        return tuple(ParsedRow((*one.identity, leg), one.row) for leg in ("1", "2"))

    desk.spec = replace(desk.spec, history=(replace(endpoint, parse=legs),))
    report = await desk.sync(await desk.connect())
    await desk.store_all()
    assert (report.rows, len(await desk.log())) == (300, 300)
    assert all(len(page.rows) <= 200 for page in desk.pages())


def with_fills(desk: Desk, **fields: object) -> None:
    """Have the broker say the same of every fill."""
    (endpoint,) = desk.spec.history

    def parse(raw: object, account: BrokerAccount) -> ParsedRow:
        one = endpoint.parse(raw, account)
        assert isinstance(one, ParsedRow)
        return replace(one, row=one.row.model_copy(update=fields))

    desk.spec = replace(desk.spec, history=(replace(endpoint, parse=parse),))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"executed_at": START + timedelta(days=1)}, "2026-03-17T14:00:00Z lies in the future"),
        ({"currency": "QQQ"}, "currency: 'QQQ' is not known"),
    ],
)
async def test_what_no_row_may_say_goes_to_quarantine_with_its_reason(
    desk: Desk, fields: dict[str, object], reason: str
) -> None:
    with_fills(desk, **fields)
    report = await desk.sync(await desk.connect())
    assert (report.rows, report.unread) == (0, 150)
    assert reason in desk.unread()[0].reason


async def test_an_answer_of_many_rows_is_published_in_messages_that_fit(desk: Desk) -> None:
    connection = await desk.connect()
    many = [{"raw": "x" * 15_000, "n": n} for n in range(250)]
    desk.world.faults.plan(faults.rows(lambda _: many), path=PATH, times=2)
    desk.world.faults.plan(faults.rows(lambda _: []), path=PATH, skip=2, times=99)
    (endpoint,) = desk.spec.history
    walk = by_halves(lambda *_: Request(PATH), rows=rows_of, limit=1000)
    desk.spec = replace(desk.spec, history=(replace(endpoint, walk=walk),))
    report = await desk.sync(connection)
    sizes = [len(page.encode()) for page in desk.pages()]
    assert (report.unread, report.rows, len(sizes)) == (250, 0, 2)
    assert max(sizes) < 5_000_000
