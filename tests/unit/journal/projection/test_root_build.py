"""Builds that go on from checkpoints, against one build of the same log from the beginning."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import StoreUnavailable
from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, RowStatus
from shared.domain.ids import content_key
from shared.domain.journal.opening import OpeningLot
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal
from shared.journal.projection.basis import lot_body, lot_key
from shared.journal.projection.checkpoints import SEGMENT_ROWS
from shared.journal.store import StoreExecutions
from shared.ports import Create, Delete, Document, Key, Query, Write
from tests.rows import ACCOUNT, START, USER, event, fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

Row = Execution | AccountEvent
KEPT = ("positions", "round_trips", "daily", "checkpoints")
SMALL = 3  # rows a segment, so that few rows make many checkpoints


class Crashing(MemoryDocuments):
    """Fails at the commit that is the n-th from now."""

    crash_at = -1

    async def commit(self, writes: Sequence[Write]) -> None:
        self.crash_at -= 1
        if self.crash_at == 0:
            raise StoreUnavailable("gone")
        await super().commit(writes)


class Desk:
    """Store and build over twins."""

    def __init__(self, segment_rows: int = SMALL) -> None:
        self.documents = Crashing()
        self.bus = MemoryBus()
        ports = (ManualClock(), SeededEntropy())
        self._store = StoreExecutions(self.documents, self.bus, *ports)
        self.builder = BuildJournal(self.documents, *ports, segment_rows=segment_rows)
        self.run = 0

    async def put(self, *rows: Row, number: int = 0) -> list[JournalChanged]:
        """Store rows as one page of the next run, or as another page of this one."""
        self.run += number == 0
        await self._store.store(page(rows, run=self.run, number=number))
        return [JournalChanged.decode(delivery.data) for delivery in self.bus.take()]

    async def put_built(self, *rows: Row) -> None:
        for message in await self.put(*rows):
            await self.builder.build(message)

    async def all_kept(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        for name in KEPT:
            scan = await self.documents.scan(Query(name, (USER,), limit=5000))
            found |= {document.key: document.body for document in scan.documents}
        return found


async def whole(rows: Sequence[Row], lots: Sequence[OpeningLot] = ()) -> dict[Key, Any]:
    """What one build from the beginning keeps."""
    desk = Desk()
    await give(desk, lots)
    await desk.put_built(*rows)
    return await desk.all_kept()


async def give(desk: Desk, lots: Sequence[OpeningLot]) -> None:
    for lot in lots:
        key = lot_key(USER, ACCOUNT, lot)
        await desk.documents.commit([Create(key, lot_body(ACCOUNT, lot))])


def shares(number: int, size: str, step: int, status: RowStatus) -> Row:
    return fill(f"r{number}", size, "10", minute=step * 700, fee="0.01", status=status)


def months(number: int, size: str, step: int, status: RowStatus) -> Row:
    future: dict[str, Any] = {"root": "SPY", "asset_class": AssetClass.FUTURE, "multiplier": "50"}
    symbol = "ESZ5" if number % 2 else "ESH6"
    return fill(f"r{number}", size, "10", minute=step * 8, symbol=symbol, status=status, **future)


def late_fees(number: int, size: str, step: int, status: RowStatus) -> Row:
    fee = event(f"r{number}", "-0.02", minute=step * 700, root="SPY", kind=EventType.FEE)
    return fee.model_copy(update={"status": status})


def logs() -> st.SearchStrategy[list[Row]]:
    """Versions of rows in the order in which they are seen; a later one replaces an earlier one."""
    version = st.builds(
        lambda make, *told: make(*told),
        st.sampled_from([shares, shares, months, late_fees]),
        st.integers(0, 11),
        st.sampled_from(["1", "-1", "2", "-3"]),
        st.integers(0, 9),
        st.sampled_from([RowStatus.BOOKED] * 5 + [RowStatus.BUSTED]),
    )
    return st.lists(version, max_size=22)


def named(row: Row) -> tuple[str, str]:
    return row.kind, row.execution_id if isinstance(row, Execution) else row.event_id


def final(rows: Sequence[Row]) -> list[Row]:
    return list({named(row): row for row in rows}.values())


@given(logs(), st.data())
@settings(deadline=None, max_examples=40)
async def test_any_course_of_builds_keeps_the_bytes_of_one_from_the_beginning(
    rows: list[Row], data: st.DataObject
) -> None:
    desk, messages = Desk(), list[JournalChanged]()
    left = list(rows)
    while left:
        size = data.draw(st.integers(1, len(left)))
        chunk, left = left[:size], left[size:]
        for number, row in enumerate(chunk):  # a row a page, so that messages overtake each other
            messages += await desk.put(row, number=number)
        for message in data.draw(st.permutations(messages)):
            if data.draw(st.booleans()):
                await desk.builder.build(message)
    for message in data.draw(st.permutations(messages)):
        await desk.builder.build(message)
    assert await desk.all_kept() == await whole(final(rows))


@given(logs(), st.integers(1, 6))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
async def test_a_crash_at_any_commit_leaves_nothing_that_the_next_build_does_not_mend(
    rows: list[Row], at: int
) -> None:
    desk = Desk()
    half = len(rows) // 2
    await desk.put_built(*final(rows[:half]))
    messages = await desk.put(*final(rows[half:]))
    desk.documents.crash_at = at
    for message in messages:
        try:
            await desk.builder.build(message)
        except StoreUnavailable:
            await desk.builder.build(message)
    assert await desk.all_kept() == await whole(final(rows))


def trips(count: int) -> list[Row]:
    return [fill(f"f{i}", ("1", "-1")[i % 2], "100", minute=i) for i in range(count)]


async def store_in_pages(desk: Desk, rows: Sequence[Row]) -> list[JournalChanged]:
    starts = range(0, len(rows), 200)
    return [m for start in starts for m in await desk.put(*rows[start : start + 200])]


async def test_a_large_build_that_crashed_half_way_is_made_whole() -> None:
    desk, calm = Desk(SEGMENT_ROWS), Desk(SEGMENT_ROWS)
    for one in (desk, calm):
        messages = await store_in_pages(one, trips(1000))
    desk.documents.crash_at = 2
    try:
        await desk.builder.build(messages[0])
    except StoreUnavailable:
        gate = await desk.documents.scan(Query("positions", (USER,)))
        assert gate.documents[0].body["log_version"].startswith("building:")
    await desk.builder.build(messages[-1])
    await calm.builder.build(messages[0])
    assert await desk.all_kept() == await calm.all_kept()


class Counting(MemoryDocuments):
    """Counts documents that are read and written."""

    reads = writes = 0

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        self.reads += len(keys)
        return await super().get_many(keys)

    async def scan(self, query: Query) -> Any:
        found = await super().scan(query)
        self.reads += len(found.documents)
        return found

    async def commit(self, writes: Sequence[Write]) -> None:
        self.writes += len(writes)
        await super().commit(writes)


async def cost_of_one_more(count: int) -> tuple[int, int]:
    desk = Desk(16)
    desk.documents = documents = Counting()  # type: ignore[assignment]  # it never crashes
    ports = (ManualClock(), SeededEntropy())
    store = StoreExecutions(documents, desk.bus, *ports)
    builder = BuildJournal(documents, *ports, segment_rows=16)
    rows = trips(count)
    for number, start in enumerate(range(0, count, 200)):
        await store.store(page(rows[start : start + 200], run=number + 1))
    for delivery in desk.bus.take():
        await builder.build(JournalChanged.decode(delivery.data))
    await store.store(page([fill("new", "1", "100", minute=count)], run=99))
    documents.reads = documents.writes = 0
    for delivery in desk.bus.take():
        await builder.build(JournalChanged.decode(delivery.data))
    return documents.reads, documents.writes


async def test_one_more_fill_costs_the_same_however_long_the_log_is() -> None:
    assert await cost_of_one_more(64) == await cost_of_one_more(640)


async def test_a_row_that_is_older_than_a_checkpoint_goes_back_before_it() -> None:
    desk, rows = Desk(), trips(30)
    late = fill("late", "5", "90", minute=2.5)
    await desk.put_built(*rows)
    await desk.put_built(late)
    assert await desk.all_kept() == await whole([*rows, late])


async def test_a_log_that_became_shorter_keeps_no_checkpoint_of_what_is_gone() -> None:
    desk, rows = Desk(), trips(30)
    await desk.put_built(*rows)
    moved = [row.model_copy(update={"root": "QQQ", "symbol": "QQQ"}) for row in rows[6:]]
    await desk.put_built(*moved)
    assert await desk.all_kept() == await whole([*rows[:6], *moved])


async def test_an_opening_lot_that_is_stored_later_rebuilds_its_instrument() -> None:
    lot = OpeningLot.model_validate(
        {
            "symbol": "SPY",
            "root": "SPY",
            "asset_class": "equity",
            "currency": "USD",
            "multiplier": "1",
            "quantity": "10",
            "price": "9",
            "held_at": START - timedelta(days=1),
            "origin": "stated",
        }
    )
    desk, rows = Desk(), [fill("s", "-10", "10", minute=5)]
    await desk.put_built(*rows)
    await give(desk, [lot])
    changed = JournalChanged(
        user_id=USER, account_key=ACCOUNT, roots=("SPY",), changed_from=lot.held_at
    )
    await desk.builder.build(changed)
    assert await desk.all_kept() == await whole(rows, [lot])
    trips_kept = [b for k, b in (await desk.all_kept()).items() if k.collection == "round_trips"]
    assert [(trip["gross"], trip["closed_us"] is None) for trip in trips_kept] == [("10", False)]


async def test_an_accounts_cost_method_decides() -> None:
    desk = Desk()
    account = Key("accounts", (USER, ACCOUNT))
    await desk.documents.commit([Create(account, {"cost_method": "average"})])
    rows = [fill("a", "1", "10"), fill("b", "1", "20", minute=1), fill("c", "-1", "20", minute=2)]
    await desk.put_built(*rows)
    content = content_key("position", ACCOUNT, "SPY")
    (gate,) = await desk.documents.get_many([Key("positions", (USER, content))])
    assert gate is not None
    assert gate.body["holdings"][0]["cost"] == "15"


async def test_a_checkpoint_that_is_gone_is_built_again() -> None:
    desk, rows = Desk(), trips(30)
    await desk.put_built(*rows[:20])
    places = await desk.documents.scan(Query("checkpoints", (USER,)))
    last = max(places.documents, key=lambda found: found.body["until_us"] or 0)
    await desk.documents.commit([Delete(last.key)])
    await desk.put_built(*rows[20:])
    assert await desk.all_kept() == await whole(rows)


async def test_a_page_that_is_built_with_a_later_one_is_really_in_it() -> None:
    desk, rows = Desk(), trips(30)
    older, newer = fill("older", "5", "90", minute=2.5), fill("newer", "1", "90", minute=40)
    await desk.put_built(*rows)
    first = await desk.put(older)
    for message in [*await desk.put(newer, number=1), *first]:
        await desk.builder.build(message)
    assert await desk.all_kept() == await whole([*rows, older, newer])


def aside(name: str, size: str, minute: float) -> Row:
    return fill(name, size, "50", minute=minute, symbol="SPYX", root="SPY")


async def test_a_trip_whose_first_row_is_found_to_be_older_moves_with_it() -> None:
    desk, rows = Desk(), trips(30)
    courses = [(20.5, 25.5), (1.5, 1.6), (28.1, 28.2), (1.5, 28.2)]
    for opened, closed in courses:
        trip = [aside("x", "1", opened), aside("y", "-1", closed)]
        await desk.put_built(*rows, *trip)
        assert await desk.all_kept() == await whole([*rows, *trip])


async def test_a_link_to_a_trip_that_was_cancelled_goes_from_a_trip_before_the_checkpoint() -> None:
    month: dict[str, Any] = {"root": "ES", "asset_class": AssetClass.FUTURE, "multiplier": "50"}
    held = fill("a", "2", "10", symbol="ESZ5", **month)
    closed = fill("b", "-2", "10", symbol="ESZ5", minute=60, **month)
    third = fill("c", "1", "10", symbol="ESM6", minute=60.5, **month)
    opened = fill("d", "2", "10", symbol="ESH6", minute=61, **month)
    desk = Desk()
    await desk.put_built(held, closed, third)
    await desk.put_built(opened)
    assert await desk.all_kept() == await whole([held, closed, third, opened])
    busted = opened.model_copy(update={"status": RowStatus.BUSTED})
    await desk.put_built(busted)
    assert await desk.all_kept() == await whole([held, closed, third, busted])
