import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.execution import AccountEvent, Execution
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal, BuildReport
from shared.journal.store import StoreExecutions
from shared.ports import Create, Document, Key, Query, Write
from tests.rows import ACCOUNT, START, USER, event, fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

PROJECTIONS = {"positions": "root", "round_trips": "closed_us", "daily": "day"}
Row = Execution | AccountEvent


class Desk:
    """Store and build over twins; `put` stores rows as one page of the next run."""

    def __init__(self, documents: MemoryDocuments | None = None) -> None:
        self.documents = documents or MemoryDocuments()
        self.bus = MemoryBus()
        clock, entropy = ManualClock(), SeededEntropy()
        self._store = StoreExecutions(self.documents, self.bus, clock, entropy)
        self.builder = BuildJournal(self.documents, clock, entropy)
        self.elsewhere = BuildJournal(self.documents, clock, entropy)  # another instance
        self.run = 0

    async def put(self, *rows: Row) -> None:
        self.run += 1
        await self._store.store(page(rows, run=self.run))

    async def put_page(self, number: int, *rows: Row) -> None:
        await self._store.store(page(rows, run=1, number=number))

    async def build(self, *roots: str, by: BuildJournal | None = None) -> BuildReport:
        return await (by or self.builder).build(
            JournalChanged(user_id=USER, account_key=ACCOUNT, roots=roots, changed_from=START)
        )

    async def catch_up(self) -> None:
        for delivery in self.bus.take():
            await self.builder.build(JournalChanged.decode(delivery.data))

    async def kept(self, collection: str) -> list[Document]:
        query = Query(collection, (USER,), order_by=PROJECTIONS[collection])
        return list((await self.documents.scan(query)).documents)

    async def bytes_kept(self) -> dict[Key, Any]:
        return {d.key: d.body for name in PROJECTIONS for d in await self.kept(name)}


async def test_a_build_writes_trips_positions_and_days() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"), fill("b", "-4", "101", minute=1, fee="0.5"))
    await desk.catch_up()
    (gate,) = await desk.kept("positions")
    (trip,) = await desk.kept("round_trips")
    (day,) = await desk.kept("daily")
    assert gate.body["holdings"][0]["quantity"] == "6"
    assert (trip.body["gross"], trip.body["fees"], trip.body["closed_us"]) == ("4", "0.5", None)
    assert (day.body["day"], day.body["parts"][0]["gross"]) == ("2020-05-26", "4")


async def test_a_second_build_of_the_same_log_writes_nothing() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.build("SPY")
    commits = desk.documents.commits
    assert await desk.build("SPY") == BuildReport(roots=1, rebuilt=0, writes=0)
    assert desk.documents.commits == commits


async def test_pages_that_arrive_together_are_built_together() -> None:
    desk = Desk()
    for start in range(0, 1000, 200):
        await desk.put_page(start // 200, *many_trips(1000)[start : start + 200])
    messages = [JournalChanged.decode(delivery.data) for delivery in desk.bus.take()]
    reports = await asyncio.gather(*(desk.builder.build(message) for message in messages))
    assert [report.rebuilt for report in reports] == [1, 0, 0, 0, 0]


async def test_a_days_fees_stand_beside_the_figures_of_its_instruments() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.put(event("taf", "-0.02", minute=60 * 24))
    await desk.catch_up()
    (day,) = await desk.kept("daily")
    assert [(p["root"], p["day_fees"]) for p in day.body["parts"]] == [("", "0.02"), ("SPY", "0")]


async def test_a_change_that_names_no_instrument_rebuilds_the_accounts_own_rows() -> None:
    desk = Desk()
    await desk.put(event("taf", "-0.02"))
    assert (await desk.build()).rebuilt == 1
    assert len(await desk.kept("daily")) == 1


async def test_a_correction_removes_the_trips_and_days_that_no_longer_are() -> None:
    desk = Desk()
    rows = (fill("a", "10", "100"), fill("b", "-10", "101", minute=60 * 48))
    await desk.put(*rows)
    await desk.catch_up()
    await desk.put(*(fill(r.execution_id, str(r.signed_quantity), "9", symbol="QQQ") for r in rows))
    await desk.catch_up()
    (trip,) = await desk.kept("round_trips")
    (day,) = await desk.kept("daily")
    assert (trip.body["symbol"], day.body["day"]) == ("QQQ", "2020-05-26")
    assert {g.body["root"]: g.body["holdings"] for g in await desk.kept("positions")} == {
        "QQQ": [],
        "SPY": [],
    }


class Interrupts(MemoryDocuments):
    """Lets another run of the builder overtake at the n-th commit to come."""

    def __init__(self) -> None:
        super().__init__()
        self.at = -1
        self.overtake: Any = None

    async def commit(self, writes: Sequence[Write]) -> None:
        self.at -= 1
        if self.at == 0:
            await self.overtake()
        await super().commit(writes)


def many_trips(count: int) -> list[Row]:
    sides = ("1", "-1")
    return [fill(f"f{i}", sides[i % 2], "100", minute=i * 0.1) for i in range(count)]


async def test_a_large_build_shows_itself_as_under_way_until_its_last_batch() -> None:
    seen = []

    class Watches(MemoryDocuments):
        async def commit(self, writes: Sequence[Write]) -> None:
            await super().commit(writes)
            seen.extend(w.body["log_version"] for w in writes if w.key.collection == "positions")

    desk = Desk(Watches())
    for start in range(0, 1800, 200):
        await desk.put(*many_trips(1800)[start : start + 200])
    await desk.build("SPY")
    assert [version.partition(":")[0] == "building" for version in seen] == [True, True, False]
    assert len(await desk.kept("round_trips")) == 500  # the scan's first page


async def test_a_builder_that_was_overtaken_leaves_the_newer_journal() -> None:
    documents = Interrupts()
    desk = Desk(documents)
    for start in range(0, 1000, 200):
        await desk.put(*many_trips(1000)[start : start + 200])

    async def newer() -> None:
        await desk.put(fill("late", "7", "50", minute=-5))
        await desk.build("SPY", by=desk.elsewhere)

    documents.at, documents.overtake = 2, newer
    await desk.build("SPY")
    calm = Desk()
    for start in range(0, 1000, 200):
        await calm.put(*many_trips(1000)[start : start + 200])
    await calm.put(fill("late", "7", "50", minute=-5))
    await calm.build("SPY")
    assert await desk.bytes_kept() == await calm.bytes_kept()


async def test_a_deleted_users_journal_is_not_built_again() -> None:
    desk = Desk()
    await desk.put(fill("a", "10", "100"))
    await desk.documents.commit([Create(Key("users", (USER,)), {"deleted_at": "2020-06-01"})])
    assert (await desk.build("SPY")).writes == 0


ROWS = st.lists(
    st.builds(
        lambda n, size, price, minute, symbol: fill(
            f"f{n}", size, price, minute=minute, symbol=symbol, fee="0.01"
        ),
        st.integers(0, 12),
        st.sampled_from(["1", "-1", "2.5", "-3"]),
        st.sampled_from(["10", "11.25"]),
        st.integers(0, 9).map(lambda step: step * 700),
        st.sampled_from(["SPY", "QQQ"]),
    ),
    max_size=14,
    unique_by=lambda row: row.execution_id,
)


@given(ROWS, st.data())
@settings(max_examples=60, deadline=None)
async def test_any_batching_and_order_gives_the_bytes_of_one_full_build(
    rows: list[Execution], data: st.DataObject
) -> None:
    whole = Desk()
    await whole.put(*rows)
    await whole.catch_up()
    parts = Desk()
    shuffled = data.draw(st.permutations(rows))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        await parts.put(*shuffled[:size])
        shuffled = shuffled[size:]
        if data.draw(st.booleans()):
            await parts.catch_up()
    await parts.catch_up()
    assert await parts.bytes_kept() == await whole.bytes_kept()
